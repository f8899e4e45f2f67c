"""What a comparison sees while others write to a SQLite database, alter it or replace its file."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from functions.comparer.core.engine import Stop, TableUnreadable, Unreadable
from functions.comparer.sqlite.file import SqliteFile, find
from functions.comparer.sqlite.joint import SqliteJoint, open_joint
from tests.comparer import joint_databases
from tests.comparer.joint_databases import SMALL, WHOLE, Found, Two, joint, made, planned

two = joint_databases.two


def test_a_writer_does_not_disturb_what_is_compared(two: Two) -> None:
    declared = ["PRAGMA journal_mode = WAL", "CREATE TABLE t (k INTEGER PRIMARY KEY, v)"]
    rows = [(n, n) for n in range(1000)]
    files = two(*declared, source=rows, target=rows)
    plan = planned(*files)
    with closing(apsw.Connection(str(files[1]))) as writer:
        writer.execute("UPDATE t SET v = v WHERE k = 0")  # So that there is a log, and the file is not read as it is.
        with joint(*files, most=3) as both:
            found = Found("")
            for chunk in both.chunks(plan, None, 100):
                writer.execute("UPDATE t SET v = v + 1 WHERE k > 500; DELETE FROM t WHERE k > 900 AND k % 2")
                found.add(chunk)
        assert found.counts == (0, 0, 0)
        assert found.target_rows == 1000
        with joint(*files, most=3) as both:
            found = Found("")
            for chunk in both.chunks(plan, None, 100):
                found.add(chunk)
            assert found.counts == (50, 0, 449)


@pytest.mark.parametrize("at", [0, 1])
def test_only_one_connection_reads_where_a_writer_may_go_on_beside_it(two: Two, at: int) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 1)])
    made(files[at], "PRAGMA journal_mode = WAL")
    with closing(apsw.Connection(str(files[at]))) as writer:
        writer.execute("UPDATE t SET v = v")
        assert not find(files[at]).quiet
        with joint(*files, most=3) as both:
            assert len(both._sessions) == 1
    assert find(files[at]).quiet
    with joint(*files, most=3) as both:
        assert len(both._sessions) == 3


def test_several_connections_read_where_the_first_keeps_writers_out(two: Two) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 1)])
    with joint(*files, most=3) as both, closing(apsw.Connection(str(files[0]))) as writer:
        assert len(both._sessions) == 3
        with pytest.raises(apsw.BusyError):
            writer.execute("UPDATE t SET v = 2")


class Swapped(SqliteFile):
    """A file whose place another one has taken when it is opened for the third time."""

    def uri(self) -> str:
        opened.append(self.path)
        return super().uri() if len(opened) < 3 else find(self.path.with_name("new")).uri()


opened: list[Path] = []


def test_connections_that_see_another_file_than_the_first_take_no_part(two: Two, tmp_path: Path) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 1)])
    made(tmp_path / "new", "CREATE TABLE t (k INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES (1, 2)")
    made(tmp_path / "new", "UPDATE t SET v = 3")
    opened.clear()
    both = open_joint(Swapped(**vars(find(files[0]))), find(files[1]), Stop(), most=2, pace=SMALL)
    assert both is not None
    with both as joined_both:
        assert isinstance(joined_both, SqliteJoint)
        assert len(joined_both._sessions) == 1
    assert len(opened) == 3


def test_a_table_that_was_altered_since_it_was_planned_is_told(two: Two) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 1)])
    plan = planned(*files)
    for alterations in (["ADD COLUMN w"], ["RENAME COLUMN v TO x"], ["RENAME TO u"]):
        for path in files:
            made(path, *(f"ALTER TABLE t {alteration}" for alteration in alterations))
        with joint(*files) as both:
            assert not both.takes(plan)
            with pytest.raises(TableUnreadable, match="it was altered while it was compared") as told:
                list(both.chunks(plan, None, 10))
        assert not told.value.damaged


@pytest.mark.parametrize("at", [0, 1])
def test_a_file_that_is_replaced_is_told(two: Two, tmp_path: Path, at: int) -> None:
    rows = [(n, n) for n in range(100)]
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=rows, target=rows)
    plan = planned(*files)
    with joint(*files) as both:
        chunks = both.chunks(plan, None, 10)
        next(chunks)
        made(tmp_path / "new", "CREATE TABLE t (k INTEGER PRIMARY KEY, v)")
        (tmp_path / "new").replace(files[at])
        with pytest.raises(Unreadable, match=f"{files[at].name}: it was replaced"):
            list(chunks)


@pytest.mark.parametrize("at", [0, 1])
def test_what_can_not_be_opened_any_more_is_said_of_the_file_that_it_is_true_of(two: Two, at: int) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)")
    opened = open_joint(find(files[0]), find(files[1]), Stop(), most=1)
    assert opened is not None
    files[at].write_bytes(b"no database" * 1000)
    with pytest.raises(Unreadable, match=f"{files[at].name}: it is not a SQLite database"), opened:
        pass


def test_a_null_in_the_key_that_is_newer_than_the_plan_fails_its_table_alone_and_is_no_damage(two: Two) -> None:
    declared = "CREATE TABLE t (k TEXT PRIMARY KEY, v)", "CREATE TABLE u (k INTEGER PRIMARY KEY)"
    files = two(*declared, "INSERT INTO u VALUES (1)", source=[("a", 1)], target=[("a", 1), ("b", 2)])
    plans = [planned(*files, table) for table in "tu"]
    made(files[1], "INSERT INTO t VALUES (NULL, 5)")
    with joint(*files, pace=WHOLE) as both:
        with pytest.raises(TableUnreadable) as told:
            list(both.chunks(plans[0], None, 10))
        assert not told.value.damaged
        assert [(chunk.source_rows, chunk.target_rows) for chunk in both.chunks(plans[1], None, 10)] == [(1, 1)]
