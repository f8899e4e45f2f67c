"""What a data-level task has found so far, as it is kept: databases and their tables, rows and values alike."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from functions.comparer.core.databases import missing_table
from functions.comparer.core.engine import Trouble
from functions.comparer.core.results import DataResult
from functions.comparer.tasks.stored import DATABASES, Task, tables_part, trouble_of
from functions.pipeline.drs_models import RUNNING

_AT_ONCE = 500


class Parts(Protocol):
    """Where findings are kept: the store, or as much of it as is needed here."""

    def page(self, task_id: str, part: str, limit: int, offset: int = 0) -> Sequence[Mapping[str, Any]]:
        """A page of one part of what a task found, in the order in which it was found."""
        ...


@dataclass(frozen=True)
class FoundDatabase:
    """One pair of databases, and what is known of it."""

    source_db: str
    target_db: str
    result: DataResult
    message: str | None = None
    cut_short: str | None = None
    trouble: Trouble = None


@dataclass(frozen=True)
class FoundTable:
    """One pair of tables, and what is known of it; None: not known (yet), or not a matter of this level.

    `cut_short`: the status with which the task ended before the table was compared to its end. `trouble`: which side
    couldn't be read and why.
    `differing`: how far the row counts are apart (lines), how many rows differ (contents); `kept` of them can be shown.
    `rows_read` of `rows_total`, both sides together, tells how far a comparison of values is.
    """

    table: str
    result: DataResult
    message: str | None = None
    source_rows: int | None = None
    target_rows: int | None = None
    differing: int | None = None
    missing: int | None = None
    extra: int | None = None
    changed: int | None = None
    kept: int = 0
    rows_read: int = 0
    rows_total: int = 0
    key: tuple[str, ...] = ()
    cut_short: str | None = None
    trouble: Trouble = None

    @property
    def finished(self) -> bool:
        """Whether the table was compared to its end."""
        return is_final(self.result) and self.cut_short is None

    @property
    def one_sided(self) -> bool:
        """Whether a side lacks the table."""
        return self.message in {missing_table("source"), missing_table("target")}

    @property
    def same_count(self) -> bool | None:
        """Whether both sides have as many rows; None: not known (yet)."""
        if not self.finished or self.source_rows is None or self.target_rows is None:
            return None
        return self.source_rows == self.target_rows and not self.one_sided

    @property
    def comparable(self) -> bool:
        """Whether it is of a kind that can be compared; what failed or was cut short is."""
        return self.result is not DataResult.CAN_NOT_COMPARE or self.cut_short is not None


def is_final(result: DataResult) -> bool:
    """Whether a result won't change any more."""
    return result not in {DataResult.WAITING, DataResult.COMPARING}


def every(parts: Parts, task_id: str, part: str) -> Iterator[Mapping[str, Any]]:
    """All of one part, a page at a time."""
    offset = 0
    while page := parts.page(task_id, part, _AT_ONCE, offset):
        yield from page
        offset += len(page)


def databases(parts: Parts, task: Task, mapping: Mapping[str, str]) -> list[FoundDatabase]:
    """All databases of a data-level task: those that something is kept of, then the others that it was asked for."""
    kept = [
        FoundDatabase(
            entry["source_db"],
            entry["target_db"],
            DataResult(entry["result"]),
            entry["message"],
            entry.get("cut_short"),
            trouble_of(entry),
        )
        for entry in every(parts, task.id, DATABASES)
    ]
    known = {database.source_db for database in kept}
    now = DataResult.COMPARING if task.status == RUNNING and not kept else DataResult.WAITING
    asked = [name for name in task.scope or () if name not in known]
    return [*kept, *(FoundDatabase(name, mapping.get(name, name), now) for name in asked)]


def tables(parts: Parts, task: Task, database: FoundDatabase) -> Iterator[FoundTable]:
    """The tables of a database, in order. As long as it has no result: those at least that were asked for by name."""
    read = _of_values if task.level == "contents" else _of_rows
    none = True
    for entry in every(parts, task.id, tables_part(database.source_db)):
        none = False
        yield read(entry)
    if none and not is_final(database.result):
        asked: Collection[str] = (task.scope or {}).get(database.source_db) or ()
        yield from (FoundTable(name, DataResult.WAITING) for name in dict.fromkeys(asked))


def _of_rows(entry: Mapping[str, Any]) -> FoundTable:
    source, target = entry["source_rows"], entry["target_rows"]
    return FoundTable(
        table=entry["table"],
        result=DataResult(entry["result"]),
        message=entry["message"],
        source_rows=source,
        target_rows=target,
        differing=None if source is None or target is None else abs(source - target),
        trouble=trouble_of(entry),
    )


def _of_values(entry: Mapping[str, Any]) -> FoundTable:
    return FoundTable(
        table=entry["table"],
        result=DataResult(entry["result"]),
        message=entry["message"],
        source_rows=entry["source_rows"],
        target_rows=entry["target_rows"],
        differing=entry["missing"] + entry["extra"] + entry["changed"],
        missing=entry["missing"],
        extra=entry["extra"],
        changed=entry["changed"],
        kept=entry["kept"],
        rows_read=entry["rows_read"],
        rows_total=entry["rows_total"],
        key=tuple(entry["key"]),
        cut_short=entry.get("cut_short"),
        trouble=trouble_of(entry),
    )
