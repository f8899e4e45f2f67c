"""Tasks wait until their servers have connections for them, asked of a served comparer."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from functions.comparer.jobs import Job
from functions.comparer.jobs_file import ComparerConfig
from functions.comparer.tasks.life import ALL_LEVELS
from tests.comparer.served import EPOCH, Comparer, HeldEndpoint, counting, served

NAMES = {number: f"f8688cfa-4e05-406f-a2e6-37a773cjb{number:02d}y" for number in range(8)}


def config(*sides: tuple[HeldEndpoint, HeldEndpoint]) -> ComparerConfig:
    """A job for each pair of sides."""
    jobs = {NAMES[number]: Job(NAMES[number], *pair) for number, pair in enumerate(sides)}
    return ComparerConfig(jobs=jobs, auth=None)


@contextmanager
def held(*servers: str, connections: int = 1) -> Iterator[list[HeldEndpoint]]:
    """One side on each server; they wait until they are released, in the end at the latest."""
    found = [HeldEndpoint(server=server, connections=connections) for server in servers]
    try:
        yield found
    finally:
        for end in found:
            end.released.set()


async def lines(comparer: Comparer, number: int, policy: str = "keep") -> str:
    info = {"conflict_policy": policy, "compare_type": "lines", "compare_mode": "quick_comparison"}
    body = {"job_id": NAMES[number], "data_level_compare_info": info}
    reply = await comparer.ask("POST", "/create-compare-task", body)
    return str(reply.body["data_level_compare_create_result"]["compare_task_id"])


async def objects(comparer: Comparer, number: int) -> str:
    body = {"job_id": NAMES[number], "object_level_compare_type": "objects"}
    reply = await comparer.ask("POST", "/create-compare-task", body)
    return str(reply.body["object_level_compare_create_result"]["compare_task_id"])


async def status(comparer: Comparer, number: int, task_id: str) -> str:
    body = {"job_id": NAMES[number], "current_page": 1, "per_page": 100}
    found = (await comparer.ask("POST", "/query-compare-result", body)).body
    listed = found["compare_task_list_results"]["compare_task_list"]
    return next(str(task["compare_task_status"]) for task in listed if task["compare_task_id"] == task_id)


@asynccontextmanager
async def two_jobs(*servers: str) -> AsyncIterator[tuple[Comparer, str, list[HeldEndpoint]]]:
    """Served jobs with sources and targets on these servers; a task of the first one runs and waits; its id."""
    with held(*servers) as ends:
        async with served(config((ends[0], ends[1]), (ends[2], ends[3]))) as comparer:
            running = await lines(comparer, 0)
            await counting(ends[0])
            yield comparer, running, ends


def test_a_task_waits_while_another_has_its_servers_connections_and_begins_when_that_has_ended() -> None:
    async def journey() -> None:
        async with two_jobs("a", "b", "b", "c") as (comparer, running, (first, shared, again, _)):
            waiting = await lines(comparer, 1)
            assert await status(comparer, 0, running) == "RUNNING"
            assert await status(comparer, 1, waiting) == "WAITING_FOR_RUNNING"
            first.released.set()
            shared.released.set()
            await counting(again)
            assert await status(comparer, 0, running) == "SUCCESSFUL"
            assert await status(comparer, 1, waiting) == "RUNNING"

    asyncio.run(journey())


def test_the_hour_that_a_task_has_begins_when_it_does() -> None:
    async def journey() -> None:
        async with two_jobs("a", "b", "a", "b") as (comparer, _, (first, shared, again, _)):
            waiting = await lines(comparer, 1)
            comparer.clock.now = EPOCH + 3000
            first.released.set()
            shared.released.set()
            await counting(again)
            comparer.clock.now = EPOCH + 6000
            assert await status(comparer, 1, waiting) == "RUNNING"
            comparer.clock.now = EPOCH + 6601
            assert await status(comparer, 1, waiting) == "TIMEOUT_INTERRUPT"

    asyncio.run(journey())


def test_a_task_that_is_cancelled_while_it_waits_is_in_nobodys_way() -> None:
    async def journey() -> None:
        with held("a", "b", "a", "b", "a", "b") as (first, shared, second, second_target, third, third_target):
            pairs = ((first, shared), (second, second_target), (third, third_target))
            async with served(config(*pairs)) as comparer:
                await lines(comparer, 0)
                await counting(first)
                waiting, last = await lines(comparer, 1), await lines(comparer, 2)
                await comparer.ask("DELETE", f"/{NAMES[1]}/compare/{waiting}")
                assert await status(comparer, 1, waiting) == "CANCELLED"
                first.released.set()
                shared.released.set()
                await counting(third)
                assert not second.counting.is_set()
                assert await status(comparer, 2, last) == "RUNNING"

    asyncio.run(journey())


def test_the_one_that_takes_the_place_of_a_running_task_begins_when_that_has_let_go() -> None:
    async def journey() -> None:
        with held("a", "b") as (source, target):
            async with served(config((source, target))) as comparer:
                first = await lines(comparer, 0)
                await counting(source)
                second = await lines(comparer, 0, "cancel")
                source.released.set()
                target.released.set()
                await comparer.service.settle()
                assert await status(comparer, 0, first) == "CANCELLED"
                assert await status(comparer, 0, second) == "SUCCESSFUL"

    asyncio.run(journey())


def test_however_many_tasks_of_a_job_wait_others_begin() -> None:
    async def journey() -> None:
        async with two_jobs("a", "b", "c", "d") as (comparer, _, ends):
            waiting = [await objects(comparer, 0) for _ in range(9)]
            free = await lines(comparer, 1)
            await counting(ends[2])
            assert await status(comparer, 1, free) == "RUNNING"
            assert {await status(comparer, 0, task) for task in waiting} == {"WAITING_FOR_RUNNING"}
            for end in ends:
                end.released.set()
            await comparer.service.settle()
            assert {await status(comparer, 0, task) for task in waiting} == {"SUCCESSFUL"}

    asyncio.run(journey())


@pytest.mark.parametrize(("connections", "together"), [(1, 1), (2, 2), (3, 3), (8, 4)])
def test_as_many_run_together_as_the_number_of_their_server_and_never_more_than_four(
    connections: int, together: int
) -> None:
    async def journey() -> None:
        with held(*["a"] * 6, connections=connections) as sources, held(*"bcdefg", connections=9) as targets:
            async with served(config(*zip(sources, targets, strict=True))) as comparer:
                for number in range(6):
                    await lines(comparer, number)
                for source in sources[:together]:
                    await counting(source)
                comparer.service.tick()
                running = comparer.service._store.unfinished("RUNNING")
                assert [task.job_id for task in running] == [NAMES[number] for number in range(together)]
                for end in (*sources, *targets):
                    end.released.set()
                await comparer.service.settle()
                ended = [task for name in NAMES.values() for task in comparer.service._store.tasks(name, ALL_LEVELS)]
                assert [task.status for task in ended] == ["SUCCESSFUL"] * 6

    asyncio.run(journey())


def test_that_a_task_waits_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def journey() -> str:
        async with two_jobs("a", "b", "a", "b") as (comparer, _, _):
            waiting = await lines(comparer, 1)
            for _ in range(3):
                assert await status(comparer, 1, waiting) == "WAITING_FOR_RUNNING"
            return waiting

    with caplog.at_level("INFO", logger="functions.comparer.tasks"):
        waiting = asyncio.run(journey())
    told = f"comparison task {waiting} waits until others have ended or there are connections for it"
    assert caplog.messages.count(told) == 1
