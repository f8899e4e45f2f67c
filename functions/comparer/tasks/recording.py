"""What a value comparison finds goes into the store while it runs: seen at once, and what a later run goes on from.

The state of a table and the rows that differ are written together, in one transaction: never one without the other.
Many small tables are written together too: what is lost with the process was found within the last quarter of a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

from functions.comparer.core.results import (
    ContentsResult,
    DatabaseContents,
    DataResult,
    KeptRow,
    Progress,
    RowDifference,
    TableContents,
)
from functions.comparer.core.shown import weight
from functions.comparer.tasks.store import Store
from functions.comparer.tasks.stored import DATABASES, differences_part, tables_part, trouble_of

_PACE_SECONDS = 0.25
# What waits in memory of differing rows.
_MOST_HELD = 2_000
_MOST_HELD_BYTES = 4_000_000
_ALL = -1
_TableKey = tuple[str, str]


@dataclass
class _Differences:
    """Rows that differ in one table and are not written yet; `void`: those that are written don't count any more."""

    void: bool = False
    new: list[Mapping[str, Any]] = field(default_factory=list)


class Recording:
    """The `Recorder` of one run of one task. May be called from any thread; raises `sqlite3.Error`.

    Once the task isn't RUNNING any more nothing is written: what is shown of an ended task doesn't change.
    """

    def __init__(
        self, store: Store, task_id: str, spent: Callable[[], float], pace: Callable[[], float] = time.monotonic
    ) -> None:
        """`spent`: for how many seconds the task has run by now, earlier runs included. `pace`: seconds."""
        self._store = store
        self._task_id = task_id
        self._spent = spent
        self._pace = pace
        self._lock = threading.RLock()
        self._written_at = pace() - _PACE_SECONDS
        self._held_bytes = 0
        self._earlier: dict[str, dict[str, TableContents]] = {}
        self._databases: dict[str, int] = {}
        self._numbers: dict[_TableKey, int] = {}
        self._now: tuple[_TableKey, dict[str, Any]] | None = None
        self._tables: dict[_TableKey, Mapping[str, Any]] = {}
        self._differences: dict[_TableKey, _Differences] = {}
        self._reached: dict[_TableKey, int] = {}

    def earlier(self, database: str, table: str) -> TableContents | None:
        """What an earlier run has found of this table; None: nothing."""
        with self._lock:
            found = self._earlier_of(database).get(table)
            return replace(found) if found else None

    def kept(self, database: str, table: str) -> Sequence[KeptRow]:
        """The rows that earlier runs have kept of this table, if they can be found again."""
        with self._lock:
            rows = self._store.page(self._task_id, differences_part(database, table), _ALL)
            return [KeptRow(row["kind"], row["mark"]) for row in rows if row.get("mark")]

    def planned(self, database: DatabaseContents) -> None:
        """Show all tables as they are planned: what an earlier run has found and no longer holds is gone."""
        self._show(database)

    def begun(self, database: str, table: TableContents) -> None:
        """Drop what was found of the table."""
        with self._lock:
            self._earlier_of(database).pop(table.table, None)
            self._differences[database, table.table] = _Differences(void=True)
            self._note(database, table)

    def compared(self, database: str, table: TableContents, differences: Sequence[RowDifference]) -> None:
        """Keep the table's state and the differences that belong to it."""
        with self._lock:
            held = self._differences.setdefault((database, table.table), _Differences())
            held.new.extend(dict(vars(difference)) for difference in differences)
            self._held_bytes += sum(map(weight, differences))
            self._note(database, table)

    def ended(self, database: DatabaseContents) -> None:
        """Keep the database's result, and its tables as they are in it."""
        self._show(database)

    def progressed(self, progress: Progress) -> None:
        """Show how far the table is between two of its states. A later run goes on from the last state all the same."""
        with self._lock:
            if self._now is None or progress.rows is None or self._now[0] != (progress.database, progress.table):
                return
            key, body = self._now
            done, total = progress.rows
            if body["result"] == DataResult.COMPARING and done > body["rows_read"]:
                self._tables[key] = {
                    **body, "rows_read": done, "rows_total": total, "rows_recorded": body["rows_read"]
                }  # fmt: skip
                self._write_if_due()

    def flush(self) -> None:
        """Write what waits to be written."""
        with self._lock:
            if self._tables:
                self.suspend()

    def suspend(self) -> None:
        """The run ends here, the task doesn't: write how long it took and what waits to be written."""
        with self._lock, self._writing():
            pass

    def settle(self, result: ContentsResult) -> None:
        """The comparison has ended with this result: show its databases, those too that never came to be planned."""
        with self._lock, self._writing() as writes:
            if writes and result.databases:
                self._store.clear(self._task_id, DATABASES)
                self._store.append(self._task_id, DATABASES, map(_database_body, result.databases))

    def _earlier_of(self, database: str) -> dict[str, TableContents]:
        if database not in self._earlier:
            bodies = self._store.page(self._task_id, tables_part(database), _ALL)
            found = [_table_of(body) for body in bodies if body["result"] != DataResult.WAITING]
            self._earlier[database] = {table.table: table for table in found}
            self._reached.update({(database, table.table): _durable(table) for table in found})
        return self._earlier[database]

    def _show(self, database: DatabaseContents) -> None:
        name, task_id = database.source_db, self._task_id
        with self._lock, self._writing() as writes:
            earlier = self._earlier_of(name)
            place = self._databases.setdefault(name, len(self._databases))
            tables = database.tables
            self._numbers.update({(name, table.table): number for number, table in enumerate(tables)})
            if not writes:
                return
            self._store.put(task_id, DATABASES, place, _database_body(database))
            if tables:  # Without any the database couldn't be read: what was found before is still worth something.
                self._store.clear(task_id, tables_part(name))
                self._store.append(task_id, tables_part(name), map(vars, tables))
                for void in earlier.keys() - {table.table for table in tables if table.kept}:
                    self._store.clear(task_id, differences_part(name, void))
                self._reached.update({(name, gone): 0 for gone in earlier})
                self._reached.update({(name, table.table): _durable(table) for table in tables})

    def _note(self, database: str, table: TableContents) -> None:
        key = database, table.table
        body = dict(vars(table))
        self._now = key, body
        self._tables[key] = body
        self._reached[key] = _durable(table)
        self._write_if_due()

    def _write_if_due(self) -> None:
        held = sum(len(differences.new) for differences in self._differences.values())
        full = held >= _MOST_HELD or self._held_bytes >= _MOST_HELD_BYTES
        if full or self._pace() - self._written_at >= _PACE_SECONDS:
            self.flush()

    @contextmanager
    def _writing(self) -> Iterator[bool]:
        """One transaction, which begins with what waits to be written. Tells whether the task still runs."""
        with self._store.transaction():
            runs = self._store.advance(self._task_id, sum(self._reached.values()), self._spent())
            if runs:
                self._write_held()
            yield runs
        self._differences.clear()
        self._tables.clear()
        self._held_bytes = 0
        self._written_at = self._pace()

    def _write_held(self) -> None:
        for key, differences in self._differences.items():
            part = differences_part(*key)
            if differences.void:
                self._store.clear(self._task_id, part)
            self._store.append(self._task_id, part, differences.new)
        for (database, table), body in self._tables.items():
            self._store.put(self._task_id, tables_part(database), self._numbers[database, table], body)


def _durable(table: TableContents) -> int:
    """How much of a table an interruption can't undo, in rows: the same work never counts twice."""
    if table.finished:
        return table.rows_read + 1
    return table.rows_read if table.mark is not None else 0


def _database_body(database: DatabaseContents) -> Mapping[str, Any]:
    return {
        "source_db": database.source_db,
        "target_db": database.target_db,
        "result": str(database.result),
        "message": database.message,
        "trouble": database.trouble,
    }


def _table_of(body: Mapping[str, Any]) -> TableContents:
    values = {name: body[name] for name in (f.name for f in fields(TableContents)) if name in body}
    values["rows_read"] = body.get("rows_recorded", body["rows_read"])
    values["result"] = DataResult(body["result"])
    source, target = body["versions"]
    values["trouble"] = trouble_of(body)
    return TableContents(**{**values, "key": tuple(body["key"]), "versions": (source, target)})
