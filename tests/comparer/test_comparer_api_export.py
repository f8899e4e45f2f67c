"""Result files on the wire: asking for one, waiting for it, fetching it, and what becomes of it."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDictProxy
from openpyxl import load_workbook  # type: ignore[import-untyped]  # no type information is published
from openpyxl.utils.escape import unescape  # type: ignore[import-untyped]  # the same

from functions.comparer.core.results import DatabaseContents, DataResult
from functions.comparer.export.life import VALID_SECONDS
from functions.comparer.export.workbook import shown
from functions.comparer.tasks.store import Report, Store
from functions.comparer.tasks.stored import TYPES
from tests.comparer.findings import changed, contents_table, keep_contents, keep_lines, store_of, task
from tests.comparer.served import (
    EPOCH,
    JOB,
    PROJECT,
    Clock,
    Comparer,
    Reply,
    config_for,
    make_database,
    refusal,
    rows,
    serve_and,
    served,
)

FILE = f"/{JOB}/compare/result/file"
REGION = {"Region": "cn-north-4"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NASTY = [
    "=1+1", "+1", "-1", "@SUM(A1)", "a.b`c", 'say "hi"', "tab\tline\nreturn\rend", "bell\x07\x1b[31m", "_x0041_",
    "😀é中", "'quoted'", "http://example.com", "12345678901234567890", "TRUE", " spaces ", "%s{0}\\x07",
]  # fmt: skip
Sheets = dict[str, list[tuple[Any, ...]]]


def play(tmp_path: Path, steps: Callable[[Comparer], Awaitable[None]], source: Path | None = None) -> None:
    database = source or make_database(tmp_path / "may_5.db", *rows("t", 2))
    serve_and(config_for(database, database), steps)


async def export(comparer: Comparer, kind: str, task_id: str | None = None, **body: Any) -> Reply:
    wanted = {"compare_type": kind, **({"compare_job_id": task_id} if task_id else {}), **body}
    return await comparer.ask("POST", FILE, wanted, headers=REGION)


async def fetch(comparer: Comparer, body: Any = None, **query: str) -> tuple[int, bytes, CIMultiDictProxy[str]]:
    """The file as it comes: status, body, headers."""
    url = f"{comparer.service.url}/v3/{PROJECT}/jobs{FILE}"
    async with comparer.session.get(url, params=query, data=body) as response:
        return response.status, await response.read(), response.headers


async def file_of(comparer: Comparer, kind: str, task_id: str | None = None) -> Sheets:
    """Export, wait, download, open."""
    assert (await export(comparer, kind, task_id)).status == 200
    await comparer.service.settle()
    status, content, _ = await fetch(comparer, compare_type=kind, **({"compare_job_id": task_id} if task_id else {}))
    assert status == 200
    return opened(content)


def opened(content: bytes) -> Sheets:
    book = load_workbook(io.BytesIO(content), read_only=True)
    try:
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    finally:
        book.close()


async def state(comparer: Comparer) -> tuple[str, int]:
    """How it stands with the newest data-level task's file."""
    listed = (await comparer.ask("GET", f"/{JOB}/table/compare")).body["compare_jobs"][0]
    return listed["export_status"], listed["report_remain_seconds"]


@asynccontextmanager
async def writing_held_up(comparer: Comparer) -> AsyncIterator[None]:
    """Files are written one after another: within the block another one keeps all of them waiting."""
    released = threading.Event()
    held = asyncio.get_running_loop().run_in_executor(comparer.service._exports._writer, released.wait, 30)
    try:
        yield
    finally:
        released.set()
        await held


# --- life cycle


def test_a_file_is_asked_for_written_kept_for_a_week_and_gone(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        kept = keep_lines(store_of(comparer), task("lines"), [])
        asked = {"compare_type": "lines", "compare_job_id": kept.id}
        assert await state(comparer) == ("INIT", -1)
        async with writing_held_up(comparer):
            begun = await export(comparer, "lines", kept.id)
            assert (begun.status, begun.body) == (200, "")
            assert await state(comparer) == ("EXPORTING", -1)
            comparer.clock.now += 60
            assert (await export(comparer, "lines", kept.id)).status == 200  # asking twice is asking once
            assert (await fetch(comparer, **asked))[0] == 400
            comparer.clock.now = EPOCH
        await comparer.service.settle()
        name = (await fetch(comparer, **asked))[2]["Content-Disposition"]
        assert name.endswith('_20270115080000.xlsx"')
        assert await state(comparer) == ("EXPORT_COMPLETE", 604_800)
        comparer.clock.now += 3600.4
        assert await state(comparer) == ("EXPORT_COMPLETE", 604_800 - 3601)
        assert (await fetch(comparer, **asked))[0] == 200
        comparer.clock.now = EPOCH + VALID_SECONDS - 0.5
        assert await state(comparer) == ("INIT", -1)
        status, body, _ = await fetch(comparer, **asked)
        assert (status, json.loads(body)["error_code"]) == (400, "DRS.10000010")
        assert store_of(comparer).report_file(kept.id) is None
        await export(comparer, "lines", kept.id)
        await comparer.service.settle()
        assert await state(comparer) == ("EXPORT_COMPLETE", 604_800)

    play(tmp_path, steps)


def test_the_overview_shows_the_file_of_the_latest_object_level_comparison(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        assert refusal(await export(comparer, "objects_comparison")) == (400, "DRS.10000010")
        for _ in range(2):
            await comparer.create(object_level_compare_type="objects")
            await comparer.service.settle()
        sheets = await file_of(comparer, "objects_comparison")
        overview = await comparer.overview()
        assert (overview["export_status"], overview["report_remain_seconds"]) == ("EXPORT_COMPLETE", 604_800)
        assert ("comparison task", overview["compare_job_id"]) in sheets["summary"]
        await comparer.create(object_level_compare_type="objects")
        overview = await comparer.overview()
        assert (overview["export_status"], overview["report_remain_seconds"]) == ("INIT", -1)

    play(tmp_path, steps)


@pytest.mark.parametrize(("zone", "time"), [(None, "080000"), ("GMT", "080000"), ("GMT+08:00", "160000"),
                                            ("GMT-03:30", "043000"), ("GMT+14:00", "220000")])  # fmt: skip
def test_the_file_is_named_for_its_task_and_the_time_in_the_zone_that_was_asked_for(
    tmp_path: Path, zone: str | None, time: str
) -> None:
    async def steps(comparer: Comparer) -> None:
        kept = keep_lines(store_of(comparer), task("lines"), [])
        await export(comparer, "lines", kept.id, time_zone=zone)
        await comparer.service.settle()
        status, content, headers = await fetch(comparer, compare_type="lines", compare_job_id=kept.id)
        assert (status, headers["Content-Type"]) == (200, XLSX)
        assert headers["Content-Disposition"] == f'attachment; filename="lines_{kept.id}_20270115{time}.xlsx"'
        assert "X-Request-Id" in headers
        assert content[:2] == b"PK"

    play(tmp_path, steps)


def test_a_file_that_a_killed_service_was_writing_has_failed_and_can_be_asked_for_again(tmp_path: Path) -> None:
    source = make_database(tmp_path / "d.db")
    store = Store(tmp_path / "store.db")
    kept = keep_lines(store, task("lines"), [])
    store.save_report(Report(kept.id, "EXPORTING", EPOCH, None, None, "lines.xlsx"), None)
    store.close()

    async def journey() -> None:
        async with served(config_for(source, source), store=tmp_path / "store.db") as comparer:
            assert await state(comparer) == ("EXPORT_COMMON_FAILED", -1)
            assert (await fetch(comparer, compare_type="lines", compare_job_id=kept.id))[0] == 400
            await file_of(comparer, "lines", kept.id)
            assert (await state(comparer))[0] == "EXPORT_COMPLETE"
        # What is finished outlives the service.
        async with served(config_for(source, source), store=tmp_path / "store.db") as comparer:
            assert (await state(comparer))[0] == "EXPORT_COMPLETE"
            assert (await fetch(comparer, compare_type="lines", compare_job_id=kept.id))[0] == 200

    asyncio.run(journey())


def copy_store(folder: Path, copy: Path) -> None:
    copy.mkdir()
    for part in folder.glob("store.db*"):
        (copy / part.name).write_bytes(part.read_bytes())


def test_a_valid_file_can_be_had_until_the_new_one_is_there_also_by_the_next_service(tmp_path: Path) -> None:
    source = make_database(tmp_path / "d.db")

    async def journey() -> None:
        async with served(config_for(source, source), store=tmp_path / "store.db") as comparer:
            kept = keep_lines(store_of(comparer), task("lines"), [])
            asked = {"compare_type": "lines", "compare_job_id": kept.id}
            await file_of(comparer, "lines", kept.id)
            first = (await fetch(comparer, **asked))[2]["Content-Disposition"]
            comparer.clock.now += 60
            async with writing_held_up(comparer):
                await export(comparer, "lines", kept.id)
                assert await state(comparer) == ("EXPORTING", VALID_SECONDS - 60)
                assert (await fetch(comparer, **asked))[2]["Content-Disposition"] == first
                # As a service that is killed now leaves its store.
                copy_store(tmp_path, tmp_path / "killed")
            await comparer.service.settle()
            assert await state(comparer) == ("EXPORT_COMPLETE", VALID_SECONDS)
            assert (await fetch(comparer, **asked))[2]["Content-Disposition"] != first
        async with served(config_for(source, source), store=tmp_path / "killed/store.db") as comparer:
            assert await state(comparer) == ("EXPORT_COMPLETE", VALID_SECONDS)
            assert (await fetch(comparer, **asked))[2]["Content-Disposition"] == first

    asyncio.run(journey())


def test_a_service_that_is_stopped_does_not_wait_for_its_files(tmp_path: Path) -> None:
    source = make_database(tmp_path / "d.db")

    async def journey() -> None:
        async with served(config_for(source, source), store=tmp_path / "store.db") as comparer:
            kept = keep_lines(store_of(comparer), task("lines"), [])
            exports = comparer.service._exports
            # Stands for a long file: it ends as soon as the service asks it to.
            asyncio.get_running_loop().run_in_executor(exports._writer, exports._stop._asked.wait, 60)
            await export(comparer, "lines", kept.id)
        async with served(config_for(source, source), store=tmp_path / "store.db") as comparer:
            assert await state(comparer) == ("EXPORT_COMMON_FAILED", -1)

    asyncio.run(journey())


def test_a_file_that_can_not_be_written_has_failed_and_the_service_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(comparer: Comparer) -> None:
        store, broken = store_of(comparer), task("objects")
        store.add(broken)
        # No engine has a type of this name, and no sheet can.
        store.append(broken.id, TYPES, [{"type": "A/B", "source": 1, "target": 1, "result": 2, "differences": 0}])
        assert (await export(comparer, "objects_comparison")).status == 200
        await comparer.service.settle()
        overview = await comparer.overview()
        assert (overview["export_status"], overview["report_remain_seconds"]) == ("EXPORT_COMMON_FAILED", -1)
        status, body, _ = await fetch(comparer, compare_type="objects_comparison")
        assert (status, json.loads(body)["error_code"]) == (400, "DRS.10000010")
        kept = keep_lines(store, task("lines"), [])
        await file_of(comparer, "lines", kept.id)

    play(tmp_path, steps)
    assert "can't be written" in caplog.text


# --- refusals

BAD: dict[str, tuple[dict[str, Any], dict[str, str], str, str]] = {
    "no region": ({"compare_type": "lines"}, {}, "DRS.M00201", "Region"),
    "empty region": ({"compare_type": "lines"}, {"Region": ""}, "DRS.M00201", "Region"),
    "long region": ({"compare_type": "lines"}, {"Region": "x" * 65}, "DRS.M00202", "Region"),
    "no type": ({}, REGION, "DRS.M00201", "compare_type"),
    "unknown type": ({"compare_type": "objects"}, REGION, "DRS.M00202", "compare_type"),
    "random": ({"compare_type": "random", "compare_job_id": "x"}, REGION, "DRS.M00202", "random is not done here"),
    "repair": ({"compare_type": "repair_data"}, REGION, "DRS.M00202", "allowed: contents, lines, objects_comparison"),
    "no id": ({"compare_type": "lines"}, REGION, "DRS.M00201", "compare_job_id"),
    "empty id": ({"compare_type": "contents", "compare_job_id": ""}, REGION, "DRS.M00201", "compare_job_id"),
    "unknown id": ({"compare_type": "lines", "compare_job_id": "x"}, REGION, "DRS.10000010", ""),
    "no objects yet": ({"compare_type": "objects_comparison"}, REGION, "DRS.10000010", ""),
    "unknown field": ({"compare_type": "lines", "x": 1}, REGION, "DRS.M00202", "x"),
    "zone": ({"compare_type": "lines", "time_zone": "CET"}, REGION, "DRS.M00202", "time_zone"),
    "far zone": ({"compare_type": "lines", "time_zone": "GMT+14:01"}, REGION, "DRS.M00202", "GMT+08:00"),
    "long minutes": ({"compare_type": "lines", "time_zone": "GMT+08:60"}, REGION, "DRS.M00202", "time_zone"),
}


@pytest.mark.parametrize(("body", "headers", "code", "named"), BAD.values(), ids=BAD.keys())
def test_an_export_that_means_nothing_is_refused_in_both_languages(
    tmp_path: Path, body: dict[str, Any], headers: dict[str, str], code: str, named: str
) -> None:
    async def steps(comparer: Comparer) -> None:
        for language in ("en-us", "zh-cn"):
            reply = await comparer.ask("POST", FILE, body, headers={**headers, "X-Language": language})
            assert refusal(reply) == (400, code)
            assert named in reply.body["error_msg"]

    play(tmp_path, steps)


def test_only_the_jobs_own_comparisons_of_the_type_that_have_ended_are_exported(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        running, waiting = task("lines", "RUNNING"), task("contents", "WAITING_FOR_RUNNING")
        theirs, objects = task("lines", job_id="another"), task("objects")
        store_of(comparer).add(running, waiting, theirs, objects)
        assert refusal(await export(comparer, "lines", running.id)) == (400, "DRS.M00304")
        assert refusal(await export(comparer, "contents", waiting.id)) == (400, "DRS.M00304")
        for kind, task_id in (("lines", theirs.id), ("lines", objects.id), ("contents", running.id)):
            assert refusal(await export(comparer, kind, task_id)) == (400, "DRS.10000010")
        reply = await comparer.ask("POST", "/nowhere/compare/result/file", {}, headers=REGION)
        assert refusal(reply) == (400, "DRS.10000010")

    play(tmp_path, steps)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "DRS.M00201"),
        ({"compare_type": "objects"}, "DRS.M00202"),
        ({"compare_type": "lines"}, "DRS.M00201"),
        ({"compare_type": "lines", "compare_job_id": "x"}, "DRS.10000010"),
        ({"compare_type": "objects_comparison"}, "DRS.10000010"),
        ({"compare_type": "random", "compare_job_id": "x"}, "DRS.M00202"),
    ],
)
def test_what_is_no_file_can_not_be_fetched(tmp_path: Path, query: dict[str, str], code: str) -> None:
    async def steps(comparer: Comparer) -> None:
        assert refusal(await comparer.ask("GET", FILE, params=query)) == (400, code)

    play(tmp_path, steps)


def test_the_query_says_which_file_and_the_body_what_the_query_does_not_say(tmp_path: Path) -> None:
    async def steps(comparer: Comparer) -> None:
        kept = keep_lines(store_of(comparer), task("lines"), [])
        await file_of(comparer, "lines", kept.id)
        body = json.dumps({"compare_type": "lines", "compare_job_id": kept.id})
        query = {"compare_type": "lines", "compare_job_id": kept.id}
        assert (await fetch(comparer, body))[0] == 200
        assert (await fetch(comparer, json.dumps({"compare_job_id": kept.id}), compare_type="lines"))[0] == 200
        assert (await fetch(comparer, '{"compare_type": "contents", "compare_job_id": "x"}', **query))[0] == 200
        assert (await fetch(comparer, "not JSON", **query))[0] == 200
        assert (await fetch(comparer, body, compare_type="contents"))[0] == 400
        assert (await fetch(comparer, "not JSON"))[0] == 400

    play(tmp_path, steps)


# --- what is in it


@pytest.mark.parametrize("status", ["CANCELLED", "FAILED", "TIMEOUT_INTERRUPT"])
def test_what_an_unfinished_comparison_found_is_in_its_file(tmp_path: Path, status: str) -> None:
    async def steps(comparer: Comparer) -> None:
        report = DatabaseContents("d", "d", DataResult.COMPARING)
        report.tables = [
            contents_table("done", DataResult.INCONSISTENT, changed=1, kept=1),
            contents_table("now", DataResult.COMPARING, rows_read=3),
            contents_table("odd", DataResult.CAN_NOT_COMPARE, message="no common column"),
        ]
        kept = task("contents", status, error="why", scope={"d": None, "next": ["t"]})
        keep_contents(store_of(comparer), kept, [report], {("d", "done"): [changed(1)]})
        sheets = await file_of(comparer, "contents", kept.id)
        summary = sheets["summary"]
        assert ("status", status) in summary
        assert ("what the task says", "why") in summary
        assert [value for what, value in summary if what == "not compared"] == [
            "objects other than tables",
            f"database d: not finished ({status})",
            f"table d.now: not finished ({status})",
            "table d.odd: no common column",
            f"database next: not finished ({status})",
            f"table next.t: not finished ({status})",
        ]
        assert len(sheets["differences"]) == 2

    play(tmp_path, steps)


def test_the_file_of_a_value_comparison_holds_what_the_api_says(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    source, target = tmp_path / "nasty.db", tmp_path / "b/nasty.db"
    for number, name in enumerate(NASTY):
        quoted = '"' + name.replace('"', '""') + '"'
        make_database(source, f"CREATE TABLE {quoted} (id TEXT PRIMARY KEY NOT NULL, v)")
        make_database(target, f"CREATE TABLE {quoted} (id TEXT PRIMARY KEY NOT NULL, v)")
        value = "'" + name.replace("'", "''") + "'"
        for path, rest in ((source, "1"), (target, "2")):
            make_database(path, f"INSERT INTO {quoted} VALUES ({value}, {rest}), ('{number}{rest}', 0), ('same', 9)")

    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            created = await comparer.ask(
                "POST", f"/{JOB}/table/compare", {"type": "contents", "compare_mode": "quick_comparison"}
            )
            task_id = created.body["id"]
            await comparer.service.settle()
            sheets = await file_of(comparer, "contents", task_id)
            await same_as_api(comparer, task_id, sheets)

    asyncio.run(journey())


async def same_as_api(comparer: Comparer, task_id: str, sheets: Sheets) -> None:
    def cells(sheet: str, *columns: str) -> list[tuple[Any, ...]]:
        header, *found = sheets[sheet]
        places = [header.index(column) for column in columns]
        return [tuple(_read(row[place]) for place in places) for row in found]

    path = f"/{JOB}/compare/{task_id}"
    tables = (await comparer.ask("GET", f"{path}/content-detail")).body["content_compare_result_infos"]
    assert {table["source_table_name"] for table in tables} == set(NASTY)
    assert cells("tables", "table", "source rows", "target rows", "difference") == [
        (shown(t["source_table_name"]), t["source_row_num"], t["target_row_num"], t["difference_row_num"])
        for t in tables
    ]
    expected = []
    for table in tables:
        query = {"db_name": "nasty", "table_name": table["source_table_name"]}
        rows_of = (await comparer.ask("GET", f"{path}/content-difference", params=query)).body["contents_infos"]
        assert len(rows_of) == 3
        expected += [
            (
                shown(table["source_table_name"]),
                _json(row.get("source_key_value")),
                _json(row.get("target_key_value")),
                None if "select_sql" not in row else shown(row["select_sql"]),
                None if "target_select_sql" not in row else shown(row["target_select_sql"]),
            )
            for row in rows_of
        ]
    columns = ("table", "source key", "target key", "source statement", "target statement")
    assert cells("differences", *columns) == expected
    assert set(cells("differences", "difference")) == {
        ("changed",),
        ("missing in the target",),
        ("only in the target",),
    }
    summary: dict[str, Any] = dict(sheets["summary"])
    assert (summary["tables"], summary["rows that differ"]) == (len(NASTY), 3 * len(NASTY))
    assert (summary["rows of the source"], summary["of them in this file"]) == (3 * len(NASTY), 3 * len(NASTY))
    assert summary["ended (UTC)"] == datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(cell: Any) -> Any:
    return unescape(cell) if isinstance(cell, str) else cell


def _json(key: list[str] | None) -> str | None:
    return None if key is None else shown(json.dumps(key, ensure_ascii=False))


def test_the_file_of_a_row_comparison_holds_what_the_api_says(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    source = make_database(tmp_path / "d.db", *rows("a", 3), *rows("b", 1), *rows("c", 0))
    target = make_database(tmp_path / "b/d.db", *rows("a", 5), *rows("b", 1))

    async def journey() -> None:
        async with served(config_for(source, target), clock=Clock()) as comparer:
            created = await comparer.create_lines()
            task_id = created.body["data_level_compare_create_result"]["compare_task_id"]
            await comparer.service.settle()
            sheets = await file_of(comparer, "lines", task_id)
            assert list(sheets) == ["summary", "databases", "tables"]
            assert sheets["tables"][1:] == [
                ("d", "d", "a", "INCONSISTENT", 3, 5, 2, None),
                ("d", "d", "b", "CONSISTENT", 1, 1, 0, None),
                ("d", "d", "c", "INCONSISTENT", 0, 0, 0, "The table is missing in the target."),
            ]
            assert sheets["databases"][1:] == [("d", "d", "INCONSISTENT", 3, 3, 2, 0, None)]

    asyncio.run(journey())


def test_the_file_of_an_object_comparison_has_a_sheet_for_each_type(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    source = make_database(tmp_path / "d.db", *rows("=t", 1), 'CREATE INDEX "+i" ON "=t" (id)')
    target = make_database(tmp_path / "b/d.db", *rows("=t", 1))

    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            await comparer.create(object_level_compare_type="objects")
            await comparer.service.settle()
            sheets = await file_of(comparer, "objects_comparison")
            overview = await comparer.overview()
            words = {0: "INCONSISTENT", 2: "CONSISTENT"}
            assert [row[:3] + row[4:] for row in sheets["types"][1:]] == [
                (e["type"], e["source_count"], e["target_count"], words[e["status"]])
                for e in overview["compare_result"]
            ]
            for entry in overview["compare_result"]:
                detail = await comparer.ask("GET", f"/{JOB}/object/compare/{entry['type']}")
                fields = ("source_db_name", "target_db_name", "source_db_value", "target_db_value")
                assert sheets[entry["type"]][1:] == [
                    (*(d.get(name) for name in fields), words[d["status"]]) for d in detail.body["compare_detail"]
                ]
            assert ("objects that differ", 1) in sheets["summary"]

    asyncio.run(journey())
