"""The local cloud: everything that a template describes, running on this machine until it is stopped.

cloud = await Cloud.start(Path("template.yaml"), {"MinPollSeconds": 1}, secrets={…}, runtime="in_process")
…
await cloud.stop()
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Literal

import aiohttp

from functions.local.callers import Caller, Keyring
from functions.local.clock import Clock, RealClock
from functions.local.errors import LocalCloudError
from functions.local.event_bus import EventBus
from functions.local.event_sources import event_sources
from functions.local.faults import FaultHook
from functions.local.front import Front
from functions.local.function_environment import function_environment
from functions.local.functions_service import Environment, Functions
from functions.local.http_api import HttpApi
from functions.local.identities import Place
from functions.local.in_process import InProcess
from functions.local.inbox import Inbox
from functions.local.invocations import Hop, LogSink
from functions.local.moto_aws import Moto
from functions.local.output import routed
from functions.local.resources import Function, Queue, Secret, Stack, Table, Topic
from functions.local.secret_values import create_secrets, put_secret, read_secret_value
from functions.local.serving import serve
from functions.local.settling import LONGEST_SETTLING, Until, settle
from functions.local.sns import Sns
from functions.local.sqs import Sqs, Waiting
from functions.local.tables import create_tables
from functions.local.template import read_stack
from functions.pipeline.aws import Aws

Runtime = Literal["processes", "in_process"]
WATCHED_TOPIC = "ResultsTopic"
_accounts = itertools.cycle(range(123_456_789_012, 123_456_790_012))
"""moto keeps its backends per account for the whole process: each cloud gets an account of its own."""


class Cloud:
    """A running local cloud. Made by `Cloud.start`, ended by `stop`, or by leaving it as an async context manager."""

    def __init__(self, stack: Stack, clock: Clock) -> None:
        self.stack = stack
        self.clock = clock
        self.hops: list[Hop] = []
        """Every invocation so far, in the order in which they ended."""
        self.url = ""
        """Where the HTTP API answers."""
        self.endpoint = ""
        """Where the AWS services answer (AWS_ENDPOINT_URL)."""
        self._exit = AsyncExitStack()
        self._moto = Moto(stack.account, stack.region, clock)
        self._sqs = Sqs(self._moto, clock)
        self._sns = Sns(self._moto, self._sqs, clock)
        self._events = EventBus(stack.rules, self._moto, self._sqs)
        self._keyring = Keyring(stack.account)
        self._tasks: list[asyncio.Task[None]] = []
        self._inbox: Inbox | None = None
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    async def start(
        cls,
        template: Path,
        parameters: Mapping[str, Any] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        runtime: Runtime = "processes",
        extra_env: Mapping[str, str] | None = None,
        on_hop: Callable[[Hop], None] | None = None,
        log_sink: LogSink | None = None,
        fault: FaultHook | None = None,
        seed: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        endpoint_port: int = 0,
    ) -> "Cloud":
        """Start everything that `template` describes.

        `parameters` replace the template's defaults; `secrets` are values by logical id; `extra_env` is added to every
        function's variables; `on_hop` is told of every invocation, `log_sink` of every line that a function writes;
        `fault` may break calls (`faults`); `seed` makes tokens and jitter of functions in this process repeatable.
        Ports are free ones unless given. Raises TemplateError for a template that cannot be emulated, LocalCloudError
        else.
        """
        stack = read_stack(template, parameters, place=Place(account=str(next(_accounts))))
        cloud = cls(stack, clock or RealClock())
        try:
            await cloud._open(
                secrets=secrets or {},
                runtime=runtime,
                extra_env=extra_env or {},
                on_hop=on_hop,
                log=log_sink or _silent,
                fault=fault,
                dice=random.Random(seed),  # noqa: S311 - it must be repeatable, and guards nothing
                host=host,
                ports=(port, endpoint_port),
            )
        except BaseException:
            await cloud.stop()
            raise
        return cloud

    async def _open(
        self,
        *,
        secrets: Mapping[str, str],
        runtime: Runtime,
        extra_env: Mapping[str, str],
        on_hop: Callable[[Hop], None] | None,
        log: LogSink,
        fault: FaultHook | None,
        dice: random.Random,
        host: str,
        ports: tuple[int, int],
    ) -> None:
        stack, clock = self.stack, self.clock
        self._exit.callback(self._moto.forget)
        self._create_data(secrets, dice)
        front = Front(stack, self._keyring, self._moto, self._sqs, self._sns, clock, fault)
        self.endpoint = await serve(self._exit, front.handle, host, ports[1], cancel=True)
        self._session = await self._exit.enter_async_context(aiohttp.ClientSession())

        def environment(function: Function, caller: Caller) -> dict[str, str]:
            return {**function_environment(function, stack.region), **extra_env, **self._access(caller)}

        start = self._runtime(runtime, environment, log=log, fault=fault, dice=dice)

        def unique() -> str:
            return f"{dice.getrandbits(128):032x}"

        def tell(hop: Hop) -> None:
            self.hops.append(hop)
            if on_hop is not None:
                on_hop(hop)

        functions = Functions(stack.functions, start, clock, unique=unique, log=log, on_hop=tell)
        self._exit.push_async_callback(functions.close)
        self._exit.push_async_callback(self._end_tasks)
        watching = [] if self._inbox is None else [self._inbox.run()]
        for work in (*event_sources(stack, functions, self._sqs, self._moto, clock, unique), *watching):
            self._tasks.append(asyncio.create_task(work))
        if stack.apis:
            api = HttpApi(stack, functions, clock, unique)
            self.url = await serve(self._exit, api.handle, host, ports[0], cancel=False)

    def _create_data(self, secrets: Mapping[str, str], dice: random.Random) -> None:
        stack = self.stack
        self._sqs.create(stack.queues)
        self._sns.create(stack.topics, stack.subscriptions)
        create_tables(self._moto, stack.tables)
        create_secrets(self._moto, stack.secrets, secrets, dice)
        if WATCHED_TOPIC in stack.topics:
            self._inbox = Inbox(stack.topics[WATCHED_TOPIC], self._sns, self._sqs, self.clock)

    def _runtime(
        self,
        kind: Runtime,
        environment: Callable[[Function, Caller], Mapping[str, str]],
        *,
        log: LogSink,
        fault: FaultHook | None,
        dice: random.Random,
    ) -> Callable[[Function], Awaitable[Environment]]:
        if kind == "in_process":
            self._exit.enter_context(routed())
            return InProcess(self._keyring, self.clock, environment, log=log, fault=fault, dice=dice).start
        if not isinstance(self.clock, RealClock):
            msg = "functions in processes of their own live by the machine's clock; a virtual one needs in_process"
            raise LocalCloudError(msg)
        from functions.local.processes import Processes  # noqa: PLC0415 - only where it can run: Linux

        return Processes(self._keyring, environment, log=log).start

    async def _end_tasks(self) -> None:
        failed = [task for task in self._tasks if task.done()]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = failed
        self._check()

    def _access(self, caller: Caller) -> dict[str, str]:
        region = {"AWS_REGION": self.stack.region, "AWS_DEFAULT_REGION": self.stack.region}
        return {**region, **caller.environment(), "AWS_ENDPOINT_URL": self.endpoint}

    @property
    def inbox(self) -> Inbox:
        """Everything published on ResultsTopic so far."""
        if self._inbox is None:
            msg = f"the template has no {WATCHED_TOPIC} to watch"
            raise LocalCloudError(msg)
        return self._inbox

    def client(self, function: str | None = None) -> Aws:
        """Return an AWS client that acts as the administrator, or with the role of a function (logical id)."""
        caller = self._keyring.administrator if function is None else self._keyring.issue(self._function(function))
        if self._session is None:
            msg = "the local cloud is not running"
            raise LocalCloudError(msg)
        return Aws(self._session, self._access(caller), self.clock.now)

    def access(self) -> dict[str, str]:
        """Return the variables that make any AWS client the administrator of this cloud."""
        return {k: v for k, v in self._access(self._keyring.administrator).items() if v}

    def _function(self, logical_id: str) -> Function:
        if logical_id not in self.stack.functions:
            msg = f"the template has no function {logical_id}; it has {', '.join(sorted(self.stack.functions))}"
            raise LocalCloudError(msg)
        return self.stack.functions[logical_id]

    def resource(self, logical_id: str) -> Queue | Topic | Table | Secret | Function:
        """Return what a logical id became: names, ARNs, URLs."""
        stack = self.stack
        for kind in (stack.queues, stack.topics, stack.tables, stack.secrets, stack.functions):
            if logical_id in kind:
                return kind[logical_id]
        msg = f"the template has no queue, topic, table, secret or function {logical_id}"
        raise LocalCloudError(msg)

    def queue(self, logical_id: str) -> Queue:
        """Return a queue of the template."""
        if logical_id not in self.stack.queues:
            msg = f"the template has no queue {logical_id}; it has {', '.join(sorted(self.stack.queues))}"
            raise LocalCloudError(msg)
        return self.stack.queues[logical_id]

    def peek(self, logical_id: str) -> list[Waiting]:
        """Return the messages in a queue, in its order, without touching them."""
        return self._sqs.mailbox(self.queue(logical_id).name).waiting()

    def put_event(self, event: Mapping[str, Any]) -> tuple[str, ...]:
        """Put an event of an AWS service on the default bus; returns the rules that it matched."""
        return self._events.put(event)

    def put_secret(self, logical_id: str, value: str) -> None:
        """Give a secret a new current value."""
        put_secret(self._moto, self.stack.secrets[logical_id], value)

    def secret(self, logical_id: str) -> str:
        """Return a secret's current value, for whoever stands in for a caller."""
        return read_secret_value(self._moto, self.stack.secrets[logical_id])

    async def settle(self, until: Until | None = None, *, within: float = LONGEST_SETTLING) -> None:
        """Let time pass until `until` holds, or, without it, until nothing is left to happen (schedules aside).

        A virtual clock jumps from one due instant to the next, at most `within` seconds on; with the real clock this
        waits. Raises TimeoutError if `until` still does not hold then, LocalCloudError if a part of the cloud failed.
        """
        await settle(self.clock, until, within=within, queued=self._queued, check=self._check, story=self._last_hops)

    def _queued(self) -> bool:
        return any(self.peek(name) for name in self.stack.queues)

    def _check(self) -> None:
        """Raise what has ended a part of the cloud that never ends by itself."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (failure := task.exception()) is not None:
                msg = f"a part of the local cloud has failed: {failure!r}"
                raise LocalCloudError(msg) from failure

    def _last_hops(self) -> str:
        return "; ".join(f"{hop.function} {hop.outcome} {hop.payload!s:.200}" for hop in self.hops[-5:])

    async def stop(self) -> None:
        """End everything: no process, port or task is left."""
        await self._exit.aclose()
        self._session = None

    async def __aenter__(self) -> "Cloud":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def _silent(_function: str, _line: str) -> None:
    """Take log lines that nobody wants."""
