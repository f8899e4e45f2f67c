"""What SQLite says of two of its databases when it compares them by itself, in both ways that there are."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count as count_up
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.comparer.core.engine import Stop, Stopped, TableUnreadable, Unreadable
from functions.comparer.core.plan import plan_of
from functions.comparer.core.table import Chunk, Difference, Malformed, TablePlan, Value
from functions.comparer.sqlite.crew import Pace, Session, in_order
from functions.comparer.sqlite.endpoint import SqliteEndpoint
from functions.comparer.sqlite.file import SqliteFile, find
from functions.comparer.sqlite.joint import SqliteJoint, open_joint
from functions.comparer.sqlite.keys import Span, mark, place, stays, unmarked
from functions.comparer.sqlite.layout import layout, listed
from functions.comparer.sqlite.paired import paired
from functions.comparer.sqlite.parts import next_rows
from functions.comparer.sqlite.statements import Statement, count, extras, listing, nth, rowids, tally, unpartnered

# Parts of two rows: the clock says that every part took long.
_ticks = count_up()
SMALL = Pace(2, lambda: float(next(_ticks)))
WHOLE = Pace(10**6, time.monotonic)


Two = Callable[..., tuple[Path, Path]]


@dataclass
class Found:
    """Everything that was found of a table."""

    method: str
    source_rows: int = 0
    target_rows: int = 0
    missing: int = 0
    extra: int = 0
    changed: int = 0
    differences: list[Difference] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.missing, self.extra, self.changed

    def add(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.source_rows += chunk.source_rows
        self.target_rows += chunk.target_rows
        self.missing += chunk.missing
        self.extra += chunk.extra
        self.changed += chunk.changed
        self.differences.extend(chunk.differences)


def made(path: Path, *statements: str, rows: Sequence[Sequence[object]] = ()) -> Path:
    """A database; `rows` are put into the table `t`."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for statement in statements:
            connection.execute(statement)
        connection.execute("BEGIN")
        for row in rows:
            connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", row)
        connection.execute("COMMIT")
    return path


@pytest.fixture
def two(tmp_path: Path) -> Two:
    def make(
        *statements: str,
        source: Sequence[Sequence[object]] = (),
        target: Sequence[Sequence[object]] = (),
        other: Sequence[str] | None = None,
    ) -> tuple[Path, Path]:
        ours = made(tmp_path / "source.db", *statements, rows=source)
        return ours, made(tmp_path / "target.db", *(statements if other is None else other), rows=target)

    return make


def planned(source: Path, target: Path, table: str = "t") -> TablePlan:
    stop = Stop()
    with (
        SqliteEndpoint(source).snapshot(source.stem, stop) as ours,
        SqliteEndpoint(target).snapshot(target.stem, stop) as theirs,
    ):
        plan = plan_of(table, ours.shape(table), theirs.shape(table)).plan
    assert plan is not None
    return plan


@contextmanager
def joint(
    source: Path, target: Path, *, most: int = 1, pace: Pace = SMALL, stop: Stop | None = None
) -> Iterator[SqliteJoint]:
    opened = open_joint(find(source), find(target), stop or Stop(), most=most, pace=pace)
    assert opened is not None
    with opened as both:
        assert isinstance(both, SqliteJoint)
        yield both


def compared(
    files: tuple[Path, Path],
    *,
    table: str = "t",
    room: int = 1000,
    most: int = 1,
    pace: Pace = SMALL,
    after: str | None = None,
) -> Found:
    plan = planned(*files, table)
    with joint(*files, most=most, pace=pace) as both:
        assert both.takes(plan)
        found = Found(both.method(plan))
        for chunk in both.chunks(plan, after, room):
            found.add(chunk)
            room -= len(chunk.differences)
        assert room >= 0
        return found


def drain(items: Iterable[Any], into: Any) -> None:
    """Keep what comes before an error."""
    for item in items:
        into.add(item)


def missing(*key: Value) -> Difference:
    return Difference("missing", key, None)


def extra(*key: Value) -> Difference:
    return Difference("extra", None, key)


def changed(source: Sequence[Value], target: Sequence[Value], *columns: str) -> Difference:
    return Difference("changed", tuple(source), tuple(target), columns)


KEYED = {
    "the rowid": "CREATE TABLE t (k INTEGER PRIMARY KEY, a, b TEXT)",
    "a descending rowid": "CREATE TABLE t (k INTEGER PRIMARY KEY DESC, a, b TEXT)",
    "an index": "CREATE TABLE t (k INT PRIMARY KEY, a, b TEXT)",
    "an index over what is never NULL": "CREATE TABLE t (k NUMERIC NOT NULL UNIQUE, a, b TEXT)",
    "a descending index": "CREATE TABLE t (k INT, a, b TEXT, PRIMARY KEY (k DESC))",
    "the table itself": "CREATE TABLE t (k INT PRIMARY KEY, a, b TEXT) WITHOUT ROWID",
    "a strict table": "CREATE TABLE t (k INTEGER PRIMARY KEY, a ANY, b TEXT) STRICT",
}


# --- by a key


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


VALUES: tuple[object, ...] = (
    None, 0, 1, -1, 1.0, -1.0, 0.5, "", "1", "1.0", "a", "A", "a ", "é", "e\u0301", "a\0b", "a\0c", "\0", b"", b"1",
    2**63 - 1, 2.0**63, -(2**63), -(2.0**63), 2**53, 2.0**53, 2**53 + 1, 225679173340397074, 225679173340397075,
    2.25679173340397075e17, 0.1 + 0.2, 0.3, 1e-15, 2e-15, float("inf"), float("-inf"), "null", "<null>", b"\0", b"a",
    "x" * 5000,
)  # fmt: skip
KINDS = ("", "BLOB", "TEXT", "INTEGER", "REAL", "NUMERIC", "INT COLLATE NOCASE", "TEXT COLLATE NOCASE")


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


def stored(path: Path, columns: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {columns} FROM t").fetchall()


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


@pytest.mark.parametrize(("columns", "taken"), [(1998, True), (1999, False)])
def test_without_a_key_a_few_columns_less_than_2000_are_taken(two: Two, columns: int, taken: bool) -> None:
    declared = f"CREATE TABLE t ({', '.join(f'c{n}' for n in range(columns))})"
    files = two(declared, source=[range(columns), range(columns)], target=[range(columns), [1.0, *range(1, columns)]])
    with joint(*files) as both:
        assert both.takes(planned(*files)) == taken
    if taken:
        assert compared(files).differences == [missing(*range(columns)), extra(1.0, *range(1, columns))]


# --- what is left to others


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


def test_without_a_key_a_table_without_rowid_is_not_taken(two: Two) -> None:
    files = two("CREATE TABLE t (a PRIMARY KEY, b)", other=["CREATE TABLE t (a, b PRIMARY KEY) WITHOUT ROWID"])
    with joint(*files) as both:
        assert not both.takes(planned(*files))


def test_databases_of_different_encodings_have_no_joint(tmp_path: Path) -> None:
    ours = made(tmp_path / "a.db", "PRAGMA encoding = 'UTF-8'", "CREATE TABLE t (a)")
    theirs = made(tmp_path / "b.db", "PRAGMA encoding = 'UTF-16le'", "CREATE TABLE t (a)")
    assert open_joint(find(ours), find(theirs), Stop()) is None


# --- without a key


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


# --- parts, marks and room


def rows_of(key: str) -> list[tuple[object, int]]:
    keys: dict[str, list[object]] = {
        "INTEGER": [-(2**63), -5, 0, 1, 2, 3, 2**53 + 1, 2**63 - 1],
        "": [-1, 0.5, 1, 2.5, 2.0**63, "", "a", "a\0b", 'q"', "é", b"", b"a", b"\xff"],
        "REAL": [-1e300, -0.5, 0.1, 0.1 + 0.2, 1, 2.0**63, float("inf")],
        "TEXT COLLATE NOCASE": ["", "0", "1e5", "A", "b", "C", "d\0e", "É", "é"],
    }
    return [(value, number) for number, value in enumerate(keys[key])]


MALFORMED = [b"\xff", b"a\xff", b"\xed\xa0\x80", b"z"]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("how", ["PRIMARY KEY", "PRIMARY KEY) WITHOUT ROWID --"])
@pytest.mark.parametrize("key", ["INTEGER", "", "REAL", "TEXT COLLATE NOCASE"])
def test_going_on_from_any_mark_finds_the_rest(two: Two, key: str, how: str, encoding: str) -> None:
    rows = rows_of(key)
    others = [(k, n + n % 2) for k, n in rows[1:]]
    declared = [
        f"PRAGMA encoding = '{encoding}'",
        f"CREATE TABLE t (k {key}, v, PRIMARY KEY (k)){'' if '--' not in how else ' WITHOUT ROWID'}",
    ]
    files = two(*declared, source=rows, target=others)
    if key == "":
        for path in files:
            with closing(sqlite3.connect(path)) as connection, connection:
                for number, raw in enumerate(MALFORMED):
                    connection.execute("INSERT OR IGNORE INTO t VALUES (CAST(? AS TEXT), ?)", (raw * 2, number))
    whole = compared(files, pace=WHOLE)
    found = compared(files)
    assert len(whole.chunks) == 1 < len(found.chunks)
    assert (whole.differences, whole.counts) == (found.differences, found.counts)
    for at, chunk in enumerate(found.chunks[:-1]):
        assert chunk.mark is not None
        rest = compared(files, after=chunk.mark)
        before = Found("")
        for earlier in found.chunks[: at + 1]:
            before.add(earlier)
        assert before.differences + rest.differences == whole.differences
        assert before.source_rows + rest.source_rows == whole.source_rows
        assert before.target_rows + rest.target_rows == whole.target_rows
    assert found.chunks[-1].mark is None


def test_a_target_that_is_much_longer_comes_in_parts_too(two: Two) -> None:
    declared = "CREATE TABLE t (k INTEGER PRIMARY KEY, v)"
    found = compared(two(declared, source=[(5, 5)], target=[(n, n) for n in range(100)]), pace=Pace(10, SMALL.clock))
    assert found.counts == (0, 99, 0)
    assert max(chunk.target_rows for chunk in found.chunks[1:]) <= 20


@pytest.mark.parametrize("key", ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY", "TEXT"])
@pytest.mark.parametrize("room", [0, 1, 7, 40])
@pytest.mark.parametrize("most", [1, 3])
def test_no_more_differences_are_handed_out_than_there_is_room_for_but_all_are_counted(
    two: Two, key: str, room: int, most: int
) -> None:
    source = [(f"{n:03}", n) for n in range(60)]
    target = [(f"{n:03}", n + (n % 10 == 0)) for n in range(10, 70)]
    files = two(f"CREATE TABLE t (k {key}, v)", source=source, target=target)
    everything = compared(files)
    found = compared(files, room=room, most=most)
    assert found.differences == everything.differences[:room]
    assert found.counts == everything.counts
    assert sum(found.counts) == len(everything.differences) > 7


@pytest.mark.parametrize("key", ["INTEGER PRIMARY KEY", "BLOB PRIMARY KEY", "BLOB"])
def test_several_connections_find_the_same_as_one_in_the_same_order(two: Two, key: str) -> None:
    source = [(n, n % 5) for n in range(500)]
    target = [(n, n % 5 if n % 11 else None) for n in range(20, 520)]
    files = two(f"CREATE TABLE t (k {key}, v)", source=source, target=target)
    one = compared(files)
    for most in (2, 4):
        several = compared(files, most=most)
        assert (several.differences, several.counts) == (one.differences, one.counts)
        assert (several.source_rows, several.target_rows) == (500, 500)


def test_parts_grow_while_they_are_quick_and_shrink_while_they_are_slow() -> None:
    assert next_rows(1000, 0.01) == 2000
    assert next_rows(15_000, 0.01) == 20_000
    assert next_rows(1000, 0.2) == 1000
    assert next_rows(1000, 1.0) == 500
    assert next_rows(20, 1.0) == 16
    assert next_rows(2, 1.0) == 2


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


# --- query plans


def test_the_tables_are_listed_once_however_many_are_planned(two: Two) -> None:
    files, told = two(*PLANNED["rowid"], "CREATE TABLE u (k INTEGER PRIMARY KEY)", "CREATE TABLE v (k)"), list[str]()
    plans = [planned(*files, table) for table in "tuv"]
    with joint(*files) as both:
        both._sessions[0].connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: told.append(event["sql"]))
        assert all(both.takes(plan) for plan in plans)
    assert len([statement for statement in told if "pragma_table_list" in statement]) == 1


PLANNED = {
    "rowid": ["CREATE TABLE t (k INTEGER PRIMARY KEY, a, b)"],
    "text": ["CREATE TABLE t (k TEXT PRIMARY KEY, a, b)"],
    "composite": ["CREATE TABLE t (k TEXT COLLATE NOCASE, l INT, a, b, PRIMARY KEY (k, l)) WITHOUT ROWID"],
    "descending": ["CREATE TABLE t (k TEXT, l INT, a, b, PRIMARY KEY (k DESC, l DESC))"],
    "other collation": [
        "CREATE TABLE t (k TEXT NOT NULL, l NOT NULL, a, b)",
        "CREATE UNIQUE INDEX i ON t (k COLLATE RTRIM, l)",
    ],
    "none": ["CREATE TABLE t (k, a, b)"],
}


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
@pytest.mark.parametrize("statements", PLANNED.values(), ids=PLANNED.keys())
def test_every_part_is_found_by_its_key_and_nothing_is_sorted(two: Two, statements: list[str], encoding: str) -> None:
    # Statistics that make SQLite think little of every index.
    statements = [
        f"PRAGMA encoding = '{encoding}'",
        *statements,
        "CREATE INDEX misleading ON t (a)",
        "INSERT INTO t VALUES (" + ", ".join("1" * (4 if " l " in statements[0] else 3)) + ")",
        "ANALYZE",
        "UPDATE sqlite_stat1 SET stat = CASE idx WHEN 'misleading' THEN '1000000 1' ELSE '1000000 1000000 1000000' END",
    ]
    files = two(*statements)
    plan = planned(*files)
    with joint(*files) as both:
        found = layout(connection := both._sessions[0].connection, plan, both._encoding, listed(connection))
        assert found is not None
        bound: tuple[Value, ...] = (
            ("a", 1)[: len(found.rules)] if plan.key != () and "INTEGER PRI" not in statements[1] else (1,)
        )
        span = Span(bound, bound)
        for make in (
            nth(found, found.source, bound, 9),
            nth(found, found.target, bound, 9),
            count(found, found.source, span),
            unpartnered(found, span),
            count(found, found.target, span, 9),
            tally(found, span),
            listing(found, span) if plan.key else rowids(found, span),
            extras(found, span),
        ):
            steps = explained(both, make)
            assert not [s for s in steps if s.startswith("SCAN") and s.split()[1] in {"a", "b", "t"}], steps
            assert not [s for s in steps if "TEMP B-TREE" in s], steps
            searches = [s for s in steps if s.startswith("SEARCH")]
            assert searches
            # A row value is worth nothing if only its first part finds rows.
            if len(bound) == 2:
                assert all("(k,l)>" in s or "k=? AND l=?" in s or "rowid=?" in s for s in searches), searches


def explained(both: SqliteJoint, statement: Statement) -> list[str]:
    rows = both._sessions[0].rows(Statement(f"EXPLAIN QUERY PLAN {statement.sql}", statement.values))
    return [str(detail) for *_, detail in rows]


# --- while others write, alter, replace and damage


def test_a_writer_does_not_disturb_what_is_compared(two: Two) -> None:
    declared = ["PRAGMA journal_mode = WAL", "CREATE TABLE t (k INTEGER PRIMARY KEY, v)"]
    rows = [(n, n) for n in range(1000)]
    files = two(*declared, source=rows, target=rows)
    plan = planned(*files)
    with closing(apsw.Connection(str(files[1]))) as writer:
        writer.execute("UPDATE t SET v = v WHERE k = 0")  # So that there is a log, and the file is not read as it is.
        with joint(*files, most=3) as both:
            found = Found("")
            for chunk in both.chunks(plan, None, 100):
                writer.execute("UPDATE t SET v = v + 1 WHERE k > 500; DELETE FROM t WHERE k > 900 AND k % 2")
                found.add(chunk)
        assert found.counts == (0, 0, 0)
        assert found.target_rows == 1000
        with joint(*files, most=3) as both:
            found = Found("")
            for chunk in both.chunks(plan, None, 100):
                found.add(chunk)
            assert found.counts == (50, 0, 449)


@pytest.mark.parametrize("at", [0, 1])
def test_only_one_connection_reads_where_a_writer_may_go_on_beside_it(two: Two, at: int) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 1)])
    made(files[at], "PRAGMA journal_mode = WAL")
    with closing(apsw.Connection(str(files[at]))) as writer:
        writer.execute("UPDATE t SET v = v")
        assert not find(files[at]).quiet
        with joint(*files, most=3) as both:
            assert len(both._sessions) == 1
    assert find(files[at]).quiet
    with joint(*files, most=3) as both:
        assert len(both._sessions) == 3


def test_several_connections_read_where_the_first_keeps_writers_out(two: Two) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 1)])
    with joint(*files, most=3) as both, closing(apsw.Connection(str(files[0]))) as writer:
        assert len(both._sessions) == 3
        with pytest.raises(apsw.BusyError):
            writer.execute("UPDATE t SET v = 2")


class Swapped(SqliteFile):
    """A file whose place another one has taken when it is opened for the third time."""

    def uri(self) -> str:
        opened.append(self.path)
        return super().uri() if len(opened) < 3 else find(self.path.with_name("new")).uri()


opened: list[Path] = []


def test_connections_that_see_another_file_than_the_first_take_no_part(two: Two, tmp_path: Path) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 1)])
    made(tmp_path / "new", "CREATE TABLE t (k INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES (1, 2)")
    made(tmp_path / "new", "UPDATE t SET v = 3")
    opened.clear()
    both = open_joint(Swapped(**vars(find(files[0]))), find(files[1]), Stop(), most=2, pace=SMALL)
    assert both is not None
    with both as joined_both:
        assert isinstance(joined_both, SqliteJoint)
        assert len(joined_both._sessions) == 1
    assert len(opened) == 3


OUT_OF_ORDER = {
    "without rowid": "CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
    "index": "CREATE TABLE t (k TEXT PRIMARY KEY, v)",
}


@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("declared", OUT_OF_ORDER.values(), ids=OUT_OF_ORDER.keys())
def test_a_row_out_of_order_hides_none_of_those_behind_it(two: Two, declared: str, at: int, most: int) -> None:
    rows = [(f"k{n:05}", n) for n in range(3000)]
    changed_rows = [(k, v if v <= 500 or v > 1000 else -v) for k, v in rows]
    files = two(declared, source=changed_rows, target=rows)
    plan = planned(*files)
    raw = files[at].read_bytes()
    where = raw.rindex(b"k00500") if "WITHOUT" not in declared else raw.index(b"k00500")
    files[at].write_bytes(raw[:where] + b"z" + raw[where + 1 :])
    with joint(*files, most=most, pace=Pace(1000, time.monotonic)) as both, pytest.raises(TableUnreadable) as told:
        list(both.chunks(plan, None, 0))
    assert told.value.damaged


@pytest.mark.parametrize("at", [0, 1])
def test_a_rowid_out_of_order_hides_none_of_the_rows_behind_it(two: Two, at: int) -> None:
    rows = [(n, f"v{n:05}") for n in range(128, 3000)]
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=rows, target=rows)
    plan = planned(*files)
    # A row's header: its rowid as two bytes, then how long its header is, NULL in place of the rowid, a text of 6.
    ours = bytes([0x83, 0x74, 3, 0, 25]) + b"v00500"
    raw = files[at].read_bytes()
    assert raw.count(ours) == 1
    files[at].write_bytes(raw.replace(ours, b"\xff" + ours[1:]))
    with joint(*files, pace=Pace(1000, time.monotonic)) as both, pytest.raises(TableUnreadable) as told:
        list(both.chunks(plan, None, 10))
    assert told.value.damaged


def test_going_on_from_a_mark_counts_what_was_compared_before(two: Two) -> None:
    rows = [(n, n) for n in range(100)]
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=rows, target=rows[50:])
    assert compared(files, after=mark((39,))).counts == (10, 0, 0)


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


def test_a_table_that_was_altered_since_it_was_planned_is_told(two: Two) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 1)])
    plan = planned(*files)
    for alterations in (["ADD COLUMN w"], ["RENAME COLUMN v TO x"], ["RENAME TO u"]):
        for path in files:
            made(path, *(f"ALTER TABLE t {alteration}" for alteration in alterations))
        with joint(*files) as both:
            assert not both.takes(plan)
            with pytest.raises(TableUnreadable, match="it was altered while it was compared") as told:
                list(both.chunks(plan, None, 10))
        assert not told.value.damaged


@pytest.mark.parametrize("at", [0, 1])
def test_a_file_that_is_replaced_is_told(two: Two, tmp_path: Path, at: int) -> None:
    rows = [(n, n) for n in range(100)]
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=rows, target=rows)
    plan = planned(*files)
    with joint(*files) as both:
        chunks = both.chunks(plan, None, 10)
        next(chunks)
        made(tmp_path / "new", "CREATE TABLE t (k INTEGER PRIMARY KEY, v)")
        (tmp_path / "new").replace(files[at])
        with pytest.raises(Unreadable, match=f"{files[at].name}: it was replaced"):
            list(chunks)


@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize("key", ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY", "TEXT"])
def test_a_damaged_file_is_told_and_no_difference(two: Two, key: str, most: int) -> None:
    rows = [(f"{n:05}", "x" * 200) for n in range(2000)]
    files = two(f"CREATE TABLE t (k {key}, v)", source=rows, target=rows)
    plan = planned(*files)
    with closing(sqlite3.connect(files[1])) as connection:
        ((pages,), (size,)) = (
            connection.execute("PRAGMA page_count").fetchone(),
            connection.execute("PRAGMA page_size").fetchone(),
        )
    with files[1].open("r+b") as file:
        file.seek(size * (pages // 2))
        file.write(b"\xff" * size * 8)
    found = Found("")
    with joint(*files, most=most) as both, pytest.raises(TableUnreadable) as told:
        drain(both.chunks(plan, None, 10), found)
    assert told.value.damaged
    assert found.counts == (0, 0, 0)


@pytest.mark.parametrize("smaller", ["", "CREATE INDEX smaller ON t (v)"])
def test_an_index_that_lacks_rows_is_never_taken_for_a_difference(two: Two, smaller: str) -> None:
    rows = [(f"{n:05}", None) for n in range(100)]
    files = two("CREATE TABLE t (k TEXT PRIMARY KEY, v)", smaller, source=rows, target=rows)
    plan = planned(*files)
    with closing(sqlite3.connect(files[0], isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("CREATE TABLE empty (k TEXT PRIMARY KEY, v)")
        connection.execute(
            "UPDATE sqlite_master SET rootpage ="
            " (SELECT m.rootpage FROM sqlite_master AS m WHERE m.name LIKE '%index_empty%') WHERE name LIKE '%index_t%'"
        )
    with joint(*files) as both, pytest.raises(TableUnreadable, match="rows that its index") as told:
        list(both.chunks(plan, None, 10))
    assert told.value.damaged


@pytest.mark.parametrize("wrong", [0, 1])
@pytest.mark.parametrize("room", [0, 1000])
@pytest.mark.parametrize("pace", [SMALL, WHOLE])
def test_keys_that_only_an_index_has_hide_no_difference(two: Two, wrong: int, room: int, pace: Pace) -> None:
    # The index of one side is that of the other side's rows, and the rows are other ones.
    rows = [(f"{n:02}", None) for n in range(20)], [(f"{n:02}", None) for n in range(1, 21)]
    files = two("CREATE TABLE t (k TEXT PRIMARY KEY, v)", source=rows[0], target=rows[1])
    with closing(sqlite3.connect(files[wrong], isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("CREATE TABLE others (k TEXT PRIMARY KEY, v)")
        connection.executemany("INSERT INTO others VALUES (?, ?)", rows[1 - wrong])
        connection.execute(
            "UPDATE sqlite_master SET rootpage = (SELECT m.rootpage FROM sqlite_master AS m"
            " WHERE m.name LIKE '%index_others%') WHERE name LIKE '%index_t%'"
        )
    told = ""
    try:
        told = f"differences {compared(files, room=room, pace=pace).counts}"
    except TableUnreadable as error:
        told = f"damaged {error.damaged}"
    assert told not in {"differences (0, 0, 0)", "damaged False"}


@pytest.mark.parametrize("pace", [SMALL, WHOLE])
@pytest.mark.parametrize("room", [0, 1000])
def test_two_rows_with_one_key_hide_no_row_of_the_other_side(two: Two, room: int, pace: Pace) -> None:
    rows = [(f"{n:02}", None) for n in range(20)]
    files = two("CREATE TABLE t (k TEXT NOT NULL, v)", "CREATE UNIQUE INDEX u ON t (k)", source=rows, target=rows)
    with closing(sqlite3.connect(files[0], isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'UNIQUE', '') WHERE name = 'u'")
    with closing(sqlite3.connect(files[0], isolation_level=None)) as connection:
        connection.execute("UPDATE t SET k = '07' WHERE k = '08'")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'CREATE ', 'CREATE UNIQUE') WHERE name = 'u'")
    with pytest.raises(TableUnreadable, match=r"contradict each other|not in the order") as told:
        compared(files, room=room, pace=pace)
    assert told.value.damaged


# --- stopping


SLOW = "length(hex(zeroblob(3000000 + {0})))"


@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize("key", ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY", "TEXT"])
def test_a_statement_that_takes_long_is_stopped_within_a_second(two: Two, key: str, most: int) -> None:
    files = two(
        f"CREATE TABLE t (k {key}, n INT)",
        "WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 900)"
        " INSERT INTO t SELECT n, n FROM x",
        f"ALTER TABLE t ADD COLUMN v INT AS ({SLOW.format('n')})",
    )
    plan = planned(*files)
    stop = Stop()
    with joint(*files, most=most, stop=stop, pace=WHOLE) as both:
        threading.Timer(0.3, stop.ask).start()
        began = time.monotonic()
        with pytest.raises(Stopped):
            list(both.chunks(plan, None, 10))
        assert 0.2 < time.monotonic() - began < 1.3


def test_sorting_what_is_left_is_stopped(two: Two) -> None:
    rows = [(n, "x" * 100) for n in range(3000)]
    files = two("CREATE TABLE t (k, v)", source=rows, target=rows[::-1])
    plan = planned(*files)
    stop = Stop()
    with joint(*files, stop=stop, pace=WHOLE) as both:
        chunks = both.chunks(plan, None, 10)
        assert next(chunks).source_rows == 3000

        def ask() -> bool:
            stop.ask()
            return False

        both._sessions[0].connection.set_progress_handler(ask, 1000)
        with pytest.raises(Stopped):
            list(chunks)


def test_what_is_no_longer_wanted_leaves_nothing_behind(two: Two) -> None:
    rows = [(n, n) for n in range(300)]
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=rows, target=rows)
    plan = planned(*files)
    before = threading.active_count()
    with joint(*files, most=3) as both:
        chunks = both.chunks(plan, None, 10)
        next(chunks)
        assert isinstance(chunks, Iterator)
        chunks.close()  # type: ignore[attr-defined]  # it is a generator
        assert threading.active_count() == before
        assert sum(chunk.source_rows for chunk in both.chunks(plan, None, 10)) == 300


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted as Linux tells them")
def test_no_file_is_left_open(two: Two) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 2)])
    assert compared(files, most=3).counts == (0, 0, 1)
    names = [str(Path(link).resolve()) for link in Path("/proc/self/fd").iterdir()]
    assert not [name for name in names if name.startswith(str(files[0].parent))]


def test_what_goes_wrong_is_told_in_its_place() -> None:
    with closing(apsw.Connection(":memory:")) as one, closing(apsw.Connection(":memory:")) as other:
        sessions = [Session(connection, Path("x"), Stop()) for connection in (one, other)]
        numbers = iter(range(100))

        def compare(_: Session, number: int) -> int:
            if number == 7:
                raise TableUnreadable("seven", damaged=False)
            return number

        taken: set[int] = set()
        found = in_order(sessions, lambda _: next(numbers), compare)
        with pytest.raises(TableUnreadable, match="seven"):
            drain(found, taken)
        assert taken == set(range(7))
        assert next(numbers) < 20  # Nothing is begun far ahead.


# --- against an oracle


@dataclass(frozen=True)
class Case:
    key: str
    columns: tuple[str, ...]
    source: tuple[tuple[object, ...], ...]
    target: tuple[tuple[object, ...], ...]
    rows: int
    most: int
    room: int


some_values = st.sampled_from(VALUES)
some_keys = st.sampled_from((0, 1, 2, 3, 4, 1.0, 2.5, "a", "A", "b", "b ", "1", b"a", -(2**63), 2**53, "é"))
ORACLE_KEYS = ("INTEGER PRIMARY KEY", "PRIMARY KEY", "TEXT COLLATE NOCASE PRIMARY KEY", "UNIQUE NOT NULL", "")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    key = draw(st.sampled_from(ORACLE_KEYS))
    columns = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    keys = st.integers(-3, 12) if "INTEGER" in key else some_keys
    row = st.tuples(keys, *[some_values] * len(columns))
    source = draw(st.lists(row, max_size=12))
    target = [draw(row) if draw(st.integers(0, 5)) == 0 else kept for kept in source if draw(st.integers(0, 9))]
    if draw(st.booleans()):
        target = draw(st.permutations(target))
    return Case(
        key,
        tuple(columns),
        tuple(source),
        tuple(target + draw(st.lists(row, max_size=2))),
        draw(st.sampled_from([1, 2, 5, 1000])),
        draw(st.sampled_from([1, 1, 2])),
        draw(st.sampled_from([1000, 1000, 0, 1, 3])),
    )


def oracle(case: Case, source: Path, target: Path) -> Counter[Difference]:
    """What differs, found by looking at every pair of rows."""
    columns = ", ".join(f"typeof(c{n}), c{n}" for n in range(len(case.columns)))
    ours, theirs = (
        [(row[:2], tuple(zip(row[::2], row[1::2], strict=True))) for row in stored(path, f"typeof(k), k, {columns}")]
        for path in (source, target)
    )
    found: Counter[Difference] = Counter()
    if not case.key:
        here, there = (Counter(row for _, row in side) for side in (ours, theirs))
        for row, times in (here - there).items():
            found[missing(*(value for _, value in row))] += times  # type: ignore[arg-type]
        for row, times in (there - here).items():
            found[extra(*(value for _, value in row))] += times  # type: ignore[arg-type]
        return found

    def same(left: tuple[object, ...], right: tuple[object, ...]) -> bool:
        (kind, value), (other, partner) = left, right
        if {kind, other} <= {"integer", "real"}:
            return value == partner
        if "NOCASE" in case.key and kind == other == "text":
            return str(value).encode().lower() == str(partner).encode().lower()
        return left == right

    for key, row in ours:
        partners = [(k, r) for k, r in theirs if same(key, k)]
        if not partners:
            found[missing(key[1])] += 1  # type: ignore[arg-type]
            continue
        ((other, partner),) = partners
        names = ("k", *(f"c{n}" for n in range(len(case.columns))))
        differing = [name for name, a, b in zip(names, row, partner, strict=True) if a != b]
        if differing:
            found[changed([key[1]], [other[1]], *differing)] += 1  # type: ignore[list-item]
    for key, _ in theirs:
        if not any(same(k, key) for k, _ in ours):
            found[extra(key[1])] += 1  # type: ignore[arg-type]
    return found


@settings(max_examples=300, deadline=None)
@given(cases())
def test_both_ways_find_what_an_oracle_finds(tmp_path_factory: pytest.TempPathFactory, case: Case) -> None:
    folder = tmp_path_factory.mktemp("oracle")
    declared = f"CREATE TABLE t (k {case.key}, {', '.join(f'c{n} {kind}' for n, kind in enumerate(case.columns))})"
    files = folder / "source.db", folder / "target.db"
    for path, rows in zip(files, (case.source, case.target), strict=True):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute(declared)
            for row in rows:
                with suppress(sqlite3.IntegrityError):
                    connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", row)
    expected = oracle(case, *files)
    found = compared(files, room=case.room, most=case.most, pace=Pace(case.rows, SMALL.clock))
    assert found.method == ("joined" if case.key else "paired")
    assert sum(found.counts) == sum(expected.values())
    assert Counter(
        {kind: n for kind, n in zip(("missing", "extra", "changed"), found.counts, strict=True) if n}
    ) == Counter(d.kind for d in expected.elements())
    assert len(found.differences) == min(case.room, sum(expected.values()))
    assert not Counter(found.differences) - expected
