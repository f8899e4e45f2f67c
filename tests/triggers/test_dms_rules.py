"""Which events of DMS ask for which comparison."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.messages import Invalid
from functions.pipeline.triggers.delivery import NotForUs
from functions.pipeline.triggers.dms import read_event, rules, translated
from tests.triggers.sources import CONFIGURED, OBJECTS, event_file

TASK = "arn:aws:dms:us-east-1:123456789012:task:SHOP3FVZGCVJNHBKCL7QXEKSMHBFNPXQ"
ANY = {"task": "*", "request": OBJECTS}
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["eventType", "detailMessage"]), inner),
    max_leaves=6,
)


def known(*entries: dict[str, Any]) -> Any:
    return rules(json.dumps({"dms": list(entries)}))


def told(name: str = "dms", **detail: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(event_file(name)["Records"][0]["body"])
    return event | {"detail": event["detail"] | detail}


@pytest.mark.parametrize("name", ["dms", "dms.serverless"])
def test_a_task_that_stopped_asks_for_what_its_rule_says_under_the_events_id(name: str) -> None:
    message = translated(told(name), rules(json.dumps(CONFIGURED)))
    assert message == OBJECTS | {"request_id": f"dms:{told(name)['id']}"}


def test_the_first_rule_that_fits_counts() -> None:
    first, second = OBJECTS | {"audience": "first"}, OBJECTS | {"audience": "second"}
    ordered = known({"task": "other*", "request": OBJECTS}, {"task": TASK, "request": first}, ANY | {"request": second})
    assert translated(told(), ordered)["audience"] == "first"
    assert translated(told("dms.serverless"), ordered)["audience"] == "second"


@pytest.mark.parametrize(
    "rule",
    [
        {"task": TASK.lower()},
        {"task": TASK[:-1]},
        {"events": ["REPLICATION_TASK_FAILED"]},
        {"events": ["*FAILED", "*STARTED"]},
        {"message": "*ERROR*"},
    ],
)
def test_what_no_rule_fits_is_left_alone_by_name(rule: dict[str, Any]) -> None:
    with pytest.raises(NotForUs, match="REPLICATION_TASK_STOPPED of this task"):
        translated(told(), known(ANY | rule))
    with pytest.raises(NotForUs):
        translated(told(), rules("{}"))


def test_a_full_load_that_ended_is_told_from_a_stop_by_its_message() -> None:
    rule = known(ANY | {"message": "*FULL_LOAD_ONLY_FINISHED*"})
    assert translated(told(), rule)["job_id"] == OBJECTS["job_id"]
    with pytest.raises(NotForUs):
        translated(told(detailMessage="Stop Reason FATAL_ERROR"), rule)


@pytest.mark.parametrize("event_id", [None, "", 7, "a b", "x" * 101])
def test_an_event_without_an_id_is_no_event(event_id: object) -> None:
    with pytest.raises(Invalid, match="id: required"):
        read_event(json.dumps(told() | {"id": event_id}))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ([{"task": "*"}], "0.request: required"),
        ([ANY, {"request": {}}], "1.task: required"),
        ([ANY | {"tasks": "*"}], "0.tasks: unknown field"),
        ([ANY | {"events": []}], "0.events"),
        ({"task": "*"}, "valid tuple"),
        ("*", "valid tuple"),
    ],
)
def test_wrong_rules_are_told_by_number_and_field(entry: object, said: str) -> None:
    with pytest.raises(BadSecret, match=f"entry dms of the triggers secret: .*{said}"):
        rules(json.dumps({"dms": entry}))


@given(values, values)
def test_no_event_raises_anything_else(resources: Any, detail: Any) -> None:
    event = read_event(json.dumps({"id": "e-1", "resources": resources, "detail": detail}))
    try:
        message = translated(event, known(ANY))
    except NotForUs:
        return
    assert message["request_id"] == "dms:e-1"
