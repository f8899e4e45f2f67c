"""Which files the comparer takes for its store, and that it leaves all others as they are."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from functions.comparer.api.status_numbers import number_of_database
from functions.comparer.tasks.found import databases, tables
from functions.comparer.tasks.store import Report, Store, StoreUnusable, Task
from functions.comparer.tasks.store_file import APPLICATION_ID
from tests.comparer.served import EPOCH, JOB, make_database, rows

# What the release before this one made.
FIRST_RELEASE = """
    CREATE TABLE task (
        id TEXT PRIMARY KEY, job_id TEXT NOT NULL, level TEXT NOT NULL, status TEXT NOT NULL, created_at REAL NOT NULL,
        start_at REAL NOT NULL, started_at REAL, ended_at REAL, error TEXT, scope TEXT NOT NULL,
        attempts INTEGER NOT NULL
    );
    CREATE INDEX task_of_job ON task (job_id, level, created_at);
    CREATE INDEX task_unfinished ON task (status, start_at);
    CREATE TABLE item (
        task_id TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE, part TEXT NOT NULL, number INTEGER NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (task_id, part, number)
    ) WITHOUT ROWID;
    PRAGMA user_version = 1;
    PRAGMA application_id = 1346458185;
    PRAGMA journal_mode = WAL;
    INSERT INTO task VALUES ('old', 'job', 'lines', 'SUCCESSFUL', 1, 2, 3, 4, 'a word', '{"shop":["t"]}', 2);
    INSERT INTO item VALUES ('old', 'tables/shop', 0, '{"table":"t"}');
"""
OLD_TASK = Task("old", "job", "lines", "SUCCESSFUL", 1, 2, 3, 4, "a word", {"shop": ["t"]}, 2)
KILLED_WHILE_UPGRADING = """
import os, signal, sqlite3, sys
from functions.comparer.tasks.store_schema import bring_up_to_date
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.executescript("PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = 1; BEGIN IMMEDIATE")
bring_up_to_date(connection)
connection.execute("INSERT INTO report VALUES ('old', '', 0, 0, '', '', zeroblob(1000000))")  # Spills into the log.
os.kill(os.getpid(), signal.SIGKILL)
"""
TASK = Task("one", JOB, "lines", "RUNNING", EPOCH, EPOCH)


def remembering(path: Path) -> Path:
    """A store with one task."""
    with closing(Store(path)) as store:
        store.add(TASK)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


STRANGE = {
    "a user's": rows("customer", 3),
    "a table of the same name": ["CREATE TABLE task (id)"],
    "in WAL mode": ["PRAGMA journal_mode = WAL", *rows("customer", 3)],
    "another program's": ["PRAGMA application_id = 1"],
    "empty and of some version": ["PRAGMA user_version = 1"],
    "of the same version": ["PRAGMA user_version = 1", *rows("task", 3), *rows("item", 1)],
}


@pytest.mark.parametrize("statements", STRANGE.values(), ids=STRANGE.keys())
def test_a_database_that_is_no_store_is_refused_and_left_as_it_is(tmp_path: Path, statements: list[str]) -> None:
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    before = contents(tmp_path)
    with pytest.raises(StoreUnusable, match="a database, but not a comparer's store"):
        Store(file)
    assert contents(tmp_path) == before


def test_a_store_with_a_table_of_the_users_in_it_is_refused(tmp_path: Path) -> None:
    file = make_database(remembering(tmp_path / "store.db"), "CREATE TABLE customer (id)")
    with pytest.raises(StoreUnusable, match="not a comparer's store"):
        Store(file)


def test_what_is_no_regular_file_is_refused_as_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="not a regular file"):
        Store(tmp_path)
    with pytest.raises(StoreUnusable, match="not a regular file"):
        Store(Path("/dev/zero"))


@pytest.mark.parametrize("made", [False, True], ids=["missing", "empty"])
def test_a_new_store_says_whose_it_is(tmp_path: Path, made: bool) -> None:
    file = tmp_path / "store.db"
    if made:
        file.touch()
    remembering(file)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with closing(Store(file)) as store:
        assert store.task("one") == TASK


def test_a_store_of_the_first_release_is_taken_over(tmp_path: Path) -> None:
    file = make_database(remembering(tmp_path / "store.db"), "PRAGMA application_id = 0")
    with closing(Store(file)) as store:
        assert store.task("one") == TASK
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


@pytest.fixture
def first_release(tmp_path: Path) -> Path:
    file = tmp_path / "store.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.executescript(FIRST_RELEASE)
    return file


def test_a_store_of_the_release_before_keeps_its_results_and_learns_the_new_parts(first_release: Path) -> None:
    report = Report("old", "EXPORT_COMPLETE", 5, 6, None, "lines.xlsx")
    for _ in range(2):
        with closing(Store(first_release)) as store:
            assert store.task("old") == OLD_TASK
            assert store.page("old", "tables/shop", -1) == [{"table": "t"}]
            store.save_report(report, b"sheet")
    with closing(Store(first_release)) as store:
        assert (store.report("old"), store.report_file("old")) == (report, b"sheet")
        store.forget(5)
        assert store.task("old") is None
        while store.sweep():
            pass
        assert (store.task("old"), store.report("old"), store.page("old", "tables/shop", -1)) == (None, None, [])


def kept_before(name: str, *messages: str | None) -> list[str]:
    """A database that differs, as the first release kept it, and the messages of its tables."""
    names = f'"source_db":"{name}","target_db":"{name}"'
    tables = [
        f"""INSERT INTO item VALUES ('old', 'tables/{name}', {number}, json_object('table', 't{number}',
        'source_rows', 0, 'target_rows', 1, 'result', 'INCONSISTENT', 'message', nullif('{message or ""}', '')))"""
        for number, message in enumerate(messages, 1)
    ]
    return [
        f"""INSERT INTO item SELECT 'old', 'databases', count(*), '{{{names},"result":"INCONSISTENT","message":null}}'
        FROM item WHERE part = 'databases'""",
        *tables,
    ]


def test_a_database_that_the_source_lacked_in_the_release_before_is_numbered_so(first_release: Path) -> None:
    missing = "The table is missing in the source."
    make_database(
        first_release,
        'UPDATE task SET scope = \'{"named":["t1"],"lost":null,"bare":null,"other":null}\'',
        *kept_before("named", missing),
        *kept_before("lost", missing, missing),
        *kept_before("bare"),
        *kept_before("other", missing, None),
    )
    with closing(Store(first_release)) as store:
        task = store.task("old")
        assert task
        numbers = {
            database.source_db: number_of_database(database, list(tables(store, task, database)), task)
            for database in databases(store, task, {})
        }
        assert numbers == {"named": 0, "lost": 21, "bare": 21, "other": 0}


def test_an_upgrade_that_is_killed_leaves_a_store_that_can_be_used(first_release: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_UPGRADING, str(first_release)], check=False)
    assert killed.returncode == -signal.SIGKILL
    log = first_release.with_name("store.db-wal")
    assert log.stat().st_size > 1_000_000, "the upgrade had not begun"
    with closing(Store(first_release)) as store:
        assert store.task("old") == OLD_TASK
        assert store.page("old", "tables/shop", -1) == [{"table": "t"}]
        assert store.report("old") is None


def test_a_store_whose_service_was_killed_is_read_from_its_log(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with closing(Store(tmp_path / "store.db")) as store:
        store.add(TASK)
        for part in tmp_path.glob("store.db*"):
            (tmp_path / "copy" / part.name).write_bytes(part.read_bytes())
    assert (tmp_path / "copy" / "store.db-wal").stat().st_size
    with closing(Store(tmp_path / "copy" / "store.db")) as store:
        assert store.task("one") == TASK


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    file = make_database(remembering(tmp_path / "store.db"), "PRAGMA user_version = 3")
    with pytest.raises(StoreUnusable, match="its version is 3, this release reads up to 2"):
        Store(file)
