"""An access key never sees three bad signatures in a row, whoever dies, whatever else changes."""

import json
from typing import Any

from functions.local.faults import Call, Crash, Fault
from tests.drs.served_drs import Job
from tests.journeys.loop import travel
from tests.journeys.test_troubles import LINES, against
from tests.journeys.world import JOB, OBJECTS, PROJECT, World

OTHER = "1" * 32


async def wait(w: World, seconds: float) -> None:
    until = w.clock.now() + seconds
    await w.cloud.settle(until=lambda: w.clock.now() >= until)


def put(w: World, **projects: dict[str, Any]) -> None:
    w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: projects["first"]} | {OTHER: projects["second"]}))


def test_a_worker_that_dies_with_the_refusal_has_counted_it_before() -> None:
    died: list[Call] = []

    def fault(call: Call) -> Fault | None:
        if not died and (call.function, call.service, call.phase) == ("CreateFunction", "http", "after"):
            died.append(call)
            return Crash()
        return None

    async def journey() -> None:
        async with against(fault=fault) as (w, drs):
            w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: drs.project() | {"secret_key": "wrong"}}))
            await w.post(OBJECTS)
            await wait(w, 1_200)
            assert died
            assert drs.identities.worst_row <= 2

    travel(journey())


def test_a_refusal_after_the_verdict_is_known_shuts_the_gate_and_keeps_the_verdict() -> None:
    names = ["job-1", "job-2"]

    async def journey() -> None:
        served: list[Any] = []

        def fault(call: Call) -> Fault | None:
            if call.service == "http" and call.phase == "before" and "batch-status" in call.action:
                served[0].identities.access_keys["AKEXAMPLE"] = "a new one"
            return None

        async with against(Job(JOB, walk=((0, "RUNNING"), (30, "SUCCESSFUL"))), fault=fault) as (w, drs):
            served.append(drs)
            for name in names:
                drs.jobs[name] = Job(name, walk=((0, "RUNNING"), (3_000, "SUCCESSFUL")))
                await w.enqueue(OBJECTS | {"job_id": name, "request_id": name})
            await w.enqueue(LINES | {"request_id": "first"})
            await wait(w, 600)
            assert [e["data"]["verdict"] for e in w.events("finished")] == ["consistent"]
            assert drs.identities.worst_row <= 2

    travel(journey())


def test_another_project_in_the_same_secret_gives_no_new_tries() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            wrong, other = drs.project() | {"secret_key": "wrong"}, drs.project() | {"access_key": "OTHER"}
            put(w, first=wrong, second=other)
            await w.post(OBJECTS | {"project_id": PROJECT})
            await wait(w, 300)
            put(w, first=wrong, second=other | {"access_key": "OTHER2"})
            await wait(w, 300)
            assert drs.identities.worst_row == 2
            put(w, first=drs.project(), second=other)
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"

    travel(journey())


def test_two_projects_with_one_key_are_one_key() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            wrong = drs.project() | {"secret_key": "wrong"}
            put(w, first=wrong, second=wrong)
            await w.post(OBJECTS | {"project_id": PROJECT}, "wh_1")
            await w.post(OBJECTS | {"project_id": OTHER}, "wh_2")
            await wait(w, 600)
            assert drs.identities.worst_row <= 2

    travel(journey())


def test_the_same_key_is_tried_again_when_its_entry_says_so() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            right = dict(drs.identities.access_keys)
            drs.identities.access_keys["AKEXAMPLE"] = "disabled at the other side"
            await w.post(OBJECTS)
            await wait(w, 300)
            drs.identities.access_keys.update(right)
            drs.identities.bad_signatures.clear()
            w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: drs.project() | {"revision": "2"}}))
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"

    travel(journey())
