"""The names of tables and other objects, for the same engine and for another; statements that show rows."""

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Malformed, Reading, Row, Value
from tests.comparer.postgres.server import Database, Server, read, reading, values


@pytest.fixture(scope="module")
def full(server: Server) -> Iterator[Database]:
    with server.database() as database:
        database.run(
            "CREATE EXTENSION citext",
            "CREATE SCHEMA s",
            'CREATE SCHEMA "x.y"',
            "CREATE TABLE t (id int PRIMARY KEY, u int CONSTRAINT mine UNIQUE, v text CHECK (v <> ''))",
            "CREATE INDEX t_v ON t (v)",
            "CREATE UNIQUE INDEX t_lower ON t (lower(v))",
            "CREATE TABLE s.t (a int, b int, PRIMARY KEY (b, a))",
            """CREATE TABLE "x.y"."q""q" ("A b" int, c int, CONSTRAINT far FOREIGN KEY ("A b", c)
                REFERENCES s.t (b, a) ON UPDATE SET NULL ON DELETE CASCADE,
                FOREIGN KEY (c) REFERENCES t (id) ON DELETE RESTRICT, EXCLUDE (c WITH =))""",
            "CREATE UNLOGGED TABLE unlogged (id int)",
            "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)",
            "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
            "CREATE TABLE child (more int) INHERITS (s.t)",
            "CREATE TYPE answer AS ENUM ('no')",
            "CREATE TYPE s.pair AS (a int)",
            "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
            "CREATE TYPE span AS RANGE (subtype = float8)",
            "CREATE VIEW seen AS SELECT * FROM t",
            "CREATE MATERIALIZED VIEW made AS SELECT 1 AS a",
            "CREATE INDEX made_a ON made (a)",
            "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE FUNCTION f(b text, c s.pair) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE FUNCTION s.trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE PROCEDURE p(a int) LANGUAGE sql AS 'SELECT 1'",
            "CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int)",
            "CREATE TRIGGER watch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION s.trigger()",
            "CREATE RULE quiet AS ON DELETE TO t DO INSTEAD NOTHING",
            "CREATE SEQUENCE counter",
            "CREATE FOREIGN DATA WRAPPER wrapper",
            "CREATE SERVER far FOREIGN DATA WRAPPER wrapper",
            "CREATE FOREIGN TABLE far (id int) SERVER far",
        )
        yield database


def test_every_object_of_the_users_is_named_and_none_of_the_servers_or_an_extensions(full: Database) -> None:
    with full.snapshot() as snapshot:
        found = {kind: set(names) for kind, names in snapshot.objects().items()}
        assert snapshot.tables() == found["TABLE"]
    assert found == {
        "TABLE": {"t", "s.t", '"x.y"."q""q"', "unlogged", "p", "child"},
        "VIEW": {"seen", "made"},
        "INDEX": {
            "`t`.`t_pkey`",
            "`t`.`mine`",
            "`t`.`t_v`",
            "`t`.`t_lower`",
            "`s.t`.`t_pkey`",
            '`"x.y"."q""q"`.`q"q_c_excl`',
            "`p`.`p_pkey`",
            "`made`.`made_a`",
        },
        "TRIGGER": {"`t`.`watch`"},
        "FUNCTION": {"f(integer)", "f(text, s.pair)", "s.trigger()", "total(integer)"},
        "PROCEDURE": {"p(integer)"},
        "TYPE": {"answer", "s.pair", "positive", "span"},
        "EXTENSIONS": {"citext"},
        "CONSTRAINT": {
            "`t`.`t_pkey`",
            "`t`.`mine`",
            "`t`.`t_v_check`",
            "`s.t`.`t_pkey`",
            '`"x.y"."q""q"`.`far`',
            '`"x.y"."q""q"`.`q"q_c_fkey`',
            '`"x.y"."q""q"`.`q"q_c_excl`',
            "`p`.`p_pkey`",
        },
        "RULE": {"`t`.`quiet`"},
    }


def test_for_another_engine_constraints_say_what_they_are_and_triggers_go_by_their_names(full: Database) -> None:
    with full.snapshot() as snapshot:
        found = snapshot.objects(neutral=True)
    assert found["CONSTRAINT"] == {
        "`t`.`PRIMARY KEY (id)`",
        "`t`.`UNIQUE (u)`",
        "`s.t`.`PRIMARY KEY (b, a)`",
        '`"x.y"."q""q"`.`FOREIGN KEY (A b, c) REFERENCES s.t (b, a) ON UPDATE SET NULL ON DELETE CASCADE`',
        '`"x.y"."q""q"`.`FOREIGN KEY (c) REFERENCES t (id)`',
        "`p`.`PRIMARY KEY (id)`",
    }
    assert found["INDEX"] == {"`t`.`t_v`", "`t`.`t_lower`", "`made`.`made_a`"}
    assert found["TRIGGER"] == {"watch"}
    assert found["FUNCTION"] == {"f", "total"}
    assert found["PROCEDURE"] == {"p"}


def test_with_a_schema_chosen_that_one_alone_counts_and_names_are_bare(full: Database) -> None:
    with full.snapshot("schema=s") as snapshot:
        found = snapshot.objects()
        assert snapshot.tables() == {"t"}
        assert found["FUNCTION"] == {"trigger()"}
        assert found["CONSTRAINT"] == {"`t`.`t_pkey`"}
        assert snapshot.shape("t").keys[0].columns == ("b", "a")
    with full.snapshot("schema=x.y") as snapshot:
        assert snapshot.tables() == {'q"q'}


def test_rows_of_partitions_are_those_of_their_parent_and_rows_of_children_their_own(full: Database) -> None:
    full.run("INSERT INTO p VALUES (1), (5)", "INSERT INTO s.t VALUES (1, 1)", "INSERT INTO child VALUES (2, 2, 2)")
    with full.snapshot() as snapshot:
        assert read(snapshot, "p") == [(1,), (5,)]
        assert (snapshot.count("p"), snapshot.count("s.t"), snapshot.count("child")) == (2, 1, 1)
        assert read(snapshot, "child") == [(2, 2, 2)]


def test_a_table_without_columns_or_rows_is_read(full: Database) -> None:
    full.run("CREATE TABLE nothing ()", "INSERT INTO nothing DEFAULT VALUES")
    with full.snapshot() as snapshot:
        assert snapshot.shape("nothing").columns == ()
        assert read(snapshot, "nothing") == [()]
        assert read(snapshot, "unlogged") == []


SHOWN = (
    "CREATE TABLE shown (i int4, b bool, n numeric, d float8, f float4, t text, c char(4), y bytea, dt date"
    ", ts timestamp, tz timestamptz, tm time, u uuid, j jsonb, js json, e mood, ip inet, iv interval, a int[]"
    ", bt bit(5), x xml, pt point, ci citext, oi oid, z text)"
)
ROW = (
    "1, true, 1.5, 0.1, 0.1, 'it''s', 'ab', '\\x00ff', '2024-02-29', '2024-02-29 01:02:03.4', '2024-02-29 01:02:03+00'"
    ", '01:02', '01234567-89ab-cdef-0123-456789abcdef', '{\"a\": 1}', '{\"a\": 1}', 'ok', '10.0.0.1', '1 day', '{1,2}'"
    ", B'10101', '<a/>', '(0.1,1)', 'Ab', 3000000000, NULL"
)


def test_the_statement_that_shows_a_row_finds_it_under_any_settings(full: Database) -> None:
    full.run("CREATE TYPE mood AS ENUM ('ok')", SHOWN, f"INSERT INTO shown VALUES ({ROW})")
    with full.snapshot() as snapshot, full.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'; SET IntervalStyle = 'postgres'; SET DateStyle = 'SQL, DMY'")
        wanted = reading(snapshot, "shown")
        (row,) = values(snapshot.stream(wanted), wanted.kinds)
        for name, value in zip(wanted.columns, row, strict=True):
            statement = snapshot.statement("shown", (name,), (value,))
            assert connection.execute(statement.encode()).rowcount == 1, statement
        whole = snapshot.statement("shown", wanted.columns, row)
        assert connection.execute(whole.encode()).rowcount == 1
        assert '"z" IS NULL' in whole


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("t", "x" * 100_000),
        ("t", "'" * 5_000),
        ("t", "é😀" * 2_000),
        ("y", b"\xff" * 100_000),
        ("t", Malformed("utf-8", b"\xff" * 10_000)),
        ("n", Decimal("1" * 5_000)),
    ],
)
def test_a_statement_that_shows_a_row_is_never_long_and_never_broken(full: Database, column: str, value: Value) -> None:
    full.run("DROP TABLE IF EXISTS long", "CREATE TABLE long (id int, t text, y bytea, n numeric)")
    with full.snapshot() as snapshot, full.connect() as connection:
        statement = snapshot.statement("long", ("id", column), (1, value))
        assert len(statement.encode()) <= 2048
        assert '"id" = 1' in statement
        connection.execute(statement.encode())


@pytest.mark.parametrize("value", ["a\0b\\", Malformed("utf-8", b"\xff'"), "\\'"])
def test_what_no_text_of_the_server_can_be_is_shown_in_a_statement_that_can_be_read(
    full: Database, value: Value
) -> None:
    full.run("DROP TABLE IF EXISTS odd", "CREATE TABLE odd (t text)", "INSERT INTO odd VALUES ('\\''')")
    with full.snapshot() as snapshot, full.connect() as connection:
        statement = snapshot.statement("odd", ("t",), (value,))
        try:
            found = connection.execute(statement.encode()).rowcount
        except psycopg.DataError:
            found = 0  # The server says that it has no such text.
        assert found == (value == "\\'")


@pytest.mark.parametrize(
    ("options", "first", "second"),
    [("ENCODING 'LATIN1' LOCALE 'C'", b"'\xe9'", b"'z'"), ("ENCODING 'SQL_ASCII' LOCALE 'C'", b"'\xff'", b"'z'")],
)
def test_a_database_in_another_encoding_is_read_and_sorted_as_unicode_or_as_it_is(
    server: Server, options: str, first: bytes, second: bytes
) -> None:
    with server.database(options) as database:
        with database.connect() as connection:
            connection.execute("CREATE TABLE t (k text PRIMARY KEY)")
            encoding = options.split("'")[1].encode()
            connection.pgconn.exec_(b"SET client_encoding = '" + encoding + b"'")
            connection.pgconn.exec_(b"INSERT INTO t VALUES (" + first + b"), (" + second + b")")
        with database.snapshot() as snapshot:
            wanted = Reading("t", ("k",), (Kind.TEXT,), 1)
            rows = values(snapshot.stream(wanted), wanted.kinds)
            high: Row = ("é",) if "LATIN1" in options else (Malformed("utf-8", b"\xff"),)
            assert rows == [("z",), high]
            assert values(snapshot.stream(wanted, ("z",)), wanted.kinds) == [high]
            assert values(snapshot.stream(wanted, None, high), wanted.kinds) == rows
            assert values(snapshot.at(wanted, [high]), wanted.kinds) == [high]
            lengths = Reading("t", ("k",), (Kind.LENGTH,), 0)
            found = values(snapshot.stream(lengths), lengths.kinds)
            assert sorted(found) == [(1,), (2 if "LATIN1" in options else 1,)]
