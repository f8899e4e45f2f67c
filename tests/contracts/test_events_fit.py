"""The schemas of the events accept exactly what the functions write."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.pipeline import events
from functions.pipeline.comparison import Comparison, DatabaseLine, Outcome, RowLine, TableLine, Task, TypeCount
from functions.pipeline.delivery import Delivery
from functions.pipeline.delivery_failed import delivery_failed
from functions.pipeline.finished_event import read_finished
from functions.pipeline.messages import FieldError, Request
from functions.pipeline.verdict import RANK
from tests.contracts.fitting import complaints, fits, schema

text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
count = st.integers(0, 10**12)
moment = st.floats(1e9, 4e9)
results = st.sampled_from(["consistent", "inconsistent", "incomplete"])
names = st.lists(text, max_size=3).map(tuple)
rows = st.builds(
    RowLine,
    source_key=st.lists(st.none() | text, max_size=2).map(tuple),
    target_key=st.lists(st.none() | text, max_size=2).map(tuple),
    source_sql=st.none() | text,
    target_sql=st.none() | text,
)
types = st.builds(
    TypeCount, type=text, source_count=count, target_count=count, result=results, only_in_source=names, omitted=count
)
tables = st.builds(
    TableLine,
    source_db=text,
    source_table=text,
    target_db=text,
    target_table=text,
    source_rows=st.none() | count,
    target_rows=st.none() | count,
    difference_rows=st.none() | count,
    result=results,
    message=st.none() | text,
    rows=st.lists(rows, max_size=2).map(tuple),
    rows_omitted=count,
)
databases = st.builds(DatabaseLine, source_db=text, target_db=text, tables=count, result=results)
outcomes = st.builds(
    Outcome,
    level=st.sampled_from(["objects", "lines", "contents"]),
    verdict=st.sampled_from(RANK),
    at=moment,
    status=st.sampled_from(["", "SUCCESSFUL"]),
    error_code=st.none() | text,
    error_msg=st.none() | text,
    retryable=st.booleans(),
    caveats=names,
    types=st.lists(types, max_size=2).map(tuple),
    databases=st.lists(databases, max_size=2).map(tuple),
    tables=st.lists(tables, max_size=2).map(tuple),
    tables_omitted=count,
    compared=count,
)
tasks = st.builds(
    Task,
    level=st.sampled_from(["objects", "lines", "contents"]),
    task_id=text,
    origin=st.sampled_from(["created", "adopted"]),
    began_at=moment,
    status=st.sampled_from(["", "RUNNING"]),
)
INFO = {"conflict_policy": "keep", "compare_type": "lines", "compare_mode": "quick_comparison"}


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    level_of = st.lists(outcomes, min_size=1, max_size=2, unique_by=lambda outcome: outcome.level)
    return Comparison(
        comparison_id="cmp_" + "0" * 32,
        project_id="1" * 32,
        request=Request.model_validate(
            {
                "job_id": "j",
                "object_level_compare_type": "objects",
                "data_level_compare_info": INFO,
                "audience": draw(st.sampled_from([None, "gate"])),
                "labels": draw(st.none() | st.dictionaries(text.filter(bool), text, max_size=3)),
                "request_id": "r-1",
            }
        ),
        accepted_at=draw(moment),
        deadline_at=draw(moment),
        created_at=draw(st.none() | moment),
        tasks=tuple(draw(st.lists(tasks, max_size=2, unique_by=lambda task: task.level))),
        outcomes=tuple(draw(level_of)),
        polls=draw(st.integers(0, 99)),
    )


def written(comparison: Comparison) -> dict[str, str]:
    """Every event that can come of a comparison, by type."""
    _, finished = events.finished(comparison, 3e9, steps=3, caveats=["still_running"])
    delivery = Delivery(destination="ops", first_at=1e9, at=1e9, event={})
    body, wrong = {"job_id": "j", "audience": "a b", "project_id": "2" * 32}, FieldError(field="a", message="b")
    return {
        events.STARTED: events.started(comparison, 3e9),
        events.FINISHED: finished,
        events.INVALID: events.invalid(request_id="r", body=body, errors=[wrong], message_id="m", now=3e9),
        "parity.delivery.failed.v1": delivery_failed(delivery, "slack", "gone", read_finished(finished), 3e9),
    }


@given(comparisons())
@settings(max_examples=200)
def test_every_event_that_the_functions_write_fits_and_holds_nothing_more(comparison: Comparison) -> None:
    for kind, event in written(comparison).items():
        assert complaints(json.loads(event), kind) == []


def test_an_event_that_had_to_be_cut_fits() -> None:
    lines = tuple(
        TableLine(source_db="d" * 200, source_table=f"{n}" * 100, result="inconsistent", rows=(RowLine(),) * 9)
        for n in range(400)
    )
    found = Outcome(level="lines", verdict="inconsistent", at=1e9, tables=lines)
    request = Request.model_validate({"job_id": "j", "data_level_compare_info": INFO, "request_id": "r"})
    comparison = Comparison(
        comparison_id="cmp_" + "0" * 32,
        project_id="1" * 32,
        request=request,
        accepted_at=1e9,
        deadline_at=2e9,
        outcomes=(found,),
    )
    event = json.loads(events.finished(comparison, 2e9, steps=1)[1])
    assert "truncated" in event["data"]["caveats"]
    assert complaints(event, events.FINISHED) == []


FULL = Comparison(
    comparison_id="cmp_" + "0" * 32,
    project_id="1" * 32,
    request=Request.model_validate(
        {
            "job_id": "j",
            "object_level_compare_type": "objects",
            "data_level_compare_info": INFO,
            "audience": "gate",
            "labels": {"wave": "3"},
            "request_id": "r-1",
        }
    ),
    accepted_at=1e9,
    deadline_at=2e9,
    created_at=1e9,
    tasks=(Task(level="objects", task_id="t", origin="adopted", began_at=1),),
    outcomes=(
        Outcome(level="objects", verdict="failed", at=1e9, types=(TypeCount(
            type="TABLE", source_count=1, target_count=2, result="inconsistent", only_in_target=("a",)
        ),)),
        Outcome(level="lines", verdict="rejected", at=1e9, error_code="c", error_msg="m", caveats=("adopted",), tables=(
            TableLine(source_db="d", source_table="t", result="incomplete", message="m", rows=(RowLine(),)),
        ), databases=(DatabaseLine(source_db="d", result="incomplete"),)),
    ),
)  # fmt: skip
WRITTEN = {kind: json.loads(event) for kind, event in written(FULL).items()}


def places(node: Any, described: dict[str, Any], root: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """The path of every value that the schema describes, and whether it has to be there."""
    while "$ref" in described:
        described = root["$defs"][described["$ref"].removeprefix("#/$defs/")]
    if isinstance(node, dict):
        for name, inner in described.get("properties", {}).items():
            if name in node:
                yield (name,), name in described["required"]
                yield from (((name, *path), must) for path, must in places(node[name], inner, root))
    if isinstance(node, list) and node and "items" in described:
        yield from (((0, *path), must) for path, must in places(node[0], described["items"], root))


def changed(event: Any, path: tuple[Any, ...], value: Any = None) -> Any:
    """The event with another value at a path, or without what is there."""
    event = copy.deepcopy(event)
    holder = event
    for step in path[:-1]:
        holder = holder[step]
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return event


@pytest.mark.parametrize("kind", WRITTEN)
def test_an_event_without_what_is_promised_or_with_another_type_does_not_fit(kind: str) -> None:
    event, described = WRITTEN[kind], schema(kind)
    assert fits(event, kind)
    found = list(places(event, described, described))
    assert len(found) >= 15
    for path, must in found:
        assert fits(changed(event, path), kind) is not must, path
        assert not fits(changed(event, path, value=[[object]]), kind), path


@pytest.mark.parametrize("kind", WRITTEN)
def test_an_event_of_a_next_release_with_more_in_it_fits(kind: str) -> None:
    event = changed(WRITTEN[kind], ("data", "something_new"), value={"a": 1})
    assert fits(event, kind)
    assert complaints(event, kind) != []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("data", "verdict"), "fine"),
        (("data", "levels", "objects"), "unknown"),
        (("data", "comparison_id"), "cmp_1"),
        (("data", "finished_at"), "2030-03-17 17:46:40"),
        (("data", "polls"), -1),
        (("data", "drs_tasks", 0, "origin"), "found"),
        (("type",), "parity.comparison.finished.v2"),
        (("specversion",), "0.3"),
    ],
)
def test_a_value_outside_of_what_is_written_does_not_fit(path: tuple[Any, ...], value: Any) -> None:
    assert not fits(changed(WRITTEN[events.FINISHED], path, value=value), events.FINISHED)
