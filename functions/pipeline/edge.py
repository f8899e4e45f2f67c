"""Where the world touches a function: clock, chance, network, environment, and the way in from Lambda.

A handler is `async def handle(event, context, edge)`, and `handler = lambda_handler(handle)` is what Lambda calls. One
event loop and one pooled session serve all invocations of a warm process.
"""

import asyncio
import atexit
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from functions.pipeline import log, metrics
from functions.pipeline.aws import Aws, trace_header

__all__ = ["Edge", "LambdaContext", "Warm", "invoke", "lambda_handler", "trace_header"]

KEEPALIVE_SECONDS = 15.0
"""Below the idle time of every server called (the shortest known: 20 s, DynamoDB), so that we hang up first."""

Event = dict[str, Any]


class LambdaContext(Protocol):
    """What a handler may know of its invocation: a part of the Lambda context object."""

    function_name: str
    memory_limit_in_mb: Any
    invoked_function_arn: str
    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the time-out."""


@dataclass(frozen=True)
class Edge:
    """Everything impure that a handler may touch."""

    env: Mapping[str, str]
    session: aiohttp.ClientSession
    now: Callable[[], float]
    """Epoch seconds."""
    random: Callable[[], float]
    """In [0, 1)."""
    unique: Callable[[], str]
    """A fresh token, 32 hex digits."""
    aws: Aws
    cache: dict[str, Any]
    """Lives as long as the warm function."""


Handle = Callable[[Event, LambdaContext, Edge], Awaitable[Any]]


def lambda_handler(handle: Handle) -> Callable[[Event, LambdaContext], Any]:
    """Return the function that Lambda calls for `handle`; all of a process share one loop and one session."""

    def handler(event: Event, context: LambdaContext) -> Any:
        return _warm.run(handle, event, context)

    return handler


async def invoke(handle: Handle, event: Event, context: LambdaContext, edge: Edge, *, cold_start: bool = False) -> Any:
    """Run one invocation with its log context, metrics and trace header; write its one log line.

    The trace header is `_X_AMZN_TRACE_ID` of `edge.env`. Concurrent invocations in one process don't mix, as long as
    each runs in its own task.
    """
    trace = edge.env.get("_X_AMZN_TRACE_ID")
    keys = _log_keys(event, context, cold_start=cold_start)
    token = trace_header.set(trace)
    started = edge.now()
    try:
        with (
            log.invocation(edge.env, edge.now, keys, trace) as lines,
            metrics.invocation(edge.env, edge.now),
        ):
            try:
                answer = await handle(event, context, edge)
            except Exception:
                _log.exception("invocation.failed", notes=lines.notes or None)
                raise
            lines.close(duration_ms=round((edge.now() - started) * 1000))
            return answer
    finally:
        trace_header.reset(token)


class Warm:
    """What outlives an invocation: the loop, the session with its connections, the cache.

    A Runner, not `asyncio.run`: that closes its loop, and a session of a closed loop fails from the second invocation
    on. A session that has been idle longer than the keep-alive is replaced: by then its connections are dead, and a
    process that was frozen meanwhile can't rely on its monotonic clock to know.
    """

    def __init__(self, env: Mapping[str, str], now: Callable[[], float]) -> None:
        self._env = env
        self._now = now
        self._cache: dict[str, Any] = {}
        self._runner: asyncio.Runner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._last_used = now()
        # An environment that was started in advance has no cold start that anyone waits for.
        self._cold = env.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "provisioned-concurrency"

    def run(self, handle: Handle, event: Event, context: LambdaContext) -> Any:
        """Run one invocation to its end; the handler's answer is returned, its exception raised."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        cold, self._cold = self._cold, False
        # Without a context of its own, what one invocation sets would be seen by the next.
        return self._runner.run(self._invoke(handle, event, context, cold), context=copy_context())

    def close(self) -> None:
        """Close connections and loop; the next invocation starts new ones."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.run(self._close_session())
            runner.close()

    async def _invoke(self, handle: Handle, event: Event, context: LambdaContext, cold: bool) -> Any:
        session = await self._fresh_session()
        aws = Aws(session, self._env, self._now)
        edge = Edge(self._env, session, self._now, random.random, _unique, aws, self._cache)
        try:
            return await invoke(handle, event, context, edge, cold_start=cold)
        finally:
            self._last_used = self._now()

    async def _fresh_session(self) -> aiohttp.ClientSession:
        if self._now() - self._last_used > KEEPALIVE_SECONDS:
            await self._close_session()
        if self._session is None:
            self._session = open_session(self._env)
        return self._session

    async def _close_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def open_session(env: Mapping[str, str]) -> aiohttp.ClientSession:
    """Open the pooled session; it uses the proxy that `env` names, if it names one. Call it inside the loop."""
    proxied = any(env.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"))
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=KEEPALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),  # one caller's cookie is not another's
        trust_env=proxied,
    )


def _unique() -> str:
    return os.urandom(16).hex()


def _log_keys(event: Event, context: LambdaContext, *, cold_start: bool) -> dict[str, Any]:
    request = event.get("requestContext") if isinstance(event, dict) else None
    return {
        "cold_start": cold_start,
        "function_name": context.function_name,
        "function_memory_size": context.memory_limit_in_mb,
        "function_arn": context.invoked_function_arn,
        "function_request_id": context.aws_request_id,
        "correlation_id": request.get("requestId") if isinstance(request, dict) else None,
    }


_log = log.get_logger()
_warm = Warm(os.environ, time.time)
atexit.register(_warm.close)
