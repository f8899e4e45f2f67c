"""Streams of any size, closed early or read to their end, leave a connection that goes on in the same snapshot."""

import struct
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise

import pytest

from functions.comparer.core import cells
from functions.comparer.core.engine import TableUnreadable
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Reading
from functions.comparer.mysql import wire
from functions.comparer.mysql.decoding import PlainMysqlDecoder
from functions.comparer.mysql.parts import cuts
from functions.comparer.mysql.stream import Decoding
from tests.comparer.mysql.servers import Database, connected, reading_of, rows_of, stays


def numbered(own: Database, rows: int, width: int = 100) -> None:
    """A table (id, v) of so many rows."""
    own.run(f"CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR({width}))", "CREATE TABLE d (n INT PRIMARY KEY)")
    own.run(f"INSERT INTO d VALUES {', '.join(f'({n})' for n in range(100))}")
    own.run(
        f"INSERT INTO t SELECT a.n * 10000 + b.n * 100 + c.n AS id, REPEAT('x', {width}) FROM d a, d b, d c"
        f" WHERE a.n < {rows // 10_000} ORDER BY id"
    )


def test_rows_come_in_blocks_of_many(own: Database, decoding: Decoding) -> None:
    numbered(own, 20_000)
    with own.snapshot(decoding=decoding) as found:
        blocks = list(found.stream(reading_of(found, "t", ("id", "v"))))
        assert all(100_000 < len(block) < 1_000_000 for block in blocks[:-1])
        rows = [row for block in blocks for row in cells.rows_in(block)]
        assert [cells.cells_in(row)[0] for row in rows] == [cells.integer(number) for number in range(20_000)]
        assert {cells.cells_in(row)[1] for row in rows} == {cells.text(b"x" * 100)}


SIZES = (0, 250, 251, 65_535, 65_536, 262_144, 16_777_200, 16_777_215, 16_777_216, 33_000_000)


def test_a_row_of_any_size_is_read(own: Database, decoding: Decoding) -> None:
    # A value can't be larger than a packet may be that a client sends, but a row can: half is in either column.
    own.run("CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB, w LONGBLOB)")
    for number, size in enumerate(SIZES):
        own.run(f"INSERT INTO t VALUES ({number}, REPEAT('x', {size // 2}), REPEAT('y', {size - size // 2}))")
    with own.snapshot(decoding=decoding) as found:
        reading = reading_of(found, "t", ("id", "v", "w"))
        for size, row in zip(SIZES, rows_of(found, reading), strict=True):
            assert cells.cells_in(row)[1:] == (
                cells.binary(b"x" * (size // 2)),
                cells.binary(b"y" * (size - size // 2)),
            )
        assert found.count("t") == len(SIZES)


def test_a_stream_that_is_closed_early_leaves_a_connection_that_goes_on_in_the_same_snapshot(own: Database) -> None:
    numbered(own, 20_000, 1000)
    with own.snapshot(connections=1) as found:
        reading = reading_of(found, "t", ("id", "v"))
        own.run("DELETE FROM t WHERE id = 0")
        for _ in range(3):
            with closing(found.stream(reading)) as stream:  # type: ignore[type-var]
                next(stream)
            assert found.count("t") == 20_000
        with connected() as other:
            assert not stays(other, own.name)


def test_a_stream_of_an_empty_table_has_no_block(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY)")
    with own.snapshot() as found:
        reading = reading_of(found, "t", ("id",))
        assert list(found.stream(reading)) == []
        assert list(found.at(reading, [])) == []


def test_many_columns_are_read_and_any_of_them_may_be_null(own: Database, decoding: Decoding) -> None:
    names = [f"c{number}" for number in range(300)]
    own.run(f"CREATE TABLE t (id INT PRIMARY KEY, {', '.join(f'{name} INT' for name in names)})")
    own.run(f"INSERT INTO t VALUES (1, {', '.join('NULL' if n % 3 else str(n) for n in range(300))})")
    with own.snapshot(decoding=decoding) as found:
        (row,) = rows_of(found, reading_of(found, "t", ("id", *names)))
    assert cells.cells_in(row)[1:] == tuple(cells.null() if n % 3 else cells.integer(n) for n in range(300))


def test_names_may_hold_any_character(own: Database) -> None:
    own.run('CREATE TABLE `a``b.c %s "d"` (`i``d` INT PRIMARY KEY, `v%` INT)'.replace("%", "%%").replace("%%", "%"))
    own.run('INSERT INTO `a``b.c %s "d"` VALUES (1, 2)')
    table = 'a`b.c %s "d"'
    with own.snapshot() as found:
        assert found.tables() == {table}
        assert found.count(table) == 1
        (row,) = rows_of(found, reading_of(found, table, ("i`d", "v%")))
        assert cells.cells_in(row) == (cells.integer(1), cells.integer(2))


def test_rows_are_no_rows_of_plain_values(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY)")
    with own.snapshot() as found, pytest.raises(TableUnreadable):
        found.rows("t", ["id"])


def test_a_table_is_cut_into_parts_of_about_as_many_rows_however_its_keys_lie(own: Database) -> None:
    numbered(own, 20_000)
    own.run("CREATE TABLE u (id INT PRIMARY KEY, v VARCHAR(100))")
    own.run("INSERT INTO u SELECT IF(id < 5000, id, 1000000000 + id), v FROM t ORDER BY id")
    with own.snapshot() as found:
        reading = reading_of(found, "u", ("id", "v"))
        places = found.split(reading, 4)
        assert len(places) == 3
        edges = [None, *places, None]
        sizes = [len(rows_of(found, reading, after, upto)) for after, upto in pairwise(edges)]
        assert sum(sizes) == 20_000
        assert all(2_000 < size < 9_000 for size in sizes), sizes


def test_about_how_many_rows_a_table_has_is_asked_of_today(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY)")
    asked = f"SELECT table_rows FROM information_schema.tables WHERE table_schema = '{own.name}'"
    assert own.rows(asked) == [(0,)]  # MySQL knows this for a day
    own.run(f"INSERT INTO t VALUES {', '.join(f'({number})' for number in range(5000))}")
    with own.snapshot() as found:
        assert 4_000 < found.about("t") < 6_000


def test_what_can_not_be_cut_is_not(own: Database) -> None:
    own.run("CREATE TABLE t (a VARCHAR(9) PRIMARY KEY)", "CREATE TABLE u (a INT, b INT, PRIMARY KEY (a, b))")
    own.run("CREATE TABLE w (a INT PRIMARY KEY)", "INSERT INTO u VALUES (1, 1), (2, 2)")
    with own.snapshot() as found:
        assert found.split(reading_of(found, "t", ("a",)), 2) == []
        assert found.split(reading_of(found, "u", ("a", "b"), key=2), 2) == []
        assert found.split(reading_of(found, "w", ("a",)), 2) == []
        assert found.split(reading_of(found, "u", ("a", "b")), 1) == []


@pytest.mark.parametrize("parts", [2, 3, 8])
def test_cuts_rise_and_have_as_many_rows_between_them(parts: int) -> None:
    found = cuts(1, 1000, parts, lambda low, high: high - low + 1)
    assert len(found) == parts - 1
    ends = [0, *found, 1000]
    assert all(abs(b - a - 1000 / parts) <= 60 for a, b in pairwise(ends))


@pytest.mark.parametrize("rows", [lambda low, high: 0, lambda low, high: 5, lambda low, high: -(low % 7)])
def test_cuts_rise_whatever_is_estimated(rows: Callable[[int, int], int]) -> None:
    found = cuts(-(2**63), 2**64 - 1, 4, rows)
    assert sorted(set(found)) == found
    assert cuts(7, 7, 4, rows) == []


COLUMNS = [
    (int(Kind.INTEGER), wire.LONG, False),
    (int(Kind.TEXT), wire.VAR_STRING, False),
    (int(Kind.TIME), wire.TIME, False),
]
ROW = b"\0\0" + struct.pack("<i", -5) + b"\x03abc" + b"\x08\1\0\0\0\0\1\2\3"
END = b"\5\0\0\7\xfe\0\0\2\0"


def packet(payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + b"\1" + payload


def test_a_decoder_takes_what_is_complete_wherever_the_bytes_are_cut(decoding: Decoding) -> None:
    sent = packet(ROW) * 3 + END
    expected = cells.row_of([cells.integer(-5), cells.text(b"abc"), cells.moment(-3_723_000_000)], 1)
    for cut in range(len(sent) + 1):
        decoder = decoding(COLUMNS, 1)
        used = decoder.packets(memoryview(sent)[:cut])
        assert used == min(cut // len(packet(ROW)), 3) * len(packet(ROW))
        assert decoder.waiting == used // len(packet(ROW)) * len(expected)
        used += decoder.packets(memoryview(sent)[used:])
        assert used == len(sent) - len(END)
        assert decoder.rows() == expected * 3
        assert (decoder.rows(), decoder.waiting) == (b"", 0)


def test_a_decoder_stops_before_an_error(decoding: Decoding) -> None:
    decoder = decoding(COLUMNS, 0)
    error = packet(b"\xff\x25\5#70100killed")
    assert decoder.packets(memoryview(packet(ROW) + error)) == len(packet(ROW))
    assert decoder.packets(memoryview(error)) == 0


@pytest.mark.parametrize("payload", [ROW[:-1], ROW + b"\0", ROW[:6], b"\0", ROW[:6] + b"\xfd\1"])
def test_a_decoder_refuses_what_is_no_row_of_its_columns(payload: bytes, decoding: Decoding) -> None:
    decoder = decoding(COLUMNS, 1)
    with pytest.raises(ValueError, match=r"\w"):
        decoder.packets(memoryview(packet(payload)))


def test_a_decoder_refuses_a_type_that_has_no_form_of_its_kind(decoding: Decoding) -> None:
    for kind, sent in (
        (Kind.DATE, wire.LONG),
        (Kind.INTEGER, wire.VAR_STRING),
        (Kind.TEXT, wire.DATE),
        (Kind.TIME, 200),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            decoding([(int(kind), sent, False)], 1)


def test_a_statement_that_the_server_refuses_to_prepare_is_the_tables_trouble(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY)")
    with own.snapshot(decoding=PlainMysqlDecoder) as found:
        reading = reading_of(found, "t", ("id",))
        with own.snapshot() as other:
            own.run("DROP TABLE t")
            assert other is not found
        with pytest.raises(TableUnreadable, match="doesn't exist") as caught:
            rows_of(found, Reading("t", reading.columns, reading.kinds, 1))
        assert caught.value.damaged
