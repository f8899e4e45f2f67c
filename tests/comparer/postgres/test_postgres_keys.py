"""Keys: which a table has, and that rows come in the order of their canonical cells, from and up to any key."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from functions.comparer.core.cells import cells_of, key_in, placed, rows_in, values_of
from functions.comparer.core.kinds import Kind
from functions.comparer.core.merging import OutOfOrder
from functions.comparer.core.table import Reading, Row
from tests.comparer.engines.cut_keys import assert_cut, marks_of, own_marks
from tests.comparer.postgres.server import Database, Server, read, reading, values

TEXTS = ["a", "B", "b", "A", "_", "é", "z", "1", "", "a ", "ab", "Z", "~", "😀", "￼"]
UUIDS = [
    "0ee0d2a8-cf0d-4d0b-a5a0-1a1a1a1a1a1a",
    "FFE0D2A8CF0D4D0BA5A01A1A1A1A1A1A",
    "{10e0d2a8-cf0d-4d0b-a5a0-1a1a1a1a1a1a}",
]
NUMBERS = ["-1e30", "-2.5", "-2", "0", "0.1", "1", "1.5", "10", "99.99", "1e30"]

# How a key column is declared, its values, and the kinds as which it may be read.
ORDERS = {
    "int2": ("int2", ["-5", "0", "7"], [Kind.INTEGER, Kind.DECIMAL]),
    "int8": ("int8", ["'-9223372036854775808'", "0", "9223372036854775807"], [Kind.INTEGER, Kind.DECIMAL]),
    "oid": ("oid", ["1", "3000000000"], [Kind.INTEGER]),
    "bool": ("bool", ["true", "false"], [Kind.INTEGER]),
    "bit": ("bit(3)", ["B'101'", "B'001'", "B'110'"], [Kind.INTEGER]),
    "numeric": ("numeric", [*NUMBERS, "'NaN'", "'Infinity'", "'-Infinity'"], [Kind.DECIMAL]),
    "float8": ("float8", [*NUMBERS, "'NaN'", "'Infinity'", "'-Infinity'"], [Kind.DOUBLE, Kind.DECIMAL]),
    "float4": ("float4", [*NUMBERS, "'NaN'"], [Kind.SINGLE, Kind.DECIMAL]),
    "text": ("text", [f"'{text}'" for text in TEXTS], [Kind.TEXT]),
    "text in C": ('text COLLATE "C"', [f"'{text}'" for text in TEXTS], [Kind.TEXT]),
    "text of another language": ('text COLLATE "en-x-icu"', [f"'{text}'" for text in TEXTS], [Kind.TEXT]),
    "citext": ("citext", ["'a'", "'B'", "'_'"], [Kind.TEXT]),
    "char": ("char(3)", ["'a'", "'B'", "'ab'", "'a-'", "''"], [Kind.TEXT]),
    "name": ("name", ["'a'", "'B'"], [Kind.TEXT]),
    "bytea": ("bytea", [r"'\x00'", r"'\xff'", r"'\x'", r"'\x0001'"], [Kind.BYTES]),
    "uuid": ("uuid", [f"'{text}'" for text in UUIDS], [Kind.UUID]),
    "text as uuid": ("text", [f"'{text}'" for text in [*UUIDS, "none", ""]], [Kind.UUID]),
    "bytea as uuid": ("bytea", [r"'\x00'", rf"'\x{'ff' * 16}'", rf"'\x{'00' * 16}'"], [Kind.UUID]),
    "date": ("date", ["'2024-02-29'", "'infinity'", "'-infinity'", "'0044-03-15 BC'"], [Kind.DATE, Kind.TIMESTAMP]),
    "time": ("time", ["'00:00'", "'24:00'", "'12:34:56.789'"], [Kind.TIME]),
    "timestamp": ("timestamp", ["'2024-02-29 01:02:03.4'", "'infinity'", "'0044-03-15 1:00 BC'"], [Kind.TIMESTAMP]),
    "timestamptz": ("timestamptz", ["'2024-02-29 01:02:03+05'", "'-infinity'", "'12024-01-01'"], [Kind.INSTANT]),
    "numeric[]": ("numeric[]", ["'{1.0,2}'", "'{10}'", "'{}'", "'{0.50}'"], [Kind.TEXT]),
    "char[]": ("char(3)[]", ["'{a}'", "'{ab,c}'", "'{}'"], [Kind.TEXT]),
    "enum": ("mood", ["'sad'", "'ok'", "'great'"], [Kind.TEXT]),
}


@pytest.fixture(scope="module")
def keyed(server: Server) -> Iterator[Database]:
    with server.database() as database:
        database.run("CREATE EXTENSION citext", "CREATE TYPE mood AS ENUM ('sad', 'ok', 'great')")
        yield database


@pytest.mark.parametrize("name", ORDERS)
def test_rows_come_in_the_order_of_their_cells_and_go_on_after_and_up_to_any_key(keyed: Database, name: str) -> None:
    declared, given, kinds = ORDERS[name]
    keyed.run(
        "DROP TABLE IF EXISTS o",
        f"CREATE TABLE o (k {declared} PRIMARY KEY, v int)",
        f"INSERT INTO o SELECT k, 1 FROM (VALUES {', '.join(f'({value}::{declared})' for value in given)}) AS g (k)",
    )
    with keyed.snapshot() as snapshot:
        for kind in kinds:
            wanted = Reading("o", ("k", "v"), (kind, Kind.INTEGER), 1)
            keys = [key_in(row) for block in snapshot.stream(wanted) for row in rows_in(block)]
            assert keys == sorted(keys, key=lambda key: placed(cells_of(key)))
            assert len(keys) == len(given)
            plain = [values_of(cells_of(key), [kind]) for key in keys]
            for place, key in enumerate(plain):
                after = [key_in(row) for block in snapshot.stream(wanted, key) for row in rows_in(block)]
                upto = [key_in(row) for block in snapshot.stream(wanted, None, key) for row in rows_in(block)]
                at = [key_in(row) for block in snapshot.at(wanted, [key]) for row in rows_in(block)]
                assert (after, upto, at) == (keys[place + 1 :], keys[: place + 1], keys[place : place + 1])
            assert sorted(key_in(row) for block in snapshot.at(wanted, plain) for row in rows_in(block)) == sorted(keys)


def test_keys_of_several_columns_are_in_order_and_found(keyed: Database) -> None:
    keyed.run(
        "CREATE TABLE several (a int, b text, c date, v int, PRIMARY KEY (a, b, c))",
        "INSERT INTO several SELECT i % 3, chr(64 + i % 5), date '2024-01-01' + i, i FROM generate_series(1, 60) AS i",
    )
    with keyed.snapshot() as snapshot:
        wanted = reading(snapshot, "several")
        rows = read(snapshot, "several")
        assert rows == sorted(rows)
        assert len(rows) == 60
        keys = [row[:3] for row in rows]
        assert values(snapshot.stream(wanted, keys[9], keys[19]), wanted.kinds) == rows[10:20]
        assert sorted(values(snapshot.at(wanted, keys[::7]), wanted.kinds)) == rows[::7]


# What a key of the other side may be that this column can't hold: a key, and how many of 1, 2, 3 are beyond it.
FOREIGN = [
    ("int4", Kind.DECIMAL, "1.5", 2),
    ("int4", Kind.DECIMAL, "NaN", 0),
    ("int4", Kind.DECIMAL, "-Infinity", 3),
    ("int4", Kind.INTEGER, 1 << 63, 0),
    ("int4", Kind.INTEGER, "text", 0),
    ("int4", Kind.INTEGER, None, 3),
    ("float8", Kind.DECIMAL, "1.00000000000000000001", 2),
    ("float8", Kind.DECIMAL, "0.99999999999999999999", 3),
    ("float4", Kind.DECIMAL, "2.00000000000000000001", 1),
    ("float4", Kind.DECIMAL, "1.99999999999999999999", 2),
    ("text", Kind.TEXT, "2\0", 1),
    ("text", Kind.TEXT, "1\0", 2),
    ("text", Kind.TEXT, b"2", 0),
    ("text", Kind.TEXT, 5, 0),
]


@pytest.mark.parametrize(("declared", "kind", "key", "beyond"), FOREIGN)
def test_a_key_that_only_the_other_side_can_have_cuts_the_rows_all_the_same(
    keyed: Database, declared: str, kind: Kind, key: object, beyond: int
) -> None:
    from decimal import Decimal

    given = Decimal(key) if kind is Kind.DECIMAL and isinstance(key, str) else key
    keyed.run(
        "DROP TABLE IF EXISTS f",
        f"CREATE TABLE f (k {declared}, l int, PRIMARY KEY (k, l))",
        f"INSERT INTO f SELECT i::text::{declared}, 5 FROM generate_series(1, 3) AS i",
    )
    with keyed.snapshot() as snapshot:
        for last in (4, 6):
            wanted, mark = Reading("f", ("k", "l"), (kind, Kind.INTEGER), 2), (given, last)
            assert len(values(snapshot.stream(wanted, mark), wanted.kinds)) == beyond  # type: ignore[arg-type]
            assert len(values(snapshot.stream(wanted, None, mark), wanted.kinds)) == 3 - beyond  # type: ignore[arg-type]
            assert not values(snapshot.at(wanted, [mark]), wanted.kinds)  # type: ignore[list-item]


def test_only_what_is_unique_for_every_row_and_never_null_is_a_key_and_the_primary_one_comes_first(
    keyed: Database,
) -> None:
    keyed.run(
        "CREATE TABLE keys (a int NOT NULL, b int NOT NULL, c int, d int NOT NULL, e text NOT NULL, f int NOT NULL)",
        "CREATE UNIQUE INDEX ON keys (b)",
        "CREATE UNIQUE INDEX ON keys (a, f) INCLUDE (e)",
        "CREATE UNIQUE INDEX ON keys (c)",
        "CREATE UNIQUE INDEX ON keys (d) WHERE d > 0",
        "CREATE UNIQUE INDEX ON keys (lower(e))",
        "ALTER TABLE keys ADD PRIMARY KEY (e, a)",
    )
    with keyed.snapshot() as snapshot:
        keys = snapshot.shape("keys").keys
    assert [key.columns for key in keys] == [("e", "a"), ("b",), ("a", "f")]
    assert keys[0].kinds == ("text", "integer")
    assert keys[0].rules == ("exact", "exact")


@pytest.mark.parametrize("analyzed", [True, False])
def test_a_table_is_cut_into_about_equal_parts_by_keys(keyed: Database, analyzed: bool) -> None:
    keyed.run(
        "DROP TABLE IF EXISTS cut",
        "CREATE TABLE cut (k text PRIMARY KEY, v text)",
        "INSERT INTO cut SELECT md5(i::text), repeat('x', 100) FROM generate_series(1, 8000) AS i",
        *(["ANALYZE cut"] if analyzed else []),
    )
    with keyed.snapshot() as snapshot:
        wanted = reading(snapshot, "cut")
        cuts = snapshot.split(wanted, 4)
        assert len(cuts) == 3
        bounds = [None, *cuts, None]
        parts = [len(values(snapshot.stream(wanted, *bounds[at : at + 2]), wanted.kinds)) for at in range(4)]
    assert sum(parts) == 8000
    assert min(parts) > 1000


def test_a_large_table_is_cut_by_numbers_into_more_parts_than_the_server_keeps_bounds_for(keyed: Database) -> None:
    keyed.run(
        "DROP TABLE IF EXISTS cut",
        "CREATE TABLE cut (k bigint PRIMARY KEY)",
        "INSERT INTO cut SELECT i * i FROM generate_series(-20000, 20000) AS i ON CONFLICT DO NOTHING",
        "ANALYZE cut",
    )
    with keyed.snapshot() as snapshot:
        wanted = reading(snapshot, "cut")
        cuts = snapshot.split(wanted, 500)
        assert cuts == sorted(set(cuts))
        assert 400 < len(cuts) < 500
        bounds = [None, *cuts, None]
        parts = [values(snapshot.stream(wanted, *ends), wanted.kinds) for ends in pairwise(bounds)]
    assert [row for part in parts for row in part] == [(number * number,) for number in range(20_001)]
    assert max(map(len, parts)) < 3 * 20_001 / len(parts)


def test_of_a_table_with_a_moment_that_no_cell_has_room_for_no_part_is_handed_out(keyed: Database) -> None:
    # It is a misfit, and so belongs behind an infinity, before which the server has it.
    keyed.run(
        "CREATE TABLE far (k date PRIMARY KEY)",
        "INSERT INTO far VALUES ('2024-01-01'), ('294247-01-10'), ('infinity')",
    )
    mark = ("2024-01-01 00:00:00",)
    with keyed.snapshot() as snapshot:
        wanted = Reading("far", ("k",), (Kind.TIMESTAMP,), 1)
        assert len(values(snapshot.stream(wanted), wanted.kinds)) == 3
        for after, upto in ((mark, None), (None, mark)):
            with pytest.raises(OutOfOrder):
                list(snapshot.stream(wanted, after, upto))
        as_days = Reading("far", ("k",), (Kind.DATE,), 1)
        assert len(values(snapshot.stream(as_days, ("2024-01-01",)), as_days.kinds)) == 2


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_texts_in_any_encoding_are_cut_by_any_text(server: Server, encoding: str) -> None:
    beyond_ascii = {"SQL_ASCII": ["E'a\\xff'", "E'\\xff'"], "LATIN1": ["'é'", "'aÿ'"]}
    texts = ["'a'", "'a '", "'B'", "''", "'ab'", *beyond_ascii[encoding]]
    marks: list[Row] = [(value,) for value in marks_of(Kind.TEXT)]
    with server.database(f"ENCODING '{encoding}'", "LOCALE 'C'") as database:
        for declared in ("text", 'text COLLATE "C"', "varchar(9)", "char(9)"):
            database.run(
                "DROP TABLE IF EXISTS t",
                f"CREATE TABLE t (k {declared} NOT NULL)",
                f"INSERT INTO t VALUES {', '.join(f'({text})' for text in texts)}",
            )
            with database.snapshot() as snapshot:
                wanted = Reading("t", ("k",), (Kind.TEXT,), 1)
                assert_cut(snapshot, wanted, [*own_marks(snapshot, wanted), *marks])
