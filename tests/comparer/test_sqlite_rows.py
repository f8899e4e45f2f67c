"""The rows of a SQLite table come out exactly as they are stored, and a statement that people can run shows them."""

import math
import sqlite3
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.comparer.core.engine import Snapshot, Stop, Stopped, TableUnreadable
from functions.comparer.core.table import Malformed, Row, Value
from functions.comparer.sqlite.endpoint import SqliteEndpoint
from tests.comparer.served import make_database

ENCODINGS = {"UTF-8": "utf-8", "UTF-16le": "utf-16-le", "UTF-16be": "utf-16-be"}
TYPE_OF = {int: "integer", float: "real", str: "text", Malformed: "text", bytes: "blob", type(None): "null"}


@contextmanager
def opened(path: Path, stop: Stop | None = None) -> Iterator[Snapshot]:
    with SqliteEndpoint(path).snapshot(path.stem, stop or Stop()) as snapshot:
        yield snapshot


def filled(path: Path, columns: Sequence[str], rows: Sequence[Row], *, encoding: str = "UTF-8") -> Path:
    """A database with a table `t` that has these rows. What isn't text is bound as bytes and cast to text."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute(f"CREATE TABLE t ({', '.join(columns)})")
        for row in rows:
            marks = ["CAST(? AS TEXT)" if isinstance(value, Malformed) else "?" for value in row]
            bound = [value.raw if isinstance(value, Malformed) else value for value in row]
            connection.execute(f"INSERT INTO t VALUES ({', '.join(marks)})", bound)
    return path


def read(path: Path, *columns: str, table: str = "t") -> list[Row]:
    with opened(path) as snapshot:
        return list(snapshot.rows(table, columns))


def same(found: Value, expected: Value) -> bool:
    return type(found) is type(expected) and found == expected


def test_every_value_comes_with_its_type(tmp_path: Path) -> None:
    values: list[Value] = [
        *(
            None,
            0,
            1,
            -1,
            2**63 - 1,
            -(2**63),
            2**53 + 1,
            0.0,
            1.0,
            1e-15,
            0.1 + 0.2,
            5e-324,
            1e300,
            math.inf,
            -math.inf,
        ),
        *("", "1", "1.0", "a\0b", "\0", "é😀\ufffd\ufeff", " trailing ", "x'31'", b"", b"1", b"\0\xff", "x" * 100_000),
    ]
    found = read(filled(tmp_path / "made.db", ["a"], [(value,) for value in values]), "a")
    assert len(found) == len(values)
    assert all(same(row[0], value) for row, value in zip(found, values, strict=True))


def test_minus_zero_is_zero_and_not_a_number_is_null(tmp_path: Path) -> None:
    path = filled(tmp_path / "made.db", ["a", "b REAL"], [(-0.0, -0.0), (math.nan, math.nan)])
    assert read(path, "a", "b") == [(0.0, 0.0), (None, None)]


BROKEN = {
    "UTF-8": [b"\xff", b"ok\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"a\0\xfe"],
    "UTF-16le": [b"\x00\xd8A\x00", b"\x00\xdc", b"\x00\xd8", b"\x00\xd8\x00\xd8\x00\xdc"],
    "UTF-16be": [b"\xd8\x00\x00A", b"\xdc\x00", b"\xd8\x00", b"\xd8\x00\xd8\x00\xdc\x00"],
}


@pytest.mark.parametrize(("encoding", "broken"), BROKEN.items())
def test_text_that_is_not_valid_comes_as_the_bytes_that_are_stored(
    tmp_path: Path, encoding: str, broken: list[bytes]
) -> None:
    rows: list[Row] = [(n, Malformed(ENCODINGS[encoding], raw), "fine") for n, raw in enumerate(broken)]
    path = filled(
        tmp_path / "made.db", ["n", "a", "b"], [(-1, "é😀", ""), *rows, (99, b"\xff", "é\0")], encoding=encoding
    )
    assert read(path, "n", "a", "b") == [(-1, "é😀", ""), *rows, (99, b"\xff", "é\0")]


@pytest.mark.parametrize("at", [0, 1, 500, 999])
@pytest.mark.parametrize("kind", ["", "WITHOUT ROWID"])
def test_no_row_is_lost_or_repeated_where_text_is_not_valid(tmp_path: Path, at: int, kind: str) -> None:
    path = make_database(
        tmp_path / "made.db",
        f"CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, a, b) {kind}",
        "CREATE INDEX other_order ON t (a, id, b)",
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)"
        " INSERT INTO t SELECT printf('%04d', i * 7919 % 1000), -i,"
        f" CASE i WHEN {at} THEN CAST(x'ff' AS TEXT) END FROM n",
    )
    found = read(path, "id", "a", "b")
    assert len(found) == 1000
    assert sorted(found, key=lambda row: -row[1]) == [  # type: ignore[operator]
        (f"{i * 7919 % 1000:04}", -i, Malformed("utf-8", b"\xff") if i == at else None) for i in range(1000)
    ]


VALUES = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.binary(max_size=20)
)


def malformed(encoding: str) -> st.SearchStrategy[Value]:
    """Bytes that are no text in this encoding."""

    def invalid(raw: bytes) -> bool:
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            return True
        return False

    width = 1 if encoding == "utf-8" else 2
    pieces = st.sampled_from([b"\xff\xff", b"A\0", b"\0A", b"\xd8\0", b"\0\xd8", b"\xdc\0", b"\0\xdc", b"\xc3\xa9"])
    raws = st.lists(pieces, min_size=1, max_size=5).map(b"".join) | st.binary(max_size=20)
    return (
        raws.map(lambda raw: raw[: len(raw) // width * width]).filter(invalid).map(lambda raw: Malformed(encoding, raw))
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[Row]]:
    encoding = draw(st.sampled_from(list(ENCODINGS)))
    value = st.one_of(VALUES, VALUES, VALUES, malformed(ENCODINGS[encoding]))
    return encoding, draw(st.lists(st.tuples(value, value, value), min_size=1, max_size=8))


@settings(max_examples=150, deadline=None)
@given(tables())
@example(("UTF-16le", [(Malformed("utf-16-le", b"\x00\xd8A\x00"), "\U00010041", "\0")]))
def test_rows_come_out_as_they_went_in_and_their_statements_find_them(table: tuple[str, list[Row]]) -> None:
    encoding, rows = table
    with TemporaryDirectory() as folder:
        path = filled(Path(folder) / "made.db", ["a", '"b ""q"" ; --"', '"rowid"'], rows, encoding=encoding)
        columns = ("a", 'b "q" ; --', "rowid")
        with opened(path) as snapshot:
            found = list(snapshot.rows("t", columns))
            statements = [snapshot.statement("t", columns, row) for row in rows]
        assert found == rows
        assert [[TYPE_OF[type(v)] for v in row] for row in found] == [[TYPE_OF[type(v)] for v in row] for row in rows]
        with closing(apsw.Connection(str(path))) as shell:
            for row, statement in zip(rows, statements, strict=True):
                kinds = shell.execute(statement.replace("SELECT *", "SELECT typeof(a)")).fetchall()
                assert (TYPE_OF[type(row[0])],) in kinds
                assert len(kinds) == sum(other == row for other in rows)


NAMES = [
    "rowid",
    "_rowid_",
    "oid",
    'a"b',
    "'",
    "`",
    "[x]",
    "a.b",
    "main",
    "t",
    "select",
    "",
    " ",
    "-- ",
    "/*",
    "%s",
    "{0}",
    "ö😀",
]


@pytest.mark.parametrize("kind", ["", "WITHOUT ROWID"])
def test_a_column_is_read_whatever_its_name_is(tmp_path: Path, kind: str) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in NAMES]
    for table in NAMES:
        path = tmp_path / "made.db"
        path.unlink(missing_ok=True)
        name = '"' + table.replace('"', '""') + '"'
        make_database(
            path,
            f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {', '.join(quoted)}) {kind}",
            f"INSERT INTO {name} VALUES (77, {', '.join(str(number) for number in range(len(NAMES)))})",
        )
        assert read(path, *NAMES, table=table) == [tuple(range(len(NAMES)))]
        with opened(path) as snapshot, closing(apsw.Connection(str(path))) as shell:
            statement = snapshot.statement(table, NAMES, tuple(range(len(NAMES))))
            assert [row[0] for row in shell.execute(statement)] == [77]


def test_a_column_that_does_not_exist_is_no_text_in_quotes_and_no_rowid(tmp_path: Path) -> None:
    path = make_database(tmp_path / "made.db", "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
    with opened(path) as snapshot:
        for name in ("nowhere", "nul\0"):
            with pytest.raises(TableUnreadable):
                list(snapshot.rows("t", [name]))
        with pytest.raises(TableUnreadable, match="doesn't exist"):
            list(snapshot.rows("t\0", ["a"]))


def test_columns_come_in_the_order_in_which_they_are_asked_for(tmp_path: Path) -> None:
    path = filled(tmp_path / "made.db", ["a", "b", "c"], [(1, 2, 3)])
    assert read(path, "c", "A") == [(3, 1)]


def test_generated_columns_are_read(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "made.db",
        "CREATE TABLE t (a, v TEXT AS (a || '!'), s REAL AS (a * 2) STORED) STRICT".replace("(a,", "(a INT,"),
        "INSERT INTO t VALUES (1), (NULL)",
    )
    assert read(path, "a", "v", "s") == [(1, "1!", 2.0), (None, None, None)]


def test_rows_older_than_a_column_have_its_default(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "made.db",
        "CREATE TABLE t (a)",
        "INSERT INTO t VALUES (1)",
        "ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'x'",
    )
    assert read(path, "a", "b") == [(1, "x")]


def test_virtual_tables_are_read(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "made.db",
        "CREATE VIRTUAL TABLE words USING fts5(a, b UNINDEXED)",
        "INSERT INTO words VALUES ('x y', NULL), (CAST(x'ff' AS TEXT), 2)",
        "CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, +note)",
        "INSERT INTO boxes VALUES (7, 1.5, 2.5, 'n')",
    )
    assert read(path, "a", "b", table="words") == [("x y", None), (Malformed("utf-8", b"\xff"), 2)]
    assert read(path, "id", "x0", "x1", "note", table="boxes") == [(7, 1.5, 2.5, "n")]


@pytest.mark.parametrize("last", ["fine", Malformed("utf-8", b"\xff")])
def test_two_thousand_columns_are_read(tmp_path: Path, last: Value) -> None:
    names = [f"c{number}" for number in range(2000)]
    rows: list[Row] = [(*range(n, n + 1999), last) for n in range(3)]
    path = filled(tmp_path / "made.db", names, rows)
    assert read(path, *names) == rows
    with opened(path) as snapshot, closing(apsw.Connection(str(path))) as shell:
        statement = snapshot.statement("t", names, rows[1])
        assert len(statement) <= 2000
        assert shell.execute(statement.replace("SELECT *", "SELECT c0")).fetchall() == [(1,)]


def test_rows_come_from_the_table_and_not_from_an_index_that_disagrees(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "made.db",
        "CREATE TABLE t (a, b)",
        "CREATE INDEX i ON t (a)",
        "INSERT INTO t VALUES (1, 'x'), (2, 'y')",
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        (*index,) = connection.execute("SELECT * FROM sqlite_master WHERE name = 'i'").fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'i'")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM t WHERE a = 2")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", index)
    assert read(path, "a") == [(1,)]


def many(path: Path, count: int) -> Path:
    return make_database(
        path,
        "CREATE TABLE t (a, b)",
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        " INSERT INTO t SELECT i, printf('%0200d', i) FROM n",
    )


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
def test_reading_stops_when_asked_in_the_middle_of_a_table(tmp_path: Path, encoding: str) -> None:
    stop = Stop()
    path = many(make_database(tmp_path / "made.db", f"PRAGMA encoding = '{encoding}'"), 5000)
    with opened(path, stop) as snapshot:
        rows = snapshot.rows("t", ["a", "b"])
        assert next(rows)[0] == 1
        stop.ask()
        with pytest.raises(Stopped):
            list(rows)
        with pytest.raises(Stopped):
            snapshot.count("t")


def test_memory_is_bounded_whatever_the_table(tmp_path: Path) -> None:
    path = many(tmp_path / "made.db", 20_000)
    make_database(path, "UPDATE t SET b = CAST(x'ff' AS TEXT) WHERE a = 10000")
    with opened(path) as snapshot:
        tracemalloc.start()
        try:
            assert sum(1 for _ in snapshot.rows("t", ["a", "b"])) == 20_000
            assert tracemalloc.get_traced_memory()[1] < 200_000
        finally:
            tracemalloc.stop()


def test_rows_that_nobody_reads_to_the_end_do_no_harm(tmp_path: Path) -> None:
    path = many(tmp_path / "made.db", 1000)
    with opened(path) as snapshot:
        rows = [snapshot.rows("t", ["a"]) for _ in range(3)]
        assert [next(row) for row in rows] == [(1,)] * 3
        assert next(rows[0]) == (2,)
        assert snapshot.count("t") == 1000
        rows[1].close()  # type: ignore[attr-defined]


def test_a_damaged_table_is_told_as_damaged(tmp_path: Path) -> None:
    path = many(tmp_path / "made.db", 1000)
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 't'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    with opened(path) as snapshot, pytest.raises(TableUnreadable, match="malformed") as caught:
        list(snapshot.rows("t", ["a"]))
    assert caught.value.damaged


# --- the statement


SHOWN: dict[str, tuple[Value, str]] = {
    "an integer": (5, '"a" = 5'),
    "the smallest integer": (-(2**63), '"a" = -9223372036854775808'),
    "a real": (0.1, '"a" = 0.10000000000000001'),
    "a whole real": (1.0, '"a" = 1.0'),
    "a large real": (1e300, '"a" = 1.0000000000000001e+300'),
    "infinity": (-math.inf, '"a" = -9e999'),
    "text": ("it's", "\"a\" = 'it''s'"),
    "empty text": ("", "\"a\" = ''"),
    "text with a zero": ("a\0b", "\"a\" = CAST(x'610062' AS TEXT)"),
    "no text": (Malformed("utf-8", b"\xff"), "\"a\" = CAST(x'ff' AS TEXT)"),
    "bytes": (b"\0\xff", "\"a\" = x'00ff'"),
    "nothing": (None, '"a" IS NULL'),
}


@pytest.mark.parametrize(("value", "condition"), SHOWN.values(), ids=SHOWN.keys())
def test_a_statement_has_the_values_as_sqlite_writes_them(tmp_path: Path, value: Value, condition: str) -> None:
    with opened(make_database(tmp_path / "made.db", 'CREATE TABLE "t""t" (a, b)')) as snapshot:
        assert (
            snapshot.statement('t"t', ["a", "b"], (value, 1)) == f'SELECT * FROM "t""t" WHERE {condition} AND "b" = 1'
        )


def test_a_statement_that_would_be_too_long_says_what_it_leaves_out(tmp_path: Path) -> None:
    columns = ["id", "long", "short", "longer"]
    values = (5, "é" * 900, "x", "y" * 1_000_000)
    path = filled(tmp_path / "made.db", columns, [values, (6, *values[1:])])
    with opened(path) as snapshot, closing(apsw.Connection(str(path))) as shell:
        statement = snapshot.statement("t", columns, values)
        assert statement.endswith("AND \"short\" = 'x' /* 1 of 4 conditions are too long and left out */")
        assert len(statement.encode()) <= 2000
        assert [row[0] for row in shell.execute(statement)] == [5]
        nothing_left = snapshot.statement("t", ["longer"], values[3:])
        assert nothing_left == 'SELECT * FROM "t" /* 1 of 1 conditions are too long and left out */'
        assert shell.execute(nothing_left).fetchall()


@pytest.mark.parametrize("length", range(1880, 2020, 7))
def test_a_statement_is_never_longer_than_two_thousand_bytes(tmp_path: Path, length: int) -> None:
    name = "n" * length
    with opened(make_database(tmp_path / "made.db", f"CREATE TABLE {name} (a)", "CREATE TABLE t (a)")) as snapshot:
        for statement in (snapshot.statement(name, ["a"], (1,)), snapshot.statement("t", ["a"], (name,))):
            assert len(statement) <= 2000
            assert statement.startswith(("SELECT * FROM ", "/* the name of the table is too long"))


def test_a_statement_needs_no_collation_of_another_programs(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "own.db")) as connection, connection:
        connection.create_collation("own", lambda a, b: (a > b) - (a < b))
        connection.execute("CREATE TABLE t (a COLLATE own, b COLLATE NOCASE)")
        connection.execute("INSERT INTO t VALUES ('x', 'y')")
    with opened(tmp_path / "own.db") as snapshot, closing(apsw.Connection(str(tmp_path / "own.db"))) as shell:
        statement = snapshot.statement("t", ["a", "b"], ("x", "y"))
        assert statement == 'SELECT * FROM "t" WHERE "a" = \'x\' COLLATE BINARY AND "b" = \'y\''
        assert shell.execute(statement).fetchall() == [("x", "y")]
        assert snapshot.statement("t", ["a"], (None,)) == 'SELECT * FROM "t" WHERE "a" IS NULL'
