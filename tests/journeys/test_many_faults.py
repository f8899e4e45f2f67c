"""Several faults in one journey, drawn by a seed: still one event, one task per level, and the right verdict."""

import json
import random

import pytest

from functions.local.clock import VirtualClock
from functions.local.faults import Call, Crash, Drop, Fault
from tests.drs.served_drs import Job, ServedDrs
from tests.journeys.loop import travel
from tests.journeys.world import JOB, OBJECTS, PROJECT, lines, world

BOTH = OBJECTS | lines("table_name_0", "table_name_1", db="may_5")
FUNCTIONS = ("CreateFunction", "PollFunction", "SweepFunction")


class Drawn:
    """Three faults: which function, at which of its calls, before or after, a crash or a broken connection."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)
        self.faults: dict[tuple[str, str, int], Fault] = {
            (dice.choice(FUNCTIONS), dice.choice(("before", "after")), dice.randint(1, 30)): dice.choice(
                (Crash(), Drop())
            )
            for _ in range(3)
        }
        self.copies = dice.randint(1, 3)
        self.seen: dict[tuple[str, str], int] = {}

    def __call__(self, call: Call) -> Fault | None:
        place = (call.function, call.phase)
        self.seen[place] = self.seen.get(place, 0) + 1
        return self.faults.pop((*place, self.seen[place]), None)


async def journey(seed: int) -> None:
    clock, drawn = VirtualClock(), Drawn(seed)
    walk = ((0, "RUNNING"), (40, "SUCCESSFUL"))
    with ServedDrs(now=clock.now, jobs=[Job(JOB, walk=walk)]) as drs:
        secrets = {"ProjectsSecret": json.dumps({PROJECT: drs.project()})}
        async with world(drs.url, clock, secrets=secrets, fault=drawn) as w:
            for _ in range(drawn.copies):
                await w.enqueue(BOTH | {"request_id": "r-1"})
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent", seed
            assert sorted(t.level for t in drs.tasks[JOB]) == ["lines", "objects"], seed
            assert drs.identities.worst_row == 0, seed


@pytest.mark.parametrize("seed", range(8))
def test_three_faults_and_duplicates_change_nothing(seed: int) -> None:
    travel(journey(seed))


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("block", range(20))
def test_three_faults_and_duplicates_change_nothing_five_hundred_times(block: int) -> None:
    for seed in range(100 + block * 25, 125 + block * 25):
        travel(journey(seed))
