"""How a table in two SQLite databases comes in parts, and how a comparison goes on between them."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from functions.comparer.sqlite.crew import Pace
from functions.comparer.sqlite.keys import mark
from functions.comparer.sqlite.parts import Cutter, next_rows
from tests.comparer import joint_databases
from tests.comparer.joint_databases import SMALL, WHOLE, Found, Two, compared, joint, planned

two = joint_databases.two


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


def cut_into(files: tuple[Path, Path], rows: int, seconds: Callable[[int], float]) -> list[int]:
    """How many rows of the source each part has, if one of so many takes so long."""
    plan = planned(*files)
    with joint(*files) as both:
        found = both._layout(plan)
        assert found is not None
        cutter, session, sizes = Cutter(found, None, rows), both._sessions[0], []
        while (cut := cutter.cut(session)) is not None:
            sizes.append(cutter.counted(session, cut).source.rows)
            cutter.took(sizes[-1], seconds(sizes[-1]))
    return sizes


@pytest.fixture
def many(two: Two) -> tuple[Path, Path]:
    rows = [(n,) for n in range(510)]
    return two("CREATE TABLE t (k INTEGER PRIMARY KEY)", source=rows, target=rows)


def test_parts_do_not_shrink_where_smaller_ones_are_no_faster(many: tuple[Path, Path]) -> None:
    # By this clock every part takes a second.
    found = compared(many, pace=Pace(100, SMALL.clock))
    assert [chunk.source_rows for chunk in found.chunks] == [100, 50, 100, 100, 100, 60]
    assert cut_into(many, 100, lambda rows: 0.9 if rows < 100 else 1.0) == [100, 50, 100, 100, 100, 60]


def test_parts_shrink_where_smaller_ones_are_faster(many: tuple[Path, Path]) -> None:
    assert cut_into(many, 200, lambda rows: rows / 100) == [200, 100, 50, *[25] * 6, 10]
    assert cut_into(many, 200, lambda rows: 0.1 + rows / 200) == [200, 100, 50, *[25] * 6, 10]


def test_parts_of_other_sizes_that_were_cut_before_say_nothing_of_smaller_ones(many: tuple[Path, Path]) -> None:
    plan = planned(*many)
    with joint(*many) as both:
        found = both._layout(plan)
        assert found is not None
        cutter, session = Cutter(found, None, 100), both._sessions[0]
        # Several connections have begun parts of one size before the first of them is done.
        for _ in range(2):
            assert cutter.cut(session) is not None
        for _ in range(2):
            cutter.took(100, 1.0)
        smaller = cutter.cut(session)
        assert smaller is not None
        assert cutter.counted(session, smaller).source.rows == 25


def test_going_on_from_a_mark_counts_what_was_compared_before(two: Two) -> None:
    rows = [(n, n) for n in range(100)]
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=rows, target=rows[50:])
    assert compared(files, after=mark((39,))).counts == (10, 0, 0)
