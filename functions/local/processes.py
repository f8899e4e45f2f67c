"""Functions in processes of their own, under the real Lambda runtime client (`awslambdaric`). Linux only.

One process per environment, with nothing in its environment but what Lambda and the template put there; killed at its
time-out. Not imitated: the memory limit, the freeze between invocations, Amazon Linux itself.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress

from functions.local.callers import Caller, Keyring
from functions.local.errors import LocalCloudError
from functions.local.invocations import Invocation, Kind, LogSink, Outcome, ended
from functions.local.resources import Function
from functions.local.runtime_api import RuntimeApi
from functions.local.serving import serve

INIT_SECONDS = 10
"""Lambda gives an environment that long to start."""
LINE_LIMIT = 1024 * 1024
"""Bytes of one log line that are kept together."""


class Processes:
    """Starts environments as processes."""

    def __init__(
        self, keyring: Keyring, environment: Callable[[Function, Caller], Mapping[str, str]], *, log: LogSink
    ) -> None:
        if not sys.platform.startswith("linux"):
            msg = "the Lambda runtime client runs on Linux alone; here functions run in_process"
            raise LocalCloudError(msg)
        self._keyring = keyring
        self._environment = environment
        self._log = log

    async def start(self, function: Function) -> "ProcessEnvironment":
        """Start an environment and wait until it is ready for its first event, or has failed."""
        caller = self._keyring.issue(function)
        environment = ProcessEnvironment(function, caller, self._keyring, self._log)
        try:
            await environment.open(self._environment(function, caller))
        except BaseException:
            await environment.close()
            raise
        return environment


class ProcessEnvironment:
    """One process that runs one function."""

    def __init__(self, function: Function, caller: Caller, keyring: Keyring, log: LogSink) -> None:
        self._function = function
        self._caller = caller
        self._log = log
        self._api = RuntimeApi()
        self._exit = AsyncExitStack()
        self._exit.callback(keyring.revoke, caller)
        self._process: Process | None = None

    async def open(self, env: Mapping[str, str]) -> None:
        """Serve the Runtime API and start the process."""
        address = await serve(self._exit, self._api.handle, "127.0.0.1", 0, cancel=True)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "awslambdaric",
            self._function.handler,
            cwd=self._function.root,
            env=process_environment(env, self._function, address.removeprefix("http://")),
            stdout=PIPE,
            stderr=PIPE,
            limit=LINE_LIMIT,
        )
        readers = [self._pass_on(stream) for stream in (self._process.stdout, self._process.stderr)]
        tasks = [asyncio.create_task(reader) for reader in readers]
        tasks.append(asyncio.create_task(self._mourn(self._process)))
        self._exit.push_async_callback(_finish, tasks)
        self._exit.push_async_callback(_end, self._process)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._api.ready), INIT_SECONDS)
        if not self._api.ready.done():
            self._api.failure = Outcome(
                "init_error", {"errorType": "Sandbox.Timedout", "errorMessage": "Init timed out"}
            )

    @property
    def alive(self) -> bool:
        """Tell whether the process runs, by asking the system: the event loop learns of its end a moment later."""
        if self._process is None or self._process.returncode is not None:
            return False
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:  # somebody has taken its exit status, and will tell the loop
            return False

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one invocation in the process; one that has ended meanwhile is a crash."""
        if self._api.failure is not None:
            return self._api.failure
        if not self.alive:
            return ended("crash", self._function)

        def die(kind: Kind) -> None:
            self._caller.cut_off = True
            if self._process is not None:
                _kill(self._process)
            self._api.end(ended(kind, self._function))

        invocation.die = die
        self._caller.invocation = invocation
        outcome = await self._api.run(invocation)
        self._caller.invocation = None if not self._caller.cut_off else invocation
        return outcome

    async def close(self) -> None:
        """Kill the process and stop serving it."""
        self._caller.cut_off = True
        await self._exit.aclose()

    async def _mourn(self, process: Process) -> None:
        """Tell the invocation under way, if there is one, that its process is gone."""
        await process.wait()
        self._caller.cut_off = True
        if self._api.failure is None and not self._api.ready.done():
            words = {"errorType": "Runtime.ExitError", "errorMessage": f"exit status {process.returncode}"}
            self._api.failure = Outcome("init_error", words)
        self._api.end(ended("crash", self._function))

    async def _pass_on(self, stream: asyncio.StreamReader | None) -> None:
        """Hand the process's lines to the log sink until it ends."""
        while stream is not None:
            try:
                line = await stream.readline()
            except ValueError:
                line = b"(a line longer than the limit)"
            if not line:
                return
            self._log(self._function.logical_id, line.decode("utf-8", "replace").rstrip("\n"))


def process_environment(env: Mapping[str, str], function: Function, runtime_api: str) -> dict[str, str]:
    """Return the whole environment of a function's process."""
    return {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "PYTHONPATH": str(function.root),
        "PYTHONUNBUFFERED": "1",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        **env,
    }


def _kill(process: Process) -> None:
    """Kill a process, unless it has ended.

    Not by `process.kill`: that looks whether the process has ended, and takes its exit status away from the event loop,
    which then logs that it does not know the process (Python 3.11).
    """
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


async def _end(process: Process) -> None:
    _kill(process)
    await process.wait()


async def _finish(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)
