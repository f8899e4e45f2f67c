"""The way in from Lambda: one loop, one session, a context for each invocation, both traps of a frozen process."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from functions.pipeline import log
from functions.pipeline.aws import Aws, trace_header
from functions.pipeline.edge import KEEPALIVE_SECONDS, Edge, LambdaContext, Warm, invoke, open_session

ENV = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-real-one",
    "POWERTOOLS_SERVICE_NAME": "parity",
}
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"MessageId":"1"}'


@dataclass
class Context:
    """What Lambda tells of an invocation."""

    function_name: str = "poll"
    memory_limit_in_mb: str = "512"
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:poll"
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class Clock:
    """A wall clock that the test moves."""

    def __init__(self) -> None:
        self.time = 1_795_296_206.0

    def __call__(self) -> float:
        return self.time


class Server:
    """An HTTP server in its own thread, which outlives every event loop of the test.

    It answers `per_connection` requests on each connection and then hangs up without a word, once `freeze` has let it.
    """

    def __init__(self, per_connection: int = 1000) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._per_connection = per_connection
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests = 0
        self.connections = 0
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        for _ in range(self._per_connection):
            if not _read_request(connection):
                return
            self.requests += 1
            connection.sendall(OK)
        # One more request is read and not answered: what a client sees of a connection that died while it was frozen.
        _read_request(connection)
        connection.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            connection.close()
        self._thread.join()


def _read_request(connection: socket.socket) -> bool:
    received = b""
    try:
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            if not part:
                return False
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length:
            body += connection.recv(65536)
    except OSError:
        return False
    return True


@contextmanager
def serving(per_connection: int = 1000) -> Iterator[Server]:
    server = Server(per_connection)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def warm(clock: Clock, **env: str) -> Iterator[Warm]:
    process = Warm({**ENV, **env}, clock)
    try:
        yield process
    finally:
        process.close()


async def send(event: Any, context: LambdaContext, edge: Edge) -> int:
    await edge.aws.send("http://sqs/1/polls", "x")
    return id(edge.session)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_second_invocation_finds_the_loop_open_and_the_connection_warm() -> None:
    with serving() as server, warm(Clock(), AWS_ENDPOINT_URL=server.url) as process:
        sessions = {process.run(send, {}, Context()) for _ in range(3)}

    assert len(sessions) == 1
    assert (server.requests, server.connections) == (3, 1)


def test_a_post_on_a_connection_that_died_while_frozen_is_sent_again() -> None:
    with serving(per_connection=1) as server, warm(Clock(), AWS_ENDPOINT_URL=server.url) as process:
        process.run(send, {}, Context())
        process.run(send, {}, Context())

    assert (server.requests, server.connections) == (2, 2)


def test_after_a_long_freeze_no_old_connection_is_used() -> None:
    clock = Clock()
    with serving() as server, warm(clock, AWS_ENDPOINT_URL=server.url) as process:
        process.run(send, {}, Context())
        clock.time += KEEPALIVE_SECONDS + 1
        process.run(send, {}, Context())

    assert (server.requests, server.connections) == (2, 2)


def test_the_cache_outlives_a_long_freeze() -> None:
    clock = Clock()

    async def remember(event: Any, context: LambdaContext, edge: Edge) -> list[int]:
        seen: list[int] = edge.cache.setdefault("seen", [])
        seen.append(len(seen))
        return seen

    with warm(clock) as process:
        process.run(remember, {}, Context())
        clock.time += 3600
        assert process.run(remember, {}, Context()) == [0, 1]


def test_the_trace_header_is_that_of_the_invocation() -> None:
    traces: list[str | None] = []
    env: dict[str, str] = dict(ENV)

    async def see(event: Any, context: LambdaContext, edge: Edge) -> None:
        traces.append(trace_header.get())

    process = Warm(env, Clock())
    try:
        for trace in ("Root=1-a", "Root=1-b"):
            env["_X_AMZN_TRACE_ID"] = trace
            process.run(see, {}, Context())
        del env["_X_AMZN_TRACE_ID"]
        process.run(see, {}, Context())
    finally:
        process.close()

    assert traces == ["Root=1-a", "Root=1-b", None]


def test_what_one_invocation_appends_to_its_log_is_gone_in_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    async def tell(event: Any, context: LambdaContext, edge: Edge) -> None:
        if event["number"] == 1:
            log.append(leak="yes")
        log.get_logger().info("x")

    with warm(Clock()) as process:
        for number in (1, 2):
            process.run(tell, {"number": number}, Context())

    first, second = lines(capsys)
    assert first["leak"] == "yes"
    assert "leak" not in second


def test_a_context_variable_that_a_handler_sets_is_unset_in_the_next_invocation() -> None:
    own: ContextVar[str] = ContextVar("own", default="unset")

    async def see_and_set(event: Any, context: LambdaContext, edge: Edge) -> str:
        seen = own.get()
        own.set("set")
        return seen

    with warm(Clock()) as process:
        assert [process.run(see_and_set, {}, Context()) for _ in range(2)] == ["unset", "unset"]


def test_each_invocation_writes_one_line_and_only_the_first_is_a_cold_start(capsys: pytest.CaptureFixture[str]) -> None:
    async def poll(event: Any, context: LambdaContext, edge: Edge) -> None:
        log.note("comparison.polled", step=event["step"])

    with warm(Clock(), _X_AMZN_TRACE_ID="Root=1-65f1a2b3-0123456789abcdef01234567;Sampled=0") as process:
        for step in (1, 2):
            process.run(poll, {"step": step}, Context())

    first, second = lines(capsys)
    assert [first["cold_start"], second["cold_start"]] == [True, False]
    assert [first["step"], second["step"]] == [1, 2]
    assert list(first) == [
        "level",
        "location",
        "message",
        "timestamp",
        "service",
        "cold_start",
        "function_name",
        "function_memory_size",
        "function_arn",
        "function_request_id",
        "step",
        "duration_ms",
        "xray_trace_id",
    ]


def test_an_environment_started_in_advance_has_no_cold_start(capsys: pytest.CaptureFixture[str]) -> None:
    async def nothing(event: Any, context: LambdaContext, edge: Edge) -> None:
        pass

    with warm(Clock(), AWS_LAMBDA_INITIALIZATION_TYPE="provisioned-concurrency") as process:
        process.run(nothing, {}, Context())

    assert lines(capsys)[0]["cold_start"] is False


def test_a_request_of_the_api_is_correlated_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    async def nothing(event: Any, context: LambdaContext, edge: Edge) -> None:
        pass

    with warm(Clock()) as process:
        process.run(nothing, {"requestContext": {"requestId": "rq-1"}}, Context())

    assert lines(capsys)[0]["correlation_id"] == "rq-1"


@pytest.mark.parametrize("event", [{}, {"requestContext": None}, [], "text", None])
def test_an_event_of_any_shape_reaches_the_handler(event: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async def echo(event: Any, context: LambdaContext, edge: Edge) -> Any:
        return event

    with warm(Clock()) as process:
        assert process.run(echo, event, Context()) == event


def test_an_exception_is_told_with_what_was_done_and_raised(capsys: pytest.CaptureFixture[str]) -> None:
    async def crash(event: Any, context: LambdaContext, edge: Edge) -> None:
        log.note("comparison.claimed")
        raise RuntimeError("lost")

    with warm(Clock()) as process, pytest.raises(RuntimeError, match="lost"):
        process.run(crash, {}, Context())

    (line,) = lines(capsys)
    assert (line["level"], line["message"], line["exception_name"]) == ("ERROR", "invocation.failed", "RuntimeError")
    assert line["notes"] == [{"message": "comparison.claimed"}]


def test_an_invocation_works_after_one_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    async def crash_once(event: Any, context: LambdaContext, edge: Edge) -> str:
        if event["crash"]:
            raise RuntimeError
        return "fine"

    with warm(Clock()) as process:
        with pytest.raises(RuntimeError):
            process.run(crash_once, {"crash": True}, Context())
        assert process.run(crash_once, {"crash": False}, Context()) == "fine"


def test_chance_and_tokens_are_fresh() -> None:
    async def draw(event: Any, context: LambdaContext, edge: Edge) -> tuple[float, str]:
        return edge.random(), edge.unique()

    with warm(Clock()) as process:
        draws = [process.run(draw, {}, Context()) for _ in range(20)]

    assert all(0 <= chance < 1 for chance, _ in draws)
    assert len({token for _, token in draws}) == 20
    assert all(len(token) == 32 and int(token, 16) >= 0 for _, token in draws)


def test_a_deployed_handler_runs_twice_and_leaves_without_a_warning() -> None:
    program = """
        from functions.pipeline.edge import lambda_handler
        from tests.edge.test_edge import Context, send

        handler = lambda_handler(send)
        assert handler({}, Context()) == handler({}, Context())
    """
    with serving() as server:
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(program)],
            env={**os.environ, **ENV, "AWS_ENDPOINT_URL": server.url},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["cold_start"] for line in done.stdout.splitlines()] == [True, False]
    assert server.requests == 2


async def told(event: Any, context: LambdaContext, edge: Edge) -> str | None:
    log.append(comparison_id=event["id"])
    await asyncio.sleep(0)
    log.get_logger().info("x")
    return trace_header.get()


def edge_with(session: aiohttp.ClientSession, trace: str) -> Edge:
    env = {**ENV, "_X_AMZN_TRACE_ID": trace}
    return Edge(env, session, Clock(), lambda: 0.5, lambda: "0" * 32, Aws(session, env, Clock()), {})


def test_concurrent_invocations_in_one_loop_dont_mix(capsys: pytest.CaptureFixture[str]) -> None:
    async def both() -> list[str | None]:
        async with open_session(ENV) as session:
            calls = [invoke(told, {"id": name}, Context(), edge_with(session, f"Root=1-{name}")) for name in ("a", "b")]
            return list(await asyncio.gather(*calls))

    assert asyncio.run(both()) == ["Root=1-a", "Root=1-b"]
    assert {(line["comparison_id"], line["xray_trace_id"]) for line in lines(capsys)} == {("a", "1-a"), ("b", "1-b")}


def test_after_an_invocation_in_the_same_task_nothing_of_it_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    async def one_and_after() -> str | None:
        async with open_session(ENV) as session:
            await invoke(told, {"id": "a"}, Context(), edge_with(session, "Root=1-a"))
        log.get_logger().info("after")
        return trace_header.get()

    assert asyncio.run(one_and_after()) is None
    assert "comparison_id" not in lines(capsys)[-1]
