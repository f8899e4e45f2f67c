"""Keys of SQLite rows: kept as marks, put in order, and which of them can end a part."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.comparer.core.engine import TableUnreadable
from functions.comparer.core.table import Malformed, Value
from functions.comparer.sqlite.keys import mark, place, stays, unmarked
from tests.comparer import joint_databases
from tests.comparer.joint_databases import (
    Two,
    by_default,
    changed,
    compared,
    extra,
    joint,
    made,
    missing,
    planned,
    stored,
)

two = joint_databases.two


values = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.builds(Malformed, st.sampled_from(["utf-8", "utf-16-le"]), st.binary()),
)


@given(st.lists(values, min_size=1, max_size=3).map(tuple))
def test_a_mark_gives_back_its_key_with_all_types(key: tuple[Value, ...]) -> None:
    again = unmarked(mark(key))
    assert again == key
    assert list(map(type, again)) == list(map(type, key))


def test_what_is_no_mark_is_refused() -> None:
    for text in ('[["integer", "1"]]', '[["number", 1]]', "[[]]"):
        with pytest.raises(ValueError, match="mark"):
            unmarked(text)


@example(["a\0b", "A\0c", "a", "a\0", "ab", "a\0bc"])
@given(st.lists(values.filter(lambda value: not isinstance(value, Malformed)), max_size=8))
def test_keys_are_placed_as_sqlite_sorts_them(keys: list[Value]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, v)")
        kept = [key for key in keys if not isinstance(key, str) or _is_plain(key)]
        connection.executemany("INSERT INTO t (v) VALUES (?)", [(key,) for key in kept])
        for rule, collation in (("exact", "BINARY"), ("nocase", "NOCASE"), ("rtrim", "RTRIM")):
            ordered = [n for (n,) in connection.execute(f"SELECT n FROM t ORDER BY v COLLATE {collation}, n")]
            mine = sorted(range(1, len(kept) + 1), key=lambda n: (place((kept[n - 1],), (rule,), "utf-8"), n))  # type: ignore[arg-type]
            assert mine == ordered


def test_keys_that_are_alike_up_to_nul_where_case_does_not_matter_are_no_damage(two: Two) -> None:
    declared = "CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, v)"
    files = two(declared, source=[("a\0b", 1), ("b\0", 1)], target=[("A\0c", 1), ("b\0x", 1)])
    assert compared(files).differences == [changed(["a\0b"], ["A\0c"], "k"), missing("b\0"), extra("b\0x")]


def _is_plain(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def test_only_a_key_that_stays_what_it_is_can_end_a_part() -> None:
    assert stays("a", "INTEGER", "utf-8")
    assert stays("2024-01-01", "NUMERIC", "utf-8")
    assert not stays(" 12e5\n", "NUMERIC", "utf-8")
    assert not stays(1, "TEXT", "utf-8")
    assert not stays(None, "BLOB", "utf-8")
    assert not stays(Malformed("utf-16-le", b"a"), "TEXT", "utf-16-le")
    assert stays(Malformed("utf-8", b"\xff"), "TEXT", "utf-8")


def test_keys_that_their_column_would_not_hold_are_not_called_differences(two: Two) -> None:
    rows = [(f"{n:02}" if n % 9 else f"x{n:02}", n) for n in range(40)]
    files = two("CREATE TABLE t (k BLOB PRIMARY KEY, v)", source=rows, target=rows)
    for path in files:
        made(
            path,
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = replace(sql, 'BLOB', 'NUMERIC')",
        )
    with pytest.raises(TableUnreadable, match="none that its column would hold") as told:
        compared(files)
    assert not told.value.damaged


@pytest.mark.parametrize("indexed", ["k, k COLLATE NOCASE", "k COLLATE NOCASE, k", "k COLLATE RTRIM, k"])
def test_a_column_that_an_index_has_twice_is_matched_by_the_stricter_of_its_rules(two: Two, indexed: str) -> None:
    files = two(
        "CREATE TABLE t (k TEXT NOT NULL, v)",
        f"CREATE UNIQUE INDEX i ON t ({indexed})",
        source=[("a", 1), ("A", 2), ("a ", 3), ("b", 4)],
        target=[("A", 9), ("b", 4)],
    )
    table, differences = by_default(files)
    assert table.key == ("k",)
    assert {(d.kind, d.source_key, d.target_key) for d in differences} == {
        ("missing", ("a",), None),
        ("changed", ("A",), ("A",)),
        ("missing", ("a ",), None),
    }


@pytest.mark.parametrize("indexed", ["k COLLATE NOCASE, k COLLATE RTRIM", "k COLLATE RTRIM, k COLLATE NOCASE"])
def test_a_column_that_an_index_has_twice_is_no_key_where_neither_rule_is_the_stricter(two: Two, indexed: str) -> None:
    rows = [("a", 1), ("A ", 2)]
    files = two("CREATE TABLE t (k TEXT NOT NULL, v)", f"CREATE UNIQUE INDEX i ON t ({indexed})", source=rows)
    assert planned(*files).key == ()


def with_a_number_and_nul(two: Two, source: Sequence[object], target: Sequence[object]) -> tuple[Path, Path]:
    """Tables with a numeric key in which a text is what some releases of SQLite leave it, and others make a number."""
    files = two(
        "CREATE TABLE t (k BLOB PRIMARY KEY, v) WITHOUT ROWID",
        source=[(key, 1) for key in source],
        target=[(key, 1) for key in target],
    )
    for path in files:
        made(
            path,
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = replace(sql, 'BLOB', 'NUMERIC') WHERE name = 't'",
        )
    assert ("text", "1\0") in stored(files[1], "typeof(k), k")
    return files


def test_a_number_with_nul_behind_it_is_a_text_in_a_numeric_key_and_no_damage(two: Two) -> None:
    keys = [*range(2, 1025), "1\0", *(f"x{n:04}" for n in range(3000))]
    table, differences = by_default(with_a_number_and_nul(two, keys, keys))
    assert (table.result, differences) == ("CONSISTENT", [])
    assert table.method == "spilled"
    assert (table.source_rows, table.target_rows) == (len(keys), len(keys))


def test_a_key_that_has_a_number_with_nul_behind_it_on_either_side_is_left_to_others(two: Two) -> None:
    files = with_a_number_and_nul(two, ["z0", "z1"], [2, 3, "1\0", "z0"])
    for both_ways in (files, files[::-1]):
        with joint(*both_ways) as both:
            assert not both.takes(planned(*both_ways))


def test_a_number_with_nul_behind_it_can_not_end_a_part() -> None:
    assert not stays("1\0", "NUMERIC", "utf-8")
    assert not stays(" 2.5\0x", "REAL", "utf-16-le")
    assert not stays(Malformed("utf-8", b"1\0\xff"), "INTEGER", "utf-8")
    assert stays("a\0001", "NUMERIC", "utf-8")
    assert stays("1\0", "TEXT", "utf-8")
