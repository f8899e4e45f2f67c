"""How a task ends, and what is shown of the tables that a value comparison had not compared by then.

Nothing of an ended task waits or is being compared. A row that differs has been found for good: its table is
inconsistent. Any other unfinished table could not be compared, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from functions.comparer.core.results import DataResult
from functions.comparer.tasks.store import Store
from functions.comparer.tasks.stored import DATABASES, Task, tables_part
from functions.comparer.tasks.work import Outcome
from functions.pipeline.drs_models import CANCELLED, FAILED, RUNNING, TIMEOUT_INTERRUPT, WAITING_FOR_RUNNING

_ALL = -1
_UNFINISHED = {DataResult.WAITING, DataResult.COMPARING}
# The first of these that occurs among its tables is a database's result.
_WORST = (DataResult.INCONSISTENT, DataResult.FAILED, DataResult.CAN_NOT_COMPARE)
_HOW = {CANCELLED: "was cancelled", FAILED: "failed", TIMEOUT_INTERRUPT: "took too long and ended"}


def end(store: Store, task: Task, status: str, at: float, error: str | None = None) -> bool:
    """End a task that is unfinished; whether it was. What it has found so far is kept."""
    with store.transaction():
        moved = any(
            store.move(task.id, before, status, error=error, ended_at=at) for before in (WAITING_FOR_RUNNING, RUNNING)
        )
        if moved and task.goes_on:
            _close_unfinished(store, task.id, status)
    return moved


def finish(store: Store, task: Task, outcome: Outcome, at: float) -> None:
    """Keep what a task found, and end it with its outcome unless it has been ended already (cancelled or timed out)."""
    with store.transaction():
        store.finish(task.id, outcome.status, outcome.error, at, outcome.items)
        if task.goes_on:
            _close_unfinished(store, task.id, outcome.status)


def _close_unfinished(store: Store, task_id: str, status: str) -> None:
    with store.transaction():
        for number, database in enumerate(store.page(task_id, DATABASES, _ALL)):
            part = tables_part(database["source_db"])
            tables = store.page(task_id, part, _ALL)
            closed = [_closed_table(table, status) for table in tables]
            for place, (before, after) in enumerate(zip(tables, closed, strict=True)):
                if after is not before:
                    store.put(task_id, part, place, after)
            if database["result"] in _UNFINISHED:
                store.put(task_id, DATABASES, number, _closed_database(database, closed, status))


def _closed_table(table: Mapping[str, Any], status: str) -> Mapping[str, Any]:
    """A table as it is shown of a task that ended so; its `cut_short` says so too. A finished one is left as it is."""
    if table["result"] not in _UNFINISHED:
        return table
    how = _HOW.get(status, "ended")
    found = table["missing"] + table["extra"] + table["changed"]
    if table["result"] == DataResult.WAITING:
        told = f"The comparison {how} before this table was compared."
    elif found:
        told = f"The comparison {how} before this table was compared to its end; until then {found:,} differing"
        told += " row was found." if found == 1 else " rows were found."
    else:
        told = f"The comparison {how} before this table was compared to its end."
    result = DataResult.INCONSISTENT if found else DataResult.CAN_NOT_COMPARE
    message = " ".join(filter(None, (table["message"], told)))
    return {**table, "result": str(result), "message": message, "cut_short": status}


def _closed_database(
    database: Mapping[str, Any], tables: Sequence[Mapping[str, Any]], status: str
) -> Mapping[str, Any]:
    found = {table["result"] for table in tables}
    nothing = DataResult.CONSISTENT if tables else DataResult.CAN_NOT_COMPARE
    result = next((result for result in _WORST if result in found), nothing)
    how = _HOW.get(status, "ended")
    told = database["message"] or f"The comparison {how} before this database was compared to its end."
    return {**database, "result": str(result), "message": told, "cut_short": status}
