"""Every type of PostgreSQL in the canonical form that its values have, whatever kind is asked for."""

import math
import random
import struct
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from functions.comparer.core import cells
from functions.comparer.core.cells import cells_in, rows_in
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Reading
from tests.comparer.postgres.server import Database, Server

DAY = 86_400_000_000
U = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")


@pytest.fixture(scope="module")
def typed(server: Server) -> Iterator[Database]:
    with server.database() as database:
        database.run(
            "CREATE EXTENSION citext",
            "CREATE EXTENSION hstore",
            "CREATE TYPE mood AS ENUM ('sad', 'ok')",
            "CREATE TYPE pair AS (a float8, b text)",
            "CREATE DOMAIN small AS int2 CHECK (VALUE < 100)",
            "CREATE DOMAIN smaller AS small",
            "CREATE DOMAIN flags AS bit(5)",
            "CREATE DOMAIN mooded AS mood",
            "CREATE DOMAIN pair_domain AS pair",
            "CREATE SCHEMA other",
            "CREATE TYPE other.mood AS ENUM ('sad')",
        )
        yield database


def micro(text: str) -> int:
    return (datetime.fromisoformat(f"{text}+00") - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def text(value: str) -> bytes:
    return cells.text(value.encode())


OWN = [
    ("bool", "true", Kind.INTEGER, cells.integer(1)),
    ("bool", "false", Kind.INTEGER, cells.integer(0)),
    ("int2", "-32768", Kind.INTEGER, cells.integer(-32768)),
    ("int4", "2147483647", Kind.INTEGER, cells.integer(2147483647)),
    ("int8", "'-9223372036854775808'", Kind.INTEGER, cells.integer(-(1 << 63))),
    ("oid", "4294967295", Kind.INTEGER, cells.integer(4294967295)),
    ("smaller", "7", Kind.INTEGER, cells.integer(7)),
    ("bit(5)", "B'10101'", Kind.INTEGER, cells.integer(21)),
    ("flags", "B'00001'", Kind.INTEGER, cells.integer(1)),
    ("bit(63)", "repeat('1', 63)::bit(63)", Kind.INTEGER, cells.integer((1 << 63) - 1)),
    ("bit(64)", "repeat('1', 64)::bit(64)", Kind.OTHER, text("1" * 64)),
    ("bit varying(9)", "B'0101'", Kind.OTHER, text("0101")),
    ("float8", "0.1", Kind.DOUBLE, cells.double(0.1)),
    ("float8", "'-0'", Kind.DOUBLE, cells.double(0.0)),
    ("float8", "'NaN'", Kind.DOUBLE, cells.double(float("nan"))),
    ("float8", "'-Infinity'", Kind.DOUBLE, cells.double(float("-inf"))),
    ("float4", "0.1", Kind.SINGLE, cells.single(0.1)),
    ("numeric(14,4)", "-12.5", Kind.DECIMAL, cells.decimal(Decimal("-12.5"))),
    ("numeric", "0", Kind.DECIMAL, cells.decimal(0)),
    ("numeric", "1e40", Kind.DECIMAL, cells.decimal(10**40)),
    ("numeric", "123456789.000100", Kind.DECIMAL, cells.decimal(Decimal("123456789.0001"))),
    ("numeric", "1e-20", Kind.DECIMAL, cells.decimal(Decimal("1e-20"))),
    ("numeric", "'NaN'", Kind.DECIMAL, cells.decimal(Decimal("NaN"))),
    ("money", "12.5", Kind.OTHER, text("$12.50")),
    ("text", "'ä '", Kind.TEXT, text("ä ")),
    ("text", "''", Kind.TEXT, text("")),
    ("varchar(9)", "' x '", Kind.TEXT, text(" x ")),
    ("char(6)", "'ab'", Kind.TEXT, text("ab")),
    ("name", "'ab'", Kind.TEXT, text("ab")),
    ('"char"', "'a'", Kind.TEXT, text("a")),
    ("citext", "'Ab'", Kind.TEXT, text("Ab")),
    ("xml", "'<a>1</a>'", Kind.TEXT, text("<a>1</a>")),
    ("bytea", r"'\x00ff'", Kind.BYTES, cells.binary(b"\x00\xff")),
    ("date", "'2024-02-29'", Kind.DATE, cells.moment((date(2024, 2, 29) - date(1970, 1, 1)).days)),
    ("date", "'infinity'", Kind.DATE, cells.moment(cells.PLUS_INFINITY)),
    ("date", "'0044-03-15 BC'", Kind.DATE, cells.moment(-735_160)),
    ("time(6)", "'23:59:59.999999'", Kind.TIME, cells.moment(DAY - 1)),
    ("time", "'24:00'", Kind.TIME, cells.moment(DAY)),
    ("timetz", "'12:00+02'", Kind.OTHER, text("12:00:00+02")),
    ("timestamp", "'2020-01-01 00:00:00.1'", Kind.TIMESTAMP, cells.moment(micro("2020-01-01 00:00:00.100"))),
    ("timestamp", "'-infinity'", Kind.TIMESTAMP, cells.moment(cells.MINUS_INFINITY)),
    ("timestamp", "'294276-12-31 23:59:59.9'", Kind.TIMESTAMP, cells.misfit("t", b"294276-12-31 23:59:59.900000")),
    ("timestamptz", "'2020-01-01 02:00+02'", Kind.INSTANT, cells.moment(micro("2020-01-01 00:00"))),
    ("interval", "'1 day 2.5 s'", Kind.OTHER, text("P1DT2.5S")),
    ("uuid", f"'{U}'", Kind.UUID, cells.uuid(U.bytes)),
    ("json", '\'{"b": 1,  "a": 2}\'', Kind.JSON, text('{"b": 1,  "a": 2}')),
    ("jsonb", '\'{"b": 1,  "a": 2}\'', Kind.JSON, text('{"a": 2, "b": 1}')),
    ("inet", "'192.168.0.1'", Kind.OTHER, text("192.168.0.1")),
    ("inet", "'192.168.0.1/24'", Kind.OTHER, text("192.168.0.1/24")),
    ("cidr", "'10.0.0.0/8'", Kind.OTHER, text("10.0.0.0/8")),
    ("macaddr", "'08:00:2B:01:02:03'", Kind.OTHER, text("08:00:2b:01:02:03")),
    ("mood", "'ok'", Kind.OTHER, text("ok")),
    ("mooded", "'ok'", Kind.OTHER, text("ok")),
    ("float8[]", "'{0.1,NULL,1e20}'", Kind.OTHER, text("{0.1,NULL,1e+20}")),
    ("bytea[]", r"ARRAY['\x0a'::bytea]", Kind.OTHER, text('{"\\\\x0a"}')),
    ("timestamptz[]", "'{2020-01-01 02:00+02}'", Kind.OTHER, text('{"2020-01-01 00:00:00+00"}')),
    (
        "numeric[]",
        "'{1,10,100.0,0.0,1.50,-20.0500,0.10203,NULL,NaN}'",
        Kind.OTHER,
        text("{1,10,100,0,1.5,-20.05,0.10203,NULL,NaN}"),
    ),
    ("numeric(9,3)[]", "'[0:1][1:1]={{1},{0.120}}'", Kind.OTHER, text("[0:1][1:1]={{1},{0.12}}")),
    ("numrange", "'[1.0,20.50)'", Kind.OTHER, text("[1,20.5)")),
    ("numrange", "'(,1.00]'", Kind.OTHER, text("(,1]")),
    ("numrange[]", "ARRAY[numrange(1.0, 2.50)]", Kind.OTHER, text('{"[1,2.5)"}')),
    ("char(4)[]", """'{a," b ",NULL,"",c}'""", Kind.OTHER, text('{a," b",NULL,"",c}')),
    ("char(2)[]", "'[0:0]={a}'", Kind.OTHER, text("[0:0]={a}")),
    ("text[]", """'{"1.00","a "}'""", Kind.OTHER, text('{1.00,"a "}')),
    ("pair", "ROW(0.1, 'a,b')", Kind.OTHER, text('(0.1,"a,b")')),
    ("int4range", "'[1,5)'", Kind.OTHER, text("[1,5)")),
    ("point", "'(0.1,2)'", Kind.OTHER, text("(0.1,2)")),
    ("tsvector", "'b a'", Kind.OTHER, text("'a' 'b'")),
    ("hstore", "'a=>1'", Kind.OTHER, text('"a"=>"1"')),
]
ASKED = [
    ("int4", "5", Kind.DECIMAL, cells.decimal(5)),
    ("bool", "true", Kind.DECIMAL, cells.decimal(1)),
    ("oid", "3000000000", Kind.DECIMAL, cells.decimal(3_000_000_000)),
    ("bit(3)", "B'101'", Kind.DECIMAL, cells.decimal(5)),
    ("float8", "0.1", Kind.DECIMAL, cells.decimal(Decimal("0.1"))),
    ("float8", "1e23", Kind.DECIMAL, cells.decimal(99999999999999991611392)),
    ("float8", "'Infinity'", Kind.DECIMAL, cells.decimal(Decimal("Infinity"))),
    ("float4", "0.1", Kind.DECIMAL, cells.decimal(Decimal("0.1"))),
    ("float8", "0.1", Kind.SINGLE, cells.single(0.1)),
    ("float8", "1e300", Kind.SINGLE, cells.double(float("inf"))),
    ("float4", "0.5", Kind.DOUBLE, cells.double(0.5)),
    ("int8", "9007199254740993", Kind.DOUBLE, cells.misfit("i", b"9007199254740993")),
    ("int8", "9007199254740992", Kind.DOUBLE, cells.double(2.0**53)),
    ("date", "'2024-02-29'", Kind.TIMESTAMP, cells.moment(micro("2024-02-29 00:00"))),
    ("date", "'-infinity'", Kind.TIMESTAMP, cells.moment(cells.MINUS_INFINITY)),
    ("text", f"'{str(U).upper()}'", Kind.UUID, cells.uuid(U.bytes)),
    ("text", f"'{{{U.hex}}}'", Kind.UUID, cells.uuid(U.bytes)),
    ("text", "'none'", Kind.UUID, cells.misfit("t", b"none")),
    ("char(40)", f"'{U}'", Kind.UUID, cells.uuid(U.bytes)),
    ("bytea", rf"'\x{U.hex}'", Kind.UUID, cells.uuid(U.bytes)),
    ("bytea", r"'\x00'", Kind.UUID, cells.misfit("b", b"\x00")),
    ("text", "'{}'", Kind.JSON, text("{}")),
    ("mood", "'sad'", Kind.TEXT, text("sad")),
    ("inet", "'::1'", Kind.TEXT, text("::1")),
    ("text", "'é '", Kind.LENGTH, cells.integer(3)),
    ("char(9)", "'é'", Kind.LENGTH, cells.integer(2)),
    ("jsonb", "'[1]'", Kind.LENGTH, cells.integer(3)),
    ("bytea", r"'\x2000'", Kind.LENGTH, cells.integer(2)),
]


def test_every_type_is_written_as_its_kind_has_it_and_as_the_kinds_that_it_is_compared_as(typed: Database) -> None:
    cases = OWN + ASKED
    names = [f"c{number}" for number in range(len(cases))]
    columns = ", ".join(f"{name} {case[0]}" for name, case in zip(names, cases, strict=True))
    typed.run(
        f"CREATE TABLE every ({columns})",
        "INSERT INTO every VALUES (" + ", ".join(f"({case[1]})::{case[0]}" for case in cases) + ")",
        "INSERT INTO every DEFAULT VALUES",
    )
    with typed.snapshot() as snapshot:
        types = {column.name: column.type for column in snapshot.shape("every").columns}
        kinds = tuple(Kind.TEXT if case[2] is Kind.OTHER else case[2] for case in cases)
        blocks = snapshot.stream(Reading("every", tuple(names), kinds, 0))
        full, empty = [cells_in(row) for block in blocks for row in rows_in(block)]
    assert {name: types[name].kind for name in names[: len(OWN)]} == {
        name: case[2] for name, case in zip(names, OWN, strict=False)
    }
    wrong = {case[:3]: (found, case[3]) for case, found in zip(cases, full, strict=True) if found != case[3]}
    assert not wrong
    assert set(empty) == {cells.null()}


def test_a_type_of_the_engines_own_is_named_and_says_whether_others_write_it_alike(typed: Database) -> None:
    typed.run(
        "CREATE TABLE named (a mood, b mood[], c inet, d varbit(5), e timestamp(3)[], f other.mood[], g hstore,"
        " h xml, i bytea, j jsonb, k varchar(40), l numeric(14,4), m smaller, n bit(70), o pair, p text,"
        " q pair[], r pair_domain)"
    )
    with typed.snapshot() as snapshot:
        types = {column.name: column.type for column in snapshot.shape("named").columns}
    assert {name: found.native for name, found in types.items()} == {
        "a": "enum",
        "b": "public.mood[]",
        "c": "inet",
        "d": "bit varying",
        "e": "timestamp without time zone[]",
        "f": "other.mood[]",
        "g": "public.hstore",
        "h": "xml",
        "i": "bytea",
        "j": "jsonb",
        "k": "character varying(40)",
        "l": "numeric(14,4)",
        "m": "smallint",
        "n": "bit",
        "o": "public.pair (a double precision, b text)",
        "p": "text",
        "q": "public.pair[] (a double precision, b text)",
        "r": "public.pair (a double precision, b text)",
    }
    assert {name for name, found in types.items() if found.lob} == {"h", "i", "j"}
    assert {name for name, found in types.items() if found.standard_text} == {"a", "c"}


def test_names_are_written_alike_whatever_a_database_is_set_to(server: Server) -> None:
    with server.database() as database:
        database.run(
            f"ALTER DATABASE {database.name} SET quote_all_identifiers = on",
            "CREATE TABLE t (a regclass, b regclass[])",
            "INSERT INTO t VALUES ('pg_class', '{pg_type}')",
        )
        with database.snapshot() as snapshot:
            assert [column.type.native for column in snapshot.shape("t").columns] == ["regclass", "regclass[]"]
            kinds = (Kind.TEXT, Kind.TEXT)
            (row,) = [row for block in snapshot.stream(Reading("t", ("a", "b"), kinds, 0)) for row in rows_in(block)]
            assert cells_in(row) == (text("pg_class"), text("{pg_type}"))


def test_columns_come_in_order_and_dropped_ones_are_gone_and_generated_ones_are_columns(typed: Database) -> None:
    typed.run(
        'CREATE TABLE generated (b int, gone int, "A b" text, g int GENERATED ALWAYS AS (b * 2) STORED)',
        "ALTER TABLE generated DROP COLUMN gone",
        "INSERT INTO generated VALUES (4, 'x')",
    )
    with typed.snapshot() as snapshot:
        assert [column.name for column in snapshot.shape("generated").columns] == ["b", "A b", "g"]
        kinds = (Kind.INTEGER, Kind.TEXT, Kind.INTEGER)
        (row,) = [row for b in snapshot.stream(Reading("generated", ("b", "A b", "g"), kinds, 0)) for row in rows_in(b)]
    assert cells_in(row) == (cells.integer(4), text("x"), cells.integer(8))


def test_numbers_of_every_size_are_what_they_say(typed: Database) -> None:
    chance = random.Random(5)
    numbers = [
        Decimal((chance.randrange(2), tuple(chance.choices(range(10), k=chance.randrange(1, 60))), power))
        for power in range(-40, 41)
        for _ in range(8)
    ]
    doubles = [struct.unpack(">d", chance.randbytes(8))[0] for _ in numbers]
    singles = [struct.unpack(">f", chance.randbytes(4))[0] for _ in numbers]
    rows = zip(range(len(numbers)), numbers, doubles, singles, strict=True)
    with typed.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE numbers (i int PRIMARY KEY, n numeric, d float8, s float4)")
        with cursor.copy("COPY numbers FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    for asked in (Kind.DOUBLE, Kind.DECIMAL):
        kinds = (Kind.INTEGER, Kind.DECIMAL, asked, Kind.SINGLE if asked is Kind.DOUBLE else Kind.DECIMAL)
        with typed.snapshot() as snapshot:
            blocks = b"".join(snapshot.stream(Reading("numbers", ("i", "n", "d", "s"), kinds, 1)))
        found = [cells_in(row)[1:] for row in rows_in(blocks)]
        assert [cell for cell, _, _ in found] == [cells.decimal(number) for number in numbers]
        if asked is Kind.DOUBLE:
            assert [cell[1:] for cell in found] == [
                (cells.double(d), cells.single(s)) for d, s in zip(doubles, singles, strict=True)
            ]
        else:
            assert [cell[1] for cell in found] == [cells.decimal_of_double(d) for d in doubles]
            with typed.connect() as connection:
                texts = connection.execute("SELECT s::text, s = trunc(s) FROM numbers ORDER BY i").fetchall()
            for (_, _, cell), (text, whole), single in zip(found, texts, singles, strict=True):
                shortest = Decimal(str(text))
                if math.isfinite(single) and whole:
                    shortest = Decimal(int(single))
                # Of the very smallest numbers `cells.single_digits` has some digits more.
                assert cell == cells.decimal(shortest) or abs(single) < 1.2e-38
