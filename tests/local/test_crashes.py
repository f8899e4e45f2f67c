"""Faults on purpose: what a crash, a lost answer, a hang or a refusal at any call leaves behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from functions.local.cloud import Cloud
from functions.local.faults import Call, Crash, Drop, Fault, FaultHook, Hang, Refuse
from functions.pipeline.aws import Aws, ConditionFailed
from tests.local.workshop import in_workshop, order

STEPS = [["put", "a"], ["send", "b"], ["publish", "c", "consistent"]]


def at(index: int, phase: str, fault: Fault, *, times: int = 1) -> FaultHook:
    """Let `fault` happen at call `index` of the worker's first invocations."""

    def hook(call: Call) -> Fault | None:
        if call.function == "Worker" and call.invocation <= times and (call.index, call.phase) == (index, phase):
            return fault
        return None

    return hook


async def left_behind(cloud: Cloud) -> tuple[bool, int, int]:
    """Return whether the item is there, the number of messages in Loose, and of events."""
    item = await cloud.client().get_item(cloud.stack.tables["Things"].name, {"pk": "a"})
    return item is not None, len(cloud.peek("Loose")), len(cloud.inbox)


@pytest.mark.parametrize(
    ("index", "phase", "state"),
    [
        (1, "before", (False, 0, 0)),
        (1, "after", (True, 0, 0)),
        (2, "before", (True, 0, 0)),
        (2, "after", (True, 1, 0)),
        (3, "before", (True, 1, 0)),
        (3, "after", (True, 1, 1)),
    ],
)
def test_a_crash_leaves_exactly_the_effects_before_it_and_the_message_comes_back(
    index: int, phase: str, state: tuple[bool, int, int]
) -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, *STEPS)
        await cloud.settle(lambda: len(cloud.hops) == 1)
        assert cloud.hops[0].outcome == "crash"
        assert await left_behind(cloud) == state
        await cloud.settle()
        assert [hop.outcome for hop in cloud.hops] == ["crash", "ok"]
        assert round(cloud.hops[1].at - cloud.hops[0].at) == 30
        assert await left_behind(cloud) == (True, state[1] + 1, state[2] + 1)

    in_workshop(journey, fault=at(index, phase, Crash()))


def test_a_finally_block_of_a_crashed_function_reaches_nobody() -> None:
    async def journey(cloud: Cloud) -> None:
        more: dict[str, Any] = {"finally": True}
        await order(cloud, ["put", "a"], **more)
        await cloud.settle(lambda: len(cloud.hops) == 1)
        await cloud.clock.idle()
        assert await left_behind(cloud) == (True, 0, 0)

    in_workshop(journey, fault=at(1, "after", Crash()))


def test_a_lost_answer_is_asked_for_again_by_the_client() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["send", "b"])
        await cloud.settle()
        assert [hop.outcome for hop in cloud.hops] == ["ok"]
        assert (await left_behind(cloud))[1] == 2

    in_workshop(journey, fault=at(1, "after", Drop()))


def test_a_connection_that_breaks_before_the_call_has_no_effect() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["send", "b"])
        await cloud.settle()
        assert [(hop.outcome, hop.calls) for hop in cloud.hops] == [("ok", 2)]
        assert (await left_behind(cloud))[1] == 1

    in_workshop(journey, fault=at(1, "before", Drop()))


@pytest.mark.parametrize(("phase", "messages"), [("before", 0), ("after", 1)])
def test_a_call_without_an_answer_ends_at_the_time_out_by_the_clouds_clock(phase: str, messages: int) -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["send", "b"])
        await cloud.settle(lambda: len(cloud.hops) == 1)
        assert cloud.hops[0].outcome == "timeout"
        assert cloud.hops[0].seconds == 3
        assert (await left_behind(cloud))[1] == messages
        await cloud.settle()
        assert cloud.hops[1].outcome == "ok"

    in_workshop(journey, fault=at(1, phase, Hang()))


def test_a_refusal_reaches_the_function_in_the_services_own_words() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["send", "b"])
        await cloud.settle(lambda: len(cloud.hops) == 1)
        assert cloud.hops[0].outcome == "error"
        assert "QueueDeletedRecently (HTTP 400): on purpose" in cloud.hops[0].payload["errorMessage"]

    in_workshop(journey, fault=at(1, "before", Refuse(400, "QueueDeletedRecently", "on purpose")))


def test_a_throttled_call_is_made_again() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["send", "b"])
        await cloud.settle()
        assert [(hop.outcome, hop.calls) for hop in cloud.hops] == [("ok", 3)]

    seen: list[Call] = []

    def hook(call: Call) -> Fault | None:
        seen.append(call)
        return Refuse(400, "ThrottlingException", "slow down") if call.index < 3 and call.phase == "before" else None

    in_workshop(journey, fault=hook)
    assert seen[0] == Call("Worker", 1, 1, "sqs", "SendMessage", "before")
    assert seen[-1] == Call("Worker", 1, 3, "sqs", "SendMessage", "after")


@asynccontextmanager
async def other_server(came: list[str]) -> AsyncIterator[str]:
    async def serve(request: web.BaseRequest) -> web.Response:
        came.append(request.path)
        return web.Response()

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/there"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("phase", "calls"), [("before", 1), ("after", 2)])
@pytest.mark.parametrize(("fault", "outcome"), [(Crash(), "crash"), (Drop(), "error"), (Hang(), "timeout")])
def test_calls_to_other_servers_break_in_the_same_ways(phase: str, calls: int, fault: Fault, outcome: str) -> None:
    async def journey(cloud: Cloud) -> None:
        came: list[str] = []
        async with other_server(came) as url:
            await order(cloud, ["put", "a"], ["post", url])
            await cloud.settle()
        assert [hop.outcome for hop in cloud.hops] == [outcome, "ok"]
        assert len(came) == calls

    in_workshop(journey, fault=at(2, phase, fault))


def test_of_twenty_claims_at_once_exactly_one_wins() -> None:
    async def journey(cloud: Cloud) -> int:
        aws, table = cloud.client(), cloud.stack.tables["Things"].name
        await aws.put_item(table, {"pk": "job", "step": 1})

        async def claim(token: int) -> bool:
            try:
                await aws.update_item(
                    table,
                    {"pk": "job"},
                    update="SET #t = :t",
                    condition="attribute_not_exists(#t)",
                    names={"#t": "token"},
                    values={":t": token},
                )
            except ConditionFailed:
                return False
            return True

        won = await asyncio.gather(*(claim(token) for token in range(20)))
        item = await aws.get_item(table, {"pk": "job"})
        assert item is not None
        assert won[item["token"]]
        return sum(won)

    assert in_workshop(journey) == 1


def test_counting_in_parallel_loses_no_update() -> None:
    async def journey(cloud: Cloud) -> None:
        aws, table = cloud.client(), cloud.stack.tables["Things"].name

        async def count(client: Aws) -> None:
            for _ in range(25):
                await client.update_item(table, {"pk": "n"}, update="ADD n :one", values={":one": 1})

        await asyncio.gather(*(count(aws) for _ in range(8)))
        assert await aws.get_item(table, {"pk": "n"}) == {"pk": "n", "n": 200}

    in_workshop(journey)
