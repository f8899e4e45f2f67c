"""Keys of SQLite rows: kept as marks, put in order, and which of them can end a part."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core.engine import TableUnreadable
from functions.comparer.core.table import Malformed, Value
from functions.comparer.sqlite.keys import mark, place, stays, unmarked
from tests.comparer import joint_databases
from tests.comparer.joint_databases import Two, compared, made

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


@given(st.lists(values.filter(lambda value: not isinstance(value, Malformed)), max_size=8))
def test_keys_are_placed_as_sqlite_sorts_them(keys: list[Value]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, v)")
        kept = [key for key in keys if not isinstance(key, str) or _is_plain(key)]
        connection.executemany("INSERT INTO t (v) VALUES (?)", [(key,) for key in kept])
        for rule, collation in (("exact", "BINARY"), ("nocase", "NOCASE"), ("rtrim", "RTRIM")):
            if rule == "nocase" and any(isinstance(key, str) and "\0" in key for key in kept):
                continue  # SQLite looks no further than a NUL, and any order of such keys will do.
            ordered = [n for (n,) in connection.execute(f"SELECT n FROM t ORDER BY v COLLATE {collation}, n")]
            mine = sorted(range(1, len(kept) + 1), key=lambda n: (place((kept[n - 1],), (rule,), "utf-8"), n))  # type: ignore[arg-type]
            assert mine == ordered


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
