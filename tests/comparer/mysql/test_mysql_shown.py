"""The statements that show a row find exactly that row, whatever its values are, in a client of any settings."""

from collections.abc import Iterator
from contextlib import closing

import pymysql
import pytest

from functions.comparer.core import cells
from functions.comparer.core.kinds import Kind
from tests.comparer.mysql.servers import Database, admin, reading_of, rows_of

VALUES = {
    "INT": (["1", "-2", "0"], None),
    "BIGINT UNSIGNED": (["18446744073709551615", "1"], None),
    "BIT(9)": (["5", "256"], None),
    "DECIMAL(30, 10)": (["1.5", "-0.0000000001", "12345678901234567890"], None),
    "DOUBLE": (["0.1e0", "1e300", "0.1e0 + 0.2e0", "5e-324"], None),
    "DOUBLE ": (["0.1e0", "1e300", "0.1e0 + 0.2e0"], Kind.DECIMAL),
    "FLOAT": (["0.1", "0.3", "16777216"], None),
    "FLOAT ": (["0.1", "0.3", "16777216"], Kind.DECIMAL),
    "VARCHAR(99)": (["'a'", "'A'", "'a '", "'á'", "'it''s'", "'a\\nb'", "'é\\\\'", "'🐬'", "''", "'a\0b'"], None),
    "VARCHAR(99) CHARACTER SET latin1": (["'a'", "'A'", "'é'"], None),
    "VARCHAR(99) CHARACTER SET greek": (["'a'", "'?'", "X'AE'", "X'D2'"], None),
    "LONGTEXT": (["'a'", "'A'", "'é'"], None),
    "VARBINARY(99)": (["''", "X'00ff'", "'a'"], None),
    "ENUM('a', 'é', 'it''s')": (["'a'", "'é'", "'it''s'"], None),
    "DATE": (["'2024-01-02'", "'0000-00-00'", "'2020-00-10'"], None),
    "DATETIME(6)": (["'2024-01-02 03:04:05.000006'", "'0000-00-00'", "'2021-02-31 01:02:03'", "'2024-01-02'"], None),
    "TIMESTAMP(6) NULL": (["'2024-01-02 03:04:05.000006'", "'2024-03-31 01:30:00'", "'2024-10-27 00:30:00'"], None),
    "TIME(6)": (["'-838:59:59'", "'00:00:00.000001'"], None),
    "JSON": (["""'{"a": "é"}'""", "'null'"], None),
    "CHAR(36)": (["'6CCD780C-BABA-1026-9564-5B8C656024DB'", "'6ccd780c-baba-1026-9564-5b8c656024dc'"], Kind.UUID),
    "BINARY(16)": (["X'6CCD780CBABA102695645B8C656024DB'", "X'00112233445566778899aabbccddeeff'"], Kind.UUID),
    "POINT": (["POINT(1, 2)", "POINT(2, 1)"], None),
}


@pytest.fixture(
    params=[
        "SET sql_mode = DEFAULT, time_zone = '+02:00', NAMES latin1",
        "SET sql_mode = 'TRADITIONAL,NO_BACKSLASH_ESCAPES'",
    ]
)
def client(request: pytest.FixtureRequest, shared: Database) -> Iterator[pymysql.Connection]:
    with closing(admin()) as connection:
        with connection.cursor() as cursor:
            cursor.execute(request.param)
        yield connection


@pytest.mark.parametrize("declared", [*VALUES, "UUID", "INET6"])
def test_a_statement_finds_the_row_and_no_other(shared: Database, client: pymysql.Connection, declared: str) -> None:
    if declared in {"UUID", "INET6"} and not shared.mariadb:
        pytest.skip("MySQL has no such type")
    values, kind = {
        "UUID": (["'6ccd780c-baba-1026-9564-5b8c656024db'", "'00000000-0000-0000-0000-000000000000'"], None),
        "INET6": (["'::1'", "'::2'"], None),
        **VALUES,
    }[declared]
    shared.run("DROP TABLE IF EXISTS t", f"CREATE TABLE t (id INT PRIMARY KEY, v {declared})")
    shared.run(f"INSERT INTO t VALUES {', '.join(f'({n}, {value})' for n, value in enumerate([*values, 'NULL']))}")
    with shared.snapshot() as found, client.cursor() as cursor:
        reading = reading_of(found, "t", ("id", "v"), {"v": kind} if kind else {})
        for number, row in enumerate(rows_of(found, reading)):
            _, value = cells.values_of(cells.cells_in(row), reading.kinds)
            statement = found.statement("t", ["v"], (value,))
            cursor.execute(f"SELECT id FROM ({statement}) AS shown")
            assert cursor.fetchall() == ((number,),), statement


def test_a_statement_never_gets_longer_than_two_thousand_bytes(shared: Database) -> None:
    shared.run("DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT, w BLOB)")
    with shared.snapshot() as found:
        statement = found.statement("t", ["id", "v", "w"], (1, "x" * 100_000, b"y" * 100_000))
    assert len(statement) < 2000
    assert "`id` = 1 /* 2 of 3 conditions are too long and left out */" in statement
