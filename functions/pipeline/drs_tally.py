"""Results of a data-level task gathered page by page, and what is still missing from them. Does no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeVar

from functions.pipeline import drs_models as wire
from functions.pipeline.readings import (
    DatabaseResult,
    RowDifference,
    TableResult,
    databases_of_results,
    rows_of_contents,
    tables_of_contents,
    tables_of_lines,
    uncompared_of_contents,
    worst,
)

MOST_ROWS: Final = 1000
"""Differing rows kept per table; how many there are is in the table's result."""

Kind = Literal["compared", "uncompared"]
PartT = TypeVar("PartT", DatabaseResult, TableResult)


@dataclass
class Tally:
    """What the pages read so far say. Totals are DRS's own: what they promise and no page shows is ``incomplete``."""

    databases: dict[tuple[str, str], DatabaseResult] = field(default_factory=dict)
    tables: dict[tuple[Kind, str, str, str, str], TableResult] = field(default_factory=dict)
    rows: dict[tuple[str, str], list[RowDifference]] = field(default_factory=dict)
    row_totals: dict[tuple[str, str], int] = field(default_factory=dict)
    database_total: int | None = None
    table_totals: dict[tuple[Kind, str, str], int] = field(default_factory=dict)
    has_rows: bool = False
    """Whether values were compared, so that differing rows can be named."""
    cut: str | None = None
    """Why reading stopped before its end; ``None``: it didn't."""

    def add_databases(self, databases: Iterable[DatabaseResult]) -> bool:
        """Take over databases; whether any is new."""
        before = len(self.databases)
        for database in databases:
            key = (database.source_db, database.target_db)
            self.databases[key] = _doubted(self.databases.get(key), database)
        return len(self.databases) > before

    def add_tables(self, kind: Kind, tables: Iterable[TableResult]) -> bool:
        """Take over tables; whether any is new. Of a table shown twice, the worse result counts."""
        before, targets = len(self.tables), self._targets()
        for table in tables:
            known_targets = targets.get(table.source_db, ())
            if not table.target_db and len(known_targets) == 1:
                table = replace(table, target_db=known_targets[0])  # noqa: PLW2901  # the same, completed
            place = (kind, table.source_db, table.source_table, table.target_table)
            # Shown before its database was, and with it its target.
            nameless = self.tables.pop((*place, ""), None) if table.target_db else None
            known = self.tables.get((*place, table.target_db), nameless)
            self.tables[*place, table.target_db] = _doubted(known, table)
        return len(self.tables) > before

    def add(self, results: wire.LineResults | wire.ContentResults) -> bool:
        """Take over a page of query-compare-result; whether it shows anything new.

        Rows don't count as new: there may be millions, and tables say how many.
        """
        return self._add_lines(results) if isinstance(results, wire.LineResults) else self._add_contents(results)

    def expect(self, kind: Kind, source_db: str, total: int, *, target_db: str = "") -> None:
        """DRS counts ``total`` tables of this kind in a pair of databases, or in all pairs of the source database."""
        key = (kind, source_db, target_db)
        self.table_totals[key] = max(total, self.table_totals.get(key, 0))

    @property
    def empty(self) -> bool:
        """Whether nothing at all has been read."""
        return not self.databases and not self.tables

    @property
    def truncated(self) -> bool:
        """Whether DRS counts more differing rows of a table than have been kept."""
        return any(total > len(self.rows.get(place, ())) for place, total in self._row_totals().items())

    def without_rows(self) -> list[tuple[str, str]]:
        """Tables of which DRS counts differing rows and none has been read, by source database and name."""
        return [place for place, total in self._row_totals().items() if total and not self.rows.get(place)]

    def add_rows(self, source_db: str, table: str, rows: Iterable[RowDifference], total: int | None) -> None:
        """Take over differing rows of one table, of which DRS counts ``total``."""
        place = (source_db, table)
        kept = self.rows.setdefault(place, [])
        for row in rows:
            if len(kept) < MOST_ROWS and row not in kept[-1:]:
                kept.append(row)
        self.row_totals[place] = max(total or 0, len(kept), self.row_totals.get(place, 0))

    @property
    def complete(self) -> bool:
        """Whether everything has been read; never, where DRS doesn't count its databases and their tables."""
        totals = {(kind, source_db) for kind, source_db, _ in self.table_totals}
        counted = all(("compared", source_db) in totals for source_db, _ in self.databases)
        return self.database_total is not None and counted and not self._missing()

    def results(self) -> tuple[tuple[DatabaseResult, ...], tuple[TableResult, ...]]:
        """Databases and tables; for whatever is missing, its database is ``incomplete``."""
        databases = dict(self.databases)
        for source_db, why in self._missing().items():
            keys = [key for key in databases if key[0] == source_db] or [(source_db, "")]
            for key in keys:
                known = databases.get(key, DatabaseResult(*key, "incomplete"))
                if known.result != "inconsistent":
                    databases[key] = replace(known, result="incomplete", message=why)
        return tuple(databases.values()), tuple(self._with_rows(table) for table in self.tables.values())

    def _add_lines(self, results: wire.LineResults) -> bool:
        if results.line_compare_overview_count is not None:
            self.database_total = results.line_compare_overview_count
        fresh = self.add_databases(databases_of_results(results))
        details = results.line_compare_details or ()
        self._expect("compared", ((item.source_db_name, item.line_compare_detail_count) for item in details))
        return self.add_tables("compared", tables_of_lines(results, self._targets())) or fresh

    def _add_contents(self, results: wire.ContentResults) -> bool:
        self.has_rows = True
        if results.content_compare_overview_count is not None:
            self.database_total = results.content_compare_overview_count
        fresh = self.add_databases(databases_of_results(results))
        details = results.content_compare_details or ()
        self._expect("compared", ((item.source_db_name, item.content_compare_detail_count) for item in details))
        self._expect("uncompared", ((item.source_db_name, item.content_uncompare_detail_count) for item in details))
        fresh = self.add_tables("compared", tables_of_contents(results)) or fresh
        fresh = self.add_tables("uncompared", uncompared_of_contents(results)) or fresh
        self._add_rows(results)
        return fresh

    def _add_rows(self, results: wire.ContentResults) -> None:
        for item in results.content_compare_diffs or ():
            total = item.content_compare_diff_count or len(item.content_compare_diff or ())
            self.add_rows(item.source_db_name or "", item.source_table_name or "", (), total)
        for source_db, table, row in rows_of_contents(results):
            self.add_rows(source_db, table, (row,), None)

    def _row_totals(self) -> dict[tuple[str, str], int]:
        """How many rows differ in each table, by the larger of what DRS counts beside its rows and in its result."""
        totals = dict(self.row_totals)
        for table in self.tables.values() if self.has_rows else ():
            place = (table.source_db, table.source_table)
            totals[place] = max(table.difference_rows or 0, totals.get(place, 0))
        return totals

    def _expect(self, kind: Kind, counts: Iterable[tuple[str | None, int | None]]) -> None:
        """What one page counts. A source database that is there twice has two targets, if it is known to have any."""
        targets, totals = self._targets(), Counter[str]()
        for name, count in counts:
            source_db, total = name or "", count or 0
            several = len(targets.get(source_db, ())) > 1
            totals[source_db] = totals[source_db] + total if several else max(totals[source_db], total)
            if count is not None:
                self.expect(kind, source_db, totals[source_db])

    def _targets(self) -> dict[str, list[str]]:
        """The target databases of each source database, as far as DRS has named them."""
        targets: dict[str, list[str]] = {}
        for source_db, target_db in self.databases:
            targets.setdefault(source_db, []).append(target_db)
        return targets

    def _with_rows(self, table: TableResult) -> TableResult:
        rows = self.rows.get((table.source_db, table.source_table))
        return replace(table, differences=tuple(rows)) if rows else table

    def _missing(self) -> dict[str, str]:
        """Source database -> what is missing of it; what belongs to no database is under ``""``."""
        missing: dict[str, str] = {}
        expected: Counter[tuple[Kind, str]] = Counter()
        for (kind, source_db, _), total in self.table_totals.items():
            expected[kind, source_db] += total
        read = Counter((key[0], key[1]) for key in self.tables)
        for place, total in expected.items():
            if read[place] < total:
                missing[place[1]] = f"{read[place]} of {total} tables could be read"
        if self.database_total is not None and len(self.databases) < self.database_total:
            missing[""] = f"{len(self.databases)} of {self.database_total} databases could be read"
        if self.cut:
            missing[""] = self.cut
        return missing


def _doubted(known: PartT | None, shown: PartT) -> PartT:
    """What DRS shows of one thing, perhaps for the second time: the worse of both, under the later name."""
    if known is None or worst((known.result, shown.result)) == shown.result:
        return shown
    return replace(known, target_db=shown.target_db)
