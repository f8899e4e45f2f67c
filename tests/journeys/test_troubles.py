"""Journeys against a DRS that is late, refuses, forgets, loses answers or changes its mind."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from functions.local.clock import VirtualClock
from functions.local.template_yaml import read_yaml
from tests.drs.served_drs import Fault, Job, Objects, Quirks, ServedDrs, Table
from tests.journeys.loop import travel
from tests.journeys.world import JOB, OBJECTS, PROJECT, TEMPLATE, World, changed_template, lines, world

LINES = lines("table_name_0", "table_name_1", db="may_5")
BOTH = OBJECTS | LINES
Walk = tuple[tuple[float, str], ...]


@asynccontextmanager
async def against(
    job: Job | None = None, quirks: Quirks | None = None, clock: VirtualClock | None = None, **options: Any
) -> AsyncIterator[tuple[World, ServedDrs]]:
    """A world against a served DRS with one job."""
    clock = clock or VirtualClock()
    with ServedDrs(now=clock.now, jobs=[job or Job(JOB)], quirks=quirks or Quirks()) as drs:
        secret = json.dumps({PROJECT: drs.project()})
        secrets = {"ProjectsSecret": secret} | options.pop("secrets", {})
        async with world(drs.url, clock, secrets=secrets, **options) as w:
            yield w, drs


def verdict_of(body: Mapping[str, Any], job: Job | None = None, quirks: Quirks | None = None) -> dict[str, Any]:
    async def journey() -> dict[str, Any]:
        async with against(job, quirks) as (w, _):
            return await w.finish(body)

    return travel(journey())


@pytest.mark.parametrize(
    ("walk", "verdict"),
    [
        (((0, "RUNNING"), (30, "SUCCESSFUL")), "consistent"),
        (((0, "RUNNING"), (30, "FAILED")), "failed"),
        (((0, "RUNNING"), (30, "CANCELLED")), "cancelled"),
        (((0, "RUNNING"), (30, "TIMEOUT_INTERRUPT")), "timed_out"),
        (((0, "WHATEVER_THIS_IS"), (300, "SUCCESSFUL")), "consistent"),
        (((0, "FULL_DOING"), (60, "INCRE_DOING")), "expired"),
    ],
)
def test_how_a_drs_task_ends_decides_the_verdict(walk: Walk, verdict: str) -> None:
    data = verdict_of(BOTH | {"deadline_seconds": 1_200}, Job(JOB, walk=walk))
    assert data["verdict"] == verdict
    assert ("still_running" in data["caveats"]) == (verdict == "expired")
    assert data["levels"]["objects"] == data["levels"]["lines"] == verdict


def test_successful_says_nothing_about_consistency() -> None:
    job = Job(JOB, objects=[Objects("TABLE", 2, 1, 0, [("lost", None)])])
    data = verdict_of(BOTH, job)
    assert data["verdict"] == "inconsistent"
    assert {t["status"] for t in data["drs_tasks"]} == {"SUCCESSFUL"}
    assert data["objects"]["types"][0]["only_in_source"] == ["lost"]


def test_an_empty_result_is_incomplete_and_never_consistent() -> None:
    data = verdict_of(BOTH, Job(JOB, objects=[], tables=[]))
    assert data["levels"] == {"objects": "incomplete", "lines": "incomplete", "contents": "not_requested"}


def test_a_table_that_drs_could_not_compare_makes_it_incomplete() -> None:
    skipped = Table("may_5", "table_name_1", result="CAN_NOT_COMPARE", number=23, message="too many rows")
    data = verdict_of(LINES, Job(JOB, tables=[Table("may_5", "table_name_0"), skipped]))
    assert data["verdict"] == "incomplete"
    assert "uncomparable_tables" in data["caveats"]


def test_an_object_task_that_only_the_overview_knew_is_superseded_by_the_next_one() -> None:
    async def journey() -> None:
        job = Job(JOB, walk=((0, "RUNNING"), (3_600, "SUCCESSFUL")))
        async with against(job, Quirks(families="b")) as (w, drs):
            await w.post(OBJECTS)
            await w.cloud.settle(until=lambda: w.events("started") != [])
            w.clock.jump(w.clock.now() + 30)
            drs.add_task(JOB, "objects")
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "superseded"
            assert event["data"]["drs_tasks"][0]["compare_task_id"] in event["data"]["error_msg"]

    travel(journey())


def test_an_object_task_that_can_be_read_by_its_id_survives_a_later_one() -> None:
    async def journey() -> None:
        job = Job(JOB, walk=((0, "RUNNING"), (600, "SUCCESSFUL")))
        async with against(job) as (w, drs):
            await w.post(OBJECTS)
            await w.cloud.settle(until=lambda: w.events("started") != [])
            w.clock.jump(w.clock.now() + 30)
            drs.add_task(JOB, "objects")
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"

    travel(journey())


@pytest.mark.parametrize("keep_answer", ["id", "error", "nothing"])
def test_a_kept_task_of_somebody_else_is_never_taken_as_ours(keep_answer: str) -> None:
    async def journey() -> None:
        job = Job(JOB, walk=((0, "RUNNING"), (90_000, "SUCCESSFUL")))
        async with against(job, Quirks(keep_answer=keep_answer)) as (w, drs):  # type: ignore[arg-type]  # the three words
            theirs = drs.add_task(JOB, "lines")
            data = await w.finish(LINES)
            assert data["verdict"] == "rejected"
            assert data["drs_tasks"] == []
            assert theirs.cancelled_at is None

    travel(journey())


def test_conflict_policy_cancel_replaces_the_unfinished_task() -> None:
    async def journey() -> None:
        async with against(Job(JOB, walk=((0, "RUNNING"), (60, "SUCCESSFUL")))) as (w, drs):
            theirs = drs.add_task(JOB, "lines")
            replacing = LINES["data_level_compare_info"] | {"conflict_policy": "cancel"}
            assert (await w.finish({**LINES, "data_level_compare_info": replacing}))["verdict"] == "consistent"
            assert theirs.cancelled_at is not None

    travel(journey())


@pytest.mark.parametrize("refusals", ["http", "embedded"])
@pytest.mark.parametrize(("job", "code"), [(Job(JOB, parent=True), "DRS.M00307"), (Job("other"), "DRS.10000010")])
def test_a_refusal_counts_wherever_it_stands(job: Job, code: str, refusals: str) -> None:
    data = verdict_of(BOTH, job, Quirks(refusals=refusals))  # type: ignore[arg-type]  # the two words
    assert (data["verdict"], data["error_code"]) == ("rejected", code)


def test_a_drs_job_that_is_deleted_meanwhile_is_a_failure() -> None:
    async def journey() -> None:
        job = Job(JOB, walk=((0, "RUNNING"), (600, "SUCCESSFUL")))
        async with against(job) as (w, drs):
            await w.post(BOTH)
            await w.cloud.settle(until=lambda: w.events("started") != [])
            drs.jobs[JOB].deleted = True
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "failed"

    travel(journey())


@pytest.mark.parametrize("taken", [True, False], ids=["the work was done", "nothing was done"])
def test_a_lost_answer_to_create_is_adopted_and_not_repeated(taken: bool) -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            drs.script("create", Fault.lost(after=taken))
            data = await w.finish(BOTH)
            assert data["verdict"] == "consistent"
            assert len(drs.tasks[JOB]) == 2, "one task per level, however often it was asked"
            assert {t["origin"] for t in data["drs_tasks"]} == {"adopted" if taken else "created"}
            assert ("adopted" in data["caveats"]) == taken

    travel(journey())


def test_a_gateway_that_times_out_although_drs_worked_is_survived() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            late = {"error_code": "APIG.0203", "error_msg": "Backend timeout"}
            drs.script("create", Fault(504, late, after=True))
            assert (await w.finish(BOTH))["verdict"] == "consistent"
            assert len(drs.tasks[JOB]) == 2

    travel(journey())


TRY_AGAIN = [
    Fault(429, {"error_code": "APIG.0308", "error_msg": "throttled"}, {"Retry-After": "7"}),
    Fault(503, b"<html>busy</html>"),
    Fault(500, b""),
    Fault.drs("DRS.M01503"),
    Fault(202, {"error_code": "DRS.M01504", "error_msg": "Another operation is being performed"}),
    Fault.drs("DRS.10000024"),
    Fault.drs("DRS.M00004", status=500),
    Fault.drs("DRS.M01501", status=422),
    Fault(200, {"job_id": JOB, "error_code": "DRS.10000024", "error_msg": "busy"}),
    Fault(200, b"not json"),
]


@pytest.mark.parametrize("fault", TRY_AGAIN, ids=lambda f: f"{f.status} {f.content[:24]!r}")
def test_try_again_answers_never_end_a_comparison(fault: Fault) -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            for endpoint in ("create", "results", "overview", "tables", "detail"):
                drs.script(endpoint, fault, fault)
            assert (await w.finish(BOTH))["verdict"] == "consistent"

    travel(journey())


def test_an_outage_longer_than_the_deadline_expires_with_its_reason() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            drs.script("results", *[Fault.drs("DRS.M00004", "Service is abnormal.", 500)] * 100_000)
            drs.script("overview", *[Fault.drs("DRS.M00004", "Service is abnormal.", 500)] * 100_000)
            data = await w.finish(BOTH | {"deadline_seconds": 600})
            assert (data["verdict"], data["error_code"]) == ("expired", "DRS.M00004")

    travel(journey())


def test_only_the_missing_level_is_asked_again() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            created = {"compare_task_id": drs.add_task(JOB, "objects", created_at=w.clock.now() + 1).task_id}
            drs.tasks[JOB].clear()
            busy = {"error_code": "DRS.10000024", "error_msg": "busy"}
            body = {"object_level_compare_create_result": created, "data_level_compare_create_result": busy}
            drs.script("create", Fault(200, body))
            await w.post(BOTH)
            await w.cloud.settle(until=lambda: len(drs.called("create")) == 2)
            assert "object_level_compare_type" not in drs.called("create")[1].body
            assert "data_level_compare_info" in drs.called("create")[1].body

    travel(journey())


def test_a_comparison_of_more_than_sixteen_polls_arrives() -> None:
    async def journey() -> None:
        async with against(Job(JOB, walk=((0, "RUNNING"), (3_000, "SUCCESSFUL")))) as (w, _):
            data = await w.finish(BOTH)
            assert (data["verdict"], data["polls"] > 16) == ("consistent", True)

    travel(journey())


@pytest.mark.parametrize("function", ["CreateFunction", "PollFunction"])
def test_without_recursive_loop_allowed_lambda_stops_the_chain_at_hop_sixteen(function: str, tmp_path: Path) -> None:
    template = read_yaml(TEMPLATE)
    del template["Resources"][function]["Properties"]["RecursiveLoop"]
    changed = changed_template(template, tmp_path)

    async def journey() -> None:
        job = Job(JOB, walk=((0, "RUNNING"), (3_000, "SUCCESSFUL")))
        async with against(job, template=changed) as (w, drs):
            if function == "CreateFunction":
                drs.jobs[JOB].state = "FULL_TRANSFER_STARTED"
            await w.post(BOTH | {"ready_within_seconds": 10_000})
            await w.cloud.settle(until=lambda: any(h.outcome == "recursion" for h in w.cloud.hops))
            mine = [h for h in w.cloud.hops if h.function == function and h.source != "schedule"]
            stopped = next(n for n, h in enumerate(mine) if h.outcome == "recursion")
            assert stopped == 16

    travel(journey())


def test_fifty_comparisons_with_wrong_credentials_all_finish_once_they_are_repaired() -> None:
    async def journey() -> None:
        clock = VirtualClock()
        names = [f"job-{n}" for n in range(50)]
        with ServedDrs(now=clock.now, jobs=[Job(name) for name in names]) as drs:
            wrong = json.dumps({PROJECT: drs.project() | {"secret_key": "wrong"}})
            async with world(drs.url, clock, secrets={"ProjectsSecret": wrong}) as w:
                for name in names:
                    await w.enqueue({"job_id": name, "object_level_compare_type": "objects", "request_id": name})
                began = clock.now()
                await w.cloud.settle(until=lambda: clock.now() > began + 300)
                assert w.events("finished") == []
                assert drs.identities.worst_row <= 2
                w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: drs.project()}))
                events = await w.finished(50, within=3_600)
                assert {e["data"]["verdict"] for e in events} == {"consistent"}
                assert drs.identities.worst_row <= 2

    travel(journey())


def test_a_key_that_goes_bad_under_way_is_not_tried_a_third_time() -> None:
    async def journey() -> None:
        clock = VirtualClock()
        names = [f"job-{n}" for n in range(20)]
        walk: Walk = ((0, "RUNNING"), (300, "SUCCESSFUL"))
        with ServedDrs(now=clock.now, jobs=[Job(name, walk=walk) for name in names]) as drs:
            async with world(drs.url, clock, secrets={"ProjectsSecret": json.dumps({PROJECT: drs.project()})}) as w:
                for name in names:
                    await w.enqueue({"job_id": name, "object_level_compare_type": "objects", "request_id": name})
                await w.cloud.settle(until=lambda: len(w.events("started")) == 20)
                drs.identities.access_keys["AKEXAMPLE"] = "a new one"
                began = clock.now()
                await w.cloud.settle(until=lambda: clock.now() > began + 300)
                assert drs.identities.worst_row <= 2
                w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: drs.project() | {"secret_key": "a new one"}}))
                events = await w.finished(20, within=3_600)
                assert {e["data"]["verdict"] for e in events} == {"consistent"}
                assert drs.identities.worst_row <= 2

    travel(journey())


def test_a_permission_that_is_given_later_is_waited_for() -> None:
    async def journey() -> None:
        async with against(quirks=Quirks(forbidden=(403, "APIG.0302"))) as (w, drs):
            await w.post(BOTH)
            began = w.clock.now()
            await w.cloud.settle(until=lambda: w.clock.now() > began + 900)
            drs.quirks = Quirks()
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"

    travel(journey())


def test_a_token_that_is_refused_is_renewed_once_and_the_comparison_goes_on() -> None:
    async def journey() -> None:
        clock = VirtualClock()
        with ServedDrs(now=clock.now, jobs=[Job(JOB, walk=((0, "RUNNING"), (300, "SUCCESSFUL")))]) as drs:
            secret = json.dumps({PROJECT: drs.project("token")})
            async with world(drs.url, clock, secrets={"ProjectsSecret": secret}) as w:
                await w.post(BOTH)
                await w.cloud.settle(until=lambda: w.events("started") != [])
                drs.identities.tokens.clear()
                (event,) = await w.finished()
                assert event["data"]["verdict"] == "consistent"

    travel(journey())
