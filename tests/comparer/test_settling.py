"""Data that moves while it is compared: what differs is read again before it counts."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from functions.comparer.core import contents_table
from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.engine import Stop
from functions.comparer.core.kept import Kept
from functions.comparer.core.kinds import Kind
from functions.comparer.core.options import Options
from functions.comparer.core.results import ContentsResult, DatabaseContents, DataResult, TableContents
from functions.comparer.core.table import Reading, Row, Shape
from tests.comparer.memory_engine import MemoryDatabase, MemoryEndpoint, MemorySnapshot, MemoryTable, typed

SHAPE = typed(id=Kind.INTEGER, a=Kind.TEXT)


class Time(Stop):
    """A stop whose waiting moves the clock, and lets happen what is to happen until then."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.plans: list[tuple[float, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        self.plans.append((moment, happens))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for plan in [plan for plan in self.plans if plan[0] <= self.now]:
            self.plans.remove(plan)
            plan[1]()


class World:
    """A source and a target of one table, and the time."""

    def __init__(self, ours: list[Row], theirs: list[Row], shape: Shape = SHAPE) -> None:
        self.time = Time()
        self.rows = {"source": list(ours), "target": list(theirs)}
        self.source, self.target = (
            MemoryEndpoint({"shop": MemoryDatabase({"t": MemoryTable(shape, self.rows[name])})}, moves=True)
            for name in ("source", "target")
        )
        self.recorder = Kept()

    def write(self, moment: float, name: str, row: Row) -> None:
        def happens() -> None:
            rows = self.rows[name]
            rows[:] = [*(other for other in rows if other[0] != row[0]), row]

        self.time.at(moment, happens)

    def compare(self, options: Options = Options(settle=15, lag=3)) -> TableContents:  # noqa: B008 (frozen)
        found = ContentsResult()
        compare_contents(
            self.source, self.target, {}, None, self.time, found, self.recorder, options=options, clock=self.time
        )
        assert not found.failures
        ((table,),) = (database.tables for database in found.databases)
        return table

    @property
    def keys(self) -> list[tuple[str, tuple[str | None, ...] | None]]:
        rows = self.recorder.differences.get(("shop", "t"), [])
        return [(row.kind, row.source_key or row.target_key) for row in rows]


def test_what_the_replication_brings_has_healed_and_what_stays_differs() -> None:
    world = World([(1, "new"), (2, "x"), (3, "y")], [(1, "old"), (2, "X")])
    world.write(0.7, "target", (1, "new"))
    table = world.compare()
    assert (table.result, table.missing, table.changed, table.healed, table.moving) == (
        DataResult.INCONSISTENT, 1, 1, 1, 0,
    )  # fmt: skip
    assert world.keys == [("changed", ("2",)), ("missing", ("3",))]
    assert table.message == "1 that differed at first agree by now."
    assert (table.source_rows, table.target_rows) == (3, 2)


def test_where_all_has_healed_the_table_is_consistent() -> None:
    world = World([(1, "new"), (4, "d")], [(1, "old")])
    world.write(0.7, "target", (1, "new"))
    world.write(2.0, "target", (4, "d"))
    table = world.compare()
    assert (table.result, table.differing, table.healed) == (DataResult.CONSISTENT, 0, 2)
    assert (table.source_rows, table.target_rows) == (2, 2)
    assert not world.keys


def test_a_row_that_never_stands_still_is_told_as_such_and_is_no_difference() -> None:
    world = World([(1, "a")], [(1, "b")])
    for second in range(30):
        world.write(second + 0.5, "source", (1, str(second)))
    table = world.compare()
    assert (table.result, table.changed, table.moving) == (DataResult.CAN_NOT_COMPARE, 1, 1)
    assert table.message == "1 of those that differ had not stayed as they are for long enough at the end."


def test_a_difference_may_become_another_one_meanwhile() -> None:
    world = World([(1, "a")], [])
    world.write(0.5, "target", (1, "b"))
    table = world.compare()
    assert (table.missing, table.extra, table.changed) == (0, 0, 1)
    assert world.keys == [("changed", ("1",))]


def test_nothing_is_read_again_where_nothing_differs_or_it_was_not_asked_for() -> None:
    same = World([(1, "a")], [(1, "a")])
    same.compare()
    assert same.time.now == 0.0
    static = World([(1, "new")], [(1, "old")])
    table = static.compare(Options(settle=0))
    assert (static.time.now, table.result, table.changed) == (0.0, DataResult.INCONSISTENT, 1)


def test_confirming_takes_as_long_as_the_replication_may_be_behind_and_no_longer() -> None:
    world = World([(1, "a")], [(1, "b")])
    world.compare(Options(settle=60, lag=3))
    assert world.time.now == 3.0
    slow = World([(1, "a")], [(1, "b")])
    slow.compare(Options(settle=60, lag=20))
    assert slow.time.now == 31.0


def test_what_differs_is_unsettled_until_it_was_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World([(1, "a")], [(1, "b")])
    reports: list[DatabaseContents] = []
    seen: list[bool] = []
    monkeypatch.setattr(world.recorder, "planned", reports.append)
    world.time.at(1.0, lambda: seen.append(reports[0].tables[0].unsettled))
    assert not world.compare().unsettled
    assert seen == [True]
    assert not World([(1, "a")], [(1, "b")]).compare(Options(settle=0)).unsettled


def test_however_long_it_takes_to_read_rows_again_they_are_read_twice() -> None:
    world = World([(1, "a")], [(1, "b")])
    at = MemorySnapshot.at

    def slow(snapshot: MemorySnapshot, reading: Reading, keys: Sequence[Row]) -> Iterator[bytes]:
        world.time.now += 10
        return at(snapshot, reading, keys)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemorySnapshot, "at", slow)
        table = world.compare()
    assert (table.result, table.changed, table.moving) == (DataResult.INCONSISTENT, 1, 0)


def test_rows_are_read_for_the_last_time_when_the_time_for_it_is_over() -> None:
    world = World([(1, "new"), (2, "x")], [(1, "old"), (2, "y")])
    world.write(8.5, "target", (1, "new"))
    table = world.compare(Options(settle=9, lag=9))
    assert world.time.now == 9.0
    assert (table.result, table.healed, table.moving) == (DataResult.INCONSISTENT, 1, 0)


@pytest.fixture
def few_kept(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many differing rows of a table are kept."""
    monkeypatch.setattr(contents_table, "KEPT_DIFFERENCES", 100)
    return 100


def test_rows_beyond_those_that_are_kept_stay_counted_as_they_were_found(few_kept: int) -> None:
    rows: list[Row] = [(number, "a") for number in range(few_kept + 50)]
    world = World(rows, [(number, "b" if number >= 3 else "a") for number in range(few_kept)])
    table = world.compare()
    assert (table.changed, table.missing) == (few_kept - 3, 50)
    assert table.kept == few_kept


def test_rows_beyond_those_that_are_kept_are_no_difference_where_all_that_were_kept_have_healed(few_kept: int) -> None:
    rows = few_kept + 50
    world = World([(number, "a") for number in range(rows)], [(number, "b") for number in range(rows)])
    world.time.at(1.0, lambda: world.rows["target"].__setitem__(slice(None), world.rows["source"]))
    table = world.compare()
    assert (table.result, table.healed, table.changed) == (DataResult.CAN_NOT_COMPARE, few_kept, 50)
    assert table.message == (
        "0 of 50 differing rows are kept. 100 that differed at first agree by now."
        " 50 of those that differ were not read again, and may agree by now."
    )


def test_rows_that_stay_as_they_are_for_less_than_the_replication_may_be_behind_are_not_told_as_changing() -> None:
    table = World([(1, "a")], [(1, "b")]).compare(Options(settle=1, lag=3))
    assert (table.result, table.moving) == (DataResult.CAN_NOT_COMPARE, 1)
    assert table.message == "1 of those that differ had not stayed as they are for long enough at the end."


def test_a_table_without_a_key_is_compared_once_more_as_a_whole() -> None:
    unkeyed = typed((), id=Kind.INTEGER, a=Kind.TEXT)
    world = World([(1, "new"), (2, "x"), (2, "x")], [(1, "old"), (2, "x")], unkeyed)
    world.write(0.7, "target", (1, "new"))
    table = world.compare()
    assert (table.result, table.missing, table.extra, table.healed, table.moving) == (
        DataResult.INCONSISTENT, 1, 0, 2, 0,
    )  # fmt: skip
    assert [row.source_key for row in world.recorder.differences["shop", "t"]] == [("2", "x")]


def test_rows_without_a_key_that_still_change_are_no_difference() -> None:
    unkeyed = typed((), id=Kind.INTEGER, a=Kind.TEXT)
    world = World([(1, "a")], [(1, "b")], unkeyed)
    world.write(2.0, "source", (1, "c"))
    world.write(2.0, "target", (1, "a"))
    table = world.compare()
    assert (table.result, table.differing, table.moving) == (DataResult.CAN_NOT_COMPARE, 2, 2)
