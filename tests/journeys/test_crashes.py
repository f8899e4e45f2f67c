"""A worker that dies before or after any call it makes: every comparison still ends in one event, and nothing twice.

Each journey kills one worker once, at the n-th call that its function makes; n runs over all calls of an undisturbed
journey. Calls are those to queues, topic, ledger and secrets, and those to DRS.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from functions.local.clock import VirtualClock
from functions.local.faults import Call, Crash, Drop, Fault
from tests.drs.served_drs import Job, ServedDrs
from tests.journeys.loop import travel
from tests.journeys.world import JOB, OBJECTS, PROJECT, World, lines, world

BOTH = OBJECTS | lines("table_name_0", "table_name_1", db="may_5")
WALK = ((0, "RUNNING"), (12, "SUCCESSFUL"))


class Nth:
    """Does `fault` to the n-th call of a function at a phase, once; counts the calls, or each invocation's first."""

    def __init__(self, function: str, phase: str, n: int, fault: Fault) -> None:
        self.function, self.phase, self.n, self.fault = function, phase.removesuffix("-first"), n, fault
        self.first = phase.endswith("-first")
        self.seen = 0
        self.hit: Call | None = None

    def __call__(self, call: Call) -> Fault | None:
        if (call.function, call.phase) != (self.function, self.phase) or (self.first and call.index > 1):
            return None
        self.seen += 1
        if self.seen != self.n:
            return None
        self.hit = call
        return self.fault


KILLED = ["before-first", "after", pytest.param("before", marks=pytest.mark.long)]
"""Calls are made one after the other: whoever is killed before one leaves what he does if killed after the one before.

That can't be said of an invocation's first call, before which somebody is killed in any case.
"""


@contextmanager
def served(clock: VirtualClock) -> Iterator[ServedDrs]:
    with ServedDrs(now=clock.now, jobs=[Job(JOB, walk=WALK)]) as drs:
        yield drs


async def one_journey(nth: Nth) -> None:
    clock = VirtualClock()
    with served(clock) as drs:
        secrets = {"ProjectsSecret": json.dumps({PROJECT: drs.project()})}
        async with world(drs.url, clock, secrets=secrets, fault=nth) as w:
            data = await w.finish(BOTH)
            assert data["verdict"] == "consistent", (nth.hit, data)
            assert sorted(t.level for t in drs.tasks[JOB]) == ["lines", "objects"], nth.hit
            assert {e["id"] for e in w.events("started")} == {f"{data['comparison_id']}:started"}, nth.hit
            nothing_left(w, nth)


def nothing_left(w: World, nth: Nth) -> None:
    for queue in ("RequestsQueue", "PollsQueue", "RequestsDeadLetters", "PollsDeadLetters"):
        assert w.cloud.peek(queue) == [], (queue, nth.hit)


def each_call(function: str, phase: str, fault: Fault) -> int:
    """One journey per call; returns how many there were."""
    n = 0
    while True:
        nth = Nth(function, phase, n + 1, fault)
        travel(one_journey(nth))
        if nth.hit is None:
            return n
        n += 1


@pytest.mark.timeout(300)
@pytest.mark.parametrize("phase", KILLED)
@pytest.mark.parametrize("function", ["CreateFunction", "PollFunction"])
def test_a_worker_killed_at_any_call_changes_nothing(function: str, phase: str) -> None:
    assert each_call(function, phase, Crash()) >= (1 if phase == "before-first" else 12)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("function", ["CreateFunction", "PollFunction"])
def test_a_call_whose_connection_breaks_changes_nothing(function: str, phase: str) -> None:
    assert each_call(function, phase, Drop()) >= 12


def lost(case: str, call: Call) -> Fault | None:
    """What leaves a comparison to the sweep: its message, its polls or its event never get out."""
    dies = {
        "request": call.function == "WebhookFunction" and call.service == "sqs",
        "poll": call.function == "PollFunction" and call.invocation <= 5,
        "publish": call.function == "PollFunction" and call.service == "sns",
        "expire": call.function == "PollFunction",
    }[case]
    return Crash() if dies and call.phase == "before" else None


async def swept_journey(nth: Nth, case: str) -> None:
    """A comparison that only the sweep can bring back, while the sweep itself dies once."""
    clock = VirtualClock()
    with served(clock) as drs:
        secrets = {"ProjectsSecret": json.dumps({PROJECT: drs.project()})}
        fault = lambda call: nth(call) or lost(case, call)  # noqa: E731 - one line says it
        async with world(drs.url, clock, secrets=secrets, fault=fault) as w:
            await w.post(BOTH | {"deadline_seconds": 3_600})
            (event,) = await w.finished()
            assert event["data"]["verdict"] == ("expired" if case == "expire" else "consistent"), nth.hit
            assert sorted(t.level for t in drs.tasks[JOB]) == ["lines", "objects"], nth.hit
            assert w.calls("SweepFunction") > 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("case", ["request", "poll", "publish", "expire"])
def test_a_sweep_killed_at_any_call_still_brings_the_comparison_back(case: str, phase: str) -> None:
    n = 0
    while True:
        nth = Nth("SweepFunction", phase, n + 1, Crash())
        travel(swept_journey(nth, case))
        if nth.hit is None or n == 15:
            break
        n += 1
    assert n >= 3
