"""Input without manners: what no client should send, and some will, gets a clear answer and harms nobody."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from tests.comparer.findings import keep_contents, keep_lines, store_of, task
from tests.comparer.served import (
    JOB,
    PROJECT,
    Comparer,
    config_for,
    make_database,
    refusal,
    rows,
    serve_and,
    served,
)

OVERVIEW = f"/v3/{PROJECT}/jobs/{JOB}/object/compare"
# Every door that reads a body.
DOORS = [
    "/create-compare-task", "/query-compare-result", "/batch-status", f"/{JOB}/object/compare", f"/{JOB}/table/compare",
    f"/{JOB}/compare/result/file",
]  # fmt: skip


def play(folder: Path, steps: Callable[[Comparer], Awaitable[None]]) -> None:
    source = make_database(folder / "may_5.db", *rows("table_name_0", 2), *rows("table_name_1", 1))
    serve_and(config_for(source, source), steps)


NASTY: dict[str, bytes] = {
    "nothing": b"",
    "truncated": b'{"job_id": "x',
    "not UTF-8": b'{"job_id": "\xff\xfe"}',
    "UTF-16": json.dumps({"job_id": JOB}).encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "lone surrogate": b'{"job_id": "\\ud800"}',
    "a list": b"[]",
    "a number": b"1",
    "not a number": b'{"job_id": NaN}',
    "deep": b'{"job_id":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep and cut": b'{"a":' * 100_000,
    "long number": b'{"current_page": ' + b"9" * 10_000 + b"}",
    "NUL": b"\0",
    "form": b"job_id=x",
}


@pytest.mark.parametrize("body", NASTY.values(), ids=NASTY.keys())
def test_a_body_that_is_no_request_gets_a_clear_400(tmp_path: Path, body: bytes) -> None:
    async def steps(comparer: Comparer) -> None:
        for door in DOORS:
            if not body and door.endswith("object/compare"):
                continue  # that door needs no body
            status, code = refusal(await comparer.ask("POST", door, body, headers={"Region": "eu-de"}))
            assert status == 400
            assert code in {"DRS.M00300", "DRS.M00201", "DRS.M00202"}

    play(tmp_path, steps)


def test_an_oversized_body_gets_413(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        reply = await comparer.ask("POST", "/create-compare-task", BytesIO(b" " * (12 * 1024 * 1024 + 1)))
        assert refusal(reply) == (413, "APIG.0201")

    play(tmp_path, steps)


def test_a_body_that_is_not_encoded_as_it_says_gets_400(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        reply = await comparer.ask("POST", "/create-compare-task", b"not gzip", headers=headers)
        assert reply.status == 400

    play(tmp_path, steps)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["objects", "lines", "keep", JOB]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "job_id", "object_level_compare_type", "data_level_compare_info", "conflict_policy", "compare_type", "compare_mode",
    "start_time", "compare_object_infos", "db_name", "table_name", "jobs", "page_req", "current_page", "per_page",
    "line_compare_id", "object_level_compare_id", "type", "options", "compare_object", "compare_task_num",
    "proportion_value", "compare_transformation_infos", "compare_job_id", "time_zone",
]  # fmt: skip
BODIES = st.dictionaries(st.sampled_from(FIELDS), JSON | st.dictionaries(st.sampled_from(FIELDS), JSON))
PLAUSIBLE = st.fixed_dictionaries(
    {"job_id": st.just(JOB)},
    optional={
        "object_level_compare_type": st.sampled_from(["objects", ""]),
        "data_level_compare_info": st.fixed_dictionaries(
            {"conflict_policy": st.sampled_from(["keep", "cancel"]), "compare_type": st.just("lines")},
            optional={
                "start_time": st.text() | st.integers(0, 10**13).map(str) | st.datetimes().map(str),
                "compare_object_infos": st.lists(
                    st.fixed_dictionaries({"db_name": st.text()}, optional={"table_name": st.lists(st.text())})
                ),
                "compare_mode": st.sampled_from(["quick_comparison", None]),
            },
        ),
    },
)


def test_whatever_is_sent_no_answer_is_a_500(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:

    async def steps(comparer: Comparer) -> None:
        # Hypothesis drives from a thread of its own; the requests run here.
        loop = asyncio.get_running_loop()

        @settings(max_examples=100, deadline=None)
        @given(st.sampled_from(DOORS), BODIES | PLAUSIBLE | st.binary(max_size=50), st.text(max_size=20))
        def send(door: str, body: Any, odd: str) -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers = {"Content-Type": "application/json", "Region": "eu-de"}
            sent = comparer.ask(
                "POST", door, raw, headers=headers, params={"name": odd.encode("utf-8", "replace").decode()}
            )
            reply = asyncio.run_coroutine_threadsafe(sent, loop).result(30)
            assert reply.status in {200, 202, 400}, reply
            if reply.status == 400 and door != "/batch-status":
                refusal(reply)

        await asyncio.to_thread(send)
        await comparer.service.settle()

    play(tmp_path, steps)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_caller_that_hangs_up_in_the_middle_harms_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def steps(comparer: Comparer) -> None:
        host, _, port = comparer.service.url.removeprefix("http://").partition(":")
        for sent in (b"POST ", b"\0\0\r\n\r\n", f"POST {OVERVIEW} HTTP/1.1\r\nContent-Length: 100\r\n\r\n{{".encode()):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            writer.write_eof()
            await reader.read()
            writer.close()
            await writer.wait_closed()
        create = f"POST /v3/{PROJECT}/jobs/create-compare-task HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{"
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(create.encode())
        writer.close()
        await writer.wait_closed()
        assert (await comparer.create(object_level_compare_type="objects")).status == 200

    play(tmp_path, steps)
    # What isn't HTTP at all never reaches the service; the library logs it as an error of its own.
    ours = [record for record in caplog.records if record.name.startswith("functions.")]
    assert not [record for record in ours if record.levelno >= logging.ERROR]


def test_what_is_not_http_is_one_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def journey() -> None:
        async with served(config_for(tmp_path, tmp_path)) as comparer:
            address = URL(comparer.service.url)
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(b"GET / HTTP/1.1\r\nno header\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.0 400 Bad Request\r\n")
            writer.close()
            await writer.wait_closed()

    asyncio.run(journey())
    (record,) = [r for r in caplog.records if "Error handling request" in r.getMessage()]
    assert record.levelname == "WARNING"
    assert record.exc_info is None
    assert "\n" not in record.getMessage()


WORDS = st.text(max_size=6) | st.sampled_from(
    ["0", "1", "2", "-1", "1001", "compare", "unCompare", "d", "TABLE", "lines"]
)
QUERIES = st.dictionaries(
    st.sampled_from(
        [
            "limit",
            "offset",
            "status",
            "type",
            "db_name",
            "target_db_name",
            "query_tb_name",
            "table_name",
            "compare_job_id",
            "compare_type",
        ]
    ),
    WORDS,
)


def test_whatever_is_asked_for_no_answer_is_a_500(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def steps(comparer: Comparer) -> None:
        loop = asyncio.get_running_loop()
        lines = keep_lines(store_of(comparer), task("lines"), []).id
        contents = keep_contents(store_of(comparer), task("contents"), []).id
        pages = [
            *(f"/{JOB}/compare/{lines}/line-{page}" for page in ("overview", "detail")),
            *(f"/{JOB}/compare/{contents}/content-{page}" for page in ("overview", "detail", "difference")),
            *(f"/{JOB}/{rest}" for rest in ("table/compare", "object/compare/TABLE", "compare/result/file")),
        ]

        @settings(max_examples=100, deadline=None)
        @given(st.sampled_from(pages), QUERIES)
        def send(page: str, query: dict[str, str]) -> None:
            sendable = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
            reply = asyncio.run_coroutine_threadsafe(comparer.ask("GET", page, params=sendable), loop).result(30)
            assert reply.status in {200, 400}, reply
            if reply.status == 400:
                refusal(reply)

        await asyncio.to_thread(send)

    play(tmp_path, steps)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
