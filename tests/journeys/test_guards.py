"""What a deployment doesn't allow comes in through neither door, and what it allows through both."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from functions.local.template_yaml import read_yaml
from tests.journeys.loop import travel
from tests.journeys.test_troubles import against
from tests.journeys.world import JOB, OBJECTS, TEMPLATE, changed_template, lines

TABLES = ("table_name_0", "table_name_1")
LINES = lines(*TABLES, db="may_5")
CONTENTS = lines(*TABLES, db="may_5", compare_type="contents")
CANCEL = lines(*TABLES, db="may_5", conflict_policy="cancel")
CANCEL_CONTENTS = lines(*TABLES, db="may_5", conflict_policy="cancel", compare_type="contents")
QUICK_CONTENTS = lines(compare_mode="quick_comparison", compare_type="contents")
LEVEL, POLICY = "data_level_compare_info.compare_type", "data_level_compare_info.conflict_policy"


@pytest.mark.parametrize(
    ("parameters", "body", "fields"),
    [
        ({"AllowedLevels": "objects,lines"}, CONTENTS, [LEVEL]),
        ({"AllowedLevels": "objects,lines"}, QUICK_CONTENTS, [LEVEL]),
        ({"AllowedLevels": "contents"}, LINES, [LEVEL]),
        ({"AllowedLevels": "contents"}, OBJECTS | LINES, ["object_level_compare_type", LEVEL]),
        ({"AllowedJobs": "job-1,job-2"}, CONTENTS, ["job_id"]),
        ({"AllowedJobs": f"{JOB}-and-more"}, OBJECTS, ["job_id"]),
        ({"AllowCancel": "false"}, CANCEL, [POLICY]),
        ({"AllowCancel": "false", "AllowedLevels": "lines"}, CANCEL_CONTENTS, [LEVEL, POLICY]),
    ],
)
def test_what_is_not_allowed_is_refused_by_name_at_both_doors(
    parameters: Mapping[str, str], body: dict[str, Any], fields: list[str]
) -> None:
    async def journey() -> None:
        async with against(parameters=parameters) as (w, drs):
            status, problem = await w.post(body)
            assert (status, [e["field"] for e in problem["errors"]]) == (422, fields)
            await w.enqueue(body | {"request_id": "q-1"})
            await w.rest()
            (event,) = w.events("invalid")
            assert [e["field"] for e in event["data"]["errors"]] == fields
            assert drs.calls == []
            assert w.cloud.peek("RequestsDeadLetters") == []

    travel(journey())


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ({"AllowedLevels": "contents", "AllowedJobs": f"another,{JOB}"}, CONTENTS),
        ({"AllowCancel": "true"}, CANCEL_CONTENTS),
        ({"AllowedJobs": ""}, QUICK_CONTENTS),
    ],
)
def test_what_is_allowed_comes_in_through_both_doors(parameters: Mapping[str, str], body: dict[str, Any]) -> None:
    async def journey() -> None:
        async with against(parameters=parameters) as (w, _):
            assert (await w.post(body))[0] == 202
            await w.finished()
            await w.enqueue(body | {"request_id": "q-1"})
            assert {e["data"]["verdict"] for e in await w.finished(2)} == {"consistent"}

    travel(journey())


def test_cancel_is_off_unless_somebody_turns_it_on(tmp_path: Path) -> None:
    template = read_yaml(TEMPLATE)
    assert template["Parameters"]["AllowCancel"]["Default"] == "false"
    # Without the variable, as after an upgrade that forgot it, it is off too.
    for resource in ("WebhookFunction", "CreateFunction"):
        del template["Resources"][resource]["Properties"]["Environment"]["Variables"]["ALLOW_CANCEL"]
    changed = changed_template(template, tmp_path)

    async def journey() -> None:
        async with against(template=changed) as (w, _):
            assert (await w.post(CANCEL))[0] == 422

    travel(journey())
