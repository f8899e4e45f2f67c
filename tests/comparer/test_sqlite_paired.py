"""What SQLite finds of two tables without a key, of which every row counts as often as it is there."""

import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from functions.comparer.sqlite.paired import paired
from tests.comparer import joint_databases
from tests.comparer.joint_databases import SMALL, Two, compared, extra, joint, missing, planned

two = joint_databases.two


def test_without_a_key_every_row_counts_as_often_as_it_is_there(two: Two) -> None:
    source = [(1, "a"), (1, "a"), (1, "a"), (2, "b"), (1.0, "a"), (None, None), ("", b"")]
    target = [("", b""), (1, "a"), (2, "b"), (2, "b"), (1.0, "a"), (None, None), (None, "")]
    found = compared(two("CREATE TABLE t (a, b)", source=source, target=target))
    assert Counter(found.differences) == {missing(1, "a"): 2, extra(2, "b"): 1, extra(None, ""): 1}
    assert found.counts == (2, 2, 0)
    assert (found.method, found.source_rows, found.target_rows) == ("paired", 7, 7)
    assert {chunk.mark for chunk in found.chunks} == {None}


def test_swapped_values_are_found(two: Two) -> None:
    found = compared(two("CREATE TABLE t (k, v)", source=[(1, 10), (2, 20)], target=[(1, 20), (2, 10)]))
    assert found.counts == (2, 2, 0)
    assert set(found.differences) == {missing(1, 10), missing(2, 20), extra(1, 20), extra(2, 10)}


def test_rows_in_another_order_are_equal(two: Two) -> None:
    rows = [(n % 7, f"{n}") for n in range(100)]
    assert compared(two("CREATE TABLE t (a, b)", source=rows, target=rows[::-1])).counts == (0, 0, 0)


@pytest.mark.parametrize("remembered", [0, 3, 1000])
def test_it_does_not_matter_how_many_rows_can_be_remembered(two: Two, remembered: int) -> None:
    files = two("CREATE TABLE t (a)", source=[(n,) for n in range(50)], target=[(n,) for n in range(9, 60)])
    plan = planned(*files)
    with joint(*files) as both:
        found = both._layout(plan)
        assert found is not None
        chunks = list(paired(both._sessions, found, 100, SMALL, remembered))
    differences = [difference for chunk in chunks for difference in chunk.differences]
    assert differences == [*(missing(n) for n in range(9)), *(extra(n) for n in range(50, 60))]


@pytest.mark.parametrize("columns", ["rowid, v", "rowid, oid", "_rowid_, ROWID", "id INTEGER PRIMARY KEY, v"])
def test_the_rowid_is_reached_by_a_name_that_no_column_has(two: Two, columns: str) -> None:
    files = two(f"CREATE TABLE t ({columns})", other=["CREATE TABLE t (x, " + columns.replace("PRIMARY KEY", "") + ")"])
    for path, more in zip(files, ("", "9, "), strict=True):
        with closing(sqlite3.connect(path)) as connection, connection:
            for n in range(20):
                connection.execute(f"INSERT INTO t VALUES ({more}{100 - n}, {n})")
    found = compared(files)
    assert (found.method, found.counts) == ("paired", (0, 0, 0))


@pytest.mark.parametrize(("columns", "taken"), [(1998, True), (1999, False)])
def test_without_a_key_a_few_columns_less_than_2000_are_taken(two: Two, columns: int, taken: bool) -> None:
    declared = f"CREATE TABLE t ({', '.join(f'c{n}' for n in range(columns))})"
    files = two(declared, source=[range(columns), range(columns)], target=[range(columns), [1.0, *range(1, columns)]])
    with joint(*files) as both:
        assert both.takes(planned(*files)) == taken
    if taken:
        assert compared(files).differences == [missing(*range(columns)), extra(1.0, *range(1, columns))]


def test_without_a_key_a_table_without_rowid_is_not_taken(two: Two) -> None:
    files = two("CREATE TABLE t (a PRIMARY KEY, b)", other=["CREATE TABLE t (a, b PRIMARY KEY) WITHOUT ROWID"])
    with joint(*files) as both:
        assert not both.takes(planned(*files))
