"""Value comparisons in a running service: live, cancelled, timed out, interrupted, with files that change meanwhile."""

import asyncio
import gc
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from functions.comparer.jobs_file import ComparerConfig
from functions.comparer.tasks.store import Store, Task
from functions.comparer.tasks.work import DATABASES, differences_part, tables_part
from tests.comparer.served import (
    EPOCH,
    JOB,
    Clock,
    Comparer,
    PausedEndpoint,
    config_for,
    make_database,
    rows,
    served,
)

HOUR = 3600


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_database(tmp_path / "source.db", *rows("a", 3), *rows("m", 5), *rows("z", 1))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return make_database(tmp_path / "target.db", *rows("a", 2), *rows("m", 5), *rows("z", 2))


def store_of(comparer: Comparer) -> Store:
    return comparer.service._store


def task_of(comparer: Comparer, task_id: str) -> Task:
    task = store_of(comparer).task(task_id)
    assert task
    return task


def results(comparer: Comparer, task_id: str) -> dict[str, str]:
    """The result of every table of the one database."""
    return {body["table"]: body["result"] for body in tables(comparer, task_id)}


def tables(comparer: Comparer, task_id: str) -> list[dict[str, Any]]:
    return store_of(comparer).page(task_id, tables_part("source"), -1)


def differences(comparer: Comparer, task_id: str, table: str) -> list[tuple[str, Any, Any]]:
    found = store_of(comparer).page(task_id, differences_part("source", table), -1)
    return [(body["kind"], body["source_key"], body["target_key"]) for body in found]


async def reached(paused: PausedEndpoint) -> None:
    """Until the comparison is at the table where it waits."""
    assert await asyncio.to_thread(paused.reached.wait, 30)


@asynccontextmanager
async def halfway(
    source: Path, target: Path, store: Path | None = None
) -> AsyncIterator[tuple[Comparer, str, PausedEndpoint]]:
    """A service, and its comparison that has done the first table and waits in the second."""
    paused = PausedEndpoint(source)
    async with served(config_for(paused, target), store=store) as comparer:
        task_id = await comparer.create_contents()
        await reached(paused)
        yield comparer, task_id, paused


async def interrupted(source: Path, target: Path, store: Path) -> str:
    """A comparison whose service was stopped when the first table was done: its id."""
    async with halfway(source, target, store) as (_, task_id, _):
        return task_id


def test_what_differs_is_kept_table_by_table_and_row_by_row(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            task_id = await comparer.create_contents()
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "SUCCESSFUL"}
            assert results(comparer, task_id) == {"a": "INCONSISTENT", "m": "CONSISTENT", "z": "INCONSISTENT"}
            assert differences(comparer, task_id, "a") == [("missing", ["3"], None)]
            assert differences(comparer, task_id, "z") == [("extra", None, ["2"])]
            (database,) = store_of(comparer).page(task_id, DATABASES, -1)
            assert database == {
                "source_db": "source", "target_db": "target", "result": "INCONSISTENT", "message": None,
                "trouble": None,
            }  # fmt: skip

    asyncio.run(journey())


def test_results_and_progress_are_there_while_the_comparison_runs(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with halfway(source, target) as (comparer, task_id, paused):
            assert await comparer.statuses() == {task_id: "RUNNING"}
            assert results(comparer, task_id) == {
                "a": "INCONSISTENT", "m": "WAITING_FOR_COMPARISON", "z": "WAITING_FOR_COMPARISON",
            }  # fmt: skip
            assert differences(comparer, task_id, "a") == [("missing", ["3"], None)]
            paused.released.set()
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "SUCCESSFUL"}

    asyncio.run(journey())


def test_lines_and_contents_of_one_job_share_the_slot(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with halfway(source, target) as (comparer, contents, paused):
            reply = await comparer.create_lines("keep")
            assert reply.body["data_level_compare_create_result"]["error_code"] == "DRS.M00305"
            reply = await comparer.create_lines("cancel")
            lines = reply.body["data_level_compare_create_result"]["compare_task_id"]
            paused.released.set()
            await comparer.service.settle()
            assert await comparer.statuses() == {contents: "CANCELLED", lines: "SUCCESSFUL"}
            assert results(comparer, contents) == {"a": "INCONSISTENT", "m": "CAN_NOT_COMPARE", "z": "CAN_NOT_COMPARE"}

    asyncio.run(journey())


def test_a_cancelled_comparison_stops_at_once_keeps_its_results_and_says_what_it_did_not_compare(
    source: Path, target: Path
) -> None:
    async def journey() -> None:
        async with halfway(source, target) as (comparer, task_id, _):
            await comparer.ask("DELETE", f"/{JOB}/compare/{task_id}")
            shown = tables(comparer, task_id)
            assert [(body["result"], body["message"]) for body in shown] == [
                ("INCONSISTENT", None),
                ("CAN_NOT_COMPARE", "The comparison was cancelled before this table was compared."),
                ("CAN_NOT_COMPARE", "The comparison was cancelled before this table was compared."),
            ]
            await asyncio.wait_for(comparer.service.settle(), 1)
            assert tables(comparer, task_id) == shown
            assert differences(comparer, task_id, "a") == [("missing", ["3"], None)]
            # Of what it did not get to the API says that it was cancelled, not that it can't be compared.
            page = (await comparer.ask("GET", f"/{JOB}/compare/{task_id}/content-detail?type=compare")).body
            infos = [(i["source_table_name"], i["status"], i["progress"]) for i in page["content_compare_result_infos"]]
            assert infos == [("a", 2, 100.0), ("m", 4, 0.0), ("z", 4, 0.0)]
            page = (await comparer.ask("GET", f"/{JOB}/compare/{task_id}/content-overview")).body
            (overview,) = page["content_compare_result_infos"]
            names = ("status", "compare_num", "compare_end_num", "uncomparable_num")
            assert [overview[name] for name in names] == [0, 3, 1, 0]

    asyncio.run(journey())


def test_a_large_table_is_cancelled_within_a_second(tmp_path: Path) -> None:
    async def journey() -> None:
        source = make_database(tmp_path / "source.db", *rows("big", 300_000))
        target = make_database(tmp_path / "target.db", *rows("big", 300_000))
        async with served(config_for(source, target)) as comparer:
            task_id = await comparer.create_contents()
            while not any(body["rows_read"] for body in tables(comparer, task_id)):
                await comparer.statuses()
            assert await comparer.statuses() == {task_id: "RUNNING"}
            await comparer.ask("DELETE", f"/{JOB}/compare/{task_id}")
            await asyncio.wait_for(comparer.service.settle(), 1)
            assert results(comparer, task_id) == {"big": "CAN_NOT_COMPARE"}

    asyncio.run(journey())


# --- time


def test_the_time_limit_counts_all_runs_and_not_the_time_between(source: Path, target: Path, tmp_path: Path) -> None:
    async def journey() -> None:
        store, clock, task_id = tmp_path / "store.db", Clock(), ""
        for hours in (12, 11):
            paused = PausedEndpoint(source)
            async with served(config_for(paused, target), store=store, clock=clock) as comparer:
                task_id = task_id or await comparer.create_contents()
                comparer.service.tick()
                await reached(paused)
                clock.now += hours * HOUR
            clock.now += 48 * HOUR
        async with served(config_for(PausedEndpoint(source), target), store=store, clock=clock) as comparer:
            comparer.service.tick()
            clock.now += HOUR
            assert await comparer.statuses() == {task_id: "RUNNING"}
            clock.now += 1
            assert await comparer.statuses() == {task_id: "TIMEOUT_INTERRUPT"}
            await comparer.service.settle()
            task = task_of(comparer, task_id)
            assert (task.error, task.started_at) == ("The comparison took longer than 24 hours.", EPOCH)
            assert results(comparer, task_id) == {"a": "INCONSISTENT", "m": "CAN_NOT_COMPARE", "z": "CAN_NOT_COMPARE"}
            message = "The comparison took too long and ended before this table was compared."
            assert [body["message"] for body in tables(comparer, task_id)] == [None, message, message]
            assert differences(comparer, task_id, "a") == [("missing", ["3"], None)]

    asyncio.run(journey())


# --- interruptions


def test_a_comparison_that_gets_no_further_between_interruptions_fails_in_the_end(
    source: Path, target: Path, tmp_path: Path
) -> None:
    async def journey() -> None:
        store, task_id = tmp_path / "store.db", ""
        for _ in range(4):  # The first one gets as far as the second table, the others no further.
            paused = PausedEndpoint(source)
            async with served(config_for(paused, target), store=store) as comparer:
                task_id = task_id or await comparer.create_contents()
                comparer.service.tick()
                await reached(paused)
                assert await comparer.statuses() == {task_id: "RUNNING"}
        async with served(config_for(source, target), store=store) as comparer:
            assert await comparer.statuses() == {task_id: "FAILED"}
            told = "The service was interrupted 3 times while this comparison ran, which got no further meanwhile."
            assert task_of(comparer, task_id).error == told
            assert results(comparer, task_id) == {"a": "INCONSISTENT", "m": "CAN_NOT_COMPARE", "z": "CAN_NOT_COMPARE"}

    asyncio.run(journey())


def test_an_interrupted_comparison_goes_on_and_compares_nothing_twice(
    source: Path, target: Path, tmp_path: Path
) -> None:
    async def journey() -> None:
        store = tmp_path / "store.db"
        task_id = await interrupted(source, target, store)
        again = PausedEndpoint(source, table="a")  # Where it would wait if it were compared once more.
        async with served(config_for(again, target), store=store) as comparer:
            await comparer.service.settle()
            assert results(comparer, task_id) == {"a": "INCONSISTENT", "m": "CONSISTENT", "z": "INCONSISTENT"}
            assert differences(comparer, task_id, "a") == [("missing", ["3"], None)]
            assert not again.reached.is_set()

    asyncio.run(journey())


def test_a_table_that_is_dropped_altered_or_written_between_two_runs_is_seen_as_it_is_then(
    source: Path, target: Path, tmp_path: Path
) -> None:
    async def journey() -> None:
        store = tmp_path / "store.db"
        task_id = await interrupted(source, target, store)
        make_database(target, "DROP TABLE z", "ALTER TABLE m ADD COLUMN more", "DELETE FROM m WHERE id = 4")
        # This one was done, and differed.
        make_database(target, "DELETE FROM a", "INSERT INTO a SELECT * FROM (VALUES (1), (2), (3))")
        async with served(config_for(source, target), store=store) as comparer:
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "SUCCESSFUL"}
            assert [(body["table"], body["result"], body["message"]) for body in tables(comparer, task_id)] == [
                ("a", "CONSISTENT", None),
                ("m", "INCONSISTENT", "Column more is missing in the source."),
                ("z", "INCONSISTENT", "The table is missing in the target."),
            ]
            assert differences(comparer, task_id, "a") == []
            assert differences(comparer, task_id, "m") == [("missing", ["4"], None)]

    asyncio.run(journey())


def test_an_interrupted_comparison_of_a_job_that_is_gone_fails_and_keeps_what_it_found(
    source: Path, target: Path, tmp_path: Path
) -> None:
    async def journey() -> None:
        store = tmp_path / "store.db"
        task_id = await interrupted(source, target, store)
        async with served(ComparerConfig(jobs={}, auth=None), store=store) as comparer:
            comparer.service.tick()
            task = task_of(comparer, task_id)
            assert (task.status, task.error) == ("FAILED", "The DRS job is no longer configured.")
            assert results(comparer, task_id) == {"a": "INCONSISTENT", "m": "CAN_NOT_COMPARE", "z": "CAN_NOT_COMPARE"}

    asyncio.run(journey())


# --- what happens under a running comparison


def write(path: Path, *statements: str) -> None:
    """Write to a database that this process is reading: only with the library that reads it."""
    with closing(apsw.Connection(str(path))) as connection:
        for statement in statements:
            connection.execute(statement)


@asynccontextmanager
async def changed_meanwhile(
    source: Path, target: Path, change: Callable[[], object]
) -> AsyncIterator[tuple[Comparer, Task]]:
    """A comparison under which this happened after its first table, and its service."""
    async with halfway(source, target) as (comparer, task_id, paused):
        change()
        paused.released.set()
        await comparer.service.settle()
        yield comparer, task_of(comparer, task_id)


CHANGES = {
    "dropped": ["DROP TABLE m"],
    "altered": ["ALTER TABLE m ADD COLUMN more"],
    "written": ["DELETE FROM m", "INSERT INTO a VALUES (9)"],
}


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES.keys())
def test_a_table_that_changes_in_a_database_with_a_log_is_compared_as_it_was(
    source: Path, target: Path, statements: list[str]
) -> None:
    async def journey() -> None:
        with closing(apsw.Connection(str(target))) as user:  # Somebody has it open: the log can be read beside.
            user.execute("PRAGMA journal_mode = WAL").fetchall()
            user.execute("CREATE TABLE later (id)")
            change = lambda: [user.execute(statement) for statement in statements]  # noqa: E731 (it is two words)
            async with changed_meanwhile(source, target, change) as (comparer, task):
                assert (task.status, results(comparer, task.id)["m"]) == ("SUCCESSFUL", "CONSISTENT")
                await comparer.create_contents()
                await comparer.service.settle()
                newest, *_ = store_of(comparer).tasks(JOB, ["contents"])
                assert newest.status == "SUCCESSFUL"
                assert results(comparer, newest.id)["m"] == "INCONSISTENT"

    asyncio.run(journey())


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES.keys())
def test_a_database_without_a_log_waits_with_changes_until_it_has_been_compared(
    source: Path, target: Path, statements: list[str]
) -> None:
    async def journey() -> None:
        def refused() -> None:
            with pytest.raises(apsw.BusyError):
                write(target, *statements)

        async with changed_meanwhile(source, target, refused) as (comparer, task):
            assert (task.status, results(comparer, task.id)["m"]) == ("SUCCESSFUL", "CONSISTENT")
            write(target, *statements)

    asyncio.run(journey())


def replaced(path: Path, *statements: str) -> None:
    make_database(path.with_name("new.db"), *statements).replace(path)


def written_for_the_first_time(path: Path) -> None:
    write(path, "DELETE FROM m")


GONE = {
    "replaced": ("it was replaced while it was", replaced),
    "deleted": ("No such file or directory", Path.unlink),
    "written although nobody had it open": ("it was changed while it was", written_for_the_first_time),
}


@pytest.mark.parametrize(("reason", "change"), GONE.values(), ids=GONE.keys())
def test_a_file_that_changes_under_a_comparison_fails_it_with_the_reason_and_nothing_else(
    source: Path, target: Path, reason: str, change: Callable[[Path], object]
) -> None:
    async def journey() -> None:
        with closing(sqlite3.connect(target)) as connection:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
        async with changed_meanwhile(source, target, lambda: change(target)) as (comparer, task):
            assert task.status == "FAILED"
            assert reason in (task.error or "")
            assert set(results(comparer, task.id).values()) <= {"INCONSISTENT", "CONSISTENT", "FAILED_TO_COMPARE"}
            (database,) = store_of(comparer).page(task.id, DATABASES, -1)
            assert (database["result"], reason in database["message"]) == ("FAILED_TO_COMPARE", True)

            replaced(target, *rows("a", 3), *rows("m", 5), *rows("z", 1))
            again = await comparer.create_contents()
            await comparer.service.settle()
            assert task_of(comparer, again).status == "SUCCESSFUL"
            assert set(results(comparer, again).values()) == {"CONSISTENT"}

    asyncio.run(journey())


# --- the store


def test_a_result_that_cannot_be_stored_fails_its_task_and_the_service_goes_on(tmp_path: Path) -> None:
    async def journey() -> None:
        source = make_database(tmp_path / "source.db", *rows("m", 3000))
        target = make_database(tmp_path / "target.db", *rows("m", 0))
        async with halfway(source, target) as (comparer, task_id, paused):
            store_of(comparer)._connection.execute("PRAGMA max_page_count = 1")  # As on a full disk.
            paused.released.set()
            await comparer.service.settle()
            task = task_of(comparer, task_id)
            assert (task.status, task.error) == ("FAILED", "The result can't be stored: database or disk is full.")
            (table,) = tables(comparer, task_id)
            assert table["result"] == ("INCONSISTENT" if table["missing"] else "CAN_NOT_COMPARE")
            assert len(differences(comparer, task_id, "m")) == table["kept"] < 3000
            store_of(comparer)._connection.execute("PRAGMA max_page_count = 1000000")
            again = await comparer.create_contents()
            await comparer.service.settle()
            assert len(differences(comparer, again, "m")) == 3000

    asyncio.run(journey())


def test_a_store_that_cannot_be_written_for_a_while_learns_of_the_end_afterwards(
    source: Path, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def journey() -> None:
        async with halfway(source, target) as (comparer, task_id, paused):
            store_of(comparer)._connection.execute("PRAGMA query_only = ON")
            paused.released.set()
            while f"the result of comparison task {task_id} can't be stored" not in caplog.text:
                assert (await comparer.statuses())[task_id] == "RUNNING"
            store_of(comparer)._connection.execute("PRAGMA query_only = OFF")
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "FAILED"}
            assert results(comparer, task_id)["a"] == "INCONSISTENT", "what waited to be written is not lost"
            assert not {"WAITING_FOR_COMPARISON", "COMPARING"} & {*results(comparer, task_id).values()}

    asyncio.run(journey())


def test_a_hundred_tasks_leave_no_file_no_connection_and_no_thread_behind(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:

            async def run(count: int) -> None:
                for _ in range(count):
                    await comparer.create_contents("cancel")
                    await comparer.service.settle()

            await run(5)  # Until everything is there that is needed once.
            before = held()
            await run(100)
            assert held() == before
            assert len(threads(of_pool=True)) <= (os.cpu_count() or 1) + 4
            statuses = [task.status for task in store_of(comparer).tasks(JOB, ["contents"])]
            assert statuses == ["SUCCESSFUL"] * 105

    asyncio.run(journey())


def threads(*, of_pool: bool) -> list[str]:
    """The threads of the event loop's pool, which makes them as it needs them, or all others."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("asyncio_") == of_pool]


def held() -> tuple[int, int, list[str]]:
    """How many files and connections to users' databases this process has, and its threads."""
    gc.collect()
    files = Path("/proc/self/fd")
    return len([*files.iterdir()]) if files.is_dir() else 0, len(apsw.connections()), threads(of_pool=False)
