"""Damaged SQLite databases: of none a row is hidden, or called equal or different though it is not."""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

from functions.comparer.core.engine import TableUnreadable
from functions.comparer.sqlite.crew import Pace
from tests.comparer import joint_databases
from tests.comparer.joint_databases import SMALL, WHOLE, Found, Two, compared, drain, joint, planned

two = joint_databases.two


def given_the_index_of(path: Path, rows: Iterable[Sequence[object]], columns: str = "k, v") -> None:
    """Let the index over the texts `k` of the table `t` be that of a table with these rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE others (k TEXT PRIMARY KEY, v)")
        connection.executemany(f"INSERT INTO others ({columns}) VALUES (?, ?)", rows)
        connection.execute(
            "UPDATE sqlite_master SET rootpage = (SELECT m.rootpage FROM sqlite_master AS m"
            " WHERE m.name LIKE '%index_others%') WHERE name LIKE '%index_t%'"
        )


def changed_behind_the_index(path: Path, index: str, statement: str) -> None:
    """Execute a statement of which an index learns nothing."""
    catalog = "type, name, tbl_name, rootpage, sql"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        kept = connection.execute(f"SELECT {catalog} FROM sqlite_master WHERE name = ?", (index,)).fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = ?", (index,))
    # Only who opens the file anew has forgotten the index.
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(f"INSERT INTO sqlite_master ({catalog}) VALUES (?, ?, ?, ?, ?)", kept)


def with_another_rowid(path: Path, text: str, rowid: int, another: int) -> None:
    """Let the row in which a text begins say that it has another rowid, where it lies; both are below 128."""
    raw = bytearray(path.read_bytes())
    raw[raw.rindex(bytes([rowid]), 0, raw.index(text.encode()))] = another
    path.write_bytes(raw)


def root_of(path: Path) -> int:
    """The number of the page at which the table `t` begins."""
    with closing(sqlite3.connect(path)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 't'")
    return int(page)


def cells(raw: bytes, page: int, size: int) -> list[int]:
    """Where the cells of an interior page of a table with rowids begin in the file ("Database File Format", 1.6)."""
    start = (page - 1) * size
    assert raw[start] == 5
    number = int.from_bytes(raw[start + 3 : start + 5], "big")
    pointers = range(start + 12, start + 12 + 2 * number, 2)
    return [start + int.from_bytes(raw[pointer : pointer + 2], "big") for pointer in pointers]


def steady(rows: int) -> Pace:
    """Parts of so many rows: by this clock none is so quick or so slow that the next would have another size."""
    return Pace(rows, count(0.0, 0.15).__next__)


def found_damaged(files: tuple[Path, Path], **how: Any) -> None:
    with pytest.raises(TableUnreadable) as told:
        compared(files, **how)
    assert told.value.damaged


def misjudged(files: tuple[Path, Path], **how: Any) -> bool:
    """Whether a damaged table is called equal, or unreadable without being damaged."""
    try:
        return compared(files, **how).counts == (0, 0, 0)
    except TableUnreadable as error:
        return not error.damaged


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
    given_the_index_of(files[0], ())
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
    given_the_index_of(files[wrong], rows[1 - wrong])
    assert not misjudged(files, room=room, pace=pace)


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


@pytest.mark.parametrize("pace", [SMALL, WHOLE])
@pytest.mark.parametrize("room", [0, 1000])
def test_an_index_that_is_older_than_its_rows_hides_no_row_of_the_other_side(two: Two, room: int, pace: Pace) -> None:
    rows = [(n, "v") for n in range(1, 10)]
    files = two("CREATE TABLE t (k INTEGER NOT NULL, v)", "CREATE UNIQUE INDEX i ON t (k)", source=rows, target=rows)
    changed_behind_the_index(files[0], "i", "UPDATE t SET k = 4 WHERE k = 5")
    assert not misjudged(files, room=room, pace=pace)
    found_damaged(files, pace=pace)


@pytest.mark.parametrize("pace", [SMALL, WHOLE])
@pytest.mark.parametrize("room", [1, 1000])
def test_an_index_entry_of_the_target_that_leads_to_another_row_is_no_difference(
    two: Two, room: int, pace: Pace
) -> None:
    declared = "PRAGMA page_size = 512", "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, v)"
    rows = "INSERT INTO t (rowid, k, v) VALUES (100, 'k1', 'v'), (101, 'k2', 'v')"
    files = two(*declared, rows)
    raw = files[1].read_bytes()
    files[1].write_bytes(raw.replace(b"k2" + bytes([101]), b"k2" + bytes([100])))
    with pytest.raises(TableUnreadable) as told:
        compared(files, room=room, pace=pace)
    assert told.value.damaged


@pytest.mark.parametrize("pace", [SMALL, WHOLE])
@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("wrong", [b"k1x", b"k3y", b"K2x"])
def test_an_index_that_says_another_key_than_the_row_makes_no_difference(
    two: Two, wrong: bytes, at: int, pace: Pace
) -> None:
    declared = "PRAGMA page_size = 512", "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, v)"
    rows = "INSERT INTO t (rowid, k, v) VALUES (100, 'k1x', 0), (101, 'k2x', 7), (102, 'k3x', 0), (103, 'k4x', {})"
    files = two(*declared, rows.format(8), other=[*declared, rows.format(9)])
    raw = files[at].read_bytes()
    entry = b"k2x" + bytes([101])
    assert raw.count(entry) == 1
    files[at].write_bytes(raw.replace(entry, wrong + bytes([101])))
    found_damaged(files, pace=pace)


@pytest.mark.parametrize("pace", [SMALL, WHOLE])
def test_a_row_of_the_target_with_another_key_than_its_index_says_is_damage_even_if_it_is_no_text(
    two: Two, pace: Pace
) -> None:
    declared = "PRAGMA page_size = 512", "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, v)"
    files = two(*declared, source=[("k1x", "v"), ("k2x", "v")], target=[("k1x", "v"), ("k2x", "v")])
    raw = files[1].read_bytes()
    assert raw.count(b"k2xv") == 1
    files[1].write_bytes(raw.replace(b"k2xv", b"k\xb0xv"))
    found_damaged(files, pace=pace)


@pytest.mark.parametrize("pace", [SMALL, WHOLE])
@pytest.mark.parametrize("room", [0, 1000])
def test_an_index_entry_that_leads_to_another_row_hides_none(two: Two, room: int, pace: Pace) -> None:
    declared = "PRAGMA page_size = 512", "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, v)"
    rows = "INSERT INTO t (rowid, k, v) VALUES (100, 'k1', 'v'), (101, 'k2', '{}')"
    files = two(*declared, rows.format("ours"), other=[*declared, rows.format("theirs")])
    raw = files[0].read_bytes()
    entry = b"k2" + bytes([101])
    assert raw.count(entry) == 1
    files[0].write_bytes(raw.replace(entry, b"k2" + bytes([100])))
    assert not misjudged(files, room=room, pace=pace)
    found_damaged(files, pace=pace)


@pytest.mark.parametrize("room", [0, 1000])
@pytest.mark.parametrize("at", [0, 1])
def test_without_a_key_one_rowid_that_is_another_hides_no_row(two: Two, at: int, room: int) -> None:
    rows = [(f"r{n:02}", "x" * 40) for n in range(30)]
    others = [(a, b if a != "r16" else "other") for a, b in rows]
    files = two("PRAGMA page_size = 512", "CREATE TABLE t (a, b)", source=rows, target=others)
    with_another_rowid(files[at], "r16", 17, 17 ^ 1 << 6)
    found_damaged(files, room=room, pace=WHOLE)


@pytest.mark.parametrize("at", [0, 1])
def test_a_row_that_lies_in_the_place_of_another_hides_no_row_of_the_other_side(two: Two, at: int) -> None:
    rows = [(f"{n:03}", n) for n in range(10)]
    declared = "CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID"
    files = two("PRAGMA page_size = 4096", declared, source=rows, target=rows)
    raw = bytearray(files[at].read_bytes())
    # Where the cells of its only page lie is told in two bytes each, behind a header of eight.
    pointers = (root_of(files[at]) - 1) * 4096 + 8
    raw[pointers + 2 * 7 : pointers + 2 * 8] = raw[pointers + 2 * 2 : pointers + 2 * 3]
    files[at].write_bytes(raw)
    found_damaged(files, pace=WHOLE)


@pytest.mark.parametrize("at", [0, 1])
def test_without_a_key_a_row_that_can_not_be_looked_up_fails_its_table_and_not_the_next(two: Two, at: int) -> None:
    rows = [(f"r{n:02}", "x" * 40) for n in range(30)]
    statements = "PRAGMA page_size = 512", "CREATE TABLE u (k INTEGER PRIMARY KEY)", "INSERT INTO u VALUES (1)"
    files = two(*statements, "CREATE TABLE t (a, b)", source=rows, target=rows)
    with_another_rowid(files[at], "r28", 29, 0)
    plans = [planned(*files, table) for table in "tu"]
    with joint(*files, pace=WHOLE) as both:
        with pytest.raises(TableUnreadable) as told:
            list(both.chunks(plans[0], None, 10))
        assert told.value.damaged
        assert [(chunk.source_rows, chunk.target_rows) for chunk in both.chunks(plans[1], None, 10)] == [(1, 1)]


@pytest.mark.parametrize("rows", [16, 100, 300])
def test_a_page_in_the_place_of_another_makes_no_comparison_without_end(two: Two, rows: int) -> None:
    declared = "PRAGMA page_size = 512", "CREATE TABLE t (k INTEGER PRIMARY KEY, v)"
    longer = [(n, "v" * 60) for n in range(1, 2001)]
    files = two(*declared, source=[(n, "v") for n in range(1, 11)], target=longer)
    raw = files[1].read_bytes()
    first, *_, last = (int.from_bytes(raw[cell : cell + 4], "big") for cell in cells(raw, root_of(files[1]), 512))
    assert cells(raw, first, 512)
    assert cells(raw, last, 512)
    page = raw[(first - 1) * 512 : first * 512]
    files[1].write_bytes(raw[: (last - 1) * 512] + page + raw[last * 512 :])
    plan = planned(*files)
    most = 2000 // rows
    with joint(*files, pace=steady(rows)) as both, pytest.raises(TableUnreadable) as told:
        list(islice(both.chunks(plan, None, 10), most))
    assert told.value.damaged


def test_a_damaged_table_takes_no_result_from_the_next_though_several_connections_work(two: Two) -> None:
    # Parts of ten rows: one in the third leads nowhere, and those behind it take long enough to be interrupted.
    numbers = "WITH RECURSIVE x (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM x WHERE n < 99)"
    files = two(
        "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, v, w AS (iif(v < 30, 0, length(hex(zeroblob(3000000 + v))))))",
        f"{numbers} INSERT INTO t (rowid, k, v) SELECT n + 1, printf('k%03d', n), n FROM x",
        "CREATE TABLE u (k INTEGER PRIMARY KEY)",
        f"{numbers} INSERT INTO u SELECT n FROM x",
    )
    given_the_index_of(files[0], [(n + 1 if n != 25 else 1000, f"k{n:03}") for n in range(100)], "rowid, k")
    plans = [planned(*files, table) for table in "tu"]
    for _ in range(3):
        with joint(*files, most=2, pace=steady(10)) as both:
            with pytest.raises(TableUnreadable):
                list(both.chunks(plans[0], None, 1000))
            assert sum(chunk.source_rows for chunk in both.chunks(plans[1], None, 10)) == 100


@pytest.mark.parametrize("at", [0, 1])
def test_a_row_that_is_changed_in_no_column_is_no_difference(two: Two, at: int) -> None:
    rows = [(n, f"r{n:02}" + "x" * 40) for n in range(1, 31)]
    files = two("PRAGMA page_size = 512", "CREATE TABLE t (k INTEGER PRIMARY KEY, b)", source=rows, target=rows)
    with_another_rowid(files[at], "r17", 17, 17 ^ 1 << 6)
    with pytest.raises(TableUnreadable) as told:
        compared(files, pace=WHOLE)
    assert told.value.damaged
