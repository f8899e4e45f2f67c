"""Servers that find ranges equal by themselves spare us their rows, and never hide one that differs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core import streamed
from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.engine import Stop, Stopped, TableUnreadable
from functions.comparer.core.kept import Kept
from functions.comparer.core.kinds import Kind
from functions.comparer.core.options import Options
from functions.comparer.core.ranges import Range, joined
from functions.comparer.core.results import ContentsResult, DataResult, TableContents
from functions.comparer.core.table import Row, Shape
from tests.comparer.memory_engine import MemoryDatabase, MemoryEndpoint, MemoryTable, typed

SHOP = typed(id=Kind.INTEGER, a=Kind.TEXT)
KEYLESS = typed((), a=Kind.TEXT)


class Side:
    """An endpoint that counts what is asked of its one table."""

    def __init__(
        self, shape: Shape, rows: Sequence[Row], *, form: str = "f", connections: int = 1, fails: bool = False
    ) -> None:
        self.asked: Counter[str] = Counter()
        self.fails = fails
        database = MemoryDatabase({"t": MemoryTable(shape, rows)})
        self.endpoint = MemoryEndpoint(
            {"shop": database}, happens=self.happens, connections=connections, digests=form
        )  # fmt: skip

    def happens(self, what: str, _: str) -> None:
        self.asked[what] += 1
        if what == "digest" and self.fails:
            raise TableUnreadable("there is no such function", damaged=True)


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    """Tables as small as those of these tests are worth it, in ranges of about ten rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streamed, "_WORTH_DIGESTS", 0)
        patch.setattr(streamed, "_WORTH_RANGES", 0)
        patch.setattr(streamed, "_DIGEST_ROWS", 10)
        yield


def compared(source: Side, target: Side, recorder: Kept | None = None) -> TableContents:
    found = ContentsResult()
    recorder = recorder or Kept()
    compare_contents(source.endpoint, target.endpoint, {}, None, Stop(), found, recorder, options=Options(settle=0))
    assert not found.failures
    ((table,),) = (database.tables for database in found.databases)
    return table


def counts(table: TableContents) -> tuple[int | None, int | None, int, int, int]:
    return table.source_rows, table.target_rows, table.missing, table.extra, table.changed


def numbered(count: int, *changed: int) -> list[Row]:
    return [(number, "b" if number in changed else "a") for number in range(count)]


@pytest.mark.parametrize("connections", [1, 3])
def test_equal_tables_are_not_read(connections: int) -> None:
    source, target = (Side(SHOP, numbered(100), connections=connections) for _ in "ab")
    table = compared(source, target)
    assert (table.result, counts(table)) == (DataResult.CONSISTENT, (100, 100, 0, 0, 0))
    assert (source.asked["digest"], source.asked["stream"], target.asked["row"]) == (10, 0, 0)


@pytest.mark.parametrize("connections", [1, 3])
def test_of_a_table_that_differs_only_the_range_that_does_is_read(connections: int) -> None:
    source = Side(SHOP, numbered(100), connections=connections)
    target = Side(SHOP, numbered(100, 57), connections=connections)
    recorder = Kept()
    table = compared(source, target, recorder)
    assert (table.result, counts(table)) == (DataResult.INCONSISTENT, (100, 100, 0, 0, 1))
    assert [row.source_key for row in recorder.differences["shop", "t"]] == [("57",)]
    assert (source.asked["row"], target.asked["row"]) == (10, 10)


def test_where_most_ranges_differ_no_more_of_them_are_digested() -> None:
    source, target = Side(SHOP, numbered(900)), Side(SHOP, numbered(900, *range(0, 900, 5)))
    table = compared(source, target)
    assert counts(table) == (900, 900, 0, 0, 180)
    assert source.asked["digest"] < 90
    assert source.asked["stream"] == 1


def test_digests_of_two_forms_are_not_compared() -> None:
    source, target = Side(SHOP, numbered(100), form="one"), Side(SHOP, numbered(100), form="other")
    assert compared(source, target).result is DataResult.CONSISTENT
    assert (source.asked["digest"], source.asked["row"]) == (0, 100)


@pytest.mark.parametrize("shape", [SHOP, typed((), id=Kind.INTEGER, a=Kind.TEXT)], ids=["key", "no key"])
def test_where_a_server_can_t_digest_after_all_the_rows_are_read(shape: Shape) -> None:
    source, target = Side(shape, numbered(100), fails=True), Side(shape, numbered(100, 1))
    table = compared(source, target)
    assert table.result is DataResult.INCONSISTENT
    assert min(source.asked["row"], target.asked["row"]) >= 100


def test_a_digest_that_can_not_be_told_is_equal_to_none() -> None:
    source, target = Side(SHOP, numbered(100), form="untold"), Side(SHOP, numbered(100), form="untold")
    assert counts(compared(source, target)) == (100, 100, 0, 0, 0)
    assert min(source.asked["digest"], source.asked["row"]) > 0


def test_rows_without_a_key_are_digested_as_one_multiset() -> None:
    rows: list[Row] = [("a",), ("a",), ("b",)]
    source, target = Side(KEYLESS, rows), Side(KEYLESS, rows[::-1])
    table = compared(source, target)
    assert (table.result, counts(table)) == (DataResult.CONSISTENT, (3, 3, 0, 0, 0))
    assert (source.asked["digest"], source.asked["row"]) == (1, 0)
    other = compared(Side(KEYLESS, rows), Side(KEYLESS, [("a",), ("b",), ("b",)]))
    assert counts(other) == (3, 3, 1, 1, 0)


@given(
    st.lists(st.integers(0, 99), unique=True),
    st.lists(st.integers(0, 99), unique=True),
    st.sets(st.integers(0, 99), max_size=4),
    st.integers(1, 4),
)
def test_what_is_found_does_not_depend_on_digests(
    ours: Sequence[int], theirs: Sequence[int], changed: set[int], connections: int
) -> None:
    def found(form: str) -> tuple[object, ...]:
        recorder = Kept()
        source = Side(SHOP, [(key, "a") for key in ours], form=form, connections=connections)
        target = Side(SHOP, [(key, "b" if key in changed else "a") for key in theirs], form=form)
        table = compared(source, target, recorder)
        rows = [(row.kind, row.source_key, row.target_key) for row in recorder.differences.get(("shop", "t"), ())]
        return table.result, counts(table), sorted(rows, key=repr)

    assert found("f") == found("")


class Interrupted(Kept):
    """Stops every run after so many parts, and hands what was found to the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.stop = Stop()
        self.last: TableContents | None = None
        self.left = 0

    def earlier(self, database: str, table: str) -> TableContents | None:
        return self.last

    def compared(self, database: str, table: TableContents, differences: Sequence[object]) -> None:
        super().compared(database, table, differences)  # type: ignore[arg-type]  # rows
        self.last = table
        self.left -= 1
        if not self.left:
            self.stop.ask()


@pytest.mark.parametrize("connections", [1, 3])
def test_an_interrupted_comparison_goes_on_with_what_has_not_been_found_equal(connections: int) -> None:
    source = Side(SHOP, numbered(200), connections=connections)
    target = Side(SHOP, numbered(200, 5, 6, 77, 130), connections=connections)
    recorder, runs = Interrupted(), 0
    while True:
        runs += 1
        found = ContentsResult()
        recorder.stop, recorder.left = Stop(), 2 + runs
        try:
            compare_contents(
                source.endpoint, target.endpoint, {}, None, recorder.stop, found, recorder, options=Options(settle=0)
            )
        except Stopped:
            continue
        break
    ((table,),) = (database.tables for database in found.databases)
    assert runs > 3
    assert counts(table) == (200, 200, 0, 0, 4)
    keys = sorted(row.source_key or () for row in recorder.differences["shop", "t"])
    assert keys == [("130",), ("5",), ("6",), ("77",)]


def test_ranges_that_meet_become_one_as_far_as_every_worker_has_its_share() -> None:
    ends = [None, *(bytes([number]) for number in range(1, 8)), None]
    ranges = [Range(low, high, over=low == b"\x03") for low, high in pairwise(ends)]
    assert joined(ranges, 1) == [Range(None, b"\x03"), Range(b"\x04", None)]
    assert joined(ranges, 2) == [Range(None, b"\x03"), Range(b"\x04", None)]
    assert joined(ranges, 4) == [
        Range(None, b"\x02"), Range(b"\x02", b"\x03"), Range(b"\x04", b"\x06"), Range(b"\x06", None)
    ]  # fmt: skip
    assert joined([Range(None, None, over=True)], 2) == []
