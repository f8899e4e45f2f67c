"""The request: what is accepted, what is refused, and how it is told."""

import json
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.messages import (
    MAX_BODY_BYTES,
    Guards,
    Invalid,
    Request,
    canonical,
    comparison_id_of,
    fingerprint,
    parse_json_object,
    validate_request,
)

PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"
GUARDS = Guards(projects=(PROJECT,), cancel=True)
LINES: dict[str, object] = {
    "conflict_policy": "keep",
    "compare_type": "lines",
    "compare_object_infos": [{"db_name": "may_5", "table_name": ["table_name_0", "table_name_1"]}],
}
GOOD: dict[str, object] = {
    "job_id": "94800607-3cd8-4f7d-a340-63a10f8jb502",
    "object_level_compare_type": "objects",
    "data_level_compare_info": LINES,
}


def refusal(body: object, guards: Guards = GUARDS, request_id: str | None = "wh_1") -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        validate_request(parse_json_object(json.dumps(body).encode()), guards, now=1e9, request_id=request_id)
    return {e.field: e.message for e in refused.value.errors}


def accept(body: Mapping[str, object], guards: Guards = GUARDS, request_id: str | None = "wh_1") -> Request:
    return validate_request(parse_json_object(json.dumps(body).encode()), guards, now=1e9, request_id=request_id)


def test_the_seeds_example_is_a_request_with_two_levels() -> None:
    body = GOOD | {"data_level_compare_info": LINES | {"compare_mode": None, "start_time": None}}
    assert accept(body).levels == ("objects", "lines")


def test_the_only_configured_project_is_filled_in() -> None:
    assert accept(GOOD).project_id == PROJECT


def test_with_two_projects_the_project_has_to_be_named() -> None:
    two = Guards(projects=(PROJECT, "1" * 32))
    assert refusal(GOOD, two) == {"project_id": "required: this deployment has 2 projects configured"}


def test_a_project_that_is_not_configured_is_refused() -> None:
    assert list(refusal(GOOD | {"project_id": "2" * 32})) == ["project_id"]


@pytest.mark.parametrize("empty", [None, "", {}], ids=["null", "empty", "absent"])
def test_no_level_at_all_is_refused(empty: object) -> None:
    body = {"job_id": "j"} if empty == {} else {"job_id": "j", "object_level_compare_type": empty}
    assert "nothing to compare" in refusal(body)["object_level_compare_type"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"job_id": ""}, "job_id"),
        ({"job_id": "x" * 65}, "job_id"),
        ({"job_id": "with space"}, "job_id"),
        ({"object_level_compare_type": "tables"}, "object_level_compare_type"),
        ({"surprise": 1}, "surprise"),
        ({"deadline_seconds": 59}, "deadline_seconds"),
        ({"deadline_seconds": "600"}, "deadline_seconds"),
        ({"deadline_seconds": True}, "deadline_seconds"),
        ({"audience": "a b"}, "audience"),
        ({"labels": {"k" * 65: "v"}}, "labels.{}.[key]".format("k" * 65)),
        ({"labels": {"k": "v" * 257}}, "labels.k"),
        ({"labels": {str(n): "v" for n in range(21)}}, "labels"),
        ({"request_id": "mine"}, "request_id"),
        ({"data_level_compare_info": LINES | {"compare_type": "random"}}, "data_level_compare_info.compare_type"),
        ({"data_level_compare_info": LINES | {"conflict_policy": None}}, "data_level_compare_info.conflict_policy"),
        ({"data_level_compare_info": LINES | {"start_time": "soon"}}, "data_level_compare_info.start_time"),
        ({"data_level_compare_info": LINES | {"start_time": "9999999999999"}}, "data_level_compare_info.start_time"),
        ({"data_level_compare_info": LINES | {"what": 1}}, "data_level_compare_info.what"),
        (
            {"data_level_compare_info": LINES | {"compare_object_infos": None}},
            "data_level_compare_info.compare_object_infos",
        ),
        (
            {"data_level_compare_info": LINES | {"compare_object_infos_with_token": [{"db_name": "c"}]}},
            "data_level_compare_info.compare_object_infos_with_token",
        ),
        ({"data_level_compare_info": LINES | {"compare_type": "contents"}}, "data_level_compare_info.compare_type"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(change: dict[str, object], field: str) -> None:
    assert list(refusal(GOOD | change)) == [field]


def test_a_level_that_the_deployment_does_not_allow_is_refused() -> None:
    guards = Guards(projects=(PROJECT,), levels=("objects",))
    assert list(refusal(GOOD, guards)) == ["data_level_compare_info.compare_type"]


def test_a_job_that_the_deployment_does_not_allow_is_refused() -> None:
    assert list(refusal(GOOD, Guards(projects=(PROJECT,), jobs=("another",)))) == ["job_id"]


def test_cancelling_somebodys_task_has_to_be_allowed() -> None:
    body = GOOD | {"data_level_compare_info": LINES | {"conflict_policy": "cancel"}}
    assert accept(body).levels == ("objects", "lines")
    assert list(refusal(body, Guards(projects=(PROJECT,)))) == ["data_level_compare_info.conflict_policy"]


def test_a_queue_message_has_to_bring_its_id() -> None:
    assert list(refusal(GOOD, request_id=None)) == ["request_id"]


def test_null_empty_and_absent_are_one_request() -> None:
    assert fingerprint(accept(GOOD)) == fingerprint(
        accept(GOOD | {"audience": None, "data_level_compare_info": LINES | {"compare_mode": "", "start_time": None}})
    )


def test_the_id_is_no_part_of_the_fingerprint_but_everything_else_is() -> None:
    assert fingerprint(accept(GOOD)) == fingerprint(accept(GOOD, request_id="wh_2"))
    assert fingerprint(accept(GOOD)) != fingerprint(accept(GOOD | {"deadline_seconds": 600}))


def test_a_stored_request_reads_back_the_same() -> None:
    request = accept(GOOD | {"labels": {"wave": "3", "名": "值"}})
    assert Request.model_validate_json(canonical(request)) == request


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=128))
def test_a_comparison_id_is_stable_and_well_formed(request_id: str) -> None:
    assert comparison_id_of(request_id) == comparison_id_of(request_id)
    assert len(comparison_id_of(request_id)) == 36


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b'{"job_id": "x"',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"\xff\xfe{}",
        b'{"a": "\xc3\x28"}',
        b'{"a": "\\ud800"}',
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5_000 + b"}",
        b"{" + b" " * MAX_BODY_BYTES + b"}",
        "{}".encode("utf-16"),
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_a_body_that_is_not_one_json_object_is_refused_and_never_crashes(raw: bytes) -> None:
    with pytest.raises(Invalid):
        parse_json_object(raw)


@given(st.binary(max_size=400))
def test_any_bytes_are_an_object_or_are_refused(raw: bytes) -> None:
    with suppress(Invalid):
        assert isinstance(parse_json_object(raw), dict)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("job_id", "object_level_compare_type", "data_level_compare_info", "labels", "start_time", "deadline_seconds")


@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6))
def test_any_json_object_is_a_request_or_is_refused_with_a_field(body: dict[str, object]) -> None:
    with suppress(Invalid):
        assert validate_request(body, GUARDS, now=1e9, request_id="wh_1").levels


@given(json_values)
def test_any_data_level_part_is_read_or_refused(value: object) -> None:
    body = GOOD | {"data_level_compare_info": LINES | {"start_time": value, "compare_object_infos": value}}
    with suppress(Invalid):
        assert validate_request(body, GUARDS, now=1e9, request_id="wh_1").levels
