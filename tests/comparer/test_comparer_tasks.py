"""The life of comparison tasks, asked of a served comparer under a clock that only moves when told."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from functions.comparer.jobs import Job
from functions.comparer.tasks.life import Tasks
from functions.comparer.tasks.store import Store, Task
from functions.comparer.tasks.wanted import DataWanted
from functions.pipeline.drs_models import WAITING_FOR_RUNNING
from tests.comparer.served import (
    EPOCH,
    JOB,
    Clock,
    Comparer,
    HeldEndpoint,
    config_for,
    counting,
    data_id,
    make_database,
    rows,
    served,
)


def test_a_comparison_is_created_runs_and_ends_successful(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            task_id = data_id(await comparer.create_lines())
            await comparer.service.settle()
            found = await comparer.results(line_compare_id=task_id)
            assert found["line_compare_results"] == {
                "compare_task_id": task_id,
                "line_compare_overview": [
                    {"source_db_name": "source", "target_db_name": "target", "line_compare_result": "INCONSISTENT"}
                ],
                "line_compare_overview_count": 1,
                "line_compare_details": [
                    {
                        "source_db_name": "source",
                        "line_compare_detail": [
                            {
                                "source_table_name": "t",
                                "target_table_name": "t",
                                "source_row_num": 3,
                                "target_row_num": 2,
                                "diff_row_num": 1,
                                "line_compare_result": "INCONSISTENT",
                            }
                        ],
                        "line_compare_detail_count": 1,
                    }
                ],
            }
            assert found["compare_task_list_results"] == {
                "compare_task_list": [
                    {
                        "compare_task_id": task_id,
                        "compare_type": "lines",
                        "compare_task_status": "SUCCESSFUL",
                        "create_time": "1800000000000",
                        "end_time": "1800000000000",
                    }
                ],
                "compare_task_list_count": 1,
            }

    asyncio.run(journey())


def test_a_running_comparison_says_so_and_has_no_end(target: Path) -> None:
    async def journey() -> None:
        held = HeldEndpoint()
        async with served(config_for(held, target, databases={"held": "target"})) as comparer:
            reply = await comparer.create_lines(compare_mode=None, compare_object_infos=[{"db_name": "held"}])
            await counting(held)
            found = await comparer.results(line_compare_id=data_id(reply))
            (listed,) = found["compare_task_list_results"]["compare_task_list"]
            assert listed["compare_task_status"] == "RUNNING"
            assert "end_time" not in listed
            assert found["line_compare_results"]["line_compare_overview"] == [
                {"source_db_name": "held", "target_db_name": "target", "line_compare_result": "COMPARING"}
            ]
            held.released.set()

    asyncio.run(journey())


@pytest.mark.parametrize(
    "start_time", ["1800003600000", "1800003600", "2027-01-15T09:00:00Z", "2027-01-15T10:00:00+01:00"]
)
def test_a_scheduled_comparison_waits_for_its_time(source: Path, target: Path, start_time: str) -> None:
    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            task_id = data_id(await comparer.create_lines(start_time=start_time))
            comparer.clock.now = EPOCH + 3599
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "WAITING_FOR_RUNNING"}
            (listed,) = (await comparer.ask("GET", f"/{JOB}/table/compare")).body["compare_jobs"]
            assert (listed["start_time"], listed["status"]) == ("2027-01-15T09:00:00Z", "WAITING_FOR_RUNNING")
            comparer.clock.now = EPOCH + 3600
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "SUCCESSFUL"}

    asyncio.run(journey())


def test_asking_for_anything_starts_what_is_due(source: Path, target: Path) -> None:
    async def journey() -> None:
        held = HeldEndpoint()
        async with served(config_for(held, target)) as comparer:
            task_id = data_id(await comparer.create_lines(start_time="1800003600000"))
            comparer.clock.now = EPOCH + 3600
            assert await comparer.statuses() == {task_id: "RUNNING"}

    asyncio.run(journey())


def test_a_start_in_the_past_is_at_once(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            task_id = data_id(await comparer.create_lines(start_time="1000000000000"))
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "SUCCESSFUL"}

    asyncio.run(journey())


def test_a_scheduled_comparison_that_is_started_promptly_runs_at_once_and_nothing_else_is_started(
    source: Path, target: Path
) -> None:
    async def journey() -> None:
        ids = iter(["scheduled", "later"])
        store = Store(None)
        job = config_for(source, target).jobs[JOB]
        tasks = Tasks(store, {JOB: job, "other": job}, Clock(), unique=lambda: next(ids))
        for job_id in (JOB, "other"):
            tasks.create(job_id, objects=False, data=DataWanted("lines", None, EPOCH + 60, cancel=False))
        await tasks.settle()
        assert tasks.start_promptly(task_of(store, "scheduled"))
        await tasks.settle()
        assert [task_of(store, task).status for task in ("scheduled", "later")] == ["SUCCESSFUL", WAITING_FOR_RUNNING]
        assert not tasks.start_promptly(task_of(store, "scheduled"))
        assert task_of(store, "scheduled").status == "SUCCESSFUL"
        store.close()

    asyncio.run(journey())


def task_of(store: Store, task_id: str) -> Task:
    task = store.task(task_id)
    assert task
    return task


def test_keep_creates_nothing_and_names_the_unfinished_comparison(target: Path) -> None:
    async def journey() -> None:
        async with served(config_for(HeldEndpoint(), target)) as comparer:
            first = data_id(await comparer.create_lines())
            reply = await comparer.create_lines("keep")
            assert reply.status == 200
            refusal = reply.body["data_level_compare_create_result"]
            assert "compare_task_id" not in refusal
            assert refusal["error_code"] == "DRS.M00305"
            assert first in refusal["error_msg"]
            assert await comparer.statuses() == {first: "RUNNING"}

    asyncio.run(journey())


def test_keep_refuses_one_level_and_creates_the_other(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            await comparer.create_lines(start_time="1900000000000")
            info = {"conflict_policy": "keep", "compare_type": "lines", "compare_mode": "quick_comparison"}
            reply = await comparer.create(object_level_compare_type="objects", data_level_compare_info=info)
            assert reply.body["object_level_compare_create_result"]["compare_task_id"]
            assert reply.body["data_level_compare_create_result"]["error_code"] == "DRS.M00305"

    asyncio.run(journey())


@pytest.mark.parametrize("start_time", [None, "1900000000000"])
def test_cancel_ends_the_unfinished_comparison_and_creates_a_new_one(target: Path, start_time: str | None) -> None:
    async def journey() -> None:
        held = HeldEndpoint()
        async with served(config_for(held, target)) as comparer:
            first = data_id(await comparer.create_lines(start_time=start_time))
            second = data_id(await comparer.create_lines("cancel"))
            assert await comparer.statuses() == {first: "CANCELLED", second: "RUNNING"}
            held.released.set()
            await comparer.service.settle()
            assert await comparer.statuses() == {first: "CANCELLED", second: "SUCCESSFUL"}

    asyncio.run(journey())


def test_a_finished_comparison_is_no_conflict(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            first = data_id(await comparer.create_lines())
            await comparer.service.settle()
            second = data_id(await comparer.create_lines("keep"))
            await comparer.service.settle()
            assert await comparer.statuses() == {second: "SUCCESSFUL", first: "SUCCESSFUL"}

    asyncio.run(journey())


def test_cancelling_stops_a_running_comparison_and_keeps_what_it_found(target: Path) -> None:
    async def journey() -> None:
        held = HeldEndpoint()
        async with served(config_for(held, held)) as comparer:
            task_id = data_id(await comparer.create_lines())
            await counting(held)
            reply = await comparer.ask("DELETE", f"/{JOB}/compare/{task_id}")
            assert (reply.status, reply.body) == (200, {})
            await asyncio.wait_for(comparer.service.settle(), 1)
            assert await comparer.statuses() == {task_id: "CANCELLED"}
            (details,) = (await comparer.results(line_compare_id=task_id))["line_compare_results"][
                "line_compare_details"
            ]
            assert [table["source_table_name"] for table in details["line_compare_detail"]] == ["done"]

    asyncio.run(journey())


@pytest.mark.parametrize("ended", ["CANCELLED", "TIMEOUT_INTERRUPT"])
def test_what_is_shown_of_a_comparison_of_rows_stays_as_it_was_when_it_ended(target: Path, ended: str) -> None:
    async def journey() -> None:
        held = HeldEndpoint()
        async with served(config_for(held, held)) as comparer:
            task_id = data_id(await comparer.create_lines())
            await counting(held)
            if ended == "CANCELLED":
                await comparer.ask("DELETE", f"/{JOB}/compare/{task_id}")
            else:
                comparer.clock.now += 3601
            shown = (await comparer.results(line_compare_id=task_id))["line_compare_results"]
            assert await comparer.statuses() == {task_id: ended}
            (database,) = shown["line_compare_overview"]
            assert database["line_compare_result"] == "CAN_NOT_COMPARE"
            (details,) = shown["line_compare_details"]
            assert [table["source_table_name"] for table in details["line_compare_detail"]] == ["done"]
            held.released.set()
            await asyncio.wait_for(comparer.service.settle(), 5)
            assert (await comparer.results(line_compare_id=task_id))["line_compare_results"] == shown
            overview = (await comparer.ask("GET", f"/{JOB}/compare/{task_id}/line-overview")).body
            assert [entry["status"] for entry in overview["data_compare_overview_infos"]] == [
                7 if ended == "CANCELLED" else 27
            ]

    asyncio.run(journey())


def test_what_is_forgotten_is_dropped_from_the_store_in_the_background(
    source: Path, target: Path, tmp_path: Path
) -> None:
    async def journey() -> None:
        old = Task("old", JOB, "lines", "SUCCESSFUL", 0, 0, 0, 0)
        store = Store(tmp_path / "store.db")
        store.add(old)
        store.append("old", "tables/x", ({"n": n} for n in range(2_500)))
        store.close()
        async with served(config_for(source, target), store=tmp_path / "store.db") as comparer:
            assert await comparer.statuses() == {}
            kept = comparer.service._store
            async with asyncio.timeout(10):
                while kept.item_count("old", "tables/x"):
                    assert await comparer.statuses() == {}

    asyncio.run(journey())


def test_cancelling_twice_is_fine_and_cancelling_what_has_ended_is_not(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            scheduled = data_id(await comparer.create_lines(start_time="1900000000000"))
            for _ in range(2):
                assert (await comparer.ask("DELETE", f"/{JOB}/compare/{scheduled}")).status == 200
            ended = data_id(await comparer.create_lines())
            await comparer.service.settle()
            reply = await comparer.ask("DELETE", f"/{JOB}/compare/{ended}")
            assert (reply.status, reply.body["error_code"]) == (400, "DRS.M00304")

    asyncio.run(journey())


def test_a_comparison_that_takes_longer_than_an_hour_is_interrupted(target: Path) -> None:
    async def journey() -> None:
        held = HeldEndpoint()
        async with served(config_for(held, target)) as comparer:
            task_id = data_id(await comparer.create_lines())
            await counting(held)
            comparer.clock.now = EPOCH + 3601
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "TIMEOUT_INTERRUPT"}
            results = (await comparer.results(line_compare_id=task_id))["line_compare_results"]
            assert results["error_msg"] == "The comparison took longer than 60 minutes."

    asyncio.run(journey())


def test_objects_and_rows_are_compared_side_by_side(target: Path) -> None:
    async def journey() -> None:
        held = HeldEndpoint()
        async with served(config_for(held, target)) as comparer:
            info = {"conflict_policy": "keep", "compare_type": "lines", "compare_mode": "quick_comparison"}
            reply = await comparer.create(object_level_compare_type="objects", data_level_compare_info=info)
            await counting(held)
            held.released.set()
            await comparer.service.settle()
            assert set((await comparer.statuses()).values()) == {"SUCCESSFUL"}
            objects = reply.body["object_level_compare_create_result"]["compare_task_id"]
            assert (await comparer.overview())["compare_job_id"] == objects

    asyncio.run(journey())


def test_more_comparisons_than_run_at_once_wait_and_then_run(target: Path) -> None:
    async def journey() -> None:
        held = HeldEndpoint()
        async with served(config_for(held, target)) as comparer:
            await comparer.create_lines()
            await counting(held)
            held.counting.clear()
            for _ in range(6):
                await comparer.create(object_level_compare_type="objects")
            held.released.set()
            await comparer.service.settle()
            assert list((await comparer.statuses()).values()) == ["SUCCESSFUL"] * 7

    asyncio.run(journey())


# --- what doesn't end well


def test_a_database_that_cannot_be_read_fails_its_comparisons_and_nothing_else(source: Path, tmp_path: Path) -> None:
    async def journey() -> None:
        broken = tmp_path / "broken.db"
        broken.write_bytes(b"no database at all " * 100)
        async with served(config_for(source, broken)) as comparer:
            reply = await comparer.create_lines()
            await comparer.create(object_level_compare_type="objects")
            await comparer.service.settle()
            assert set((await comparer.statuses()).values()) == {"FAILED"}
            overview = await comparer.overview()
            assert "it is not a SQLite database" in overview["error_msg"]
            assert {entry["type"]: entry["status"] for entry in overview["compare_result"]}["TABLE"] == 3
            results = (await comparer.results(line_compare_id=data_id(reply)))["line_compare_results"]
            assert "it is not a SQLite database" in results["error_msg"]
            assert results["line_compare_overview"][0]["line_compare_result"] == "FAILED_TO_COMPARE"

            broken.unlink()
            make_database(broken, *rows("t", 3))
            again = data_id(await comparer.create_lines())
            await comparer.service.settle()
            assert (await comparer.statuses())[again] == "SUCCESSFUL"

    asyncio.run(journey())


def test_databases_and_tables_that_exist_nowhere_are_reported_and_not_consistent(source: Path, target: Path) -> None:
    async def journey() -> None:
        wanted = [{"db_name": "source", "table_name": ["t", "nowhere"]}, {"db_name": "nowhere"}]
        async with served(config_for(source, target)) as comparer:
            task_id = data_id(await comparer.create_lines(compare_mode=None, compare_object_infos=wanted))
            await comparer.service.settle()
            results = (await comparer.results(line_compare_id=task_id))["line_compare_results"]
            found = {
                entry["source_db_name"]: entry["line_compare_result"] for entry in results["line_compare_overview"]
            }
            assert found == {"source": "INCONSISTENT", "nowhere": "FAILED_TO_COMPARE"}
            tables = results["line_compare_details"][0]["line_compare_detail"]
            assert [table["line_compare_result"] for table in tables] == ["INCONSISTENT", "FAILED_TO_COMPARE"]
            assert results["error_msg"] == "database 'nowhere': it exists neither in the source nor in the target"

    asyncio.run(journey())


def test_results_are_forgotten_after_sixty_days(source: Path, target: Path) -> None:
    async def journey() -> None:
        async with served(config_for(source, target)) as comparer:
            old = data_id(await comparer.create_lines())
            await comparer.service.settle()
            comparer.clock.now = EPOCH + 60 * 86400
            await comparer.create(object_level_compare_type="objects")
            assert old in await comparer.statuses()
            comparer.clock.now += 1
            await comparer.create(object_level_compare_type="objects")
            assert old not in await comparer.statuses()

    asyncio.run(journey())


def test_a_comparison_that_cannot_be_created_cancels_none(source: Path, target: Path) -> None:
    async def journey() -> None:
        store = Store(None)
        tasks = Tasks(store, config_for(source, target).jobs, Clock(), unique=lambda: "the only id")
        wanted = DataWanted("lines", None, EPOCH + 1, cancel=True)
        tasks.create(JOB, objects=False, data=wanted)
        with pytest.raises(sqlite3.IntegrityError):
            tasks.create(JOB, objects=False, data=wanted)
        assert task_of(store, "the only id").status == WAITING_FOR_RUNNING
        store.close()

    asyncio.run(journey())


def test_a_cancelled_task_is_not_finished_by_its_own_end(source: Path, target: Path) -> None:
    store = Store(None)
    store.add(Task("one", JOB, "lines", "RUNNING", EPOCH, EPOCH))
    store.move("one", "RUNNING", "CANCELLED", ended_at=EPOCH)
    store.finish("one", "SUCCESSFUL", None, EPOCH + 1, [("tables/x", {"table": "t"})])
    task = store.task("one")
    assert task
    assert (task.status, task.ended_at) == ("CANCELLED", EPOCH)
    assert store.page("one", "tables/x", 10) == []
    store.close()


def test_pages_cut_lists_and_counts_are_totals(tmp_path: Path) -> None:
    async def journey() -> None:
        statements = [statement for name in "abcde" for statement in rows(name, 1)]
        for side in ("source", "target"):
            make_database(tmp_path / f"{side}.db", *statements)
        async with served(config_for(tmp_path / "source.db", tmp_path / "target.db")) as comparer:
            reply = await comparer.create_lines()
            objects = (await comparer.create(object_level_compare_type="objects")).body
            object_id = objects["object_level_compare_create_result"]["compare_task_id"]
            await comparer.service.settle()
            shown = await _tables_by_page(comparer, data_id(reply), object_id)
            assert shown == [(["a", "b"], ["a", "b"]), (["c", "d"], ["c", "d"]), (["e"], ["e"]), ([], [])]

    asyncio.run(journey())


async def _tables_by_page(comparer: Comparer, lines: str, objects: str) -> list[tuple[list[str], list[str]]]:
    shown = []
    for page in range(1, 5):
        found = await comparer.results(page, 2, line_compare_id=lines, object_level_compare_id=objects)
        # A database that has been shown to its end is on no later page.
        details = found["line_compare_results"]["line_compare_details"]
        assert all(entry["line_compare_detail_count"] == 5 for entry in details)
        names = found["object_level_compare_results"]["object_compare_details"]["TABLE"]
        assert found["compare_task_list_results"]["compare_task_list_count"] == 2
        shown.append(
            (
                [table["source_table_name"] for entry in details for table in entry["line_compare_detail"]],
                [name["source_db_value"] for name in names],
            )
        )
    return shown


def test_the_watch_ends_even_if_something_changes_at_that_very_moment(target: Path) -> None:
    async def journey() -> None:
        held, store = HeldEndpoint(), Store(None)
        ids = iter(["scheduled", "at once"])
        tasks = Tasks(store, {JOB: Job(JOB, held, held)}, Clock(), unique=lambda: next(ids))
        tasks.create(JOB, objects=False, data=DataWanted("lines", None, EPOCH + 1, cancel=False))
        watch = asyncio.create_task(tasks.watch())
        await asyncio.sleep(0)  # Until it waits.
        await asyncio.sleep(0)
        tasks.create(JOB, objects=True, data=None)
        watch.cancel()
        done, _ = await asyncio.wait({watch}, timeout=10)
        assert done == {watch}
        await tasks.close()
        store.close()

    asyncio.run(journey())
