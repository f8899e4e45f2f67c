"""Two engines whose columns have types: planned by kinds, merged by key, or counted as a multiset."""

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core import streamed
from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.engine import Stop, Stopped
from functions.comparer.core.kept import Kept
from functions.comparer.core.kinds import Kind
from functions.comparer.core.options import AS_EVER, Options
from functions.comparer.core.results import ContentsResult, DatabaseContents, DataResult, TableContents
from functions.comparer.core.table import Row, Shape
from tests.comparer.memory_engine import MemoryDatabase, MemoryEndpoint, MemoryTable, typed

SHOP = typed(id=Kind.INTEGER, a=Kind.TEXT)
IN_ORDER, TWICE = "streamed", "scattered"


def side(shape: Shape, *rows: Row, connections: int = 1) -> MemoryEndpoint:
    return MemoryEndpoint({"shop": MemoryDatabase({"t": MemoryTable(shape, rows)})}, connections=connections)


def compared(
    source: MemoryEndpoint, target: MemoryEndpoint, options: Options = AS_EVER, recorder: Kept | None = None
) -> TableContents:
    found = ContentsResult()
    compare_contents(source, target, {}, None, Stop(), found, recorder or Kept(), options=options)
    assert not found.failures
    ((table,),) = (database.tables for database in found.databases)
    return table


def counts(table: TableContents) -> tuple[int, int, int]:
    return table.missing, table.extra, table.changed


def test_rows_are_merged_by_a_key_that_both_sides_call_differently() -> None:
    ours = side(SHOP, (3, "c"), (1, "a"), (2, "b"))
    theirs = side(typed(("ID",), ID=Kind.DECIMAL, A=Kind.TEXT), (Decimal("1.00"), "a"), (2, "B"), (4, "d"))
    recorder = Kept()
    table = compared(ours, theirs, recorder=recorder)
    assert (table.result, table.method, table.key) == (DataResult.INCONSISTENT, IN_ORDER, ("id",))
    assert counts(table) == (1, 1, 1)
    assert [(d.kind, d.source_key, d.target_key, d.columns) for d in recorder.differences["shop", "t"]] == [
        ("changed", ("2",), ("2",), ("a",)),
        ("missing", ("3",), None, ()),
        ("extra", None, ("4",), ()),
    ]


def test_a_column_without_a_form_in_common_is_named_and_never_consistent() -> None:
    table = compared(side(SHOP, (1, "a")), side(typed(id=Kind.INTEGER, a=Kind.DATE), (1, "2024-01-01")))
    assert table.result is DataResult.CAN_NOT_COMPARE
    assert table.message == "Column a was not compared: TEXT and DATE have no form in common."
    differing = compared(side(SHOP, (1, "a")), side(typed(id=Kind.INTEGER, a=Kind.DATE)))
    assert (differing.result, differing.missing) == (DataResult.INCONSISTENT, 1)


def test_a_moment_without_a_zone_is_one_in_utc_where_that_is_declared() -> None:
    ours = side(typed(id=Kind.INTEGER, a=Kind.TIMESTAMP), (1, "2024-01-01 12:00:00"))
    theirs = side(typed(id=Kind.INTEGER, a=Kind.INSTANT), (1, "2024-01-01 13:00:00+01"))
    assert compared(ours, theirs).result is DataResult.CAN_NOT_COMPARE
    assert compared(ours, theirs, Options(utc=True)).result is DataResult.CONSISTENT


def test_what_of_a_table_is_not_compared_is_told_before_a_row_is_read() -> None:
    told = list[tuple[str, DataResult, str | None]]()

    class Planned(Kept):
        def planned(self, database: DatabaseContents) -> None:
            told.extend((table.table, table.result, table.message) for table in database.tables)

    compared(side(SHOP), side(typed(id=Kind.INTEGER, a=Kind.DATE)), recorder=Planned())
    message = "Column a was not compared: TEXT and DATE have no form in common."
    assert told == [("t", DataResult.WAITING, message)]


def test_tables_without_any_comparable_column_are_told_before_the_run() -> None:
    table = compared(side(typed((), a=Kind.TEXT), ("a",)), side(typed((), a=Kind.BYTES), (b"a",)))
    assert table.result is DataResult.CAN_NOT_COMPARE
    assert table.message is not None
    assert table.message.endswith("The two tables have no column that can be compared.")


def test_a_key_that_one_side_has_twice_makes_the_rows_a_multiset() -> None:
    table = compared(side(SHOP, (1, "a"), (2, "b")), side(SHOP, (1, "a"), (2, "b"), (2, "b")))
    assert (table.method, table.key, table.result) == (TWICE, (), DataResult.INCONSISTENT)
    assert counts(table) == (0, 1, 0)


def test_rows_without_a_key_are_counted_as_often_as_they_are_there() -> None:
    shape, other = typed((), a=Kind.DOUBLE, b=Kind.JSON), typed((), a=Kind.SINGLE, b=Kind.JSON)
    ours = side(shape, (0.1, '{"x": 1.0, "y": []}'), (0.1, '{"x": 1.0, "y": []}'), (None, "1"))
    theirs = side(other, (0.1, '{"y": [], "x": 1}'), (None, "1"), (None, "1"))
    table = compared(ours, theirs)
    assert (table.method, counts(table)) == (TWICE, (1, 1, 0))


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "tolerance", "same"),
    [
        (Kind.DOUBLE, 1.0, 1.0001, "0.001", True),
        (Kind.DOUBLE, 1.0, 1.01, "0.001", False),
        (Kind.DECIMAL, Decimal("1.10"), Decimal("1.11"), "0.01", True),
        (Kind.DOUBLE, float("inf"), 1.0, "9", False),
        (Kind.DOUBLE, None, 0.0, "9", False),
        (Kind.TIMESTAMP, "2024-01-01 00:00:00", "2024-01-01 00:00:00.5", "0.5", True),
        (Kind.TIMESTAMP, "2024-01-01 00:00:00", "2024-01-01 00:00:00.500001", "0.5", False),
        (Kind.DATE, "2024-01-01", "2024-01-02", "86400", True),
    ],
)
def test_a_tolerance_is_of_its_column_alone(
    kind: Kind, ours: object, theirs: object, tolerance: str, same: bool
) -> None:
    shape = typed(id=Kind.INTEGER, a=kind)
    both = side(shape, (1, ours)), side(shape, (1, theirs))  # type: ignore[arg-type]  # any value
    for name in ("a", "t.a"):
        assert compared(*both, Options({name: Decimal(tolerance)})).changed == (not same)
    assert compared(*both, Options({"b": Decimal(tolerance), "other.a": Decimal(tolerance)})).changed == 1


@given(
    st.lists(st.integers(0, 60), unique=True),
    st.lists(st.integers(0, 60), unique=True),
    st.integers(1, 4),
)
def test_ranges_find_what_one_pass_finds(ours: Sequence[int], theirs: Sequence[int], connections: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streamed, "_WORTH_RANGES", 0)
        patch.setattr(streamed, "_CHUNK_ROWS", 3)
        source, target = (
            side(SHOP, *((key, str(key % 7 and number)) for key in keys), connections=connections)
            for number, keys in enumerate((ours, theirs))
        )
        table = compared(source, target)
    both = set(ours) & set(theirs)
    changed = sum(key % 7 != 0 for key in both)
    assert counts(table) == (len(set(ours) - both), len(set(theirs) - both), changed)


class Interrupted(Kept):
    """Stops every run after so many parts, and hands what was found to the next one."""

    def __init__(self, parts: int) -> None:
        super().__init__()
        self.parts = self.left = parts
        self.stop = Stop()
        self.last: TableContents | None = None
        self.marks: list[str | None] = []

    def earlier(self, database: str, table: str) -> TableContents | None:
        return self.last

    def compared(self, database: str, table: TableContents, differences: Sequence[object]) -> None:
        super().compared(database, table, differences)  # type: ignore[arg-type]  # rows
        self.last = table
        self.marks.append(table.mark)
        self.left -= 1
        if not self.left:
            self.stop.ask()


def remarks(
    source: MemoryEndpoint, target: MemoryEndpoint, options: Options, recorder: Kept | None = None
) -> list[str]:
    found = ContentsResult()
    compare_contents(source, target, {}, None, Stop(), found, recorder or Kept(), options=options)
    return found.remarks


@pytest.mark.parametrize("name", ["v", "t.v"])
def test_a_tolerance_that_was_applied_is_nothing_to_tell(name: str) -> None:
    shape = typed(id=Kind.INTEGER, v=Kind.DECIMAL)
    both = side(shape, (1, Decimal(1))), side(shape, (1, Decimal(2)))
    assert remarks(*both, Options({name: Decimal(1)})) == []


@pytest.mark.parametrize("name", ["V", "x", "u.v", "t.x"])
def test_a_tolerance_of_a_column_that_no_table_has_is_told(name: str) -> None:
    shape = typed(id=Kind.INTEGER, v=Kind.DECIMAL)
    both = side(shape, (1, Decimal(1))), side(shape, (1, Decimal(2)))
    assert remarks(*both, Options({"v": Decimal(1), name: Decimal(1)})) == [
        f"tolerance {name!r}: it was not applied, no table that was compared has such a column"
    ]


@pytest.mark.parametrize(
    ("name", "shape", "rows"),
    [
        ("id", typed(id=Kind.INTEGER, v=Kind.DECIMAL), ((1, Decimal(1)),)),
        ("v", typed(id=Kind.INTEGER, v=Kind.TEXT), ((1, "a"),)),
        ("v", typed((), id=Kind.INTEGER, v=Kind.DECIMAL), ((1, Decimal(1)),)),
        ("v", typed(id=Kind.INTEGER, v=Kind.DECIMAL), ((1, Decimal(1)), (1, Decimal(2)))),
    ],
    ids=["of the key", "of texts", "without a key", "of a key that is there twice"],
)
def test_a_tolerance_that_could_not_be_applied_to_its_column_is_told(
    name: str, shape: Shape, rows: Sequence[Row]
) -> None:
    (told,) = remarks(side(shape, *rows), side(shape, *rows), Options({name: Decimal(1)}))
    assert told.startswith(f"tolerance {name!r}: it was not applied, only numbers and moments beside a key")


def test_of_tolerances_nothing_is_told_where_not_every_table_could_be_looked_at() -> None:
    shape, options = typed(id=Kind.INTEGER, v=Kind.DECIMAL), Options({"x": Decimal(1)})
    both, recorder = (side(shape, (1, Decimal(1))), side(shape, (1, Decimal(2)))), Interrupted(1_000)
    assert len(remarks(*both, options, recorder)) == 1
    assert remarks(*both, options, recorder) == []


OTHERWISE = [
    Options(utc=True),
    Options(lob="length"),
    Options({"v": Decimal(1)}),
    Options({"t.v": Decimal(2)}),
]


@pytest.mark.parametrize("end", ["interrupted", "compared"])
@pytest.mark.parametrize("before", [AS_EVER, *OTHERWISE])
@pytest.mark.parametrize("now", [AS_EVER, *OTHERWISE])
def test_what_was_compared_under_other_options_is_compared_anew(
    before: Options, now: Options, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed, "_CHUNK_ROWS", 10)
    shape = typed(id=Kind.INTEGER, v=Kind.INTEGER)
    source = side(shape, *((key, 0) for key in range(100)))
    target = side(shape, *((key, key % 4) for key in range(100)))
    recorder = Interrupted(6 if end == "interrupted" else 1_000)
    with suppress(Stopped):
        compare_contents(source, target, {}, None, recorder.stop, ContentsResult(), recorder, options=before)
    assert recorder.last
    assert recorder.last.finished is (end == "compared")
    recorder.marks, recorder.left, whole = [], 1_000, Interrupted(1_000)
    table = compared(source, target, now, recorder)
    compared(source, target, now, whole)
    assert (len(recorder.marks) < len(whole.marks)) is (before == now)
    assert table.changed == {1: 50, 2: 25}.get(int(max(now.tolerances.values(), default=0)), 75)


@pytest.mark.parametrize("connections", [1, 3])
def test_an_interrupted_comparison_goes_on_from_its_last_part(
    connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed, "_WORTH_RANGES", 0)
    monkeypatch.setattr(streamed, "_CHUNK_ROWS", 10)
    source = side(SHOP, *((key, "a") for key in range(100)), connections=connections)
    target = side(SHOP, *((key, "b" if key % 10 == 0 else "a") for key in range(100)), connections=connections)
    recorder, runs = Interrupted(2), 0
    while True:
        runs += 1
        found = ContentsResult()
        recorder.stop, recorder.left = Stop(), 2
        try:
            compare_contents(source, target, {}, None, recorder.stop, found, recorder)
        except Stopped:
            continue
        break
    ((table,),) = (database.tables for database in found.databases)
    assert runs > 3
    assert (table.source_rows, table.target_rows, counts(table)) == (100, 100, (0, 0, 10))
    assert sorted(row.source_key or () for row in recorder.differences["shop", "t"]) == sorted(
        (str(key),) for key in range(0, 100, 10)
    )
