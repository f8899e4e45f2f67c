"""The events: CloudEvents, small enough, complete in what must not be lost, and honest in their sentence."""

import json
from typing import Any

import jsonschema
import pytest
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.pipeline import events
from functions.pipeline.comparison import Comparison, Outcome, TableLine, Task, TypeCount
from functions.pipeline.messages import FieldError, Request
from functions.pipeline.summary import summary
from functions.pipeline.verdict import RANK

#: The attributes of CloudEvents 1.0 with their types, as its JSON schema has them.
CLOUD_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "specversion": {"const": "1.0"},
        "type": {"type": "string", "minLength": 1},
        "datacontenttype": {"type": ["string", "null"], "minLength": 1},
        "dataschema": {"type": ["string", "null"], "format": "uri", "minLength": 1},
        "subject": {"type": ["string", "null"], "minLength": 1},
        "time": {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
        "data": {"type": ["object", "string", "number", "array", "boolean", "null"]},
        "data_base64": {"type": ["string", "null"]},
    },
    "patternProperties": {"^[a-z0-9]+$": {}},
}

any_text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
results = st.sampled_from(["consistent", "inconsistent", "incomplete"])
type_counts = st.builds(
    TypeCount,
    type=any_text,
    source_count=st.integers(0, 10**12),
    target_count=st.integers(0, 10**12),
    result=results,
    only_in_source=st.lists(any_text, max_size=4).map(tuple),
)
table_lines = st.builds(
    TableLine, source_db=any_text, source_table=any_text, result=results, message=st.none() | any_text
)
outcomes = st.builds(
    Outcome,
    level=st.sampled_from(["objects", "lines"]),
    verdict=st.sampled_from(RANK),
    at=st.just(5.0),
    error_code=st.none() | any_text,
    error_msg=st.none() | any_text,
    types=st.lists(type_counts, max_size=3).map(tuple),
    tables=st.lists(table_lines, max_size=3).map(tuple),
    inconsistent=st.integers(0, 9),
)


def comparison(*found: Outcome, labels: dict[str, str] | None = None) -> Comparison:
    request = Request.model_validate(
        {
            "job_id": "j",
            "object_level_compare_type": "objects",
            "data_level_compare_info": {
                "conflict_policy": "keep",
                "compare_type": "lines",
                "compare_mode": "quick_comparison",
            },
            "labels": labels,
            "audience": "gate",
            "request_id": "r-1",
        }
    )
    return Comparison(
        comparison_id="cmp_" + "0" * 32,
        project_id="1" * 32,
        request=request,
        accepted_at=1.0,
        deadline_at=99.0,
        tasks=tuple(Task(level=o.level, task_id="t", origin="created", began_at=1) for o in found),
        outcomes=found,
    )


@given(st.lists(outcomes, min_size=1, max_size=2, unique_by=lambda o: o.level), st.dictionaries(any_text, any_text))
@settings(max_examples=60)
def test_every_event_is_a_cloud_event_that_a_queue_takes(found: list[Outcome], labels: dict[str, str]) -> None:
    labels = {k[:64]: v for k, v in list(labels.items())[:20] if k}
    asked = comparison(*found, labels=labels)
    verdict, finished = events.finished(asked, 7.0, steps=3)
    refused = events.invalid(
        request_id="r", body={}, errors=[FieldError(field="a", message="b")], message_id="m", now=7
    )
    for text in (finished, events.started(asked, 6.0), refused):
        event = json.loads(text)
        jsonschema.validate(event, CLOUD_EVENT)
        read = JSONFormat().read(None, text.encode())
        assert (read.get_id(), read.get_type(), read.get_data()) == (event["id"], event["type"], event["data"])
        assert not {"\ufffe", "\uffff"} & set(text)
        assert len(text.encode()) <= events.MAX_BYTES
    assert json.loads(finished)["data"]["labels"] == labels
    assert events.attributes(finished) == {
        "type": events.FINISHED,
        "verdict": verdict,
        "job_id": "j",
        "project_id": "1" * 32,
        "audience": "gate",
    }


def test_a_huge_result_is_cut_equal_entries_first_and_totals_never() -> None:
    lines = [TableLine(source_db="d" * 200, source_table="t" * 200 + str(n), result="consistent") for n in range(90)]
    bad = TableLine(source_db="shop", source_table="orders", result="inconsistent", message="é" * 300)
    outcome = Outcome(
        level="lines", verdict="inconsistent", at=5, tables=(bad, *lines, *lines), compared=181, inconsistent=1
    )
    event = json.loads(events.finished(comparison(outcome), 7.0, steps=1)[1])
    data = event["data"]["data"]
    assert [t["source_table"] for t in data["tables"]] == ["orders"]
    assert (data["tables_omitted"], data["totals"]["compared"]) == (180, 181)
    assert "truncated" in event["data"]["caveats"]


def test_even_names_without_end_fit() -> None:
    types = tuple(
        TypeCount(
            type=f"T{n}",
            source_count=1,
            target_count=2,
            result="inconsistent",
            only_in_source=("\x01" * 300,) * 50,
            only_in_target=("名" * 300,) * 50,
        )
        for n in range(60)
    )
    outcome = Outcome(level="objects", verdict="inconsistent", at=5, types=types, inconsistent=60)
    labels = {"\x02" * 63 + chr(65 + n): "\x03" * 256 for n in range(20)}
    text = events.finished(comparison(outcome, labels=labels), 7.0, steps=1)[1]
    assert len(text.encode()) <= events.MAX_BYTES
    kinds = json.loads(text)["data"]["objects"]["types"]
    assert all(k["omitted"] + len(k["only_in_source"]) + len(k["only_in_target"]) == 100 for k in kinds)


def told(**facts: Any) -> str:
    outcome = Outcome.model_validate({"level": "objects", "at": 5} | facts)
    return str(json.loads(events.finished(comparison(outcome), 7.0, steps=1)[1])["data"]["summary"])


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"verdict": "consistent", "compared": 4}, "objects consistent (4 object types)"),
        ({"verdict": "incomplete"}, "there was nothing to compare"),
        ({"verdict": "rejected", "error_code": "DRS.M00304"}, "was refused by DRS: DRS.M00304"),
        ({"verdict": "timed_out"}, "timed out at DRS"),
    ],
)
def test_the_sentence_says_what_was_found(facts: dict[str, Any], words: str) -> None:
    assert words in told(**facts)


def test_the_sentence_says_what_was_not_compared() -> None:
    assert told(verdict="consistent", compared=1).endswith("values not compared")


@pytest.mark.parametrize(
    ("asked", "left_out", "words"),
    [
        (
            {"compare_object_infos": [{"db_name": "a"}]},
            "objects, values and all other databases not compared",
            ["databases"],
        ),
        (
            {"compare_object_infos": [{"db_name": "a"}, {"db_name": "b", "table_name": ["t"]}]},
            "objects, values and all other tables not compared",
            ["tables"],
        ),
        (
            {"compare_object_infos_with_token": [{"db_name": "a", "table_name_with_token": [{"table_name": "t"}]}]},
            "objects, values and all other tables not compared",
            ["tables"],
        ),
        ({"compare_mode": "quick_comparison"}, "objects and values not compared", []),
    ],
)
def test_a_request_that_names_what_it_wants_is_told_to_leave_out_the_rest(
    asked: dict[str, Any], left_out: str, words: list[str]
) -> None:
    info = {"conflict_policy": "keep", "compare_type": "lines"} | asked
    request = Request.model_validate({"job_id": "j", "data_level_compare_info": info})
    found = comparison(Outcome(level="lines", verdict="consistent", at=5, compared=2))
    found = found.model_copy(update={"request": request})
    assert summary(found) == f"row counts consistent (2 tables); {left_out}"
    assert json.loads(events.finished(found, 7.0, steps=1)[1])["data"]["left_out"] == words


def test_each_level_that_ended_without_a_result_has_its_own_reason() -> None:
    rejected = Outcome(level="objects", verdict="rejected", at=5, error_code="DRS.M00304", error_msg="Not supported.")
    failed = Outcome(level="lines", verdict="failed", at=5, error_msg="x" * 500)
    silent = Outcome(level="lines", verdict="expired", at=5)
    incomplete = Outcome(level="lines", verdict="incomplete", at=5, error_msg="some tables have no key")
    for other, reasons in ((failed, {"lines": "x" * 300}), (silent, {}), (incomplete, {})):
        data = json.loads(events.finished(comparison(other, rejected), 7.0, steps=1)[1])["data"]
        assert data["reasons"] == {"objects": "DRS.M00304 Not supported."} | reasons


def test_an_event_names_both_levels_and_their_tasks() -> None:
    found = (
        Outcome(level="objects", verdict="consistent", at=5, status="SUCCESSFUL"),
        Outcome(level="lines", verdict="failed", at=5, status="FAILED", error_msg="disk full"),
    )
    verdict, text = events.finished(comparison(*found), 7.0, steps=4)
    data = json.loads(text)["data"]
    assert verdict == data["verdict"] == "failed"
    assert data["levels"] == {"objects": "consistent", "lines": "failed", "contents": "not_requested"}
    assert data["error_msg"] == "disk full"
    assert [t["level"] for t in data["drs_tasks"]] == ["objects", "lines"]
    assert data["steps"] == 4
