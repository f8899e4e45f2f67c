"""Answers to create that get lost, lists that lag, strangers on the job: nothing is taken that is not proven ours."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from functions.local.clock import VirtualClock
from functions.local.faults import Call, Crash, Fault
from tests.drs.served_drs import Fault as Answer
from tests.drs.served_drs import Job, Quirks, ServedDrs, Table
from tests.journeys.loop import travel
from tests.journeys.world import JOB, OBJECTS, PROJECT, World, lines, world

NAMED = lines("table_name_0", "table_name_1", db="may_5")
WHOLE = lines(db="may_5")
QUICK = lines(compare_mode="quick_comparison")
Walk = tuple[tuple[float, str], ...]


class Lagging(ServedDrs):
    """A DRS whose lists don't show a task before it is `lag` seconds old."""

    lag = 0.0

    def _shown(self, act: Callable[..., Any], *arguments: Any) -> Any:
        every, now = self.tasks, self.now()
        shown = {job: [t for t in tasks if t.created_at <= now - self.lag] for job, tasks in every.items()}
        self.tasks = defaultdict(list, shown)
        try:
            return act(*arguments)
        finally:
            self.tasks = every

    def _query(self, _request: Any, body: Any) -> Any:
        return self._shown(super()._query, _request, body)

    def _overview(self, _request: Any, _body: Any, job_id: str) -> Any:
        return self._shown(super()._overview, _request, _body, job_id)

    def _tables(self, _request: Any, _body: Any, job_id: str) -> Any:
        return self._shown(super()._tables, _request, _body, job_id)


@asynccontextmanager
async def against(
    walk: Walk = ((0, "RUNNING"), (100, "SUCCESSFUL")), quirks: Quirks | None = None, **options: Any
) -> AsyncIterator[tuple[World, Lagging]]:

    clock = VirtualClock()
    job = Job(JOB, walk=walk, tables=options.pop("tables", Job(JOB).tables))
    with Lagging(now=clock.now, jobs=[job], quirks=quirks or Quirks()) as drs:
        secrets = {"ProjectsSecret": json.dumps({PROJECT: drs.project()})}
        async with world(drs.url, clock, secrets=secrets, **options) as w:
            yield w, drs


def test_two_comparisons_that_both_lose_their_worker_take_each_their_own_task() -> None:
    dead: set[str] = set()

    def fault(call: Call) -> Fault | None:
        if call.function != "CreateFunction" or "create-compare-task" not in call.action:
            return None
        if not dead and call.phase == "before":
            dead.add("first")
            return Crash()
        if dead == {"first"} and call.phase == "after":
            dead.add("second")
            return Crash()
        return None

    async def journey() -> None:
        async with against(((0, "RUNNING"), (400, "SUCCESSFUL")), fault=fault) as (w, drs):
            _, first = await w.post(WHOLE, "first")
            await w.cloud.settle(until=lambda: "first" in dead)
            await w.clock.advance(5)
            await w.post(lines("table_name_0", db="may_5"), "second")
            asked = {}
            for event in await w.finished(2):
                for task in event["data"]["drs_tasks"]:
                    (made,) = [t for t in drs.tasks[JOB] if t.task_id == task["compare_task_id"]]
                    body: Any = made.request["data_level_compare_info"]
                    asked[event["subject"]] = body["compare_object_infos"][0].get("table_name")
            assert asked.get(first["comparison_id"]) is None, "the whole database was asked for"

    travel(journey())


@pytest.mark.parametrize("body", [WHOLE, QUICK], ids=["whole database", "everything"])
def test_a_strangers_task_never_makes_us_say_consistent(body: dict[str, Any]) -> None:
    async def journey() -> None:
        async with against(tables=[Table("may_5", "one_small_table")]) as (w, drs):
            drs.script("create", Answer.lost(after=False))
            await w.post(body)
            await w.cloud.settle(until=lambda: len(drs.called("create")) == 1)
            await w.clock.advance(2)
            drs.add_task(JOB, "lines")
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "incomplete"
            assert "adopted" in event["data"]["caveats"]

    travel(journey())


def test_a_task_made_an_hour_after_our_request_is_not_ours() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            drs.script("create", Answer.lost(after=False))
            await w.post(QUICK)
            await w.cloud.settle(until=lambda: len(drs.called("create")) == 1)
            drs.quirks = Quirks(forbidden=(403, "APIG.0302"))
            await w.clock.advance(3_600)
            theirs = drs.add_task(JOB, "lines")
            drs.quirks = Quirks()
            (event,) = await w.finished()
            assert theirs.task_id not in {t["compare_task_id"] for t in event["data"]["drs_tasks"]}

    travel(journey())


def test_of_two_new_tasks_the_one_made_with_our_request_is_ours() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            theirs = drs.add_task(JOB, "lines", created_at=w.clock.now() - 40)
            theirs.walk = ((0, "SUCCESSFUL"),)
            drs.lag = 45
            drs.script("create", Answer.lost())
            await w.post(QUICK)
            (event,) = await w.finished()
            (mine,) = [t.task_id for t in drs.tasks[JOB] if t is not theirs]
            assert [t["compare_task_id"] for t in event["data"]["drs_tasks"]] == [mine]

    travel(journey())


def test_a_doubt_about_one_level_is_none_about_the_other() -> None:
    async def journey() -> None:
        abnormal = {"error_code": "DRS.M00004", "error_msg": "Service is abnormal."}
        busy = {"error_code": "DRS.10000024", "error_msg": "busy"}
        answer = {"object_level_compare_create_result": abnormal, "data_level_compare_create_result": busy}
        async with against(((0, "RUNNING"), (9_000, "SUCCESSFUL")), Quirks(keep_answer="error")) as (w, drs):
            drs.script("create", Answer(200, answer))
            await w.post(OBJECTS | NAMED)
            await w.cloud.settle(until=lambda: len(drs.called("create")) == 1)
            theirs = drs.add_task(JOB, "lines")
            (event,) = await w.finished()
            assert theirs.task_id not in {t["compare_task_id"] for t in event["data"]["drs_tasks"]}
            assert event["data"]["levels"]["lines"] == "rejected"

    travel(journey())


@pytest.mark.parametrize("keep_answer", ["id", "error", "nothing"])
@pytest.mark.parametrize("lag", [30, 70])
def test_our_own_task_is_found_however_late_it_shows(lag: float, keep_answer: Any) -> None:
    async def journey() -> None:
        async with against(((0, "RUNNING"), (1_500, "SUCCESSFUL")), Quirks(keep_answer=keep_answer)) as (w, drs):
            drs.lag = lag
            drs.script("create", Answer.lost())
            data = await w.finish(NAMED)
            assert data["verdict"] == "consistent"
            assert [t.task_id for t in drs.tasks[JOB]] == [t["compare_task_id"] for t in data["drs_tasks"]]

    travel(journey())


def test_a_database_named_twice_is_one_scope() -> None:
    async def journey() -> None:
        body = lines("table_name_0", db="may_5")
        infos = body["data_level_compare_info"]["compare_object_infos"]
        infos.append({"db_name": "may_5", "table_name": ["table_name_1"]})
        async with against(((0, "RUNNING"), (2, "SUCCESSFUL"))) as (w, drs):
            drs.script("create", Answer.lost())
            assert (await w.finish(body))["verdict"] == "consistent"
            assert len(drs.tasks[JOB]) == 1

    travel(journey())


def test_lists_that_are_not_ready_count_as_a_refusal_in_time() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            drs.script("results", *[Answer.drs("DRS.M00304")] * 10_000)
            drs.script("tables", *[Answer.drs("DRS.M00304")] * 10_000)
            began = w.clock.now()
            data = await w.finish(NAMED | {"ready_within_seconds": 300})
            assert (data["verdict"], data["error_code"]) == ("rejected", "DRS.M00304")
            assert w.clock.now() - began < 900

    travel(journey())


def test_ten_thousand_earlier_tasks_are_no_obstacle() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            for _ in range(10_600):
                drs.add_task(JOB, "lines", created_at=w.clock.now() - 90_000).walk = ((0, "SUCCESSFUL"),)
            assert (await w.finish(NAMED))["verdict"] == "consistent"

    travel(journey())
