"""Findings put into a service's store by hand, in the layout in which comparisons keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from uuid import uuid4

from functions.comparer.core.results import (
    DatabaseContents,
    DatabaseLines,
    DataResult,
    RowDifference,
    TableContents,
    TableLines,
)
from functions.comparer.tasks.store import Level, Store, Task
from functions.comparer.tasks.stored import DATABASES, differences_part, tables_part
from tests.comparer.served import EPOCH, JOB, Comparer

Differences = Mapping[tuple[str, str], Sequence[RowDifference]]


def store_of(comparer: Comparer) -> Store:
    return comparer.service._store


def task(level: Level, status: str = "SUCCESSFUL", **fields: object) -> Task:
    """A task of the one job that has ended, unless its status says otherwise."""
    ended = None if status in {"RUNNING", "WAITING_FOR_RUNNING"} else EPOCH
    started = None if status == "WAITING_FOR_RUNNING" else EPOCH
    # Nothing waits for a time that has come: the service would start it.
    start_at = EPOCH + 3600 if started is None else EPOCH
    plain = Task(str(uuid4()), JOB, level, status, EPOCH, start_at, started, ended)
    return replace(plain, **fields)  # type: ignore[arg-type]  # each test names fields of a Task


def keep_lines(store: Store, kept: Task, databases: Sequence[DatabaseLines]) -> Task:
    """Keep a row comparison."""
    store.add(kept)
    for database in databases:
        _keep_database(store, kept, database)
        bodies = [
            {
                "table": t.table,
                "source_rows": t.source_rows,
                "target_rows": t.target_rows,
                "result": str(t.result),
                "message": t.message,
            }
            for t in database.tables
        ]
        store.append(kept.id, tables_part(database.source_db), bodies)
    return kept


def keep_contents(
    store: Store, kept: Task, databases: Sequence[DatabaseContents], differences: Differences | None = None
) -> Task:
    """Keep a value comparison; of the differing rows as many as `TableContents.kept` says must be there."""
    store.add(kept)
    for database in databases:
        _keep_database(store, kept, database)
        store.append(kept.id, tables_part(database.source_db), [asdict(table) for table in database.tables])
        for table in database.tables:
            rows = (differences or {}).get((database.source_db, table.table), ())
            assert len(rows) == table.kept
            store.append(kept.id, differences_part(database.source_db, table.table), map(asdict, rows))
    return kept


def _keep_database(store: Store, kept: Task, database: DatabaseLines | DatabaseContents) -> None:
    names = {"source_db": database.source_db, "target_db": database.target_db}
    store.append(kept.id, DATABASES, [{**names, "result": str(database.result), "message": database.message}])


def changed(number: int) -> RowDifference:
    """A row whose value differs."""
    sql = f'SELECT * FROM "t" WHERE "id" = {number}'
    return RowDifference("changed", (str(number),), (str(number),), sql, sql, ("v",))


def lines_table(name: str, source: int | None, target: int | None, result: DataResult) -> TableLines:
    return TableLines(name, source, target, result)


def contents_table(name: str, result: DataResult = DataResult.CONSISTENT, **numbers: object) -> TableContents:
    defaults = {"source_rows": 10, "target_rows": 10, "rows_read": 20, "rows_total": 20, "key": ("id",)}
    return TableContents(name, result, **{**defaults, **numbers})  # type: ignore[arg-type]  # numbers of a table
