"""Damaged SQLite databases: of none a row is hidden, or called equal or different though it is not."""

import sqlite3
import time
from contextlib import closing

import pytest

from functions.comparer.core.engine import TableUnreadable
from functions.comparer.sqlite.crew import Pace
from tests.comparer import joint_databases
from tests.comparer.joint_databases import SMALL, WHOLE, Found, Two, compared, drain, joint, planned

two = joint_databases.two


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
    with closing(sqlite3.connect(files[0], isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("CREATE TABLE empty (k TEXT PRIMARY KEY, v)")
        connection.execute(
            "UPDATE sqlite_master SET rootpage ="
            " (SELECT m.rootpage FROM sqlite_master AS m WHERE m.name LIKE '%index_empty%') WHERE name LIKE '%index_t%'"
        )
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
    with closing(sqlite3.connect(files[wrong], isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("CREATE TABLE others (k TEXT PRIMARY KEY, v)")
        connection.executemany("INSERT INTO others VALUES (?, ?)", rows[1 - wrong])
        connection.execute(
            "UPDATE sqlite_master SET rootpage = (SELECT m.rootpage FROM sqlite_master AS m"
            " WHERE m.name LIKE '%index_others%') WHERE name LIKE '%index_t%'"
        )
    told = ""
    try:
        told = f"differences {compared(files, room=room, pace=pace).counts}"
    except TableUnreadable as error:
        told = f"damaged {error.damaged}"
    assert told not in {"differences (0, 0, 0)", "damaged False"}


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
