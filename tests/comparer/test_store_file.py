"""Which files the comparer takes for its store, and that it leaves all others as they are."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from functions.comparer.store import Store, StoreUnusable, Task
from functions.comparer.store_file import APPLICATION_ID
from tests.comparer.served import EPOCH, JOB, make_database, rows

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
    file = make_database(remembering(tmp_path / "store.db"), "PRAGMA user_version = 2")
    with pytest.raises(StoreUnusable, match="its version is 2, this release reads 1"):
        Store(file)
