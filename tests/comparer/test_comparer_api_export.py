"""Result files on the wire: asking for one, waiting for it, fetching it, and what becomes of it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from functions.comparer.export.life import VALID_SECONDS
from functions.comparer.tasks.store import Report, Store
from functions.comparer.tasks.stored import TYPES
from tests.comparer.exported import FILE, REGION, export, fetch, file_of, play
from tests.comparer.findings import keep_lines, store_of, task
from tests.comparer.served import (
    EPOCH,
    JOB,
    Comparer,
    config_for,
    make_database,
    refusal,
    served,
)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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
