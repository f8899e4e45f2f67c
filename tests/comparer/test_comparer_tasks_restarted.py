"""What becomes of comparison tasks when their service stops and another one goes on with its store."""

import asyncio
from pathlib import Path

import pytest

from functions.comparer.tasks.store import Store, StoreUnusable
from tests.comparer.served import (
    EPOCH,
    JOB,
    Clock,
    HeldEndpoint,
    config_for,
    counting,
    data_id,
    served,
)


def test_results_survive_a_restart(source: Path, target: Path, tmp_path: Path) -> None:
    async def journey() -> None:
        config, store = config_for(source, target), tmp_path / "state" / "store.db"
        async with served(config, store=store) as comparer:
            task_id = data_id(await comparer.create_lines())
            await comparer.create(object_level_compare_type="objects")
            await comparer.service.settle()
            before = await comparer.results(line_compare_id=task_id), await comparer.overview()
        async with served(config, store=store) as comparer:
            assert (await comparer.results(line_compare_id=task_id), await comparer.overview()) == before

    asyncio.run(journey())


def test_a_scheduled_comparison_survives_a_restart(source: Path, target: Path, tmp_path: Path) -> None:
    async def journey() -> None:
        config, store, clock = config_for(source, target), tmp_path / "store.db", Clock()
        async with served(config, store=store, clock=clock) as comparer:
            task_id = data_id(await comparer.create_lines(start_time="1800003600000"))
        clock.now = EPOCH + 7200
        async with served(config, store=store, clock=clock) as comparer:
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "SUCCESSFUL"}

    asyncio.run(journey())


def test_an_interrupted_comparison_runs_again(target: Path, tmp_path: Path) -> None:
    async def journey() -> None:
        store, held = tmp_path / "store.db", HeldEndpoint()
        async with served(config_for(held, target), store=store) as comparer:
            task_id = data_id(await comparer.create_lines())
            await counting(held)
        held.released.set()
        async with served(config_for(held, target), store=store) as comparer:
            await comparer.service.settle()
            assert await comparer.statuses() == {task_id: "SUCCESSFUL"}

    asyncio.run(journey())


def test_a_comparison_that_is_interrupted_again_and_again_fails_in_the_end(target: Path, tmp_path: Path) -> None:
    async def journey() -> None:
        store, held = tmp_path / "store.db", HeldEndpoint()
        config = config_for(held, target)
        async with served(config, store=store) as comparer:
            task_id = data_id(await comparer.create_lines())
            await counting(held)
        for _ in range(2):
            held.counting.clear()
            async with served(config, store=store) as comparer:
                comparer.service.tick()
                await counting(held)
        async with served(config, store=store) as comparer:
            assert await comparer.statuses() == {task_id: "FAILED"}
            results = (await comparer.results(line_compare_id=task_id))["line_compare_results"]
            assert results["error_msg"] == "The service was interrupted 3 times while this comparison ran."

    asyncio.run(journey())


def test_a_waiting_comparison_of_a_job_that_is_gone_fails(source: Path, target: Path, tmp_path: Path) -> None:
    async def journey() -> None:
        config, store, clock = config_for(source, target), tmp_path / "store.db", Clock()
        async with served(config, store=store, clock=clock) as comparer:
            task_id = data_id(await comparer.create_lines(start_time="1800003600000"))
            comparer.service.remove_job(JOB)
            clock.now = EPOCH + 3600
            await comparer.service.settle()
            reply = await comparer.ask("GET", f"/{JOB}/object/compare")
            assert reply.body["error_code"] == "DRS.10000010"
        async with served(config, store=store, clock=clock) as comparer:
            assert await comparer.statuses() == {task_id: "FAILED"}

    asyncio.run(journey())


def test_a_second_service_on_the_same_store_is_refused(source: Path, target: Path, tmp_path: Path) -> None:
    async def journey() -> None:
        store = tmp_path / "store.db"
        async with served(config_for(source, target), store=store) as comparer:
            with pytest.raises(StoreUnusable, match="is another comparer using it"):
                async with served(config_for(source, target), store=store):
                    pytest.fail("two services share a store")
            assert (await comparer.create_lines()).status == 200

    asyncio.run(journey())


def test_a_file_of_another_kind_is_refused_as_a_store(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a store " * 100)
    with pytest.raises(StoreUnusable, match="not a SQLite database"):
        Store(other)
    assert other.read_text() == "not a store " * 100
