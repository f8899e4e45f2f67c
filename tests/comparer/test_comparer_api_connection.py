"""What never becomes a request is refused like everything else: as JSON, with a code, a reason and a request id."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from functions.comparer.api.connection import MOST_HEADER_BYTES, MOST_URL_BYTES
from functions.comparer.server import serve
from tests.comparer.served import JOB, PROJECT, Comparer, config_for, make_database, rows, served

OVERVIEW = f"/v3/{PROJECT}/jobs/{JOB}/object/compare"
CREATE = f"/v3/{PROJECT}/jobs/create-compare-task"
TOKEN = "MIIYsecret"


@dataclass
class Raw:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: Any


async def send(comparer: Comparer, *sent: bytes) -> list[Raw]:
    """What is answered to each of these, sent one after the other; the connection is closed after the last answer."""
    address = URL(comparer.service.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    answers = []
    for part in sent:
        writer.write(part)
        answers.append(await asyncio.wait_for(answer_from(reader), 30))
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()
    return answers


async def answer_from(reader: asyncio.StreamReader) -> Raw:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Raw(int(first.split()[1]), headers, json.loads(await reader.readexactly(int(headers["content-length"]))))


def play(folder: Path, steps: Callable[[Comparer], Awaitable[None]]) -> None:
    source = make_database(folder / "may_5.db", *rows("t", 1))

    async def journey() -> None:
        async with served(config_for(source, source)) as comparer:
            await steps(comparer)

    asyncio.run(journey())


def get(path: str, *headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: here", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


CHUNKED = f"POST {CREATE} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
UNREADABLE = {
    "no HTTP at all": (b"what?\r\n\r\n", "Invalid method"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "HTTPS"),
    "an unknown version": (b"GET / HTTP/9.9\r\n\r\n", "version"),
    "a line that is no header": (b"GET / HTTP/1.1\r\nno header\r\n\r\n", "header"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", "Host"),
    "a length that is none": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: z\r\n\r\n", "Content-Length"),
    "a chunk that is none": (CHUNKED.encode() + b"zz\r\n", "chunk"),
    "a URL that is none": (get("http://[/"), "URL"),
    "too many headers": (get("/", *(f"X-{n}: n" for n in range(200))), "Too many headers"),
}


@pytest.mark.parametrize(("sent", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_not_http_is_refused_as_json_with_the_reason(tmp_path: Path, sent: bytes, reason: str) -> None:
    async def steps(comparer: Comparer) -> None:
        (answer,) = await send(comparer, sent)
        assert answer.status == 400
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.body["error_code"] == "APIG.0201"
        assert reason in answer.body["error_msg"]
        assert answer.body["request_id"] == answer.headers["x-request-id"]

    play(tmp_path, steps)


@pytest.mark.parametrize("body", [b"", b"2\r\n{}\r\n", b"zz\r\n"], ids=["nothing", "a part", "what is no chunk"])
def test_a_body_that_never_ends_is_refused_as_json_after_a_while(tmp_path: Path, body: bytes) -> None:
    source = make_database(tmp_path / "may_5.db", *rows("t", 1))

    async def journey() -> None:
        service = await serve(config_for(source, source), port=0, body_seconds=0.1)
        try:
            address = URL(service.url)
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(CHUNKED.replace("Host", "Expect: 100-continue\r\nHost").encode())
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(body)
            answer = await asyncio.wait_for(answer_from(reader), 30)
            writer.close()
        finally:
            await service.close()
        assert (answer.status, answer.body["error_code"]) == (400, "DRS.M00300")
        assert "within 0.1 seconds" in answer.body["error_msg"]
        assert answer.headers["x-request-id"]

    asyncio.run(journey())


def test_what_follows_a_good_request_and_is_none_is_refused_after_its_answer(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        first = get(OVERVIEW).replace(b"Connection: close\r\n", b"")
        good, bad = await send(comparer, first, b"rubbish\r\n\r\n")
        assert (good.status, bad.status) == (200, 400)
        assert bad.body["error_code"] == "APIG.0201"

    play(tmp_path, steps)


def test_a_url_or_a_header_that_is_too_long_is_told_from_the_other_and_what_is_allowed(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        (url,) = await send(comparer, get("/" + "a" * MOST_URL_BYTES))
        assert (url.status, url.body["error_code"]) == (414, "APIG.0201")
        assert f"{MOST_URL_BYTES:,}" in url.body["error_msg"]
        (header,) = await send(comparer, get("/", "X-Auth-Token: " + "a" * (MOST_HEADER_BYTES + 1)))
        assert (header.status, header.body["error_code"]) == (494, "APIG.0201")
        assert f"{MOST_HEADER_BYTES:,}" in header.body["error_msg"]

    play(tmp_path, steps)


def test_a_token_as_long_as_the_gateway_takes_it_is_read(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        (answer,) = await send(comparer, get(OVERVIEW, "X-Auth-Token: " + "a" * (MOST_HEADER_BYTES - 100)))
        assert answer.status == 200

    play(tmp_path, steps)


@pytest.mark.parametrize("path", [OVERVIEW, "/nowhere"])
def test_an_expectation_that_nobody_knows_is_refused_as_json(tmp_path: Path, path: str) -> None:
    async def steps(comparer: Comparer) -> None:
        (answer,) = await send(comparer, get(path, "Expect: miracles"))
        assert (answer.status, answer.body["error_code"]) == (417, "APIG.0201")
        assert "100-continue" in answer.body["error_msg"]
        assert answer.body["request_id"] == answer.headers["x-request-id"]

    play(tmp_path, steps)


@pytest.mark.parametrize(
    "token", [f"{TOKEN}\x01", f"{TOKEN}{'a' * MOST_HEADER_BYTES}"], ids=["with a control character", "too long"]
)
def test_a_token_that_cannot_be_read_is_neither_answered_nor_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    async def steps(comparer: Comparer) -> None:
        (answer,) = await send(comparer, get(OVERVIEW, f"X-Auth-Token: {token}"))
        assert answer.status in {400, 494}
        assert TOKEN not in answer.body["error_msg"]

    play(tmp_path, steps)
    (told,) = [record for record in caplog.records if "Error handling request" in record.getMessage()]
    assert told.levelno == logging.WARNING
    assert TOKEN not in caplog.text


def test_a_body_that_is_not_encoded_as_it_says_is_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(comparer: Comparer) -> None:
        head = f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n"
        (answer,) = await send(comparer, head.encode() + b"abc")
        assert (answer.status, answer.body["error_code"]) == (400, "DRS.M00300")

    play(tmp_path, steps)
    (told,) = [record for record in caplog.records if "content-encoding" in record.getMessage()]
    assert (told.levelno, told.exc_info) == (logging.WARNING, None)
