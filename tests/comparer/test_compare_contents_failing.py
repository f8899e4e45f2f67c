"""What becomes of a comparison of values where something can't be read, is stopped, or can't be true."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from functions.comparer.core.engine import Stop, Stopped, TableUnreadable, Unreadable
from functions.comparer.core.plan import plan_of
from functions.comparer.core.results import (
    ContentsResult,
    DataResult,
)
from functions.comparer.core.spilled import spilled
from functions.comparer.core.table import Chunk, TablePlan
from tests.comparer.compared_contents import (
    CONSISTENT,
    FAILED,
    Diary,
    compare,
    endpoint,
    raising,
    tables_of,
)
from tests.comparer.memory_engine import (
    MemoryDatabase,
    MemoryEndpoint,
    MemoryJoint,
    MemorySnapshot,
    MemoryTable,
    numbered,
    shape,
)


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
        MemorySnapshot(side, side.databases["shop"], stop, 1) for side in (endpoint(t=source), endpoint(t=target))
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
