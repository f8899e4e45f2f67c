"""What SQLite finds of two of its databases when it compares them by itself, row by row of a key."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from functions.comparer.core.engine import Stop
from functions.comparer.core.table import Value
from functions.comparer.sqlite.file import find
from functions.comparer.sqlite.joint import open_joint
from tests.comparer import joint_databases
from tests.comparer.joint_databases import (
    KINDS,
    VALUES,
    WHOLE,
    Found,
    Two,
    by_default,
    changed,
    compared,
    drain,
    extra,
    joint,
    made,
    missing,
    planned,
    stored,
)

two = joint_databases.two


KEYED = {
    "the rowid": "CREATE TABLE t (k INTEGER PRIMARY KEY, a, b TEXT)",
    "a descending rowid": "CREATE TABLE t (k INTEGER PRIMARY KEY DESC, a, b TEXT)",
    "an index": "CREATE TABLE t (k INT PRIMARY KEY, a, b TEXT)",
    "an index over what is never NULL": "CREATE TABLE t (k NUMERIC NOT NULL UNIQUE, a, b TEXT)",
    "a descending index": "CREATE TABLE t (k INT, a, b TEXT, PRIMARY KEY (k DESC))",
    "the table itself": "CREATE TABLE t (k INT PRIMARY KEY, a, b TEXT) WITHOUT ROWID",
    "a strict table": "CREATE TABLE t (k INTEGER PRIMARY KEY, a ANY, b TEXT) STRICT",
}


@pytest.mark.parametrize("declared", KEYED.values(), ids=KEYED.keys())
def test_changed_missing_and_extra_rows_are_found_in_the_order_of_the_key(two: Two, declared: str) -> None:
    source = [[n, n % 3, f"row {n}"] for n in range(1, 40) if n not in {5, 20}]
    target: list[list[Any]] = [list(row) for row in source if row[0] not in {1, 21}]
    target[3][2] = "other"
    target[30][1] = None
    target[30][2] = "new"
    target += [[5, 1, "extra"], [100, 1, "extra"], [0, None, None]]
    found = compared(two(declared, source=source, target=target[::-1]))
    assert found.differences == [
        extra(0),
        missing(1),
        extra(5),
        changed([target[3][0]], [target[3][0]], "b"),
        missing(21),
        changed([target[30][0]], [target[30][0]], "a", "b"),
        extra(100),
    ]
    assert found.counts == (2, 3, 2)
    assert (found.method, found.source_rows, found.target_rows) == ("joined", len(source), len(target))


@pytest.mark.parametrize("declared", ["k INTEGER PRIMARY KEY", "k TEXT PRIMARY KEY", "k INT"], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_any_two_values_are_equal_only_if_their_types_are(two: Two, declared: str, kind: str) -> None:
    pairs = [(a, b) for a in VALUES for b in VALUES]
    rows = [[(n, pair[side]) for n, pair in enumerate(pairs)] for side in (0, 1)]
    files = two(f"CREATE TABLE t ({declared}, v {kind})", source=rows[0], target=rows[1])
    ours, theirs = ({n: kept for n, *kept in stored(path, "k, typeof(v), v")} for path in files)
    expected = {n for n in ours if ours[n] != theirs[n]}
    found = compared(files, room=10**6, pace=WHOLE)
    assert {d.source_key[0] for d in found.differences if d.source_key} == expected
    assert len(expected) > len(pairs) // 2


def test_columns_of_different_kinds_are_compared_as_they_are_stored(two: Two) -> None:
    files = two(
        "CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)",
        other=["CREATE TABLE t (v INTEGER, k INTEGER PRIMARY KEY)"],
        source=[(1, "1"), (2, "x"), (3, None)],
        target=[("1", 1), ("x", 2), (None, 3)],
    )
    assert compared(files).differences == [changed([1], [1], "v")]


def test_zeros_are_equal_and_nan_is_null(two: Two) -> None:
    rows = [(1, 0.0, float("nan")), (2, -0.0, None)]
    others = [(1, -0.0, None), (2, 0.0, float("nan"))]
    for key in ("k INTEGER PRIMARY KEY", "k INT"):
        for path in two(f"CREATE TABLE IF NOT EXISTS t ({key}, a REAL, b)"):
            path.unlink()
        assert compared(two(f"CREATE TABLE t ({key}, a REAL, b)", source=rows, target=others)).differences == []


def test_a_real_in_a_column_of_integers_is_found_though_only_an_altered_declaration_makes_it(two: Two) -> None:
    statements = [
        "CREATE TABLE t (k INTEGER PRIMARY KEY, v BLOB)",
        "INSERT INTO t VALUES (1, 1.0), (2, 2)",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'BLOB', 'INTEGER')",
    ]
    files = two(*statements, other=["CREATE TABLE t (k INTEGER PRIMARY KEY, v INTEGER)"], target=[(1, 1), (2, 2)])
    assert compared(files).differences == [changed([1], [1], "v")]


@pytest.mark.parametrize("key", ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY", "TEXT"])
def test_numbers_in_a_column_of_texts_are_told_apart_by_their_types(two: Two, key: str) -> None:
    files = two(
        f"CREATE TABLE t (k {key}, v BLOB, w TEXT)",
        source=[(1, 1, "x"), (2, 1.0, None), (3, 2, "x"), (4, "1", "x")],
        target=[(1, 1.0, "x"), (2, 1, None), (3, 2, "x"), (4, "1", "x")],
    )
    for path in files:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'BLOB', 'TEXT')")
            connection.commit()
    found = compared(files)
    assert found.counts == ((2, 2, 0) if found.method == "paired" else (0, 0, 2))
    table, _ = by_default(files)
    assert (table.missing, table.extra, table.changed) == found.counts


def test_keys_are_matched_by_their_own_rules_and_compared_exactly(two: Two) -> None:
    files = two(
        "CREATE TABLE t (a TEXT COLLATE NOCASE, b TEXT COLLATE RTRIM, c, PRIMARY KEY (a, b, c))",
        source=[("x", "y", 1), ("X", "y ", 2), ("z", "z", "z"), ("É", "", 0)],
        target=[("X", "y  ", 1.0), ("X", "y ", 2), ("z", "z", "Z"), ("é", "", 0)],
    )
    assert compared(files).differences == [
        changed(["x", "y", 1], ["X", "y  ", 1.0], "a", "b", "c"),
        extra("z", "z", "Z"),
        missing("z", "z", "z"),
        missing("É", "", 0),
        extra("é", "", 0),
    ]


def test_a_key_whose_index_has_another_collation_than_its_column_is_matched_by_the_index(two: Two) -> None:
    files = two(
        "CREATE TABLE t (k TEXT NOT NULL COLLATE NOCASE, v)",
        "CREATE UNIQUE INDEX i ON t (k COLLATE BINARY)",
        source=[("a", 1), ("A", 2)],
        target=[("A", 2), ("b", 1)],
    )
    assert compared(files).differences == [missing("a"), extra("b")]


def test_a_rowid_and_an_indexed_integer_are_the_same_key(two: Two) -> None:
    files = two(
        "CREATE TABLE t (k INTEGER PRIMARY KEY, v)",
        other=["CREATE TABLE t (v, k INTEGER NOT NULL UNIQUE) "],
        source=[(n, n) for n in range(9)],
        target=[(n, n) for n in range(1, 10)],
    )
    assert compared(files).differences == [missing(0), extra(9)]


NASTY = (
    '"',
    "'",
    "a",
    "b",
    "t",
    "p",
    "k",
    "rowid",
    "select",
    "main",
    "other",
    "value",
    "q",
    "n",
    "types",
    "c0",
    "x.y",
    "?",
)


@pytest.mark.parametrize("key", ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY", "TEXT"])
@pytest.mark.parametrize("name", NASTY)
def test_any_name_may_be_a_tables_a_columns_and_an_indexs(tmp_path: Path, name: str, key: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    files = tmp_path / "source.db", tmp_path / "target.db"
    for path, value in zip(files, ("x", "y"), strict=True):
        made(
            path,
            f"CREATE TABLE {quoted} ({quoted} {key}, a1 DEFAULT 1, b1 NOT NULL, UNIQUE (b1))",
            f'CREATE UNIQUE INDEX {quoted[:-1]}i" ON {quoted} ({quoted})',
            f"INSERT INTO {quoted} VALUES (1, 2, 3), (4, 5, '{value}')",
        )
    found = compared(files, table=name)
    assert found.counts == ((0, 0, 1) if "PRIMARY" in key else (1, 1, 0))


def test_generated_and_added_columns_are_compared_like_others(two: Two) -> None:
    files = two(
        "CREATE TABLE t (k INTEGER PRIMARY KEY, v, w AS (v || 'x'), s INT AS (length(v)) STORED)",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
        "ALTER TABLE t ADD COLUMN n DEFAULT 1.0",
        other=[
            "CREATE TABLE t (k INTEGER PRIMARY KEY, v, w, s, n)",
            "INSERT INTO t VALUES (1, 'a', 'ax', 1, 1), (2, 'b', 'bx', 1, 1.0)",
        ],
    )
    # What a default is in rows that are older than their column is for SQLite to say.
    with closing(apsw.Connection(str(files[0]))) as connection:
        ((kind,),) = connection.execute("SELECT DISTINCT typeof(n) FROM t")
    other = {"real": 1, "integer": 2}[kind]
    assert compared(files).differences == [changed([other], [other], "n")]


@pytest.mark.parametrize("key", ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY"])
def test_tables_of_2000_columns_are_compared(two: Two, key: str) -> None:
    columns = [f"c{n}" for n in range(1999)]
    declared = f"CREATE TABLE t (k {key}, {', '.join(columns)})"
    source = [[n, *range(1999)] for n in range(3)]
    target = [list(row) for row in source]
    target[1][1000] = 999.0
    found = compared(two(declared, source=source, target=target))
    shown: list[Value] = ["1" if "TEXT" in key else 1]
    assert found.differences == [changed(shown, shown, "c999")]


@pytest.mark.parametrize("key", ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY", "INT"])
def test_a_table_may_be_called_like_a_function_of_sqlites(two: Two, key: str) -> None:
    names = ("carray", "pragma_table_list", "pragma_table_xinfo", "pragma_index_list", "pragma_index_xinfo")
    files = two(f"CREATE TABLE t (k {key}, v)", source=[(1, 1), (2, 2)], target=[(1, 1), (2, 3)])
    plan = planned(*files)
    for path in files:
        made(path, *(f"CREATE TABLE {name} (value, name)" for name in names))
    found = Found("")
    with joint(*files) as both:
        assert both.takes(plan)
        drain(both.chunks(plan, None, 10), found)
    assert found.counts == ((1, 1, 0) if key == "INT" else (0, 0, 1))


@pytest.mark.parametrize(
    "declared",
    [
        "CREATE TABLE t (a INT, b INT, v, PRIMARY KEY (a, b DESC))",
        "CREATE TABLE t (rowid, oid, _rowid_)",
        "CREATE VIRTUAL TABLE t USING fts5 (a)",
    ],
)
def test_what_cannot_be_brought_in_order_is_not_taken(two: Two, declared: str) -> None:
    files = two(declared)
    with joint(*files) as both:
        assert not both.takes(planned(*files))


def test_keys_with_their_columns_in_another_order_are_not_taken(two: Two) -> None:
    files = two(
        "CREATE TABLE t (a INT, b INT, PRIMARY KEY (a, b))", other=["CREATE TABLE t (a INT, b INT, PRIMARY KEY (b, a))"]
    )
    plan = planned(*files)
    assert plan.key == (0, 1)
    with joint(*files) as both:
        assert not both.takes(plan)


def test_databases_of_different_encodings_have_no_joint(tmp_path: Path) -> None:
    ours = made(tmp_path / "a.db", "PRAGMA encoding = 'UTF-8'", "CREATE TABLE t (a)")
    theirs = made(tmp_path / "b.db", "PRAGMA encoding = 'UTF-16le'", "CREATE TABLE t (a)")
    assert open_joint(find(ours), find(theirs), Stop()) is None
