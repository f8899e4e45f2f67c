"""A SQLite file is looked at without disturbing anybody who has it open, in this process or another."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from functions.comparer.core.engine import Stop, Stopped, TableUnreadable, Unreadable
from functions.comparer.sqlite.endpoint import SqliteEndpoint
from functions.comparer.sqlite.file import connect, find, header, table_unreadable, unreadable
from tests.comparer.served import make_database, rows

WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute(sys.argv[2])
except sqlite3.OperationalError as error:
    print(error)
else:
    print("written")
"""


def outcome_of_another_process(path: Path, statement: str = "INSERT INTO t VALUES (99)") -> str:
    done = subprocess.run([sys.executable, "-c", WRITE, path, statement], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_database(tmp_path / "it's 100% #1?.db", *rows("t", 3))


def descriptors() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def reading(path: Path) -> apsw.Connection:
    connection = connect(find(path))
    connection.execute("BEGIN")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (3,)
    return connection


def test_looking_at_a_file_that_is_being_read_here_keeps_its_lock(file: Path) -> None:
    with closing(reading(file)):
        for _ in range(3):
            assert header(file).startswith(b"SQLite format 3\0")
            assert not find(file).quiet
            assert find(file).version()
        assert outcome_of_another_process(file) == "database is locked"
    assert outcome_of_another_process(file) == "written"


def test_of_two_readings_in_one_process_the_one_that_ends_leaves_the_other_its_lock(file: Path) -> None:
    with closing(reading(file)):
        with closing(reading(file)):
            pass
        with closing(connect(replace(find(file), quiet=True))) as immutable:
            assert immutable.execute("SELECT count(*) FROM t").fetchone() == (3,)
        assert outcome_of_another_process(file) == "database is locked"
    assert outcome_of_another_process(file) == "written"


def test_of_two_snapshots_in_one_process_the_one_that_ends_leaves_the_other_its_lock(file: Path) -> None:
    endpoint = SqliteEndpoint(file)

    def another() -> None:
        with endpoint.snapshot(file.stem, Stop()) as snapshot:
            assert snapshot.count("t") == 3

    with endpoint.snapshot(file.stem, Stop()) as snapshot:
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()
        assert snapshot.version()
        assert outcome_of_another_process(file) == "database is locked"
        assert snapshot.count("t") == 3
    assert outcome_of_another_process(file) == "written"


def test_of_two_snapshots_in_wal_mode_the_one_that_ends_leaves_the_other_what_it_sees(file: Path) -> None:
    endpoint = SqliteEndpoint(file)
    with closing(apsw.Connection(str(file))) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES (4)")
        with endpoint.snapshot(file.stem, Stop()) as snapshot:
            with endpoint.snapshot(file.stem, Stop()) as other:
                assert other.count("t") == 4
            writer.close()
            assert outcome_of_another_process(file, "DELETE FROM t") == "written"
            assert outcome_of_another_process(file, "PRAGMA wal_checkpoint(TRUNCATE)") == "written"
            assert snapshot.count("t") == 4
            assert list(snapshot.rows("t", ["id"])) == [(1,), (2,), (3,), (4,)]
    with endpoint.snapshot(file.stem, Stop()) as snapshot:
        assert snapshot.count("t") == 0


def test_looking_at_a_file_often_while_it_is_read_leaves_no_descriptors_behind(file: Path) -> None:
    before = descriptors()
    with closing(reading(file)):
        for _ in range(50):
            find(file).version()
        assert descriptors() <= before + 3
    assert descriptors() == before


def test_a_file_in_wal_mode_that_nobody_has_open_is_quiet_and_nothing_is_made_beside_it(file: Path) -> None:
    make_database(file, "PRAGMA journal_mode = WAL")
    before = file.read_bytes()
    found = find(file)
    assert (found.quiet, found.live) == (True, False)
    with closing(connect(found)) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (3,)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.read_bytes() == before


def test_a_file_in_wal_mode_that_somebody_has_open_is_not_quiet(file: Path) -> None:
    with closing(apsw.Connection(str(file))) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES (4)")
        found = find(file)
        assert (found.quiet, found.live) == (False, True)
        with closing(connect(found)) as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (4,)


def test_a_connection_can_not_write(file: Path) -> None:
    with closing(connect(find(file))) as connection, pytest.raises(apsw.ReadOnlyError):
        connection.execute("INSERT INTO t VALUES (4)")


def test_the_version_changes_with_every_write_and_not_with_reading(file: Path) -> None:
    versions = [find(file).version()]
    with closing(reading(file)):
        assert find(file).version() == versions[0]
    for _ in range(3):
        make_database(file, "UPDATE t SET id = -id")
        versions.append(find(file).version())
    assert len(set(versions)) == 4


def test_the_version_changes_even_where_the_clock_of_the_files_stood_still(file: Path) -> None:
    before, times = find(file).version(), file.stat()
    make_database(file, "UPDATE t SET id = -id")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file.stat().st_size == times.st_size
    assert find(file).version() != before


def test_the_version_changes_where_only_the_clock_was_set_back(file: Path) -> None:
    before, times = find(file).version(), file.stat()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    overwrite(file, bytes(content))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (times.st_size, times.st_mtime_ns)
    assert find(file).version() != before


def test_the_version_stays_however_often_a_log_is_read(file: Path) -> None:
    with closing(apsw.Connection(str(file))) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES (4)")
        before = find(file).version()
        for _ in range(2):
            with closing(connect(find(file))) as connection:
                assert connection.execute("SELECT count(*) FROM t").fetchone() == (4,)
        assert find(file).version() == before


def test_a_log_that_goes_away_at_any_moment_is_as_good_as_none(file: Path) -> None:
    log = file.with_name(file.name + "-wal")
    code = "import os, sys\nwhile True:\n    open(sys.argv[1], 'wb').close(); print(flush=True); os.unlink(sys.argv[1])"
    with subprocess.Popen([sys.executable, "-c", code, log], stdout=subprocess.PIPE) as coming_and_going:
        assert coming_and_going.stdout
        before = find(file).version()
        for _ in range(3000):
            coming_and_going.stdout.readline()  # The log is there at this moment.
            assert find(file).version() == before
        coming_and_going.kill()


def overwrite(path: Path, content: bytes) -> None:
    """As `cp` does it: into the same file, past all locks, by a process of its own."""
    code = "import sys; f = open(sys.argv[1], 'r+b'); f.truncate(0); f.write(sys.stdin.buffer.read()); f.close()"
    subprocess.run([sys.executable, "-c", code, path], input=content, check=True)


def test_a_check_tells_a_file_that_was_overwritten_past_its_lock(file: Path) -> None:
    other = make_database(file.with_name("other.db"), *rows("t", 4)).read_bytes()
    found = find(file)
    with closing(reading(file)):
        found.check()
        assert outcome_of_another_process(file) == "database is locked"
        found.check()
        overwrite(file, other)
        assert found.identity() == found.found.identity
        with pytest.raises(Unreadable, match=r"it was changed while it was read; compare again$"):
            found.check()


def test_a_check_lets_a_file_in_wal_mode_be_written_to_and_not_be_replaced(file: Path) -> None:
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    with closing(apsw.Connection(str(file))) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES (4)")
        found = find(file)
        writer.execute("INSERT INTO t VALUES (5)")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert found.version() != found.found.version
        found.check()
        copy.replace(file)
        with pytest.raises(Unreadable, match="it was replaced while it was read"):
            found.check()


def test_the_version_changes_with_what_is_only_in_the_log_and_not_with_an_empty_log(file: Path) -> None:
    with closing(apsw.Connection(str(file))) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        quiet = find(file).version()
        assert writer.execute("SELECT count(*) FROM t").fetchone() == (3,)
        assert file.with_name(file.name + "-wal").exists()
        assert find(file).version() == quiet
        writer.execute("INSERT INTO t VALUES (4)")
        assert find(file).version() != quiet


def test_the_version_and_the_identity_change_when_the_file_is_replaced(file: Path) -> None:
    found = find(file)
    before = found.version(), found.identity()
    copy = file.with_name("copy")
    copy.write_bytes(file.read_bytes())
    os.utime(copy, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    copy.replace(file)
    assert found.version() != before[0]
    assert found.identity() != before[1]


def test_a_header_of_a_short_file_is_filled_with_zeros(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "short.db").write_bytes(b"abc")
    assert header(tmp_path / "empty.db") == bytes(100)
    assert header(tmp_path / "short.db") == b"abc" + bytes(97)


def test_an_error_is_told_of_the_file_or_of_the_table(file: Path) -> None:
    with closing(connect(find(file))) as connection, pytest.raises(apsw.Error) as caught:
        connection.execute("SELECT * FROM nowhere")
    whole, table = unreadable(file, caught.value), table_unreadable(file, caught.value)
    assert isinstance(whole, Unreadable)
    assert str(whole) == f"{file}: no such table: nowhere"
    assert isinstance(table, TableUnreadable)
    assert (str(table), table.damaged) == ("no such table: nowhere", False)


def test_an_interrupted_statement_has_been_stopped(file: Path) -> None:
    with closing(connect(find(file))) as connection:
        running = connection.execute("WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a FROM n) SELECT a FROM n")
        assert next(running) == (1,)
        connection.interrupt()
        with pytest.raises(apsw.InterruptError) as caught:
            running.fetchall()
    assert isinstance(unreadable(file, caught.value), Stopped)
    assert isinstance(table_unreadable(file, caught.value), Stopped)


def ordered_by(folder: Path, collation: str) -> Path:
    """A table of two rows in the order of a collation that only the program which made it has."""
    with closing(sqlite3.connect(folder / "own.db")) as connection, connection:
        connection.create_collation(collation, lambda a, b: (a > b) - (a < b))
        connection.execute(f"CREATE TABLE t (a COLLATE {collation} PRIMARY KEY, b) WITHOUT ROWID")
        connection.execute("INSERT INTO t VALUES ('x', 1), ('y', 2)")
    return folder / "own.db"


def test_a_table_in_the_order_of_an_unknown_collation_can_be_read_but_not_searched(tmp_path: Path) -> None:
    with closing(connect(find(ordered_by(tmp_path, "own")))) as reader:
        assert reader.execute("SELECT * FROM t").fetchall() == [("x", 1), ("y", 2)]
        assert reader.execute("SELECT count(*) FROM t NOT INDEXED").fetchall() == [(2,)]
        with pytest.raises(apsw.SQLError, match="no such collation sequence: own") as caught:
            reader.execute("SELECT * FROM t WHERE a = 'x'").fetchall()
    assert isinstance(table_unreadable(tmp_path, caught.value), TableUnreadable)


def test_a_collation_that_only_looks_like_sqlites_own_is_another_programs(tmp_path: Path) -> None:
    with closing(connect(find(ordered_by(tmp_path, "b\u0131nary")))) as reader:
        assert reader.execute("SELECT * FROM t").fetchall() == [("x", 1), ("y", 2)]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_sqlites_own_collations_work_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    file = make_database(tmp_path / "made.db", f"PRAGMA encoding = '{encoding}'", *rows("t", 1))
    with closing(connect(find(file))) as connection:
        same = "SELECT 'A' = 'a' COLLATE nocase, 'a ' = 'a' COLLATE RTRIM, 'A' = 'a' COLLATE BINARY"
        assert connection.execute(same).fetchone() == (1, 1, 0)
