"""The comparer's own memory: tasks and what they found, in one SQLite file that one service has open at a time."""

# ruff: noqa: S608 (only constants and this module's own column names are put into statements; values are bound)

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from functions.comparer.tasks.store_file import APPLICATION_ID
from functions.comparer.tasks.store_opening import HINT, StoreUnusable, connected
from functions.comparer.tasks.store_schema import bring_up_to_date
from functions.comparer.tasks.stored import Item, Level, Report, Task

__all__ = ["Item", "Level", "Report", "Store", "StoreUnusable", "Task"]

_JSON = {"scope", "options"}
_REPORT_COLUMNS = ", ".join(field.name for field in fields(Report))
_COLUMNS = ", ".join(field.name for field in fields(Task))
_OF_LEVELS = "job_id = ? AND level IN (SELECT value FROM json_each(?)) AND coalesce(ended_at, ?) >= ?"
# How much `sweep` drops at once, and its transaction: some milliseconds.
_SWEPT_ITEMS = 1_000
_MARKS = ", ".join("?" for _ in fields(Task))


class Store:
    """Every method is one transaction, unless it is called within `transaction`, and may be called from any thread."""

    def __init__(self, path: Path | None) -> None:
        """Open or make the store; None: in memory only. Raises `StoreUnusable`."""
        self._lock = threading.RLock()
        self._horizon = (0.0, 0.0)
        self._connection = connected(path)
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise StoreUnusable(f"{path}: {error}; {HINT}") from error

    def _prepare(self) -> None:
        # Exclusive: a second service on the same file would take the first one's running tasks for interrupted ones.
        # The schema is made before the write-ahead log, so that the file itself says whose it is from the beginning.
        self._connection.executescript("PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = ON")
        with self.transaction():
            bring_up_to_date(self._connection)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        """Close the file. The store can't be used afterwards."""
        with self._lock:
            self._connection.close()

    def add(self, *tasks: Task) -> None:
        """Add tasks."""
        with self.transaction():
            for task in tasks:
                values = [
                    json.dumps(value) if name in _JSON else value
                    for name, value in ((f.name, getattr(task, f.name)) for f in fields(Task))
                ]
                self._connection.execute(f"INSERT INTO task ({_COLUMNS}) VALUES ({_MARKS})", values)

    def task(self, task_id: str) -> Task | None:
        """The task of that id."""
        return next(iter(self._tasks("id = ? AND coalesce(ended_at, ?) >= ?", task_id, *self._horizon)), None)

    def tasks(self, job_id: str, levels: Iterable[Level], limit: int = -1, offset: int = 0) -> list[Task]:
        """A job's tasks of these levels, newest first."""
        return self._tasks(
            f"{_OF_LEVELS} ORDER BY created_at DESC, rowid DESC LIMIT ? OFFSET ?",
            job_id, json.dumps([*levels]), *self._horizon, limit, offset,
        )  # fmt: skip

    def task_count(self, job_id: str, levels: Iterable[Level]) -> int:
        """How many tasks of these levels a job has."""
        with self._lock:
            found = self._connection.execute(
                f"SELECT count(*) FROM task WHERE {_OF_LEVELS}", (job_id, json.dumps([*levels]), *self._horizon)
            )
            return int(found.fetchone()[0])

    def unfinished(self, status: str) -> list[Task]:
        """All tasks in this status, the one to start first first."""
        return self._tasks("status = ? ORDER BY start_at, rowid", status)

    def due(self, status: str, at: float, of_each: int) -> list[Task]:
        """The tasks in this status that may start by then, the one to start first first, at most `of_each` job."""
        first = "SELECT rowid, row_number() OVER (PARTITION BY job_id ORDER BY start_at, rowid) AS place FROM task"
        return self._tasks(
            f"rowid IN (SELECT rowid FROM ({first} WHERE status = ? AND start_at <= ?) WHERE place <= ?)"
            " ORDER BY start_at, rowid",
            status, at, of_each,
        )  # fmt: skip

    def has_any(self, status: str) -> bool:
        """Whether a task is in this status."""
        with self._lock:
            found = self._connection.execute("SELECT 1 FROM task WHERE status = ? LIMIT 1", (status,))
            return found.fetchone() is not None

    def unfinished_of(self, job_id: str, levels: Iterable[Level]) -> Task | None:
        """A job's newest unfinished task of these levels."""
        where = (
            "job_id = ? AND level IN (SELECT value FROM json_each(?)) AND ended_at IS NULL ORDER BY rowid DESC LIMIT 1"
        )
        return next(iter(self._tasks(where, job_id, json.dumps([*levels]))), None)

    def move(self, task_id: str, before: str, after: str, **changes: float | str | None) -> bool:
        """Change the status if it is still `before`, and other columns with it; whether it was."""
        columns = "".join(f", {name} = ?" for name in changes)
        with self.transaction():
            done = self._connection.execute(
                f"UPDATE task SET status = ?{columns} WHERE id = ? AND status = ?",
                (after, *changes.values(), task_id, before),
            )
            return done.rowcount == 1

    def advance(self, task_id: str, reached: int, spent: float) -> bool:
        """A running task has got this far in so many seconds; whether it still runs.

        If it never got so far before, its earlier attempts don't count any more.
        """
        with self.transaction():
            done = self._connection.execute(
                "UPDATE task SET attempts = iif(reached < :reached, 0, attempts), reached = max(reached, :reached),"
                " spent = :spent WHERE id = :id AND status = 'RUNNING'",
                {"reached": reached, "spent": spent, "id": task_id},
            )
            return done.rowcount == 1

    def finish(self, task_id: str, status: str, error: str | None, at: float, items: Iterable[Item] | None) -> bool:
        """End a running task and keep what it found; whether it still ran: what has ended doesn't change.

        `items` None: what is kept already is what it found.
        """
        with self.transaction():
            ran = self.move(task_id, "RUNNING", status, error=error, ended_at=at)
            if ran and items is not None:
                self.keep(task_id, items)
            return ran

    def keep(self, task_id: str, items: Iterable[Item]) -> None:
        """Keep all that a task found in the place of what is kept of it."""
        numbers: dict[str, int] = {}
        with self.transaction():
            self._connection.execute("DELETE FROM item WHERE task_id = ?", (task_id,))
            for part, body in items:
                number = numbers[part] = numbers.get(part, -1) + 1
                self.put(task_id, part, number, body)

    def put(self, task_id: str, part: str, number: int, body: Mapping[str, Any]) -> None:
        """Keep one finding in its place (from 0) of a part; what was there gives way."""
        row = (task_id, part, number, json.dumps(body, separators=(",", ":")))
        with self.transaction():
            self._connection.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", row)

    def append(self, task_id: str, part: str, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Keep findings after those that the part has."""
        where = "SELECT coalesce(max(number) + 1, 0) FROM item WHERE task_id = ? AND part = ?"
        with self.transaction():
            (end,) = self._connection.execute(where, (task_id, part)).fetchone()
            for number, body in enumerate(bodies, end):
                self.put(task_id, part, number, body)

    def clear(self, task_id: str, part: str) -> None:
        """Drop all findings of a part."""
        with self.transaction():
            self._connection.execute("DELETE FROM item WHERE task_id = ? AND part = ?", (task_id, part))

    def page(self, task_id: str, part: str, limit: int, offset: int = 0) -> list[dict[str, Any]]:
        """A page of one part of what a task found, in the order in which it was found."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT body FROM item WHERE task_id = ? AND part = ? AND number >= ? ORDER BY number LIMIT ?",
                (task_id, part, offset, limit),
            ).fetchall()
        return [json.loads(row["body"]) for row in rows]

    def item_count(self, task_id: str, part: str) -> int:
        """How many findings a part has."""
        with self._lock:
            found = self._connection.execute(
                "SELECT count(*) FROM item WHERE task_id = ? AND part = ?", (task_id, part)
            )
            return int(found.fetchone()[0])

    def report(self, task_id: str) -> Report | None:
        """The result file of a task, if one was ever asked for."""
        with self._lock:
            row = self._connection.execute(
                f"SELECT {_REPORT_COLUMNS} FROM report WHERE task_id = ?", (task_id,)
            ).fetchone()
        return None if row is None else Report(**dict(row))

    def save_report(self, report: Report, file: bytes | None) -> None:
        """Keep the task's result file in the place of any earlier one."""
        values = [getattr(report, field.name) for field in fields(Report)]
        with self.transaction():
            self._connection.execute(
                f"INSERT OR REPLACE INTO report ({_REPORT_COLUMNS}, file) VALUES (?, ?, ?, ?, ?, ?, ?)", (*values, file)
            )

    def report_file(self, task_id: str) -> bytes | None:
        """What is in the task's result file."""
        with self._lock:
            row = self._connection.execute("SELECT file FROM report WHERE task_id = ?", (task_id,)).fetchone()
        return None if row is None else row["file"]

    def forget(self, before: float) -> None:
        """Know nothing of tasks that ended earlier than that any more. `sweep` drops them."""
        self._horizon = (before, before)

    def sweep(self) -> bool:
        """Drop a part of what is forgotten; whether something is left. There may be millions of findings."""
        with self.transaction():
            gone = self._connection.execute("SELECT id FROM task WHERE ended_at < ? LIMIT 1", self._horizon[:1])
            task_id = next((row["id"] for row in gone.fetchall()), None)
            if task_id is None:
                return False
            dropped = self._connection.execute(
                "DELETE FROM item WHERE (task_id, part, number) IN"
                " (SELECT task_id, part, number FROM item WHERE task_id = ? LIMIT ?)",
                (task_id, _SWEPT_ITEMS),
            )
            if dropped.rowcount < _SWEPT_ITEMS:
                self._connection.execute("DELETE FROM task WHERE id = ?", (task_id,))
            return True

    def _tasks(self, where: str, *values: Any) -> list[Task]:
        with self._lock:
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM task WHERE {where}", values).fetchall()
        return [Task(**{**dict(row), **{name: json.loads(row[name]) for name in _JSON}}) for row in rows]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done within happens, or nothing of it. One within another is a part of that."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()
