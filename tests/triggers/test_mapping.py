"""JMESPath mappings: what they make of a payload, and what they say where they can't."""

import json
from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.messages import Invalid
from functions.pipeline.triggers.configuration import Mapping
from functions.pipeline.triggers.delivery import NotForUs
from functions.pipeline.triggers.mapping import mapped
from tests.triggers.sources import MAPPING, OBJECTS

PAYLOAD: dict[str, Any] = {
    "alarm": {
        "id": 7,
        "name": "lag",
        "status": "ended",
        "dimensions": [{"name": "job", "value": "job-1"}, {"name": "x", "value": "y"}],
    }
}
EXPRESSIONS = (
    "alarm",
    "alarm.id",
    "length(@)",
    "sort_by(@, &a)",
    "to_number(a)",
    "contains(a, b)",
    "a[?b > `1`]",
    "&a",
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


def test_texts_are_expressions_and_other_values_stand_for_themselves() -> None:
    found = mapped(Mapping.model_validate(MAPPING), PAYLOAD)
    assert found.request == {
        "job_id": "job-1",
        "object_level_compare_type": "objects",
        "deadline_seconds": 3600,
        "labels": {"alarm": "lag"},
    }
    assert found.own_id == "7"


def test_one_expression_may_find_the_whole_request() -> None:
    assert mapped(Mapping(request="detail.ask"), {"detail": {"ask": OBJECTS}}).request == OBJECTS


def test_lists_of_a_request_are_filled_entry_by_entry() -> None:
    info = {"compare_object_infos": [{"db_name": "db", "table_name": ["a", "'fixed'"]}]}
    found = mapped(Mapping(request={"data_level_compare_info": info}), {"db": "shop", "a": "orders"})
    assert found.request["data_level_compare_info"]["compare_object_infos"] == [
        {"db_name": "shop", "table_name": ["orders", "fixed"]}
    ]


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("alarm.status == 'ended'", True),
        ("alarm.id", True),
        ("`0`", True),
        ("alarm.missing", False),
        ("alarm.status == 'began'", False),
        ("`[]`", False),
        ("`{}`", False),
        ("''", False),
    ],
)
def test_when_holds_as_jmespath_has_truth(when: str, holds: bool) -> None:
    # The library's own truth, by its `&&`, is the oracle.
    assert (jmespath.search(f"({when}) && 'yes'", PAYLOAD) == "yes") is holds
    mapping = Mapping(request="{job_id: 'j'}", when=when)
    if holds:
        assert mapped(mapping, PAYLOAD).request == {"job_id": "j"}
    else:
        with pytest.raises(NotForUs, match="`when`"):
            mapped(mapping, PAYLOAD)


@pytest.mark.parametrize(
    ("mapping", "field", "said"),
    [
        ({"request": "alarm.id"}, "", "finds a int"),
        ({"request": "nothing"}, "", "finds nothing"),
        ({"request": {"job_id": "length(nothing)"}}, "job_id", "fails on this payload"),
        ({"request": {"labels": {"a": "sum(alarm)"}}}, "labels.a", "fails on this payload"),
        ({"request": {"job_id": "to_number('1e999')"}}, "job_id", "not JSON compliant"),
        ({"request": {"job_id": "&a"}}, "job_id", "fails on this payload"),
        ({"request": {"job_id": "contains('a', `1`)"}}, "job_id", "fails on this payload"),
        ({"request": {}, "id": "nothing"}, "id", "mapped from nothing"),
        ({"request": {}, "id": "alarm.dimensions"}, "id", "a text or a whole number"),
        ({"request": {}, "when": "length(nothing)"}, "when", "fails on this payload"),
    ],
)
def test_what_fails_on_a_payload_is_told_by_its_field(mapping: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        mapped(Mapping.model_validate(mapping), PAYLOAD)
    (error,) = caught.value.errors
    assert error.field == field
    assert said in error.message


@pytest.mark.parametrize(
    ("mapping", "place"),
    [
        ({"request": "a..b"}, "mapping.request"),
        ({"request": {"labels": {"x": ["["]}}}, "mapping.request.labels.x.0"),
        ({"request": {"job_id": "nofunction("}}, "mapping.request.job_id"),
        ({"request": {}, "when": "=="}, "mapping.when"),
        ({"request": {}, "id": "'"}, "mapping.id"),
    ],
)
def test_an_expression_that_is_none_is_our_mistake_whatever_comes(mapping: dict[str, Any], place: str) -> None:
    with pytest.raises(BadSecret, match=place):
        mapped(Mapping.model_validate(mapping), {})


@given(st.sampled_from(EXPRESSIONS), st.dictionaries(st.sampled_from("ab"), values))
def test_no_payload_makes_an_expression_raise_anything_else(expression: str, payload: dict[str, Any]) -> None:
    mapping = Mapping(request={"job_id": expression}, id=expression, when="@ || `true`")
    try:
        found = mapped(mapping, payload)
    except (Invalid, NotForUs):
        return
    assert json.loads(json.dumps(found.request, allow_nan=False)) == found.request
