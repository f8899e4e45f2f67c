"""What a value comparison records while it runs: whole, live, seldom, and there for the next run."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.comparer.core.results import (
    ContentsResult,
    DatabaseContents,
    DataResult,
    Progress,
    RowDifference,
    TableContents,
)
from functions.comparer.tasks.ending import end, finish
from functions.comparer.tasks.recording import Recording
from functions.comparer.tasks.store import Store, Task
from functions.comparer.tasks.work import DATABASES, Outcome, differences_part, tables_part
from tests.comparer.served import EPOCH, JOB, Clock

TASK = Task("one", JOB, "contents", "RUNNING", EPOCH, EPOCH, attempts=1)
MISSING = RowDifference("missing", ("1",), None, "SELECT 1", None)
EXTRA = RowDifference("extra", None, ("2",), None, "SELECT 2")


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store(None)) as store:
        store.add(TASK)
        yield store


def recording(store: Store, pace: Clock | None = None, spent: float = 0) -> Recording:
    return Recording(store, "one", lambda: spent, pace or Clock())


def database(*tables: TableContents, result: DataResult = DataResult.COMPARING) -> DatabaseContents:
    return DatabaseContents("shop", "shop_v2", result, list(tables))


def comparing(name: str = "t", **values: Any) -> TableContents:
    return TableContents(name, DataResult.COMPARING, versions=("1", "2"), **values)


def shown(store: Store) -> list[tuple[str, str, int]]:
    """What the store has of the tables: name, result, rows read."""
    return [(body["table"], body["result"], body["rows_read"]) for body in store.page("one", tables_part("shop"), -1)]


def kinds(store: Store, table: str = "t") -> list[str]:
    return [body["kind"] for body in store.page("one", differences_part("shop", table), -1)]


def task_in(store: Store) -> Task:
    task = store.task("one")
    assert task
    return task


def test_all_tables_are_shown_before_any_is_compared(store: Store) -> None:
    no_way = TableContents("odd", DataResult.CAN_NOT_COMPARE, "It is a view.")
    recording(store).planned(database(TableContents("a"), no_way))
    assert store.page("one", DATABASES, -1) == [
        {"source_db": "shop", "target_db": "shop_v2", "result": "COMPARING", "message": None, "trouble": None}
    ]
    assert shown(store) == [("a", "WAITING_FOR_COMPARISON", 0), ("odd", "CAN_NOT_COMPARE", 0)]


def test_a_state_is_never_there_without_the_differences_that_belong_to_it(store: Store) -> None:
    pace = Clock()
    record = recording(store, pace)
    table = comparing()
    record.planned(database(table))
    record.begun("shop", table)
    record.compared("shop", replace(table, mark="5", rows_read=10, missing=1, kept=1), [MISSING])
    assert (shown(store), kinds(store)) == ([("t", "COMPARING", 0)], []), "written too soon"
    pace.now += 1
    record.compared("shop", replace(table, mark="9", rows_read=20, missing=1, extra=1, kept=2), [EXTRA])
    assert (shown(store), kinds(store)) == ([("t", "COMPARING", 20)], ["missing", "extra"])


def test_what_waits_is_written_when_somebody_asks(store: Store) -> None:
    record = recording(store)
    record.planned(database(comparing()))
    record.compared("shop", comparing(rows_read=10, missing=1, kept=1), [MISSING])
    record.flush()
    assert (shown(store), kinds(store)) == ([("t", "COMPARING", 10)], ["missing"])


def test_thousands_of_differences_do_not_wait_in_memory(store: Store) -> None:
    record = recording(store)
    record.planned(database(comparing()))
    record.compared("shop", comparing(), [MISSING] * 1999)
    assert kinds(store) == []
    record.compared("shop", comparing(), [EXTRA])
    assert kinds(store) == ["missing"] * 1999 + ["extra"]


def test_a_write_that_fails_leaves_nothing_half_done_and_is_made_good_later(store: Store) -> None:
    record = recording(store)
    record.planned(database(comparing()))
    big = replace(MISSING, source_sql="x" * 100_000)
    record.compared("shop", comparing(rows_read=10, missing=1, kept=1), [MISSING, big])
    store._connection.execute("PRAGMA max_page_count = 1")  # As on a full disk.
    with pytest.raises(sqlite3.OperationalError, match="full"):
        record.flush()
    assert (shown(store), kinds(store)) == ([("t", "COMPARING", 0)], [])
    store._connection.execute("PRAGMA max_page_count = 10000")
    record.flush()
    assert (shown(store), kinds(store)) == ([("t", "COMPARING", 10)], ["missing", "missing"])


def test_the_next_run_learns_what_was_found_and_the_differences_go_on(store: Store) -> None:
    state = comparing(mark="5", rows_read=10, rows_total=40, missing=1, kept=1, key=("id",), method="joined")
    first = recording(store)
    first.planned(database(TableContents("t"), TableContents("u")))
    first.compared("shop", state, [MISSING])
    first.suspend()
    second = recording(store)
    assert [second.earlier("shop", name) for name in ("s", "t", "u")] == [None, state, None]
    second.planned(database(TableContents("s"), second.earlier("shop", "t") or state, TableContents("u")))
    assert shown(store) == [
        ("s", "WAITING_FOR_COMPARISON", 0),
        ("t", "COMPARING", 10),
        ("u", "WAITING_FOR_COMPARISON", 0),
    ]
    second.compared("shop", replace(state, mark=None, rows_read=40, extra=1, kept=2), [EXTRA])
    second.flush()
    assert kinds(store) == ["missing", "extra"]


def test_what_an_earlier_run_has_found_and_no_longer_holds_is_not_shown_any_more(store: Store) -> None:
    first = recording(store)
    first.planned(database(TableContents("t")))
    first.compared("shop", comparing(mark="5", rows_read=10, rows_total=40, missing=1, kept=1), [MISSING])
    first.suspend()
    recording(store).planned(database(TableContents("t")))
    assert (shown(store), kinds(store)) == ([("t", "WAITING_FOR_COMPARISON", 0)], [])


def test_a_table_that_is_compared_anew_forgets_what_was_found(store: Store) -> None:
    first = recording(store)
    first.planned(database(TableContents("t")))
    first.compared("shop", comparing(mark="5", rows_read=10, missing=1, kept=1), [MISSING])
    first.suspend()
    second = recording(store)
    second.planned(database(TableContents("t")))
    second.begun("shop", comparing())
    second.compared("shop", comparing(extra=1, kept=1), [EXTRA])
    second.flush()
    assert (shown(store), kinds(store)) == ([("t", "COMPARING", 0)], ["extra"])


@pytest.mark.parametrize("planned", [[], [TableContents("t", DataResult.CAN_NOT_COMPARE, "It became a view.")]])
def test_a_table_that_is_gone_or_cannot_be_compared_any_more_takes_its_differences_along(
    store: Store, planned: list[TableContents]
) -> None:
    first = recording(store)
    first.planned(database(TableContents("t")))
    first.compared("shop", comparing(mark="5", missing=1, kept=1), [MISSING])
    first.suspend()
    recording(store).planned(database(TableContents("other"), *planned))
    assert kinds(store) == []
    assert [name for name, _, _ in shown(store)] == ["other", *(table.table for table in planned)]


def test_a_database_that_cannot_be_read_any_more_keeps_what_was_found_in_it(store: Store) -> None:
    first = recording(store)
    first.planned(database(TableContents("t")))
    first.compared("shop", comparing(mark="5", rows_read=10, missing=1, kept=1), [MISSING])
    first.suspend()
    recording(store).ended(database(result=DataResult.FAILED))
    assert [body["result"] for body in store.page("one", DATABASES, -1)] == ["FAILED_TO_COMPARE"]
    assert (shown(store), kinds(store)) == ([("t", "COMPARING", 10)], ["missing"])


def test_progress_within_a_part_is_shown_and_the_next_run_goes_on_from_the_last_whole_one(store: Store) -> None:
    pace = Clock()
    record = recording(store, pace)
    state = comparing(mark="5", rows_read=10, rows_total=40)
    record.planned(database(TableContents("t"), TableContents("u")))
    record.compared("shop", state, [])
    pace.now += 1
    record.progressed(Progress("contents", "shop", "t", 0, 2, (25, 40)))
    assert shown(store)[0] == ("t", "COMPARING", 25)
    assert recording(store).earlier("shop", "t") == state
    record.compared("shop", replace(state, result=DataResult.CONSISTENT, rows_read=40), [])
    pace.now += 1
    record.progressed(Progress("contents", "shop", "t", 1, 2, (41, 40)))
    record.flush()
    assert shown(store)[0] == ("t", "CONSISTENT", 40)


def test_nothing_is_written_for_a_task_that_has_ended(store: Store) -> None:
    record = recording(store)
    tables = [TableContents("t"), TableContents("u")]
    record.planned(database(*tables))
    record.compared("shop", comparing(mark="5", rows_read=10), [])
    record.flush()
    assert end(store, TASK, "CANCELLED", EPOCH + 1)
    record.compared("shop", comparing(mark="9", rows_read=20), [MISSING])
    record.flush()
    record.begun("shop", tables[1])
    record.ended(database(*tables, result=DataResult.CONSISTENT))
    record.settle(ContentsResult([database(*tables, result=DataResult.CONSISTENT)]))
    assert (shown(store), kinds(store)) == ([("t", "CAN_NOT_COMPARE", 10), ("u", "CAN_NOT_COMPARE", 0)], [])
    assert [body["result"] for body in store.page("one", DATABASES, -1)] == ["CAN_NOT_COMPARE"]


# --- how far it got


def test_attempts_start_anew_with_every_part_that_is_new_and_only_then(store: Store) -> None:
    record = recording(store, spent=7)
    record.planned(database(TableContents("t"), TableContents("u")))
    record.begun("shop", comparing())
    record.compared("shop", comparing(rows_read=10), [])
    record.flush()
    assert (task_in(store).attempts, task_in(store).spent) == (1, 7), "without a mark the work is done again"
    record.compared("shop", comparing(rows_read=20, mark="5"), [])
    record.flush()
    assert task_in(store).attempts == 0
    for rows_read, attempts in ((10, 3), (20, 3), (21, 0)):
        store.move("one", "RUNNING", "RUNNING", attempts=3)
        again = recording(store)
        again.planned(database(TableContents("t"), TableContents("u")))
        again.begun("shop", comparing())
        again.compared("shop", comparing(rows_read=rows_read, mark="4"), [])
        again.flush()
        assert task_in(store).attempts == attempts, rows_read


def test_a_finished_table_is_a_step_forward_even_if_it_is_empty(store: Store) -> None:
    record = recording(store)
    record.planned(database(TableContents("t")))
    record.compared("shop", TableContents("t", DataResult.CONSISTENT), [])
    record.flush()
    assert task_in(store).attempts == 0


# --- what is shown in the end


def test_an_ended_task_has_no_table_that_waits(store: Store) -> None:
    record = recording(store)
    unfinished = [
        TableContents("done", DataResult.CONSISTENT),
        comparing("begun"),
        comparing("found", missing=1, message="Column x is missing in the target."),
        comparing("many", changed=1500, extra=1),
        TableContents("waiting"),
    ]
    record.planned(database(*unfinished))
    finish(store, TASK, Outcome("FAILED", "the reason", None), EPOCH + 1)
    part = tables_part("shop")
    assert [(body["result"], body["message"]) for body in store.page("one", part, -1)] == [
        ("CONSISTENT", None),
        ("CAN_NOT_COMPARE", "The comparison failed before this table was compared to its end."),
        (
            "INCONSISTENT",
            "Column x is missing in the target. The comparison failed before this table was compared to its end;"
            " until then 1 differing row was found.",
        ),
        (
            "INCONSISTENT",
            "The comparison failed before this table was compared to its end; until then 1,501 differing rows were"
            " found.",
        ),
        ("CAN_NOT_COMPARE", "The comparison failed before this table was compared."),
    ]
    assert [body.get("cut_short") for body in store.page("one", part, -1)] == [None, *["FAILED"] * 4]
    (shop,) = store.page("one", DATABASES, -1)
    assert (shop["result"], shop["message"]) == (
        "INCONSISTENT", "The comparison failed before this database was compared to its end.",
    )  # fmt: skip


def test_rows_that_were_to_be_read_again_make_no_table_of_an_ended_task_inconsistent(store: Store) -> None:
    recording(store).planned(database(comparing("t", changed=2, unsettled=True)))
    assert end(store, TASK, "CANCELLED", EPOCH + 1)
    (table,) = store.page("one", tables_part("shop"), -1)
    assert (table["result"], table["message"]) == (
        "CAN_NOT_COMPARE",
        "The comparison was cancelled before this table was compared to its end; until then 2 differing rows were"
        " found, and not read again yet.",
    )
    (shop,) = store.page("one", DATABASES, -1)
    assert shop["result"] == "CAN_NOT_COMPARE"


def test_a_task_that_was_cancelled_stays_as_it_was_shown_then(store: Store) -> None:
    recording(store).planned(database(TableContents("t")))
    assert end(store, TASK, "CANCELLED", EPOCH + 1)
    before = shown(store), store.page("one", DATABASES, -1)
    finish(store, TASK, Outcome("SUCCESSFUL", None, None), EPOCH + 2)
    assert not end(store, TASK, "TIMEOUT_INTERRUPT", EPOCH + 3)
    assert (task_in(store).status, task_in(store).ended_at) == ("CANCELLED", EPOCH + 1)
    assert (shown(store), store.page("one", DATABASES, -1)) == before


def test_the_databases_are_those_of_the_result_in_the_end(store: Store) -> None:
    record = recording(store)
    record.planned(database(TableContents("t", DataResult.CONSISTENT)))
    nowhere = DatabaseContents("nowhere", "nowhere", DataResult.FAILED, message="it exists nowhere")
    record.settle(ContentsResult([nowhere, database(result=DataResult.CONSISTENT)]))
    found = [(body["source_db"], body["result"]) for body in store.page("one", DATABASES, -1)]
    assert found == [("nowhere", "FAILED_TO_COMPARE"), ("shop", "CONSISTENT")]


def test_five_hundred_small_tables_are_written_in_a_few_steps(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "store.db")) as store:
        store.add(TASK)
        record = Recording(store, "one", lambda: 0.0)
        tables = [comparing(f"t{number:03}") for number in range(500)]
        record.planned(database(*tables))
        began, writes = time.perf_counter(), store._connection.total_changes
        for table in tables:
            record.begun("shop", table)
            record.compared("shop", table, [])
            record.compared("shop", replace(table, result=DataResult.CONSISTENT, rows_read=2000), [])
        record.flush()
        seconds, writes = time.perf_counter() - began, store._connection.total_changes - writes
        assert writes <= 500 + seconds / 0.25 * 2 + 2, "one state of each table, and a step every quarter of a second"
        assert shown(store)[-1] == ("t499", "CONSISTENT", 2000)
