"""A comparison of values that was interrupted goes on where it was, or begins anew where it has to."""

from dataclasses import replace

import pytest

from functions.comparer.core.engine import Stop, Stopped
from functions.comparer.core.results import (
    DataResult,
    TableContents,
)
from tests.comparer.compared_contents import CONSISTENT, FAILED, INCONSISTENT, Diary, compare, endpoint, tables_of
from tests.comparer.memory_engine import (
    MemoryEndpoint,
    MemoryTable,
    nothing,
    numbered,
    shape,
)


def interrupted(source: MemoryEndpoint, target: MemoryEndpoint, after: int) -> Diary:
    """What a run has recorded that was stopped after so many chunks of a joint."""
    stop, recorder, chunks = Stop(), Diary(), 0

    def happens(what: str, _: str) -> None:
        nonlocal chunks
        chunks += what == "chunk"
        if chunks > after:
            stop.ask()
            stop.check()

    source.happens = happens
    with pytest.raises(Stopped):
        compare(source, target, recorder, stop=stop)
    source.happens = nothing
    return recorder


def partners(rows: int = 10) -> tuple[MemoryEndpoint, MemoryEndpoint]:
    """Two tables of which the second one differs in every row."""
    source = endpoint(nothing, 2, done=numbered(1), t=numbered(rows))
    return source, endpoint(done=numbered(1), t=numbered(rows, "w"))


def test_an_interrupted_comparison_goes_on_from_its_mark_and_keeps_what_it_has() -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    assert (recorder.found["t"].mark, recorder.found["t"].changed) == ("5", 6)
    happened: list[str] = []
    source.happens = lambda what, table: happened.append(f"{what} {table}")
    recorder.told.clear()
    table = tables_of(compare(source, target, recorder))["t"]
    assert [what for what in happened if what.startswith("chunks")] == ["chunks after 5 t"]
    assert recorder.told[:2] == ["planned", "compared t"]
    assert (table.result, table.source_rows, table.target_rows) == (INCONSISTENT, 10, 10)
    assert (table.changed, table.kept, table.rows_read, table.rows_total, table.mark) == (10, 10, 20, 20, None)
    assert [d.source_key for d in recorder.differences["shop", "t"]] == [(str(n),) for n in range(10)]


def test_a_table_that_was_being_compared_is_shown_as_far_as_it_was_before_it_goes_on() -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    compare(source, target, recorder)
    done, table = recorder.tables
    assert (done.result, done.source_rows) == (CONSISTENT, 1)
    assert (table.changed, table.rows_read, table.rows_total) == (6, 12, 20)


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_comparison_begins_anew_if_a_database_has_changed(side: str) -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    {"source": source, "target": target}[side].databases["shop"].version = "2"
    recorder.told.clear()
    table = tables_of(compare(source, target, recorder))["t"]
    begun = [told for told in recorder.told if told.startswith("begun")]
    assert begun == ["begun done", "begun t"]  # The table that was done too: nobody knows what was written.
    assert (table.changed, table.kept, len(recorder.differences["shop", "t"])) == (10, 10, 10)


@pytest.mark.parametrize(
    "change", [{"method": "paired"}, {"mark": None}, {"versions": ("", "")}, {"key": ("a",)}, {"plan": "another"}]
)
def test_a_comparison_begins_anew_if_its_mark_means_nothing_any_more(change: dict[str, object]) -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    recorder.found["t"] = replace(recorder.found["t"], **change)  # type: ignore[arg-type]
    if "versions" in change:
        for databases in (source.databases, target.databases):
            databases["shop"].version = ""
    recorder.told.clear()
    table = tables_of(compare(source, target, recorder))["t"]
    assert "begun t" in recorder.told
    assert (table.changed, table.kept, len(recorder.differences["shop", "t"])) == (10, 10, 10)


def test_a_table_that_is_altered_between_two_runs_is_compared_anew_although_its_server_is_the_same() -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    for end in (source, target):
        rows = [(*row, "new") for row in end.databases["shop"].tables["t"].rows]
        end.databases["shop"].tables["t"] = MemoryTable(shape("id", "a", "b"), rows)
    recorder.told.clear()
    table = tables_of(compare(source, target, recorder))["t"]
    assert "begun t" in recorder.told
    assert (table.source_rows, table.changed) == (10, 10)


@pytest.mark.parametrize("versions", [("1", "0"), ("0", "1"), ("", "")])
@pytest.mark.parametrize("result", [CONSISTENT, INCONSISTENT])
def test_a_table_that_was_compared_is_compared_again_unless_both_databases_are_what_they_were(
    result: DataResult, versions: tuple[str, str]
) -> None:
    recorder = Diary(found={"t": TableContents("t", result, None, 7, 7, rows_read=14, versions=versions)})
    source, target = endpoint(t=numbered(1)), endpoint(t=numbered(2))
    if versions == ("", ""):
        source.databases["shop"].version = target.databases["shop"].version = ""
    table = tables_of(compare(source, target, recorder))["t"]
    assert (table.result, table.source_rows, table.target_rows, table.extra) == (INCONSISTENT, 1, 2, 1)


def test_a_table_that_was_compared_is_taken_over_and_one_that_failed_is_tried_again() -> None:
    earlier = {
        "good": TableContents("good", CONSISTENT, None, 7, 7, rows_read=14, rows_total=14, versions=("1", "1")),
        "bad": TableContents("bad", FAILED, "the disk was full"),
    }
    source = endpoint(good=numbered(1), bad=numbered(1))
    recorder = Diary(found=earlier)
    found = tables_of(compare(source, endpoint(good=numbered(2), bad=numbered(2)), recorder))
    assert found["good"] == earlier["good"]
    assert (found["bad"].result, found["bad"].extra) == (INCONSISTENT, 1)
    assert "begun good" not in recorder.told
