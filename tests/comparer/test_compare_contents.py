"""What comparing values does with what an engine says, with an engine that is nothing but Python."""

from dataclasses import replace

import pytest

from functions.comparer.core.contents_table import KEPT_DIFFERENCES
from functions.comparer.core.engine import TableUnreadable
from functions.comparer.core.kept import Kept
from functions.comparer.core.results import (
    DataResult,
    Progress,
    RowDifference,
)
from functions.comparer.core.shown import text_of
from functions.comparer.core.table import Malformed, Row, Value
from tests.comparer.compared_contents import (
    CAN_NOT_COMPARE,
    CONSISTENT,
    FAILED,
    INCONSISTENT,
    Diary,
    compare,
    endpoint,
    raising,
    tables_of,
)
from tests.comparer.memory_engine import (
    MemoryDatabase,
    MemoryEndpoint,
    MemoryTable,
    nothing,
    numbered,
    shape,
)


def test_every_missing_extra_and_changed_row_is_found_and_shown() -> None:
    source = MemoryTable(shape("id", "a", "b"), [(1, "x", None), (2, "y", 1), (3, "z", 1), (4, "w", -0.0)])
    target = MemoryTable(shape("id", "a", "b"), [(4, "w", 0.0), (5, "v", b"\x01"), (3, "Z", 1.0), (1, "x", None)])
    recorder = Kept()
    found = compare(endpoint(t=source), endpoint(t=target), recorder)
    table = tables_of(found)["t"]
    assert (table.result, table.message, table.method, table.key) == (INCONSISTENT, None, "spilled", ("id",))
    assert (table.source_rows, table.target_rows) == (4, 4)
    assert (table.missing, table.extra, table.changed, table.kept) == (1, 1, 1, 3)
    assert recorder.differences["shop", "t"] == [
        RowDifference("missing", ("2",), None, "SELECT t WHERE id = 2", None, (), ("2",)),
        RowDifference(
            "changed", ("3",), ("3",), "SELECT t WHERE id = 3", "SELECT t WHERE id = 3", ("a", "b"), ("3",), ("3",)
        ),
        RowDifference("extra", None, ("5",), None, "SELECT t WHERE id = 5", (), None, ("5",)),
    ]
    assert found.databases[0].result is INCONSISTENT
    assert not found.failures


def test_without_a_key_rows_are_counted_and_the_whole_row_is_shown() -> None:
    source = MemoryTable(shape("a", "b", key=()), [("x", 1)] * 3 + [("y", None)])
    target = MemoryTable(shape("b", "a", key=()), [(1, "x"), (None, "y"), (1.0, "x")])
    recorder = Kept()
    table = tables_of(compare(endpoint(t=source), endpoint(t=target), recorder))["t"]
    assert (table.missing, table.extra, table.changed, table.key) == (2, 1, 0, ())
    missing = RowDifference("missing", ("x", "1"), None, "SELECT t WHERE a = 'x' AND b = 1", None, (), ("'x'", "1"))
    extra = RowDifference(
        "extra", None, ("x", "1.0"), None, "SELECT t WHERE a = 'x' AND b = 1.0", (), None, ("'x'", "1.0")
    )
    assert recorder.differences["shop", "t"] == [missing, missing, extra] or recorder.differences["shop", "t"] == [
        missing, missing, replace(extra, target_sql="SELECT t WHERE b = 1.0 AND a = 'x'")
    ]  # fmt: skip


def test_all_tables_are_planned_and_what_is_known_is_told_before_a_value_is_read() -> None:
    happened: list[str] = []
    recorder = Diary(told=happened)
    source = endpoint(
        lambda what, table: happened.append(f"{what} {table}"),
        one=numbered(3),
        both=numbered(2),
        other=MemoryTable(shape("x", key=("x",))),
        odd=numbered(1),
    )
    unable = raising(TableUnreadable("its columns are odd", damaged=False), when="shape", table="odd")
    target = endpoint(unable, both=numbered(2), other=MemoryTable(shape("y", key=("y",))), odd=numbered(1))
    scope = {"shop": ["one", "other", "odd", "both", "nowhere"]}
    found = compare(source, target, recorder, scope=scope)
    assert [(t.table, t.result, t.message, t.source_rows, t.target_rows) for t in recorder.tables] == [
        ("one", INCONSISTENT, "The table is missing in the target.", 3, 0),
        ("other", CAN_NOT_COMPARE, "The two tables have no column in common.", None, None),
        ("odd", CAN_NOT_COMPARE, "The table can't be read in the target: its columns are odd.", None, None),
        ("both", DataResult.WAITING, None, None, None),
        ("nowhere", FAILED, "The table exists neither in the source nor in the target.", 0, 0),
    ]
    values_read = [number for number, what in enumerate(happened) if what.startswith("row")]
    assert values_read
    assert happened.index("planned") < min(values_read)
    assert tables_of(found)["both"].result is CONSISTENT
    assert found.databases[0].result is INCONSISTENT
    assert not found.failures


def test_columns_that_one_side_lacks_are_named_and_the_others_are_compared() -> None:
    source = MemoryTable(shape("id", "a", "old"), [(1, "x", 0), (2, "y", 0)])
    target = MemoryTable(shape("new", "ID", "newer", "A", key=("ID",)), [(0, 1, 0, "x"), (0, 2, 0, "z")])
    table = tables_of(compare(endpoint(t=source), endpoint(t=target)))["t"]
    assert table.message == "Column old is missing in the target. Columns new, newer are missing in the source."
    assert (table.result, table.changed, table.key) == (INCONSISTENT, 1, ("id",))
    table = tables_of(compare(endpoint(t=source), endpoint(t=replace(target, rows=[(0, 1, 0, "x"), (0, 2, 0, "y")]))))[
        "t"
    ]
    assert (table.result, table.differing) == (INCONSISTENT, 0)


@pytest.mark.parametrize("join", [0, 700])
@pytest.mark.parametrize(("rows", "message"), [(10_000, None), (10_001, "10,000 of 10,001 differing rows are kept.")])
def test_differences_are_kept_up_to_a_limit_and_counted_beyond(join: int, rows: int, message: str | None) -> None:
    assert KEPT_DIFFERENCES == 10_000
    recorder = Kept()
    source, target = endpoint(nothing, join, t=numbered(rows + 5)), endpoint(t=numbered(5))
    table = tables_of(compare(source, target, recorder))["t"]
    assert (table.missing, table.kept, table.message) == (rows, 10_000, message)
    assert [d.source_key for d in recorder.differences["shop", "t"]] == [(str(n),) for n in range(5, 10_005)]


def test_a_row_that_is_in_a_multiset_too_often_is_kept_as_often_as_there_is_room() -> None:
    recorder = Kept()
    many = MemoryTable(shape("a", key=()), [("x",)] * 10_050)
    table = tables_of(compare(endpoint(t=many), endpoint(t=replace(many, rows=[])), recorder))["t"]
    assert (table.missing, table.kept) == (10_050, 10_000)
    assert recorder.differences["shop", "t"] == [recorder.differences["shop", "t"][0]] * 10_000


def test_rows_in_another_order_cancel_out_on_disk() -> None:
    count = 60_000  # More than wait in memory.
    rows: list[Row] = [(number, f"value {number}") for number in range(count)]
    changed = [*reversed(rows[1:]), (count, "new")]
    changed[700] = (changed[700][0], "other")
    recorder = Kept()
    found = compare(
        endpoint(t=MemoryTable(shape("id", "a"), rows)), endpoint(t=MemoryTable(shape("id", "a"), changed)), recorder
    )
    table = tables_of(found)["t"]
    assert (table.source_rows, table.target_rows) == (count, count)
    assert (table.missing, table.extra, table.changed) == (1, 1, 1)
    kinds = [(d.kind, d.source_key or d.target_key) for d in recorder.differences["shop", "t"]]
    assert kinds == [("missing", ("0",)), ("changed", (str(count - 701),)), ("extra", (str(count),))]


def test_only_what_is_asked_for_is_compared() -> None:
    databases = {name: MemoryDatabase({"t": numbered(1), "u": numbered(1)}) for name in ("one", "two", "three")}
    found = compare(MemoryEndpoint(databases), MemoryEndpoint(databases), scope={"two": ["u"], "one": None})
    assert [(d.source_db, [t.table for t in d.tables]) for d in found.databases] == [
        ("two", ["u"]),
        ("one", ["t", "u"]),
    ]


def test_databases_that_a_side_lacks_are_told_with_their_tables() -> None:
    recorder = Diary()
    databases = {"shop": MemoryDatabase({"t": numbered(3)})}
    found = compare(MemoryEndpoint(databases), MemoryEndpoint({}), recorder)
    (database,) = found.databases
    assert (database.result, database.message) == (
        DataResult.TARGET_DB_MISSING, "The database is missing in the target."
    )  # fmt: skip
    assert [(t.result, t.source_rows, t.target_rows) for t in database.tables] == [(INCONSISTENT, 3, 0)]
    assert recorder.told == ["planned"]
    (database,) = compare(MemoryEndpoint({}), MemoryEndpoint(databases)).databases
    assert (database.result, database.tables[0].message) == (INCONSISTENT, "The table is missing in the source.")


def test_a_database_that_exists_nowhere_is_told() -> None:
    found = compare(endpoint(t=numbered(1)), endpoint(t=numbered(1)), scope={"nowhere": None})
    assert (found.databases[0].result, found.databases[0].tables) == (FAILED, [])
    assert found.remarks == ["database 'nowhere': it exists neither in the source nor in the target"]


def test_where_there_is_nothing_to_compare_nothing_is_consistent() -> None:
    recorder = Diary()
    found = compare(endpoint(), endpoint(), recorder)
    assert found.databases[0].result is CAN_NOT_COMPARE
    assert recorder.ends[-1] == ("shop", CAN_NOT_COMPARE)


def test_tables_without_rows_are_consistent() -> None:
    for join in (0, 2):
        table = tables_of(compare(endpoint(nothing, join, t=numbered(0)), endpoint(t=numbered(0))))["t"]
        assert (table.result, table.source_rows, table.target_rows) == (CONSISTENT, 0, 0)


def test_progress_counts_tables_and_rows() -> None:
    steps: list[Progress] = []
    source = endpoint(a=numbered(1), t=numbered(10_000))
    compare(source, endpoint(t=numbered(12_000)), progress=steps.append)
    assert {(step.level, step.database, step.total) for step in steps} == {("contents", "shop", 2)}
    assert steps.pop(0).table is None, "the tables are about to be planned"
    assert [step.table for step in steps] == sorted(str(step.table) for step in steps)
    rows = [step.rows for step in steps if step.table == "t" and step.rows]
    assert rows == sorted(rows)
    assert len(set(rows)) > 3
    assert rows[-1] == (22_000, 22_000)
    assert {step.done for step in steps if step.table == "t"} == {1}


VALUES: list[tuple[Value, str | None]] = [
    (None, None), (0, "0"), (2**63 - 1, "9223372036854775807"), (0.1 + 0.2, "0.30000000000000004"), (1e20, "1e+20"),
    (-0.0, "0.0"), ("", ""), (" a ", " a "), (b"\x00\xff", "X'00FF'"), (b"", "X''"), ("a\ud800", "a\\ud800"),
    (Malformed("utf-8", b"a\xff"), "a\\xff"), (Malformed("utf-16-le", b"a\0\0\xd8"), "a\\x00\\xd8"),
    ("x" * 200, "x" * 200), ("x" * 1201, "x" * 200 + "… (1,201 characters)"), (b"\1" * 100, f"X'{'01' * 100}'"),
    (b"\1" * 101, f"X'{'01' * 100}…' (101 bytes)"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_values_are_shown_exactly_and_not_at_length(value: Value, text: str | None) -> None:
    assert text_of(value) == text
