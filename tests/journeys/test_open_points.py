"""DRS's documentation leaves points open: whichever way the service reads them, the verdict is the right one.

The points that show in a comparison's way: what both parts empty answers (1), what `keep` answers (2), where refusals
stand (3), past start times (4), the overview before any comparison (5), pages (7), the sign of a table's progress (9),
throttling (10), which ids either family of calls knows (11), the permission (12). The success code of a call that the
pipeline doesn't make (6), how long a result file lives (8) and a host name (13) are configuration or not in its way;
the endpoint is tested by pointing it at the served DRS.
"""

from typing import Any

import pytest

from tests.drs.served_drs import Job, Objects, Quirks, Table
from tests.journeys.loop import travel
from tests.journeys.test_troubles import BOTH, LINES, against
from tests.journeys.world import JOB, lines

READINGS: list[dict[str, Any]] = [
    {},
    {"empty_create": "latest"},
    {"keep_answer": "error"},
    {"keep_answer": "nothing"},
    {"refusals": "embedded"},
    {"past_start": "now"},
    {"before_any": "empty"},
    {"before_any": "no_body"},
    {"most_per_page": 2},
    {"most_per_page": 2, "beyond_most": "capped"},
    {"most_per_page": 10, "beyond_most": "refused"},
    {"sign": -1},
    {"throttle_header": "3"},
    {"families": "a"},
    {"families": "b"},
    {"ids": "a"},
    {"ids": "b"},
    {"families": "a", "before_any": "empty", "most_per_page": 2},
]
DIFFERENT = Job(
    JOB,
    objects=[Objects("DB", 1, 1, 2), Objects("TABLE", 2, 1, 0, [("lost", None)])],
    tables=[
        Table("may_5", "table_name_0"),
        Table("may_5", "table_name_1", target_rows=2, difference_rows=1, result="INCONSISTENT", number=0),
    ],
)
VALUES = lines("table_name_0", "table_name_1", db="may_5", compare_type="contents")


@pytest.mark.parametrize("reading", READINGS, ids=lambda r: ",".join(f"{k}={v}" for k, v in r.items()) or "default")
@pytest.mark.parametrize(
    ("job", "verdict"), [(Job(JOB), "consistent"), (DIFFERENT, "inconsistent")], ids=["equal", "different"]
)
def test_every_reading_leads_to_the_right_verdict(reading: dict[str, Any], job: Job, verdict: str) -> None:
    async def journey() -> None:
        async with against(job, Quirks(**reading)) as (w, drs):
            for number, body in enumerate((BOTH, VALUES), start=1):
                await w.post(body, f"wh_{number}")
                await w.finished(number)
            drs.add_task(JOB, "objects")
            assert {e["data"]["verdict"] for e in w.events("finished")} == {verdict}

    travel(journey())


@pytest.mark.parametrize("reading", ["refused", "now"])
def test_a_start_that_has_passed_meanwhile_is_no_obstacle(reading: Any) -> None:
    async def journey() -> None:
        async with against(quirks=Quirks(past_start=reading)) as (w, _):
            info = LINES["data_level_compare_info"] | {"start_time": str(int((w.clock.now() - 3_600) * 1000))}
            assert (await w.finish({**LINES, "data_level_compare_info": info}))["verdict"] == "consistent"

    travel(journey())


def test_the_same_job_twice_in_every_family_of_calls_stays_readable_by_its_id() -> None:
    async def journey() -> None:
        async with against() as (w, _):
            first = await w.finish(BOTH, "wh_1")
            await w.post(BOTH, "wh_2")
            await w.finished(2)
            ids = {t["compare_task_id"] for e in w.events("finished") for t in e["data"]["drs_tasks"]}
            assert len(ids) == 4
            assert first["verdict"] == "consistent"

    travel(journey())
