"""What is told of SQLite files that can't be read, are damaged, locked, or written to meanwhile."""

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from functions.comparer.compare import compare_databases
from functions.comparer.core.compare_lines import compare_lines
from functions.comparer.core.engine import Stop, Stopped
from functions.comparer.core.results import DataResult, LinesResult, ObjectResult, Progress
from functions.comparer.sqlite.endpoint import SqliteEndpoint
from tests.comparer.compared_sqlite import compare, tables_of
from tests.comparer.served import make_database, rows


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return make_database(tmp_path / "good.db", *rows("t", 3))


def test_a_missing_file_is_told(good: Path) -> None:
    found = compare_databases(str(good), "nowhere.db", base=good.parent)
    assert len(found.failures) == 2
    assert all("nowhere.db: there is no such file or folder" in failure for failure in found.failures)


def test_a_pipe_a_device_and_a_folder_are_no_databases(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "device.db").symlink_to("/dev/zero")
    found = compare_databases(str(tmp_path), str(tmp_path), objects=False)
    assert len(found.failures) == 3
    for name in ("pipe", "device", "folder"):
        assert any(f"{name}.db: it is not a regular file" in failure for failure in found.failures)
    (pipe,) = compare_databases(str(tmp_path / "pipe.db"), str(tmp_path / "device.db"), objects=False).failures
    assert "pipe.db: it is not a regular file" in pipe


def test_a_link_to_nowhere_in_a_folder_is_told(tmp_path: Path) -> None:
    make_database(tmp_path / "good.db", *rows("t", 1))
    (tmp_path / "lost.db").symlink_to(tmp_path / "nowhere")
    found = compare_databases(str(tmp_path), str(tmp_path))
    assert any("lost.db: No such file or directory" in failure for failure in found.failures)
    assert tables_of(found) == {"good.t": (1, 1, DataResult.CONSISTENT)}
    assert not found.complete


def test_a_link_to_a_database_is_followed(good: Path) -> None:
    good.with_name("link.db").symlink_to(good)
    assert compare_databases("link.db", "good.db", base=good.parent).complete


def test_a_file_that_is_no_database_is_told(good: Path) -> None:
    (good.parent / "other.db").write_bytes(b"This is a text, not a database. " * 100)
    found = compare_databases(str(good), "other.db", base=good.parent)
    assert all("it is not a SQLite database" in failure for failure in found.failures)
    assert len(found.failures) == 2
    assert found.objects
    assert {entry.type: entry.result for entry in found.objects.types}["TABLE"] is ObjectResult.INCOMPLETE


def test_a_locked_database_is_told_after_a_while(good: Path) -> None:
    other = make_database(good.parent / "other.db", *rows("t", 3))
    with closing(apsw.Connection(str(other))) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        lines = LinesResult()
        ends = SqliteEndpoint(good), SqliteEndpoint(other, patience=0.3)
        compare_lines(*ends, {}, None, Stop(), lines)
    assert [failure.partition("other.db: ")[2] for failure in lines.failures] == ["it is locked by another process"]
    assert lines.databases[0].result is DataResult.FAILED


def test_waiting_for_a_lock_ends_when_asked_to_stop(good: Path) -> None:
    stop = Stop()
    with closing(apsw.Connection(str(good))) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        threading.Timer(0.05, stop.ask).start()
        with pytest.raises(Stopped), SqliteEndpoint(good, patience=3600).snapshot("good", stop):
            pytest.fail("a locked database was opened")


def test_a_corrupt_table_is_told_and_the_others_are_compared(tmp_path: Path) -> None:
    statements = [*rows("bad", 5000), *rows("fine", 10)]
    make_database(tmp_path / "source.db", *statements)
    target = make_database(tmp_path / "target.db", *statements)
    with closing(sqlite3.connect(target)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'bad'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with target.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    found = compare_databases("source.db", "target.db", base=tmp_path, objects=False)
    assert tables_of(found) == {
        "source.bad": (None, None, DataResult.FAILED),
        "source.fine": (10, 10, DataResult.CONSISTENT),
    }
    assert found.failures == ("database 'source': target table 'bad': database disk image is malformed",)


def test_rows_are_counted_in_the_table_and_not_in_an_index_that_disagrees(tmp_path: Path) -> None:
    make = ["CREATE TABLE t (a, b)", "CREATE INDEX i ON t (a)", "INSERT INTO t VALUES (1, 'wide'), (2, 'wider')"]
    make_database(tmp_path / "source.db", *make)
    target = make_database(tmp_path / "target.db", *make)
    with closing(sqlite3.connect(target)) as connection, connection:
        (*index,) = connection.execute("SELECT * FROM sqlite_master WHERE name = 'i'").fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'i'")
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute("DELETE FROM t WHERE a = 2")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", index)
    found = compare_databases("source.db", "target.db", base=tmp_path)
    assert tables_of(found) == {"source.t": (2, 1, DataResult.INCONSISTENT)}


def test_a_table_without_rowid_is_counted(tmp_path: Path) -> None:
    make = "CREATE TABLE t (a PRIMARY KEY, b UNIQUE) WITHOUT ROWID"
    found = compare(tmp_path, [make, "INSERT INTO t VALUES (1, 2)"], [make])
    assert tables_of(found) == {"source.t": (1, 0, DataResult.INCONSISTENT)}


def test_a_table_of_an_unknown_module_is_not_comparable_and_the_others_are_compared(tmp_path: Path) -> None:
    for name in ("source", "target"):
        file = make_database(tmp_path / f"{name}.db", *rows("t", 1))
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("PRAGMA writable_schema = ON")
            sql = "CREATE VIRTUAL TABLE alien USING nowhere(a)"
            connection.execute("INSERT INTO sqlite_master VALUES ('table', 'alien', 'alien', 0, ?)", (sql,))
    found = compare_databases("source.db", "target.db", base=tmp_path)
    assert tables_of(found) == {
        "source.alien": (None, None, DataResult.CAN_NOT_COMPARE),
        "source.t": (1, 1, DataResult.CONSISTENT),
    }
    assert found.uncompared == ("source.alien",)
    assert not found.failures
    assert not found.complete


def test_a_table_whose_name_is_not_text_is_shown_and_not_comparable(tmp_path: Path) -> None:
    file = make_database(tmp_path / "source.db", *rows("t", 1), *rows("nameXX", 1))
    file.write_bytes(file.read_bytes().replace(b"nameXX", b"name\xff\xfe"))
    found = compare_databases("source.db", "source.db", base=tmp_path)
    assert tables_of(found) == {
        "source.name\\xff\\xfe": (None, None, DataResult.CAN_NOT_COMPARE),
        "source.t": (1, 1, DataResult.CONSISTENT),
    }


def test_reading_leaves_no_files_beside_a_database_in_wal_mode(good: Path) -> None:
    with closing(sqlite3.connect(good)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    before = sorted(good.parent.iterdir()), good.read_bytes()
    assert compare_databases(str(good), str(good)).complete
    assert (sorted(good.parent.iterdir()), good.read_bytes()) == before


def test_what_a_writer_has_not_checkpointed_yet_is_read(good: Path) -> None:
    other = make_database(good.parent / "other.db", *rows("t", 3))
    with closing(apsw.Connection(str(other))) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES (4)")
        found = compare_databases(str(good), str(other))
    assert tables_of(found) == {"good.t": (3, 4, DataResult.INCONSISTENT)}


def test_a_quiet_database_that_is_changed_while_it_is_read_is_told(good: Path) -> None:
    with closing(sqlite3.connect(good)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")

    def write(progress: Progress) -> None:
        if progress.level == "lines":
            with closing(apsw.Connection(str(good))) as writer:
                writer.execute("INSERT INTO t VALUES (4)")

    found = compare_databases(str(good), str(good), objects=False, progress=write)
    assert [failure.partition("good.db: ")[2] for failure in found.failures] == [
        "it was changed while it was read; compare again; if that happens each time, keep a connection to it open"
        " meanwhile, or compare a copy"
    ]
    assert tables_of(found) == {}


def test_rows_written_meanwhile_are_not_in_the_snapshot(good: Path) -> None:
    with closing(apsw.Connection(str(good))) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE z (a)")

        def write(progress: Progress) -> None:
            if progress.table == "t":
                writer.execute("INSERT INTO z VALUES (1)")

        found = compare_databases(str(good), str(good), objects=False, progress=write)
    assert tables_of(found)["good.z"] == (0, 0, DataResult.CONSISTENT)


def test_an_interrupted_write_is_told_and_not_rolled_back(tmp_path: Path) -> None:
    file = make_database(tmp_path / "source.db", *rows("t", 5000))
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN")
        writer.execute("UPDATE t SET id = -id")
        copy = tmp_path / "copy.db"
        copy.write_bytes(file.read_bytes())
        journal = file.with_name("source.db-journal").read_bytes()
        copy.with_name("copy.db-journal").write_bytes(journal)
    found = compare_databases("copy.db", "copy.db", base=tmp_path, objects=False)
    assert len(found.failures) == 1
    assert "an interrupted write must be rolled back first" in found.failures[0]
    assert copy.with_name("copy.db-journal").read_bytes() == journal
