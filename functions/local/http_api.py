"""The HTTP API: routes of the template on a port of their own, each request an invocation.

Sources: "Working with routes for HTTP APIs" and "Quotas for HTTP APIs" in the API Gateway developer guide.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from functions.local.clock import Clock
from functions.local.functions_service import Functions
from functions.local.http_shapes import Arrival, Departure, gateway_answer, http_answer, http_event
from functions.local.recursion import Chain
from functions.local.resources import Function, Route, Stack

MAXIMUM_BODY = 10 * 1024 * 1024
INTEGRATION_SECONDS = 30
"""API Gateway waits no longer for a function."""


@dataclass(frozen=True)
class _Target:
    route: Route
    function: Function
    pattern: re.Pattern[str]
    rank: tuple[int, ...]

    @property
    def key(self) -> str:
        return self.route.path if self.route.path == "$default" else f"{self.route.method} {self.route.path}"


class HttpApi:
    """Answers requests to the routes of a stack's HTTP API."""

    def __init__(self, stack: Stack, functions: Functions, clock: Clock, unique: Callable[[], str]) -> None:
        self._stack = stack
        self._functions = functions
        self._clock = clock
        self._unique = unique
        targets = [_target(route, function) for function in stack.functions.values() for route in function.routes]
        self._targets = sorted(targets, key=lambda target: target.rank)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        departure = await self._answer(request)
        response = web.Response(status=departure.status, body=departure.body)
        for name, value in departure.headers:
            response.headers.add(name, value)
        return response

    async def _answer(self, request: web.BaseRequest) -> Departure:
        found = self._find(request.method, request.rel_url.raw_path)
        if found is None:
            return gateway_answer(404, "Not Found")
        target, parameters = found
        try:
            with self._clock.hold():
                body = await _read(request)
        except HttpProcessingError:
            return gateway_answer(400, "Bad Request")
        if body is None:
            return gateway_answer(413, "Request Entity Too Large")
        arrival = Arrival(
            method=request.method,
            path=request.path,
            query=request.rel_url.raw_query_string,
            headers=list(request.headers.items()),
            body=body,
            source_ip=request.remote or "127.0.0.1",
            at=self._clock.now(),
            request_id=self._unique()[:16],
        )
        return await self._invoke(arrival, target, parameters)

    async def _invoke(self, arrival: Arrival, target: _Target, parameters: dict[str, str]) -> Departure:
        place = {"api": target.route.api, "region": self._stack.region, "account": self._stack.account}
        event = http_event(arrival, route=target.key, parameters=parameters, **place)
        chain = Chain.start(self._unique())
        outcome = await self._functions.invoke(target.function, event, source=target.key, chain=chain)
        answer = http_answer(outcome.payload) if outcome.ok else None
        return answer or gateway_answer(500, "Internal Server Error")

    def _find(self, method: str, path: str) -> tuple[_Target, dict[str, str]] | None:
        for target in self._targets:
            match = target.pattern.fullmatch(path)
            if match and target.route.method in {"ANY", method}:
                return target, {name: unquote(value) for name, value in match.groupdict().items()}
        return None


async def _read(request: web.BaseRequest) -> bytes | None:
    """Return the body; None if it is longer than API Gateway takes."""
    if (request.content_length or 0) > MAXIMUM_BODY:
        return None
    chunks, size = [], 0
    async for chunk in request.content.iter_chunked(65_536):
        size += len(chunk)
        if size > MAXIMUM_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _target(route: Route, function: Function) -> _Target:
    if route.path == "$default":
        return _Target(route, function, re.compile(".*", re.DOTALL), (3, 0))
    parts = route.path.strip("/").split("/")
    pattern = "/" + "/".join(_part(part) for part in parts)
    return _Target(route, function, re.compile(pattern), _rank(route, parts))


def _part(part: str) -> str:
    if part.startswith("{") and part.endswith("+}"):
        return f"(?P<{part[1:-2]}>.+)"
    if part.startswith("{") and part.endswith("}"):
        return f"(?P<{part[1:-1]}>[^/]+)"
    return re.escape(part)


def _rank(route: Route, parts: Sequence[str]) -> tuple[int, ...]:
    """Return the order in which routes are tried: fixed paths, parameters, greedy ones; ANY after a method."""
    greedy = any(part.endswith("+}") for part in parts)
    variables = sum(part.startswith("{") for part in parts)
    return (2 if greedy else 1 if variables else 0, variables, -len(parts), route.method == "ANY")
