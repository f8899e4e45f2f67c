"""ENUMs and SETs of two servers: compared by their labels, in whatever order each side has declared them."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pymysql
import pytest

from functions.comparer.compare import compare_databases
from functions.comparer.core import cells
from functions.comparer.core.cells import cells_of, key_in, placed, values_of
from functions.comparer.core.kinds import Kind
from functions.comparer.core.options import Options
from functions.comparer.core.results import RowDifference, TableContents
from functions.comparer.mysql.stream import Decoding
from tests.comparer.mysql.servers import Database, database, reading_of, rows_of

LABELS = ["b", "a", "é", "it''s", "Z", "x y", "(", "😀", "z"]
CHARSETS = ["utf8mb4", "latin1", "utf8mb3", "cp1251"]


@pytest.fixture
def other(server: pymysql.Connection) -> Iterator[Database]:
    """A second database of the test's own."""
    with database(server) as made:
        yield made


def compared(source: str, target: str) -> tuple[TableContents, list[RowDifference]]:
    found = compare_databases(source, target, objects=False, lines=False, contents=True, options=Options(settle=0))
    assert not found.failures
    assert found.contents
    ((table,),) = (entry.tables for entry in found.contents.databases)
    return table, [row for rows in found.differences.values() for row in rows]


def declared(kind: str, labels: list[str], charset: str = "utf8mb4") -> str:
    listed = ", ".join(f"'{label}'" for label in labels)
    return f"{kind}({listed}) CHARACTER SET {charset} COLLATE {charset}_bin"


def holding(made: Database, column: str, *values: str) -> None:
    """A table t (id, v) of these values, which may be wrong ones."""
    made.run(
        f"CREATE TABLE t (id INT PRIMARY KEY, v {column})",
        *(f"INSERT IGNORE INTO t VALUES ({number}, {value})" for number, value in enumerate(values)),
    )


@pytest.mark.parametrize("shuffled", range(4))
def test_a_set_is_its_members_in_whatever_order_they_were_declared(
    own: Database, other: Database, shuffled: int
) -> None:
    values = [0, 1, 2, 3, 5, 0b111111111, 0b101010101, 0b110000000]
    mixed = random.Random(shuffled).sample(LABELS, len(LABELS))
    texts = ["'" + ",".join(label for n, label in enumerate(LABELS) if value >> n & 1) + "'" for value in values]
    holding(own, declared("SET", LABELS), *texts, "NULL")
    holding(other, declared("SET", mixed), *texts, "NULL")
    table, _ = compared(own.url(), other.url())
    assert (table.source_rows, table.differing, str(table.result)) == (len(values) + 1, 0, "CONSISTENT")
    for number, value in ((2, "'a,b'"), (8, "''"), (0, "NULL")):
        other.run(f"UPDATE t SET v = {value} WHERE id = {number}")
    table, differences = compared(own.url(), other.url())
    assert sorted(row.source_key or () for row in differences) == [("0",), ("2",), ("8",)]


def test_a_set_of_64_members_is_all_of_them(own: Database, other: Database) -> None:
    labels = [f"l{number}" for number in range(64)]
    values = [f"'{','.join(labels)}'", "'l63'", "'l0,l62,l63'", "''"]
    holding(own, declared("SET", labels), *values)
    holding(other, declared("SET", labels[::-1]), *values)
    assert compared(own.url(), other.url())[0].differing == 0
    other.run("UPDATE t SET v = 'l62' WHERE id = 1")
    assert compared(own.url(), other.url())[0].changed == 1


def test_what_is_no_label_of_an_enum_is_not_the_label_of_no_characters(own: Database, other: Database) -> None:
    holding(own, "ENUM('', 'a')", "''", "'wrong'", "'a'", "NULL", "'wrong'")
    holding(other, "ENUM('a', '')", "''", "''", "'a'", "NULL", "'wrong'")
    assert own.rows(f"SELECT v + 0 FROM `{own.name}`.t ORDER BY id")[1] == (0.0,)
    table, differences = compared(own.url(), other.url())
    assert (table.changed, [row.source_key for row in differences]) == (1, [("1",)])


def test_beside_a_text_an_enum_and_a_set_are_what_the_server_writes(own: Database, tmp_path: Path) -> None:
    holding(own, "SET('b', 'a')", "'a,b'", "''")
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        connection.execute("INSERT INTO t VALUES (0, 'b,a'), (1, '')")
    assert compared(own.url(), str(tmp_path / "other.db"))[0].differing == 0


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("kind", ["ENUM", "SET"])
def test_keys_of_labels_are_in_order_cut_and_found(own: Database, kind: str, charset: str, decoding: Decoding) -> None:
    known = [label for label in LABELS if charset == "utf8mb4" or label.isascii()]
    values = [f"'{label}'" for label in known] + (["'wrong'"] if kind == "ENUM" else ["'a,b,z'", "'b,Z'", "''"])
    own.run(
        f"CREATE TABLE t (v {declared(kind, known, charset)} NOT NULL PRIMARY KEY)",
        *(f"INSERT IGNORE INTO t VALUES ({value})" for value in values),
    )
    with own.snapshot(decoding=decoding) as found:
        reading = reading_of(found, "t", ("v",))
        assert reading.kinds == (Kind.LABELS,)
        keys = [key_in(row) for row in rows_of(found, reading)]
        assert len(keys) == len(values)
        assert keys == sorted(keys, key=lambda key: placed(cells_of(key)))
        plain = [values_of(cells_of(key), reading.kinds) for key in keys]
        for at, key in enumerate(plain):
            assert [key_in(row) for row in rows_of(found, reading, key)] == keys[at + 1 :]
            assert [key_in(row) for row in rows_of(found, reading, None, key)] == keys[: at + 1]
            looked_up = [key_in(row) for block in found.at(reading, [key]) for row in cells.rows_in(block)]
            assert looked_up == [keys[at]]
            assert own.rows(found.statement("t", ["v"], key))
