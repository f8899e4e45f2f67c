"""Functions in this process: the handler module's `handle` awaited with an `Edge` on the cloud's clock.

A crash or time-out cancels the invocation and cuts its environment off first: what its `finally` blocks still try to do
reaches nobody, so the world outside sees exactly what a killed process leaves behind.
"""

import asyncio
import importlib
import json
import random
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from functions.local.callers import Caller, Keyring
from functions.local.clock import Clock
from functions.local.faults import Call, Crash, FaultHook, Phase, suffer
from functions.local.invocations import Invocation, Kind, LogSink, Outcome, ended
from functions.local.output import captured
from functions.local.resources import Function
from functions.pipeline.aws import Aws
from functions.pipeline.edge import Edge, Handle, invoke

END_WITHIN = 5.0
"""Real seconds that a cancelled invocation gets to end; one that catches the cancellation is left behind after that."""


@dataclass
class Context:
    """Lambda's context object."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    remaining: Callable[[], int]
    function_version: str = "$LATEST"
    client_context: None = None
    identity: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the time-out, by the cloud's clock."""
        return self.remaining()


class InProcess:
    """Starts environments in this process."""

    def __init__(
        self,
        keyring: Keyring,
        clock: Clock,
        env: Callable[[Function, Caller], Mapping[str, str]],
        *,
        log: LogSink,
        fault: FaultHook | None,
        dice: random.Random,
    ) -> None:
        self.keyring = keyring
        self.clock = clock
        self.env = env
        self.log = log
        self.fault = fault
        self.dice = dice

    async def start(self, function: Function) -> "InProcessEnvironment":
        """Start an environment; its module is imported at the first invocation."""
        return InProcessEnvironment(self, function)


class InProcessEnvironment:
    """One warm environment: its own credentials, session and cache."""

    def __init__(self, runtime: InProcess, function: Function) -> None:
        self._runtime = runtime
        self._function = function
        self._caller = runtime.keyring.issue(function)
        self._env = dict(runtime.env(function, self._caller))
        self._endpoint = urlsplit(self._env["AWS_ENDPOINT_URL"]).netloc
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), middlewares=(self._watch,))
        self._cache: dict[str, Any] = {}

    @property
    def alive(self) -> bool:
        """Tell whether it has not been cut off."""
        return not self._caller.cut_off

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run `handle` to its end, or until `invocation.die` is called."""
        death: asyncio.Future[Kind] = asyncio.get_running_loop().create_future()

        def die(kind: Kind) -> None:
            self._caller.cut_off = True
            if not death.done():
                death.set_result(kind)

        invocation.die = die
        self._caller.invocation = invocation
        task = asyncio.create_task(self._run(invocation))
        ends: set[asyncio.Future[Any]] = {task, death}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not death.done():
            self._caller.invocation = None
            return task.result()
        task.cancel()
        await asyncio.wait({task}, timeout=END_WITHIN)
        return ended(death.result(), self._function)

    async def close(self) -> None:
        """Cut the environment off."""
        self._caller.cut_off = True
        self._runtime.keyring.revoke(self._caller)
        await self._session.close()

    async def _run(self, invocation: Invocation) -> Outcome:
        with captured(self._write):
            try:
                handle = load(self._function)
            except (ImportError, AttributeError, SyntaxError) as error:
                return Outcome("init_error", _report("Runtime.ImportModuleError", error))
            try:
                event = json.loads(json.dumps(invocation.event))
                answer = await invoke(
                    handle, event, self._context(invocation), self._edge(invocation), cold_start=invocation.cold
                )
                return Outcome("ok", json.loads(json.dumps(answer)))
            except SystemExit as error:
                return Outcome("crash", _report("Runtime.ExitError", error))
            except Exception as error:  # noqa: BLE001 - a function may raise anything; Lambda reports it to the caller
                return Outcome("error", _report(type(error).__name__, error))

    def _edge(self, invocation: Invocation) -> Edge:
        runtime, env = self._runtime, {**self._env, "_X_AMZN_TRACE_ID": invocation.trace}
        return Edge(
            env=env,
            session=self._session,
            now=runtime.clock.now,
            random=runtime.dice.random,
            unique=lambda: f"{runtime.dice.getrandbits(128):032x}",
            aws=Aws(self._session, env, runtime.clock.now, random=runtime.dice.random, pause=_no_pause),
            cache=self._cache,
        )

    def _context(self, invocation: Invocation) -> Context:
        function, clock = self._function, self._runtime.clock
        return Context(
            function_name=function.name,
            invoked_function_arn=function.arn,
            memory_limit_in_mb=str(function.memory),
            aws_request_id=invocation.request_id,
            log_group_name=f"/aws/lambda/{function.name}",
            log_stream_name="local",
            remaining=lambda: max(0, round((invocation.deadline - clock.now()) * 1000)),
        )

    def _write(self, line: str) -> None:
        if not self._caller.cut_off:
            self._runtime.log(self._function.logical_id, line)

    async def _watch(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Stand between the function and the network. Calls to AWS are the front's to count and to break."""
        invocation = self._caller.invocation
        if self._caller.cut_off or invocation is None:
            raise asyncio.CancelledError
        if request.url.authority == self._endpoint:
            return await handler(request)
        index, action = invocation.next_call(), f"{request.method} {request.url}"
        await self._inject(invocation, index, action, "before")
        response = await handler(request)
        try:
            await self._inject(invocation, index, action, "after")
        except BaseException:
            response.close()
            raise
        return response

    async def _inject(self, invocation: Invocation, index: int, action: str, phase: Phase) -> None:
        if self._runtime.fault is None:
            return
        name = invocation.function.logical_id
        fault = self._runtime.fault(Call(name, invocation.number, index, "http", action, phase))
        if fault is None:
            return
        await suffer(fault, invocation)
        if isinstance(fault, Crash) or self._caller.cut_off:
            raise asyncio.CancelledError
        raise aiohttp.ServerDisconnectedError


async def _no_pause(_: float) -> None:
    # A pause between retries would be real time in which virtual time stands still.
    await asyncio.sleep(0)


def load(function: Function) -> Handle:
    """Import the module that the handler string names and return its `handle`."""
    root = str(function.root)
    if root not in sys.path:
        sys.path.append(root)
    module = importlib.import_module(function.handler.rpartition(".")[0])
    handle: Handle = module.handle
    return handle


def _report(name: str, error: BaseException) -> dict[str, Any]:
    lines = traceback.format_exception(error)
    return {"errorType": name, "errorMessage": str(error), "stackTrace": lines}
