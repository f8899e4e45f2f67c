"""Two databases by URL, compared here and now: what `parity compare` does. Synchronous; run it in a thread."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.compare_lines import compare_lines
from functions.comparer.core.compare_objects import compare_objects
from functions.comparer.core.databases import Scope
from functions.comparer.core.engine import Endpoint, Stop, Unreadable
from functions.comparer.core.kept import Kept
from functions.comparer.core.options import AS_EVER, Options
from functions.comparer.core.pairs import pairs_of
from functions.comparer.core.results import (
    ContentsResult,
    DatabaseContents,
    DatabaseLines,
    DataResult,
    LinesResult,
    ObjectResult,
    ObjectsResult,
    OnProgress,
    RowDifference,
)
from functions.comparer.urls import endpoint_of

_NOT_COMPARED = {DataResult.FAILED, DataResult.CAN_NOT_COMPARE, DataResult.WAITING, DataResult.COMPARING}


@dataclass(frozen=True)
class Comparison:
    """What was compared and found; a level that was not asked for is None.

    `differences`: the rows that `contents` found to differ and kept, by source database and table.
    """

    objects: ObjectsResult | None
    lines: LinesResult | None
    contents: ContentsResult | None = None
    differences: Mapping[tuple[str, str], Sequence[RowDifference]] = field(default_factory=dict)

    @property
    def failures(self) -> tuple[str, ...]:
        """What made a level fail, level by level; empty: everything could be read."""
        levels = (self.objects, self.lines, self.contents)
        return tuple(failure for level in levels if level for failure in level.failures)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else is worth telling, as that something asked for doesn't exist; each remark once."""
        levels = (self.objects, self.lines, self.contents)
        return tuple(dict.fromkeys(remark for level in levels if level for remark in level.remarks))

    @property
    def differs(self) -> bool:
        """Whether a difference was found."""
        types = self.objects.types if self.objects else ()
        found = [entry.result for entry in types]
        results = [database.result for database in self._databases]
        results += [table.result for database in self._databases for table in database.tables]
        return ObjectResult.INCONSISTENT in found or not {
            DataResult.INCONSISTENT, DataResult.TARGET_DB_MISSING
        }.isdisjoint(results)  # fmt: skip

    @property
    def uncompared(self) -> tuple[str, ...]:
        """The tables, written `database.table`, and databases that could not be compared, each once."""
        # Of a database that may have more tables than the user is shown, every one may have been compared.
        found = [
            d.source_db
            for d in self._databases
            if d.result in _NOT_COMPARED and not any(t.result in _NOT_COMPARED for t in d.tables)
        ]
        for database in self._databases:
            found += [f"{database.source_db}.{t.table}" for t in database.tables if t.result in _NOT_COMPARED]
        return tuple(dict.fromkeys(found))

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was compared, and there was something to compare."""
        levels = (self.objects, self.lines, self.contents)
        empty = (self.objects is not None and not self.objects.types) or any(
            level is not None and not any(database.tables for database in level.databases)
            for level in (self.lines, self.contents)
        )
        incomplete = any(t.result is ObjectResult.INCOMPLETE for t in (self.objects.types if self.objects else ()))
        return any(level is not None for level in levels) and not (
            self.failures or self.uncompared or empty or incomplete
        )

    @property
    def _databases(self) -> Sequence[DatabaseLines | DatabaseContents]:
        return [*(self.lines.databases if self.lines else ()), *(self.contents.databases if self.contents else ())]


def compare_databases(
    source: str,
    target: str,
    *,
    objects: bool = True,
    lines: bool = True,
    contents: bool = False,
    tables: tuple[str, ...] = (),
    databases: Mapping[str, str] | None = None,
    base: Path | None = None,
    stop: Stop | None = None,
    progress: OnProgress = lambda _: None,
    methods: Collection[str] | None = None,
    kept: Kept | None = None,
    options: Options = AS_EVER,
) -> Comparison:
    """Compare two databases by URL or path; relative ones are relative to `base` (default: the working directory).

    `tables` limits `lines` and `contents` to these tables of every database; `databases` maps source to target names
    where they differ; `methods` limits how an engine compares values by itself (none: both sides are read row by row;
    None: whatever is best); `kept` is told what `contents` plans and finds, and decides what of it is kept; `options`
    say how values are compared. Never
    raises for a database that can't be read: that is told in the result. Raises `BadUrl`, and `Stopped` if `stop` was
    asked for.
    """
    stop = stop or Stop()
    mapping = databases or {}
    here, there = (endpoint_of(url, base or Path.cwd()) for url in (source, target))
    scope = _scope(here, there, mapping, tables, stop)
    found = compare_objects(here, there, mapping, stop, progress) if objects else None
    counted = LinesResult() if lines else None
    if counted is not None:
        compare_lines(here, there, mapping, scope, stop, counted, progress)
    compared, kept = ContentsResult() if contents else None, kept or Kept()
    if compared is not None:
        compare_contents(here, there, mapping, scope, stop, compared, kept, progress, methods=methods, options=options)
    return Comparison(found, counted, compared, kept.differences)


def _scope(
    source: Endpoint, target: Endpoint, mapping: Mapping[str, str], tables: tuple[str, ...], stop: Stop
) -> Scope | None:
    if not tables:
        return None
    try:
        return {pair.source: tables for pair in pairs_of(source, target, mapping, stop)}
    except Unreadable:
        return None  # The comparison meets the same failure and tells it.
