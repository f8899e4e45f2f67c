"""How a task ends: its status and what is shown of it change together, once, and then stay."""

from __future__ import annotations

from functions.comparer.core.results import LinesResult
from functions.comparer.tasks.closing import UNFINISHED, closed_database, closed_table
from functions.comparer.tasks.store import Store
from functions.comparer.tasks.stored import DATABASES, Task, tables_part
from functions.comparer.tasks.work import Outcome, lines_items
from functions.pipeline.drs_models import RUNNING, WAITING_FOR_RUNNING

_ALL = -1


def end(
    store: Store, task: Task, status: str, at: float, error: str | None = None, lines: LinesResult | None = None
) -> bool:
    """End a task that is unfinished; whether it was. What it has found so far is kept.

    `lines`: what that is of a row comparison that runs.
    """
    with store.transaction():
        moved = any(
            store.move(task.id, before, status, error=error, ended_at=at) for before in (WAITING_FOR_RUNNING, RUNNING)
        )
        if moved and task.goes_on:
            _close_unfinished(store, task.id, status)
        elif moved and lines is not None:
            store.keep(task.id, lines_items(lines, status))
    return moved


def finish(store: Store, task: Task, outcome: Outcome, at: float) -> None:
    """End a task with its outcome and keep what it found, unless it has been ended already (cancelled or timed out)."""
    with store.transaction():
        store.finish(task.id, outcome.status, outcome.error, at, outcome.items)
        if task.goes_on:
            _close_unfinished(store, task.id, outcome.status)


def _close_unfinished(store: Store, task_id: str, status: str) -> None:
    with store.transaction():
        for number, database in enumerate(store.page(task_id, DATABASES, _ALL)):
            part = tables_part(database["source_db"])
            tables = store.page(task_id, part, _ALL)
            closed = [closed_table(table, status) for table in tables]
            for place, (before, after) in enumerate(zip(tables, closed, strict=True)):
                if after is not before:
                    store.put(task_id, part, place, after)
            if database["result"] in UNFINISHED:
                store.put(task_id, DATABASES, number, closed_database(database, closed, status))
