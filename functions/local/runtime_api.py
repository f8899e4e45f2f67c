"""The Lambda Runtime API for one environment: a process asks for its next event here, and answers here.

Source: "Using the Lambda runtime API for custom runtimes" in the AWS Lambda developer guide, version 2018-06-01.
"""

import asyncio
import json

from aiohttp import web

from functions.local.clock import settle
from functions.local.invocations import Invocation, Outcome

_PREFIX = "/2018-06-01/runtime/"


class RuntimeApi:
    """Hands out one invocation at a time and takes its outcome."""

    def __init__(self) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the process has asked for its first event, or has failed to start."""
        self.failure: Outcome | None = None
        """Why the process could not start."""
        self._pending: asyncio.Queue[Invocation] = asyncio.Queue()
        self._current: Invocation | None = None
        self._outcome: asyncio.Future[Outcome] | None = None

    async def run(self, invocation: Invocation) -> Outcome:
        """Give the process an invocation and wait for its outcome, or for `end`."""
        self._outcome = asyncio.get_running_loop().create_future()
        self._current = invocation
        self._pending.put_nowait(invocation)
        return await self._outcome

    def end(self, outcome: Outcome) -> None:
        """End the current invocation from outside: the process is gone, or will be."""
        settle(self.ready)
        self._finish(outcome)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of the runtime client."""
        path = request.path.removeprefix(_PREFIX)
        if path == "invocation/next":
            return await self._next()
        text = (await request.content.read()).decode()  # request.read() stops at one MiB
        if path == "init/error":
            self.failure = Outcome("init_error", json.loads(text))
            settle(self.ready)
        elif self._current is not None and path == f"invocation/{self._current.request_id}/response":
            self._finish(Outcome("ok", json.loads(text or "null")))
        elif self._current is not None and path == f"invocation/{self._current.request_id}/error":
            self._finish(Outcome("error", json.loads(text)))
        else:
            return web.json_response({"errorType": "InvalidRequestID", "errorMessage": path}, status=400)
        return web.json_response({"status": "OK"}, status=202)

    async def _next(self) -> web.StreamResponse:
        settle(self.ready)
        invocation = await self._pending.get()
        return web.Response(
            body=json.dumps(invocation.event).encode(),
            headers={
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function.arn,
                "Lambda-Runtime-Trace-Id": invocation.trace,
            },
        )

    def _finish(self, outcome: Outcome) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(outcome)
