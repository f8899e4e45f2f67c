"""SQLite hands its rows out as canonical rows, in the order of their keys and between any two of them."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.comparer.core.cells import cells_in, cells_of, key_in, placed, rows_in, text, values_of
from functions.comparer.core.engine import Snapshot, Stop, Stopped, TableUnreadable
from functions.comparer.core.kinds import Kind, orderable
from functions.comparer.core.merging import OutOfOrder
from functions.comparer.core.packing import PACKERS, pack
from functions.comparer.core.table import Malformed, Reading, Row
from functions.comparer.sqlite.endpoint import SqliteEndpoint
from tests.comparer.served import make_database

INTEGER, TEXT = Kind.INTEGER, Kind.TEXT


@contextmanager
def opened(path: Path, stop: Stop | None = None) -> Iterator[Snapshot]:
    endpoint = SqliteEndpoint(path)
    (name,) = endpoint.names()
    with endpoint.snapshot(name, stop or Stop()) as snapshot:
        yield snapshot


def values(blocks: Iterator[bytes], kinds: Sequence[Kind]) -> list[Row]:
    """The rows of some blocks."""
    return [values_of(cells_in(row), kinds) for block in blocks for row in rows_in(block)]


def streamed(path: Path, reading: Reading, after: Row | None = None, upto: Row | None = None) -> list[Row]:
    with opened(path) as snapshot:
        return values(snapshot.stream(reading, after, upto), reading.kinds)


def looked_up(path: Path, reading: Reading, keys: Sequence[Row]) -> list[Row]:
    with opened(path) as snapshot:
        return values(snapshot.at(reading, keys), reading.kinds)


def test_rows_come_in_the_order_of_their_key_whatever_its_collation(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "a.db",
        "CREATE TABLE t (v INTEGER, k TEXT COLLATE NOCASE PRIMARY KEY)",
        "INSERT INTO t VALUES (1, 'b'), (2, 'A'), (3, 'é'), (4, 'Z'), (5, '_')",
    )
    assert [key for key, _ in streamed(path, Reading("t", ("k", "v"), (TEXT, INTEGER), 1))] == ["A", "Z", "_", "b", "é"]


def test_without_a_key_every_row_comes_once(tmp_path: Path) -> None:
    path = make_database(tmp_path / "a.db", "CREATE TABLE t (v)", "INSERT INTO t VALUES (2), (1), (2), (NULL)")
    assert streamed(path, Reading("t", ("v",), (INTEGER,), 0)) == [(2,), (1,), (2,), (None,)]


def test_an_empty_table_has_no_block(tmp_path: Path) -> None:
    path = make_database(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    assert streamed(path, Reading("t", ("id",), (INTEGER,), 1)) == []


def test_many_rows_come_in_blocks_of_a_thousand_and_long_ones_in_smaller_blocks(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v)",
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
        " INSERT INTO t SELECT i, i FROM n",
        "CREATE TABLE long (id INTEGER PRIMARY KEY, v)",
        "INSERT INTO long SELECT id, zeroblob(100000) FROM t WHERE id <= 200",
    )
    with opened(path) as snapshot:
        blocks = list(snapshot.stream(Reading("t", ("id", "v"), (INTEGER, INTEGER), 1)))
        assert [sum(1 for _ in rows_in(block)) for block in blocks] == [1000, 1000, 500]
        sizes = [len(block) for block in snapshot.stream(Reading("long", ("id", "v"), (INTEGER, Kind.BYTES), 1))]
    assert len(sizes) == 4
    assert sum(sizes) > 200 * 100_000


def test_rows_between_two_keys_are_those_after_the_first_up_to_and_with_the_second(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (-5), (1), (2), (3), (4)"
    )
    reading = Reading("t", ("id",), (INTEGER,), 1)
    assert streamed(path, reading, (1,), (3,)) == [(2,), (3,)]
    assert streamed(path, reading, None, (1,)) == [(-5,), (1,)]
    assert streamed(path, reading, (3,)) == [(4,)]
    assert streamed(path, reading, None, (2**64 - 1,)) == [(-5,), (1,), (2,), (3,), (4,)]
    assert streamed(path, reading, (2**64 - 1,)) == []
    assert streamed(path, reading, ("text",), (b"blob",)) == []


def test_a_number_that_is_a_text_is_still_to_come_after_any_number(tmp_path: Path) -> None:
    # A comparison with the column's preference for numbers would take '1' for 1.
    path = make_database(
        tmp_path / "a.db", "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL)", "INSERT INTO t VALUES ('1'), ('x')"
    )
    reading = Reading("t", ("k",), (INTEGER,), 1)
    assert streamed(path, reading, (5,)) == [("1",), ("x",)]
    assert streamed(path, reading, None, (5,)) == []


def test_a_decimal_between_two_doubles_is_an_exact_bound(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "a.db", "CREATE TABLE t (k PRIMARY KEY NOT NULL)", "INSERT INTO t VALUES (0.1), (0.2), (1)"
    )
    reading = Reading("t", ("k",), (Kind.DECIMAL,), 1)
    below, above = Decimal("0.0999999999999999999999"), Decimal("0.1000000000000000000001")
    assert streamed(path, reading, (below,), (Decimal("0.2"),)) == [(Decimal("0.1"),), (Decimal("0.2"),)]
    assert streamed(path, reading, (above,)) == [(Decimal("0.2"),), (Decimal(1),)]
    assert streamed(path, reading, None, (Decimal("NaN"),)) == streamed(path, reading)


def test_moments_and_uuids_are_found_however_they_are_written(tmp_path: Path) -> None:
    number = "00112233-4455-6677-8899-aabbccddee0"
    path = make_database(
        tmp_path / "a.db",
        "CREATE TABLE d (k TEXT PRIMARY KEY NOT NULL)",
        "INSERT INTO d VALUES ('2024-01-01T10:00:00+02:00'), ('2024-01-01T11:00:00+02:00')",
        "CREATE TABLE u (k PRIMARY KEY NOT NULL)",
        f"INSERT INTO u VALUES ('{number.upper()}1'), ('{number}2')",
    )
    moments = Reading("d", ("k",), (Kind.INSTANT,), 1)
    assert looked_up(path, moments, [("2024-01-01 08:00:00+00",)]) == [("2024-01-01 08:00:00+00",)]
    assert streamed(path, moments, ("2024-01-01 08:30:00+00",)) == [("2024-01-01 09:00:00+00",)]
    uuids = Reading("u", ("k",), (Kind.UUID,), 1)
    assert looked_up(path, uuids, [(f"{number}1",), (f"{number}3",)]) == [(f"{number}1",)]
    assert streamed(path, uuids, (f"{number}1",)) == [(f"{number}2",)]


def test_years_that_sqlite_has_no_moment_of_are_bounds_all_the_same(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "a.db", "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL)", "INSERT INTO t VALUES ('2024-01-01')"
    )
    reading = Reading("t", ("k",), (Kind.DATE,), 1)
    assert streamed(path, reading, ("0044-03-15 BC",), ("12024-01-01",)) == [("2024-01-01",)]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_texts_that_are_not_valid_in_their_encoding_are_their_bytes_and_no_end(tmp_path: Path, encoding: str) -> None:
    path = make_database(
        tmp_path / "a.db",
        f"PRAGMA encoding = '{encoding}'",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)",
        "INSERT INTO t VALUES (1, 'ä'), (2, CAST(x'00d8d800' AS TEXT)), (3, '😀')",
    )
    with opened(path) as snapshot:
        reading = Reading("t", ("id", "v"), (INTEGER, TEXT), 1)
        (block,) = snapshot.stream(reading)
    first, second, third = (cells_in(row)[1] for row in rows_in(block))
    assert values_of((first, third), (TEXT, TEXT)) == ("ä", "😀")
    transcoded = {"UTF-16le": "\ud800Ø", "UTF-16be": "Ø\ud800"}
    expected = transcoded[encoding].encode("utf-8", "surrogatepass") if encoding in transcoded else b"\0\xd8\xd8\0"
    assert second == text(expected)


def test_a_table_that_is_gone_is_no_table(tmp_path: Path) -> None:
    path = make_database(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    with opened(path) as snapshot, pytest.raises(TableUnreadable, match="exist"):
        list(snapshot.stream(Reading("gone", ("id",), (INTEGER,), 1)))
    with opened(path) as snapshot, pytest.raises(TableUnreadable, match="no such column"):
        list(snapshot.stream(Reading("t", ("gone",), (INTEGER,), 1)))


def test_a_stream_ends_when_stopping_is_asked_for(tmp_path: Path) -> None:
    path = make_database(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    stop = Stop()
    with opened(path, stop) as snapshot:
        stop.ask()
        with pytest.raises(Stopped):
            next(snapshot.stream(Reading("t", ("id",), (INTEGER,), 1)))


def test_others_are_kept_from_writing_or_noticed(tmp_path: Path) -> None:
    path = make_database(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    with opened(path) as snapshot:
        assert not snapshot.moves


def test_for_another_engine_constraints_that_only_sqlite_words_are_left_out(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b CHECK (b > 0))",
        "CREATE UNIQUE INDEX one ON t (b)",
    )
    with opened(path) as snapshot:
        own, neutral = snapshot.objects(), snapshot.objects(neutral=True)
    assert own["CONSTRAINT"] - neutral["CONSTRAINT"] == {"`t`.`CHECK (b > 0)`"}
    assert neutral["CONSTRAINT"] == {"`t`.`PRIMARY KEY (id)`", "`t`.`UNIQUE (a)`"}
    assert neutral["INDEX"] == own["INDEX"] == {"`t`.`one`"}


STORED = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**53 + 1, 2**63 - 1, -(2**63), 9.3e18, 1e300, -1e300, float("inf")]),
    st.sampled_from([0.5, -0.5, 1.0, 0.1, -0.0]),
    st.text("abA éz 1\0", max_size=3),
    st.sampled_from(["1", "2024-01-02", "2024-01-02T00:00", "2024-01-01 23:00:00-01", "infinity", "-1:00"]),
    st.sampled_from(["00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFE"]),
    st.binary(max_size=2),
)
KEYS = st.sampled_from(["", "INTEGER", "TEXT", "NUMERIC", "REAL", "BLOB"])


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[Row], tuple[Kind, ...]]:
    """The types of the columns of a key, rows, and as what the columns are written."""
    declared = draw(st.lists(KEYS, min_size=1, max_size=2))
    rows: list[Row] = draw(st.lists(st.tuples(*[STORED] * len(declared)), max_size=8))
    kinds = tuple(draw(st.sampled_from(sorted(filter(orderable, PACKERS)))) for _ in declared)
    return declared, rows, kinds


@settings(max_examples=150)
@given(tables(), st.data())
def test_a_part_has_exactly_the_rows_between_its_ends_or_its_keys_are_found_to_be_out_of_order(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[list[str], list[Row], tuple[Kind, ...]], data: st.DataObject
) -> None:
    declared, rows, kinds = table
    path = tmp_path_factory.getbasetemp() / "between.db"
    path.unlink(missing_ok=True)
    names = tuple(f"k{at}" for at in range(len(declared)))
    columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in zip(names, declared, strict=True))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE t ({columns}, PRIMARY KEY ({', '.join(names)}))")
        for row in rows:
            # A number that finds rows takes nothing else.
            with suppress(sqlite3.IntegrityError):
                connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(names))})", row)
    reading = Reading("t", names, kinds, len(names))
    with opened(path) as snapshot:
        everything = [row for block in snapshot.stream(reading) for row in rows_in(block)]
        others = list(rows_in(pack(rows, kinds, len(names))))
        bounds = [values_of(cells_in(row), kinds) for row in everything + others]
        after, upto = (data.draw(st.sampled_from([None, *bounds])) for _ in range(2))
        low, high = (None if bound is None else place_of(bound, kinds) for bound in (after, upto))
        expected = [
            row for row in everything if (low is None or place(row) > low) and (high is None or place(row) <= high)
        ]
        rising = all(place(one) < place(other) for one, other in pairwise(everything))
        if rising or after is upto is None:
            assert [row for block in snapshot.stream(reading, after, upto) for row in rows_in(block)] == expected
        else:
            with pytest.raises(OutOfOrder):
                list(snapshot.stream(reading, after, upto))
        asked = data.draw(st.lists(st.sampled_from(bounds), max_size=3)) if bounds else []
        wanted = {place_of(key, kinds) for key in asked}
        found = [row for block in snapshot.at(reading, asked) for row in rows_in(block)]
        assert sorted(found) == sorted(row for row in everything if place(row) in wanted)


def place(row: bytes) -> Any:
    return placed(cells_of(key_in(row)))


def place_of(key: Row, kinds: Sequence[Kind]) -> Any:
    return place(pack([key], kinds, len(kinds)))


def test_a_malformed_key_has_its_place_among_texts_by_its_bytes(tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "a.db",
        "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL)",
        "INSERT INTO t VALUES ('a'), (CAST(x'61ff' AS TEXT)), ('b')",
    )
    reading, malformed = Reading("t", ("k",), (TEXT,), 1), Malformed("utf-8", b"a\xff")
    assert streamed(path, reading, ("a",)) == [(malformed,), ("b",)]
    assert streamed(path, reading, (malformed,)) == [("b",)]
    assert looked_up(path, reading, [(malformed,)]) == [(malformed,)]


def test_a_row_that_would_have_come_before_the_mark_is_not_passed_over(tmp_path: Path) -> None:
    # By its bytes B comes first, as a UUID a does: whoever was interrupted after B has not had a yet.
    first, second = "a" * 32, "B" * 32
    path = make_database(
        tmp_path / "a.db", "CREATE TABLE t (k TEXT PRIMARY KEY)", f"INSERT INTO t VALUES ('{first}'), ('{second}')"
    )
    reading = Reading("t", ("k",), (Kind.UUID,), 1)
    mark, _ = streamed(path, reading)
    with pytest.raises(OutOfOrder):
        streamed(path, reading, mark)
