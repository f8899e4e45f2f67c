"""What comparing values does with what an engine says, with an engine that is nothing but Python."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.contents_table import KEPT_DIFFERENCES
from functions.comparer.core.databases import Scope
from functions.comparer.core.engine import Stop, Stopped, TableUnreadable, Unreadable
from functions.comparer.core.kept import Kept
from functions.comparer.core.plan import plan_of
from functions.comparer.core.results import (
    ContentsResult,
    DatabaseContents,
    DataResult,
    OnProgress,
    Progress,
    RowDifference,
    TableContents,
)
from functions.comparer.core.shown import text_of
from functions.comparer.core.spilled import spilled
from functions.comparer.core.table import Chunk, Malformed, Row, TablePlan, Value
from tests.comparer.memory_engine import (
    MemoryDatabase,
    MemoryEndpoint,
    MemoryJoint,
    MemorySnapshot,
    MemoryTable,
    nothing,
    numbered,
    shape,
)

CONSISTENT, INCONSISTENT = DataResult.CONSISTENT, DataResult.INCONSISTENT
FAILED, CAN_NOT_COMPARE = DataResult.FAILED, DataResult.CAN_NOT_COMPARE


@dataclass
class Diary(Kept):
    """Keeps what is found as `Kept` does, and writes down what it is told. `found`: of an earlier run."""

    found: dict[str, TableContents] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    tables: list[TableContents] = field(default_factory=list)
    ends: list[tuple[str, DataResult]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def earlier(self, database: str, table: str) -> TableContents | None:
        return self.found.get(table)

    def planned(self, database: DatabaseContents) -> None:
        self.told.append("planned")
        self.tables = [replace(table) for table in database.tables]

    def begun(self, database: str, table: TableContents) -> None:
        self.told.append(f"begun {table.table}")
        super().begun(database, table)

    def compared(self, database: str, table: TableContents, differences: Sequence[RowDifference]) -> None:
        self.told.append(f"compared {table.table}")
        self.found[table.table] = replace(table)
        super().compared(database, table, differences)

    def ended(self, database: DatabaseContents) -> None:
        self.ends.append((database.source_db, database.result))


def endpoint(happens: Callable[[str, str], None] = nothing, join: int = 0, /, **tables: MemoryTable) -> MemoryEndpoint:
    return MemoryEndpoint({"shop": MemoryDatabase(tables)}, happens=happens, join=join)


def compare(
    source: MemoryEndpoint,
    target: MemoryEndpoint,
    recorder: Kept | None = None,
    *,
    scope: Scope | None = None,
    stop: Stop | None = None,
    progress: OnProgress = lambda _: None,
    result: ContentsResult | None = None,
) -> ContentsResult:
    found = ContentsResult() if result is None else result
    compare_contents(source, target, {}, scope, stop or Stop(), found, recorder or Kept(), progress)
    return found


def tables_of(found: ContentsResult) -> dict[str, TableContents]:
    return {table.table: table for database in found.databases for table in database.tables}


def raising(error: Exception, *, when: str, table: str = "") -> Callable[[str, str], None]:
    def happens(what: str, name: str) -> None:
        if what == when and name == table:
            raise error

    return happens


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


def interrupted(source: MemoryEndpoint, target: MemoryEndpoint, after: int) -> Diary:
    """What a run has recorded that was stopped after so many chunks of a joint."""
    stop, recorder, chunks = Stop(), Diary(), 0

    def happens(what: str, _: str) -> None:
        nonlocal chunks
        chunks += what == "chunk"
        if chunks > after:
            stop.ask()
            stop.check()

    source.happens = happens
    with pytest.raises(Stopped):
        compare(source, target, recorder, stop=stop)
    source.happens = nothing
    return recorder


def partners(rows: int = 10) -> tuple[MemoryEndpoint, MemoryEndpoint]:
    """Two tables of which the second one differs in every row."""
    source = endpoint(nothing, 2, done=numbered(1), t=numbered(rows))
    return source, endpoint(done=numbered(1), t=numbered(rows, "w"))


def test_an_interrupted_comparison_goes_on_from_its_mark_and_keeps_what_it_has() -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    assert (recorder.found["t"].mark, recorder.found["t"].changed) == ("5", 6)
    happened: list[str] = []
    source.happens = lambda what, table: happened.append(f"{what} {table}")
    recorder.told.clear()
    table = tables_of(compare(source, target, recorder))["t"]
    assert [what for what in happened if what.startswith("chunks")] == ["chunks after 5 t"]
    assert recorder.told[:2] == ["planned", "compared t"]
    assert (table.result, table.source_rows, table.target_rows) == (INCONSISTENT, 10, 10)
    assert (table.changed, table.kept, table.rows_read, table.rows_total, table.mark) == (10, 10, 20, 20, None)
    assert [d.source_key for d in recorder.differences["shop", "t"]] == [(str(n),) for n in range(10)]


def test_a_table_that_was_being_compared_is_shown_as_far_as_it_was_before_it_goes_on() -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    compare(source, target, recorder)
    done, table = recorder.tables
    assert (done.result, done.source_rows) == (CONSISTENT, 1)
    assert (table.changed, table.rows_read, table.rows_total) == (6, 12, 20)


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_comparison_begins_anew_if_a_database_has_changed(side: str) -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    {"source": source, "target": target}[side].databases["shop"].version = "2"
    recorder.told.clear()
    table = tables_of(compare(source, target, recorder))["t"]
    begun = [told for told in recorder.told if told.startswith("begun")]
    assert begun == ["begun done", "begun t"]  # The table that was done too: nobody knows what was written.
    assert (table.changed, table.kept, len(recorder.differences["shop", "t"])) == (10, 10, 10)


@pytest.mark.parametrize(
    "change", [{"method": "paired"}, {"mark": None}, {"versions": ("", "")}, {"key": ("a",)}, {"plan": "another"}]
)
def test_a_comparison_begins_anew_if_its_mark_means_nothing_any_more(change: dict[str, object]) -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    recorder.found["t"] = replace(recorder.found["t"], **change)  # type: ignore[arg-type]
    if "versions" in change:
        for databases in (source.databases, target.databases):
            databases["shop"].version = ""
    recorder.told.clear()
    table = tables_of(compare(source, target, recorder))["t"]
    assert "begun t" in recorder.told
    assert (table.changed, table.kept, len(recorder.differences["shop", "t"])) == (10, 10, 10)


def test_a_table_that_is_altered_between_two_runs_is_compared_anew_although_its_server_is_the_same() -> None:
    source, target = partners()
    recorder = interrupted(source, target, after=4)
    for end in (source, target):
        rows = [(*row, "new") for row in end.databases["shop"].tables["t"].rows]
        end.databases["shop"].tables["t"] = MemoryTable(shape("id", "a", "b"), rows)
    recorder.told.clear()
    table = tables_of(compare(source, target, recorder))["t"]
    assert "begun t" in recorder.told
    assert (table.source_rows, table.changed) == (10, 10)


@pytest.mark.parametrize("versions", [("1", "0"), ("0", "1"), ("", "")])
@pytest.mark.parametrize("result", [CONSISTENT, INCONSISTENT])
def test_a_table_that_was_compared_is_compared_again_unless_both_databases_are_what_they_were(
    result: DataResult, versions: tuple[str, str]
) -> None:
    recorder = Diary(found={"t": TableContents("t", result, None, 7, 7, rows_read=14, versions=versions)})
    source, target = endpoint(t=numbered(1)), endpoint(t=numbered(2))
    if versions == ("", ""):
        source.databases["shop"].version = target.databases["shop"].version = ""
    table = tables_of(compare(source, target, recorder))["t"]
    assert (table.result, table.source_rows, table.target_rows, table.extra) == (INCONSISTENT, 1, 2, 1)


def test_a_table_that_was_compared_is_taken_over_and_one_that_failed_is_tried_again() -> None:
    earlier = {
        "good": TableContents("good", CONSISTENT, None, 7, 7, rows_read=14, rows_total=14, versions=("1", "1")),
        "bad": TableContents("bad", FAILED, "the disk was full"),
    }
    source = endpoint(good=numbered(1), bad=numbered(1))
    recorder = Diary(found=earlier)
    found = tables_of(compare(source, endpoint(good=numbered(2), bad=numbered(2)), recorder))
    assert found["good"] == earlier["good"]
    assert (found["bad"].result, found["bad"].extra) == (INCONSISTENT, 1)
    assert "begun good" not in recorder.told


@pytest.mark.parametrize("when", ["count", "rows", "row"])
@pytest.mark.parametrize("damaged", [True, False])
def test_a_table_that_fails_has_its_reason_and_the_others_go_on(when: str, damaged: bool) -> None:
    broken = raising(TableUnreadable("no such table: b", damaged=damaged), when=when, table="b")
    tables = {"a": numbered(3), "b": numbered(3), "c": numbered(3)}
    recorder = Diary()
    found = compare(endpoint(**tables), endpoint(broken, **tables), recorder)
    results = {name: (table.result, table.message) for name, table in tables_of(found).items()}
    reason = "The table can't be compared: no such table: b."
    assert results == {"a": (CONSISTENT, None), "b": (FAILED, reason), "c": (CONSISTENT, None)}
    assert recorder.found["b"].result is FAILED
    assert found.databases[0].result is FAILED
    assert found.failures == ([f"database 'shop': table 'b': {reason}"] if damaged else [])


def test_a_table_that_is_damaged_fails_before_the_run_and_with_it_the_comparison() -> None:
    broken = raising(TableUnreadable("malformed", damaged=True), when="shape", table="b")
    tables = {"a": numbered(3), "b": numbered(3)}
    recorder = Diary()
    found = compare(endpoint(broken, **tables), endpoint(**tables), recorder)
    assert [table.result for table in recorder.tables] == [DataResult.WAITING, FAILED]
    assert found.failures == ["database 'shop': source table 'b': malformed"]
    assert tables_of(found)["a"].result is CONSISTENT


def test_a_database_that_is_lost_on_the_way_fails_and_keeps_the_tables_that_are_done() -> None:
    lost = raising(Unreadable("it was replaced"), when="rows", table="b")
    tables = {"a": numbered(3), "b": numbered(3), "c": numbered(3)}
    recorder = Diary()
    found = compare(endpoint(lost, **tables), endpoint(**tables), recorder)
    results = [(table.table, table.result) for table in tables_of(found).values()]
    assert results == [("a", CONSISTENT), ("b", FAILED), ("c", FAILED)]
    assert tables_of(found)["c"].message == "The database can't be read any more: it was replaced."
    assert recorder.ends == [("shop", FAILED)]
    assert found.failures == ["database 'shop': it was replaced"]


def test_a_database_that_changes_under_a_table_leaves_it_without_a_result() -> None:
    versions = 0

    def changes(what: str, _: str) -> None:
        nonlocal versions
        versions += what == "version"
        if versions > 3:  # Before and after the planning, and after the first table.
            raise Unreadable("it was changed while it was read")

    tables = {"a": numbered(1), "b": numbered(1)}
    found = compare(endpoint(**tables), endpoint(changes, **tables))
    assert [table.result for table in tables_of(found).values()] == [CONSISTENT, FAILED]


@pytest.mark.parametrize("exists", [["shop"], []])
def test_a_database_that_changes_while_it_is_planned_is_not_said_to_lack_tables(exists: list[str]) -> None:
    planned = False

    def changes(what: str, _: str) -> None:
        nonlocal planned
        planned = planned or what == "count"
        if what == "version" and planned:
            raise Unreadable("it was changed while it was read")

    source = MemoryEndpoint({name: MemoryDatabase({}) for name in exists})
    found = compare(source, endpoint(changes, a=numbered(1)))
    assert found.failures == ["database 'shop': it was changed while it was read"]
    assert [(database.result, database.tables) for database in found.databases] == [(FAILED, [])]


@pytest.mark.parametrize("kind", ["names", "snapshot", "tables"])
def test_what_cant_even_be_opened_fails_with_its_reason(kind: str) -> None:
    closed = raising(Unreadable("it is locked"), when=kind, table="shop" if kind == "snapshot" else "")
    found = compare(endpoint(t=numbered(1)), endpoint(closed, t=numbered(1)))
    assert found.failures == ["it is locked" if kind == "names" else "database 'shop': it is locked"]
    assert not tables_of(found)


@pytest.mark.parametrize("side", ["source", "target"])
def test_what_is_asked_for_by_name_is_told_to_have_failed_where_a_side_says_no_name(side: str) -> None:
    closed = endpoint(raising(Unreadable("nobody is let in", "connection"), when="names"), t=numbered(1))
    here, there = (closed, endpoint(t=numbered(1))) if side == "source" else (endpoint(t=numbered(1)), closed)
    found = compare(here, there, scope={"shop": None})
    assert found.failures == ["nobody is let in"]
    assert [
        (database.source_db, database.result, database.message, database.trouble) for database in found.databases
    ] == [("shop", FAILED, "nobody is let in", (side, "connection"))]


PHASES = ["snapshot", "tables", "shape", "count", "rows", "row", "statement", "version"]


@pytest.mark.parametrize("when", [*PHASES, "chunks after None", "chunk"])
def test_a_comparison_can_be_stopped_in_every_phase(when: str) -> None:
    stop, asked = Stop(), 0

    def happens(what: str, _: str) -> None:
        nonlocal asked
        assert asked < 600, "it went on for too long"
        asked += stop.asked
        if what == when:
            stop.ask()

    join = 0 if when in PHASES else 2
    source = endpoint(happens, join, t=numbered(5_000, "w"), u=numbered(5_000))
    result = ContentsResult()
    with pytest.raises(Stopped):
        compare(source, endpoint(t=numbered(5_000), u=numbered(5_000)), stop=stop, result=result)
    assert all(table.result is not CONSISTENT for table in tables_of(result).values())


def test_what_sorts_the_rows_is_interrupted_too() -> None:
    stop = Stop()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect("", isolation_level=None)
        connection.set_trace_callback(lambda statement: stop.ask() if "GROUP BY" in statement else None)
        return connection

    with pytest.raises(Stopped):
        spill(numbered(500), numbered(600, "w"), stop=stop, connect=connect)


def spill(
    source: MemoryTable, target: MemoryTable, *, stop: Stop, connect: Callable[[], sqlite3.Connection]
) -> Sequence[Chunk]:
    plan = plan_of("t", source.shape, target.shape).plan
    assert plan
    ours, theirs = (
        MemorySnapshot(side, side.databases["shop"], stop) for side in (endpoint(t=source), endpoint(t=target))
    )
    return list(spilled(ours, theirs, plan, 10, stop, connect))


def test_a_full_disk_fails_the_table_with_its_reason() -> None:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect("", isolation_level=None)
        connection.execute("PRAGMA max_page_count = 5")
        return connection

    with pytest.raises(TableUnreadable, match="there is no room left on the disk") as raised:
        spill(numbered(5_000), numbered(5_000, "w"), stop=Stop(), connect=connect)
    assert raised.value.damaged


def test_a_key_that_is_not_unique_fails_the_table() -> None:
    twice = MemoryTable(shape("id", "a"), [(1, "x"), (1, "y")])
    found = compare(endpoint(t=twice), endpoint(t=numbered(1)))
    assert tables_of(found)["t"].message == "The table can't be compared: several rows have the same key."
    assert found.failures


def test_rows_that_come_in_another_order_the_second_time_are_not_shown_for_others() -> None:
    table = MemoryTable(shape("id", "a"), [(1, "x"), (2, "y")])

    def happens(what: str, _: str) -> None:
        if what == "rows":
            table.rows = table.rows[::-1]

    found = compare(endpoint(happens, t=table), endpoint(t=replace(table, rows=[])))
    assert tables_of(found)["t"].message == "The table can't be compared: it changed while it was read."


class Liar(MemoryJoint):
    """A joint that says of every chunk what it is told to."""

    def __init__(self, source: MemorySnapshot, target: MemorySnapshot, lie: Callable[[Chunk], Chunk]) -> None:
        super().__init__(source, target, 10)
        self.lie = lie

    def chunks(self, plan: TablePlan, after: str | None, room: int) -> Iterator[Chunk]:
        return map(self.lie, super().chunks(plan, after, room))


LIES: dict[str, Callable[[Chunk], Chunk]] = {
    "a missing row that there is": lambda chunk: replace(chunk, missing=chunk.missing + 1),
    "rows that there aren't": lambda chunk: replace(chunk, source_rows=chunk.source_rows + 1),
    "more changed rows than rows": lambda chunk: replace(chunk, changed=chunk.changed + 100),
    "differences that are not handed out": lambda chunk: replace(chunk, differences=chunk.differences[1:]),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_what_an_engine_says_and_cant_be_true_fails_the_table(lie: Callable[[Chunk], Chunk]) -> None:
    source = endpoint(t=numbered(5, "w"), u=numbered(1))
    source.join = lambda here, there: Liar(here, there, lie)
    found = compare(source, endpoint(t=numbered(5), u=numbered(1)))
    table = tables_of(found)["t"]
    assert table.result is FAILED
    assert table.message
    assert table.message.startswith("The comparison of the table contradicts itself: ")
    assert found.failures
    assert found.databases[0].result is FAILED


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
