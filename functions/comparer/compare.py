"""Two databases by URL, compared here and now: what `parity compare` does. Synchronous; run it in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from functions.comparer.compare_lines import Scope, compare_lines
from functions.comparer.compare_objects import compare_objects
from functions.comparer.engine import Endpoint, Stop, Unreadable
from functions.comparer.pairs import pairs_of
from functions.comparer.results import DataResult, LinesResult, ObjectResult, ObjectsResult, OnProgress
from functions.comparer.urls import endpoint_of

_NOT_COMPARED = {DataResult.FAILED, DataResult.CAN_NOT_COMPARE, DataResult.WAITING, DataResult.COMPARING}


@dataclass(frozen=True)
class Comparison:
    """What was compared and found; a level that was not asked for is None."""

    objects: ObjectsResult | None
    lines: LinesResult | None

    @property
    def failures(self) -> tuple[str, ...]:
        """What made a level fail; empty: everything could be read."""
        return (*(self.objects.failures if self.objects else ()), *(self.lines.failures if self.lines else ()))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else is worth telling, as that something asked for doesn't exist."""
        return tuple(self.lines.remarks) if self.lines else ()

    @property
    def differs(self) -> bool:
        """Whether a difference was found."""
        types = self.objects.types if self.objects else ()
        databases = self.lines.databases if self.lines else []
        missing = any(database.result is DataResult.TARGET_DB_MISSING for database in databases)
        tables = [table for database in databases for table in database.tables]
        return (
            missing
            or any(entry.result is ObjectResult.INCONSISTENT for entry in types)
            or any(table.result is DataResult.INCONSISTENT for table in tables)
            or any(database.result is DataResult.INCONSISTENT for database in databases)
        )

    @property
    def uncompared(self) -> tuple[str, ...]:
        """The tables, written `database.table`, and databases whose rows could not be counted on both sides."""
        databases = self.lines.databases if self.lines else []
        return tuple(
            [d.source_db for d in databases if d.result in _NOT_COMPARED and not d.tables]
            + [f"{d.source_db}.{t.table}" for d in databases for t in d.tables if t.result in _NOT_COMPARED]
        )

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was compared, and there was something to compare."""
        levels = (self.objects, self.lines)
        empty = (self.objects is not None and not self.objects.types) or (
            self.lines is not None and not any(d.tables for d in self.lines.databases)
        )
        incomplete = any(t.result is ObjectResult.INCOMPLETE for t in (self.objects.types if self.objects else ()))
        return any(level is not None for level in levels) and not (
            self.failures or self.uncompared or empty or incomplete
        )


def compare_databases(
    source: str,
    target: str,
    *,
    objects: bool = True,
    lines: bool = True,
    tables: tuple[str, ...] = (),
    databases: Mapping[str, str] | None = None,
    base: Path | None = None,
    stop: Stop | None = None,
    progress: OnProgress = lambda _: None,
) -> Comparison:
    """Compare two databases by URL or path; relative ones are relative to `base` (default: the working directory).

    `tables` limits `lines` to these tables of every database; `databases` maps source to target names where they
    differ. Never raises for a database that can't be read: that is told in the result. Raises `BadUrl`, and `Stopped`
    if `stop` was asked for.
    """
    stop = stop or Stop()
    mapping = databases or {}
    here, there = (endpoint_of(url, base or Path.cwd()) for url in (source, target))
    found = compare_objects(here, there, mapping, stop, progress) if objects else None
    counted = LinesResult() if lines else None
    if counted is not None:
        compare_lines(here, there, mapping, _scope(here, there, mapping, tables), stop, counted, progress)
    return Comparison(found, counted)


def _scope(source: Endpoint, target: Endpoint, mapping: Mapping[str, str], tables: tuple[str, ...]) -> Scope | None:
    if not tables:
        return None
    try:
        return {pair.source: tables for pair in pairs_of(source, target, mapping)}
    except Unreadable:
        return None  # The comparison meets the same failure and tells it.
