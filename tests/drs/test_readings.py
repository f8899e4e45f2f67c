"""Results as DRS writes them, in words, numbers and booleans, and the three that we know."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.pipeline import drs_models as wire
from functions.pipeline.drs_tally import Tally
from functions.pipeline.readings import (
    DatabaseResult,
    counts_of_overview,
    data_result,
    database_of_overview,
    is_terminal,
    object_result,
    table_of_content_detail,
    word_result,
    worst,
)

DB = DatabaseResult("s", "t", "consistent")


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("CONSISTENT", "consistent"),
        ("INCONSISTENT", "inconsistent"),
        ("TARGET_DB_NOT_EXIT", "inconsistent"),
        ("TARGET_DB_NOT_EXIST", "inconsistent"),
        ("COMPARING", "incomplete"),
        ("WAITING_FOR_COMPARISON", "incomplete"),
        ("FAILED_TO_COMPARE", "incomplete"),
        ("CAN_NOT_COMPARE", "incomplete"),
        (None, "incomplete"),
    ],
)
def test_a_word_has_one_meaning(word: str | None, result: str) -> None:
    assert word_result(word) == result


@given(st.text())
def test_only_one_word_means_consistent(word: str) -> None:
    assert (word_result(word) == "consistent") == (word == "CONSISTENT")


@given(st.integers() | st.none())
def test_only_one_number_means_consistent(number: int | None) -> None:
    assert (object_result(number) == "consistent") == (number == 2)
    assert (data_result(number)[0] == "consistent") == (number == 2)


def test_three_is_unfinished_for_objects_and_missing_for_data() -> None:
    assert object_result(3) == "incomplete"
    assert data_result(3) == ("inconsistent", "the target database or table does not exist")


def test_what_only_one_side_has_differs_and_what_neither_has_is_incomplete() -> None:
    assert {number for number in range(-5, 40) if data_result(number)[0] == "inconsistent"} == {
        0,
        3,
        8,
        9,
        11,
        12,
        21,
        22,
    }
    assert {data_result(number)[0] for number in (10, 13, 20)} == {"incomplete"}


@given(st.text() | st.none())
def test_an_unknown_status_is_not_final(status: str | None) -> None:
    assert is_terminal(status) == (status in {"SUCCESSFUL", "FAILED", "CANCELLED", "TIMEOUT_INTERRUPT"})


def test_a_difference_outranks_doubt_and_nothing_is_doubt() -> None:
    assert worst(["consistent", "incomplete", "inconsistent"]) == "inconsistent"
    assert worst(["consistent", "incomplete"]) == "incomplete"
    assert worst(["consistent"]) == "consistent"
    assert worst([]) == "incomplete"


@pytest.mark.parametrize(
    "item",
    [
        {"type": "DB", "status": 2, "source_count": 2, "target_count": 1},
        {"type": "DB", "status": 2, "source_count": 2},
        {"type": "DB", "status": 2, "target_count": 2},
        {"type": "DB", "status": 2},
        {"type": "DB", "status": 3, "source_count": 2, "target_count": 2},
        {"type": "DB", "source_count": 2, "target_count": 2},
        {"type": "DB", "status": "two", "source_count": 2, "target_count": 2},
        {"status": 2, "source_count": 2, "target_count": 2},
    ],
)
def test_a_count_that_does_not_bear_out_its_status_is_incomplete(item: dict[str, Any]) -> None:
    overview = wire.ObjectOverview.model_validate({"compare_result": [item]})
    assert [count.result for count in counts_of_overview(overview)] == ["incomplete"]


def line(**fields: Any) -> dict[str, Any]:
    return {"source_table_name": "t", "source_row_num": 1, "target_row_num": 1, "diff_row_num": 0, **fields}


def lines(details: list[dict[str, Any]], **counts: Any) -> wire.LineResults:
    names = {"source_db_name": "s", "target_db_name": "t"}
    return wire.LineResults.model_validate(
        {
            "line_compare_overview": [{**names, "line_compare_result": "CONSISTENT"}],
            "line_compare_overview_count": counts.get("databases", 1),
            "line_compare_details": [
                {
                    "source_db_name": "s",
                    "line_compare_detail": details,
                    "line_compare_detail_count": counts.get("tables"),
                }
            ],
        }
    )


def overall(*pages: wire.LineResults | wire.ContentResults) -> str:
    tally = Tally()
    for page in pages:
        tally.add(page)
    databases, tables = tally.results()
    return worst([part.result for part in databases] + [part.result for part in tables])


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (line(line_compare_result="CONSISTENT"), "consistent"),
        (line(line_compare_result="CONSISTENT", diff_row_num=1), "incomplete"),
        (line(line_compare_result="CONSISTENT", target_row_num="2"), "incomplete"),
        (line(line_compare_result="COMPARING"), "incomplete"),
        (line(), "incomplete"),
        (line(line_compare_result="INCONSISTENT"), "inconsistent"),
    ],
)
def test_a_table_counts_as_consistent_only_if_its_rows_agree(detail: dict[str, Any], expected: str) -> None:
    assert overall(lines([detail])) == expected


def test_tables_that_are_counted_and_not_shown_make_their_database_incomplete() -> None:
    shown = line(line_compare_result="CONSISTENT")
    assert overall(lines([shown], tables=1)) == "consistent"
    assert overall(lines([shown], tables=2)) == "incomplete"
    assert overall(lines([shown], tables=2), lines([{**shown, "source_table_name": "u"}], tables=2)) == "consistent"


def test_databases_that_are_counted_and_not_shown_make_it_incomplete() -> None:
    assert overall(lines([line(line_compare_result="CONSISTENT")], databases=2)) == "incomplete"


def test_a_repeated_page_adds_nothing() -> None:
    tally, page = Tally(), lines([line(line_compare_result="CONSISTENT")])
    assert tally.add(page)
    assert not tally.add(page)


def twice_mapped(first: dict[str, Any], second: dict[str, Any], *, counted: int = 1) -> wire.LineResults:
    """One source database that is compared with two targets."""
    words = [item.get("line_compare_result") for item in (first, second)]
    return wire.LineResults.model_validate(
        {
            "line_compare_overview": [
                {"source_db_name": "s", "target_db_name": name, "line_compare_result": word}
                for name, word in zip(("t", "u"), words, strict=True)
            ],
            "line_compare_overview_count": 2,
            "line_compare_details": [
                {"source_db_name": "s", "line_compare_detail": [item], "line_compare_detail_count": counted}
                for item in (first, second)
            ],
        }
    )


AGREES, DIFFERS = line(line_compare_result="CONSISTENT"), line(line_compare_result="INCONSISTENT")


@pytest.mark.parametrize(("first", "second"), [(AGREES, DIFFERS), (DIFFERS, AGREES)])
def test_a_table_that_is_mapped_to_two_targets_is_two_tables(first: dict[str, Any], second: dict[str, Any]) -> None:
    tally = Tally()
    assert tally.add(twice_mapped(first, second))
    assert not tally.add(twice_mapped(first, second))
    assert tally.complete
    expected = {"t": word_result(first["line_compare_result"]), "u": word_result(second["line_compare_result"])}
    assert {table.target_db: table.result for table in tally.results()[1]} == expected


def test_of_two_targets_a_table_that_is_counted_and_not_shown_is_missed() -> None:
    assert overall(twice_mapped(AGREES, AGREES)) == "consistent"
    assert overall(twice_mapped(AGREES, AGREES, counted=2)) == "incomplete"


def test_values_of_a_table_that_is_mapped_to_two_targets_are_two_results() -> None:
    words = {"t": "CONSISTENT", "u": "INCONSISTENT"}
    details = [
        {**line(), "source_db_name": "s", "target_db_name": name, "content_compare_result": word}
        for name, word in words.items()
    ]
    entry = {"source_db_name": "s", "content_compare_detail": details, "content_compare_detail_count": 2}
    page = wire.ContentResults.model_validate({"content_compare_details": [entry]})
    assert overall(page) == "inconsistent"


def test_a_table_whose_target_is_named_on_a_later_page_is_one_table() -> None:
    early, late = lines([AGREES], tables=1), lines([AGREES], tables=1)
    early.line_compare_overview = []
    tally = Tally()
    tally.add(early)
    assert not tally.complete
    tally.add(late)
    tally.add(early)
    assert [(table.target_db, table.result) for table in tally.results()[1]] == [("t", "consistent")]


@pytest.mark.parametrize("pages", [(AGREES, DIFFERS), (DIFFERS, AGREES)])
def test_of_a_table_that_is_shown_twice_the_worse_result_counts(pages: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert overall(*(lines([page]) for page in pages)) == "inconsistent"


def test_a_page_may_name_one_database_twice() -> None:
    page = lines([AGREES], tables=1)
    assert page.line_compare_details is not None
    page.line_compare_details *= 2
    assert overall(page) == "consistent"


def rows_shown(number: int, counted: int | None) -> wire.ContentResults:
    rows = [{"source_key_value": [str(i)]} for i in range(number)]
    diffs = {"source_table_name": "t", "content_compare_diff": rows, "content_compare_diff_count": counted}
    return wire.ContentResults.model_validate({"content_compare_diffs": [diffs]})


@pytest.mark.parametrize(
    ("number", "counted", "truncated"),
    [(0, 0, False), (3, 3, False), (3, None, False), (3, 4, True), (1001, None, True)],
)
def test_keys_of_rows_that_are_left_out_are_told(number: int, counted: int | None, truncated: bool) -> None:
    tally = Tally()
    tally.add(rows_shown(number, counted))
    assert tally.truncated is truncated


def contents(detail: dict[str, Any]) -> wire.ContentResults:
    entry = {"source_db_name": "s", "content_compare_detail": [{**line(), **detail}], "content_compare_detail_count": 1}
    return wire.ContentResults.model_validate({"content_compare_details": [entry]})


@pytest.mark.parametrize(
    ("rows", "values", "expected"),
    [
        ("CONSISTENT", "CONSISTENT", "consistent"),
        (None, "CONSISTENT", "consistent"),
        ("INCONSISTENT", "CONSISTENT", "inconsistent"),
        ("CONSISTENT", "INCONSISTENT", "inconsistent"),
        ("FAILED_TO_COMPARE", "CONSISTENT", "incomplete"),
        ("CONSISTENT", None, "incomplete"),
    ],
)
def test_values_are_consistent_only_if_rows_are_not_against_it(
    rows: str | None, values: str | None, expected: str
) -> None:
    assert overall(contents({"line_compare_result": rows, "content_compare_result": values})) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"content_compare_result": True, "line_compare_result": True, "status": 2}, "consistent"),
        ({"content_compare_result": True, "line_compare_result": True, "status": -2}, "consistent"),
        ({"content_compare_result": "true", "status": None}, "consistent"),
        ({"content_compare_result": False, "line_compare_result": True, "status": 2}, "inconsistent"),
        ({"content_compare_result": True, "line_compare_result": False, "status": 2}, "inconsistent"),
        ({"content_compare_result": "false", "status": 2}, "inconsistent"),
        ({"content_compare_result": False, "status": 1}, "incomplete"),
        ({"content_compare_result": True, "status": -3}, "incomplete"),
        ({"content_compare_result": True, "status": 4}, "incomplete"),
        ({"content_compare_result": "yes", "status": 2}, "incomplete"),
        ({"content_compare_result": True, "difference_row_num": 3}, "incomplete"),
        ({}, "incomplete"),
    ],
)
def test_booleans_count_once_the_table_is_through(item: dict[str, Any], expected: str) -> None:
    assert table_of_content_detail(wire.TableDetail.model_validate(item), DB).result == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"status": 2, "compare_num": 2, "compare_end_num": 2}, "consistent"),
        ({"status": 2, "compare_num": 2, "compare_end_num": 1}, "incomplete"),
        ({"status": 2, "uncomparable_num": 1}, "incomplete"),
        ({"status": 2, "data_inconsistent_num": "1"}, "inconsistent"),
        ({"status": 10}, "incomplete"),
        ({}, "incomplete"),
    ],
)
def test_a_databases_numbers_must_bear_out_its_status(item: dict[str, Any], expected: str) -> None:
    assert database_of_overview(wire.DatabaseOverview.model_validate(item)).result == expected


KEYS = st.sampled_from(
    sorted(
        {
            name
            for model in (wire.QueryCompareResultAnswer, wire.LineResults, wire.ContentResults, wire.LineDetails)
            for name in model.model_fields
        }
    )
)
VALUES = st.recursive(
    st.none() | st.integers(-3, 3) | st.sampled_from(["", "CONSISTENT", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, VALUES))
def test_no_shape_of_an_answer_is_a_crash(data: dict[str, Any]) -> None:
    try:
        page = wire.LineResults.model_validate(data)
        values = wire.ContentResults.model_validate(data)
    except ValidationError:
        return
    assert overall(page) in {"consistent", "inconsistent", "incomplete"}
    assert overall(values) in {"consistent", "inconsistent", "incomplete"}
