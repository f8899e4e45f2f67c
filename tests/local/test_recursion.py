"""Loops of messages: counted by the tracing header, stopped after 16 invocations unless the function may loop."""

import json

from functions.local.cloud import Cloud
from functions.local.invocations import Hop
from functions.local.recursion import Chain
from tests.local.workshop import in_workshop


async def loop(cloud: Cloud, last: int) -> list[Hop]:
    """Let the looper send to itself until `last`; return its hops, without those of schedules."""
    await cloud.client().send(cloud.queue("Loops").url, json.dumps({"n": 1, "last": last}))
    await cloud.settle()
    return [hop for hop in cloud.hops if hop.function == "Looper"]


def test_a_loop_is_stopped_after_sixteen_invocations_and_ends_as_a_dead_letter() -> None:
    lines: list[str] = []

    async def journey(cloud: Cloud) -> None:
        hops = await loop(cloud, 40)
        ran = [hop for hop in hops if hop.outcome == "ok"]
        assert [hop.chain for hop in ran] == list(range(1, 17))
        stopped = [hop for hop in hops if hop.outcome == "recursion"]
        assert len(stopped) == 2  # maxReceiveCount
        (dead,) = cloud.peek("LoopsDead")
        assert json.loads(dead.body)["n"] == 17

    in_workshop(journey, log_sink=lambda _, line: lines.append(line))
    assert any("recursive loop stopped after 16 invocations" in line for line in lines)


def test_a_loop_of_sixteen_invocations_is_not_stopped() -> None:
    async def journey(cloud: Cloud) -> None:
        assert [hop.outcome for hop in await loop(cloud, 16)] == ["ok"] * 16
        assert cloud.peek("LoopsDead") == []

    in_workshop(journey)


def test_a_function_that_may_loop_is_not_stopped() -> None:
    async def journey(cloud: Cloud) -> None:
        assert [hop.chain for hop in await loop(cloud, 40)] == list(range(1, 41))
        assert cloud.peek("LoopsDead") == []

    in_workshop(journey, {"Loop": "Allow"})


def test_chains_of_different_messages_are_counted_apart() -> None:
    async def journey(cloud: Cloud) -> None:
        for _ in range(2):
            await cloud.client().send(cloud.queue("Loops").url, json.dumps({"n": 1, "last": 10}))
        hops = await loop(cloud, 10)
        assert sorted(hop.chain for hop in hops) == sorted(list(range(1, 11)) * 3)

    in_workshop(journey)


def test_a_chain_survives_its_header() -> None:
    chain = Chain.start("0123456789abcdef" * 2).entering("arn:one").entering("arn:two").entering("arn:one")
    again = Chain.read(chain.header(), "f" * 32)
    assert (again.count("arn:one"), again.count("arn:two"), again.count("arn:three")) == (2, 1, 0)
    assert again.root == "1-01234567-89abcdef0123456789abcdef"


def test_a_header_that_says_nothing_starts_a_new_chain() -> None:
    for header in (None, "", "nonsense", "Lineage=a:b|:|c:3"):
        assert Chain.read(header, "0123456789abcdef" * 2) == Chain.start("0123456789abcdef" * 2)
