"""Of the rows that differ as many are kept in memory as will be shown, of all tables together too; all are counted."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from functions.comparer.compare import Comparison, compare_databases
from functions.comparer.core.kept import Kept
from functions.comparer.core.results import RowDifference, TableContents
from functions.comparer.core.shown import weight
from functions.local.compared import report_of


def row(number: int) -> RowDifference:
    return RowDifference("missing", (str(number),), None, "SELECT", None)


def found_in(kept: Kept, table: str, *numbers: int) -> None:
    """The comparison of a table finds these rows."""
    kept.compared("shop", TableContents(table), [row(number) for number in numbers])


def numbers_of(kept: Kept) -> dict[str, list[str | None]]:
    return {table: [r.source_key[0] for r in rows if r.source_key] for (_, table), rows in kept.differences.items()}


def test_without_a_limit_everything_is_kept_in_the_order_in_which_it_is_found() -> None:
    kept = Kept()
    found_in(kept, "a", 1, 2)
    found_in(kept, "b", 3)
    found_in(kept, "a", 4)
    assert numbers_of(kept) == {"a": ["1", "2", "4"], "b": ["3"]}


def test_of_a_table_no_more_are_kept_than_will_be_shown_of_it() -> None:
    kept = Kept(per_table=2)
    found_in(kept, "a", 1)
    found_in(kept, "a", 2, 3)
    found_in(kept, "a", 4)
    found_in(kept, "b", 5)
    assert numbers_of(kept) == {"a": ["1", "2"], "b": ["5"]}


def test_of_all_tables_no_more_are_kept_than_will_be_shown() -> None:
    kept = Kept(per_table=2, in_all=3)
    for at, table in enumerate("abc"):
        found_in(kept, table, 10 * at, 10 * at + 1, 10 * at + 2)
    assert numbers_of(kept) == {"a": ["0", "1"], "b": ["10"]}


def test_all_that_is_kept_takes_no_more_memory_than_it_may() -> None:
    kept = Kept(bytes_in_all=3 * weight(row(1)))
    for table in "abcde":
        found_in(kept, table, 1, 2)
    assert numbers_of(kept) == {"a": ["1", "2"], "b": ["1"]}


def test_a_table_that_begins_anew_leaves_its_room_to_others() -> None:
    kept = Kept(in_all=2, bytes_in_all=2 * weight(row(1)))
    found_in(kept, "a", 1, 2)
    kept.begun("shop", TableContents("a"))
    found_in(kept, "b", 3)
    found_in(kept, "a", 4, 5)
    assert numbers_of(kept) == {"b": ["3"], "a": ["4"]}


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    """Six tables of which every row differs."""
    for side in ("old", "new"):
        with closing(sqlite3.connect(tmp_path / f"{side}.db")) as connection, connection:
            for n in range(6):
                connection.execute(f"CREATE TABLE t{n} (k INTEGER PRIMARY KEY, v)")
                connection.executemany(f"INSERT INTO t{n} VALUES (?, ?)", [(k, side) for k in range(40)])
    return str(tmp_path / "old.db"), str(tmp_path / "new.db")


def compared(two: tuple[str, str], kept: Kept) -> Comparison:
    return compare_databases(*two, objects=False, lines=False, contents=True, kept=kept)


def test_whatever_is_kept_the_counts_are_the_same_and_the_report_says_what_is_left_out(two: tuple[str, str]) -> None:
    everything, some = compared(two, Kept()), compared(two, Kept(per_table=5, in_all=12))
    assert some.contents == everything.contents
    assert [len(rows) for rows in everything.differences.values()] == [40] * 6
    assert [len(rows) for rows in some.differences.values()] == [5, 5, 2]
    tables = report_of(some).content["contents"]["tables"]
    assert [(len(table["rows"]), table["rows_omitted"]) for table in tables] == [
        (5, 35), (5, 35), (2, 38), (0, 40), (0, 40), (0, 40),
    ]  # fmt: skip
    assert json.dumps(report_of(some).content["contents"]["totals"]) == json.dumps(
        report_of(everything).content["contents"]["totals"]
    )
