"""Stopping a comparison: what runs at DRS is cancelled, what ended keeps its verdict, and nobody else has to wait."""

from typing import Any

from tests.drs.served_drs import Fault, Job, Quirks
from tests.journeys.loop import travel
from tests.journeys.test_troubles import BOTH, LINES, against
from tests.journeys.world import JOB, OBJECTS, World

FORBIDDEN = Fault(403, {"error_code": "APIG.0302", "error_msg": "IAM user not authorized to access the API"})


async def stop(w: World, accepted: dict[str, Any]) -> None:
    status, _ = await w.status(f"/{accepted['comparison_id']}", "DELETE")
    assert status == 202


def test_a_level_that_runs_is_cancelled_while_the_other_was_never_asked() -> None:
    async def journey() -> None:
        job = Job(JOB, walk=((0, "RUNNING"), (900, "SUCCESSFUL")))
        async with against(job, Quirks(keep_answer="error")) as (w, drs):
            theirs = drs.add_task(JOB, "lines")
            _, accepted = await w.post(BOTH)
            await w.cloud.settle(until=lambda: len(drs.called("create")) == 2)
            await stop(w, accepted)
            (event,) = await w.finished()
            ours = [t for t in drs.tasks[JOB] if t is not theirs]
            assert [t.status(w.clock.now()) for t in ours] == ["CANCELLED"]
            assert theirs.cancelled_at is None
            assert event["data"]["levels"] == {
                "objects": "cancelled",
                "lines": "cancelled",
                "contents": "not_requested",
            }

    travel(journey())


def test_what_drs_has_finished_keeps_its_verdict() -> None:
    async def journey() -> None:
        async with against(Job(JOB, walk=((0, "RUNNING"), (1_000, "SUCCESSFUL")))) as (w, drs):
            _, accepted = await w.post(OBJECTS)
            await w.cloud.settle(until=lambda: w.events("started") != [])
            drs.tasks[JOB][0].walk = ((0, "SUCCESSFUL"),)
            assert w.events("finished") == [], "DRS has finished, and no poll has seen it yet"
            await stop(w, accepted)
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"

    travel(journey())


def test_a_cancel_that_drs_forbids_keeps_nobody_else_waiting() -> None:
    async def journey() -> None:
        async with against(Job(JOB, walk=((0, "RUNNING"), (3_000, "SUCCESSFUL")))) as (w, drs):
            for n in range(3):
                drs.jobs[f"job-{n}"] = Job(f"job-{n}", walk=((0, "RUNNING"), (60, "SUCCESSFUL")))
            drs.script("cancel", *[FORBIDDEN] * 1_000)
            _, accepted = await w.post(LINES | {"deadline_seconds": 7_200})
            await w.cloud.settle(until=lambda: w.events("started") != [])
            await stop(w, accepted)
            began = w.clock.now()
            for n in range(3):
                await w.enqueue(OBJECTS | {"job_id": f"job-{n}", "request_id": f"r-{n}"})
            await w.cloud.settle(until=lambda: len(w.events("finished")) == 3)
            assert w.clock.now() - began < 300
            events = await w.finished(4)
            assert {e["data"]["verdict"] for e in events} == {"consistent"}

    travel(journey())
