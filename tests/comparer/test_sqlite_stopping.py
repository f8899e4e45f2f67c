"""How the comparison of two SQLite databases ends before its end."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from functions.comparer.core.engine import Stop, Stopped, TableUnreadable
from functions.comparer.sqlite.crew import Session, in_order
from tests.comparer import joint_databases
from tests.comparer.joint_databases import WHOLE, Two, compared, drain, joint, planned
from tests.comparer.stopping import after, assert_within_a_second, stopped_after

two = joint_databases.two


SLOW = "length(hex(zeroblob(3000000 + {0})))"


@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize("key", ["INTEGER PRIMARY KEY", "TEXT PRIMARY KEY", "TEXT"])
def test_a_statement_that_takes_long_is_stopped_within_a_second(two: Two, key: str, most: int) -> None:
    files = two(
        f"CREATE TABLE t (k {key}, n INT)",
        "WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 900)"
        " INSERT INTO t SELECT n, n FROM x",
        f"ALTER TABLE t ADD COLUMN v INT AS ({SLOW.format('n')})",
    )
    plan = planned(*files)

    def attempt() -> float:
        stop = Stop()
        with joint(*files, most=most, stop=stop, pace=WHOLE) as both:
            return stopped_after(stop, after(0.3), lambda: list(both.chunks(plan, None, 10)))

    assert_within_a_second(attempt)


def test_sorting_what_is_left_is_stopped(two: Two) -> None:
    rows = [(n, "x" * 100) for n in range(3000)]
    files = two("CREATE TABLE t (k, v)", source=rows, target=rows[::-1])
    plan = planned(*files)
    stop = Stop()
    with joint(*files, stop=stop, pace=WHOLE) as both:
        chunks = both.chunks(plan, None, 10)
        assert next(chunks).source_rows == 3000

        def ask() -> bool:
            stop.ask()
            return False

        both._sessions[0].connection.set_progress_handler(ask, 1000)
        with pytest.raises(Stopped):
            list(chunks)


def test_what_is_no_longer_wanted_leaves_nothing_behind(two: Two) -> None:
    rows = [(n, n) for n in range(300)]
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=rows, target=rows)
    plan = planned(*files)
    before = threading.active_count()
    with joint(*files, most=3) as both:
        chunks = both.chunks(plan, None, 10)
        next(chunks)
        assert isinstance(chunks, Iterator)
        chunks.close()  # type: ignore[attr-defined]  # it is a generator
        assert threading.active_count() == before
        assert sum(chunk.source_rows for chunk in both.chunks(plan, None, 10)) == 300


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted as Linux tells them")
def test_no_file_is_left_open(two: Two) -> None:
    files = two("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", source=[(1, 1)], target=[(1, 2)])
    assert compared(files, most=3).counts == (0, 0, 1)
    names = [str(Path(link).resolve()) for link in Path("/proc/self/fd").iterdir()]
    assert not [name for name in names if name.startswith(str(files[0].parent))]


def test_what_goes_wrong_is_told_in_its_place() -> None:
    with closing(apsw.Connection(":memory:")) as one, closing(apsw.Connection(":memory:")) as other:
        sessions = [Session(connection, Path("x"), Stop()) for connection in (one, other)]
        numbers = iter(range(100))

        def compare(_: Session, number: int) -> int:
            if number == 7:
                raise TableUnreadable("seven", damaged=False)
            return number

        taken: set[int] = set()
        found = in_order(sessions, lambda _: next(numbers), compare)
        with pytest.raises(TableUnreadable, match="seven"):
            drain(found, taken)
        assert taken == set(range(7))
        assert next(numbers) < 20  # Nothing is begun far ahead.
