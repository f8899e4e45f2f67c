"""Results of a data-level task gathered page by page, and what is still missing from them. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

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
)

MOST_ROWS: Final = 1000
"""Differing rows kept per table; how many there are is in the table's result."""

Kind = Literal["compared", "uncompared"]


@dataclass
class Tally:
    """What the pages read so far say. Totals are DRS's own: what they promise and no page shows is ``incomplete``."""

    databases: dict[tuple[str, str], DatabaseResult] = field(default_factory=dict)
    tables: dict[tuple[Kind, str, str, str], TableResult] = field(default_factory=dict)
    rows: dict[tuple[str, str], list[RowDifference]] = field(default_factory=dict)
    database_total: int | None = None
    table_totals: dict[tuple[Kind, str], int] = field(default_factory=dict)
    cut: str | None = None
    """Why reading stopped before its end; ``None``: it didn't."""

    def add_databases(self, databases: Iterable[DatabaseResult]) -> bool:
        """Take over databases; whether any is new."""
        before = len(self.databases)
        for database in databases:
            self.databases.setdefault((database.source_db, database.target_db), database)
        return len(self.databases) > before

    def add_tables(self, kind: Kind, tables: Iterable[TableResult]) -> bool:
        """Take over tables; whether any is new."""
        before = len(self.tables)
        for table in tables:
            self.tables.setdefault((kind, table.source_db, table.source_table, table.target_table), table)
        return len(self.tables) > before

    def add(self, results: wire.LineResults | wire.ContentResults) -> bool:
        """Take over a page of query-compare-result; whether it shows anything new.

        Rows don't count as new: there may be millions, and tables say how many.
        """
        return self._add_lines(results) if isinstance(results, wire.LineResults) else self._add_contents(results)

    def expect(self, kind: Kind, source_db: str, total: int) -> None:
        """DRS counts ``total`` tables of this kind in a source database."""
        self.table_totals[kind, source_db] = max(total, self.table_totals.get((kind, source_db), 0))

    @property
    def empty(self) -> bool:
        """Whether nothing at all has been read."""
        return not self.databases and not self.tables

    @property
    def complete(self) -> bool:
        """Whether everything has been read; never, where DRS doesn't count its databases and their tables."""
        counted = all(("compared", source_db) in self.table_totals for source_db, _ in self.databases)
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
        for item in results.line_compare_details or ():
            self._expect("compared", item.source_db_name, item.line_compare_detail_count)
        fresh = self.add_databases(databases_of_results(results))
        return self.add_tables("compared", tables_of_lines(results)) or fresh

    def _add_contents(self, results: wire.ContentResults) -> bool:
        if results.content_compare_overview_count is not None:
            self.database_total = results.content_compare_overview_count
        for item in results.content_compare_details or ():
            self._expect("compared", item.source_db_name, item.content_compare_detail_count)
            self._expect("uncompared", item.source_db_name, item.content_uncompare_detail_count)
        fresh = self.add_databases(databases_of_results(results))
        fresh = self.add_tables("compared", tables_of_contents(results)) or fresh
        fresh = self.add_tables("uncompared", uncompared_of_contents(results)) or fresh
        for source_db, table, row in rows_of_contents(results):
            rows = self.rows.setdefault((source_db, table), [])
            if len(rows) < MOST_ROWS and row not in rows[-1:]:
                rows.append(row)
        return fresh

    def _expect(self, kind: Kind, source_db: str | None, total: int | None) -> None:
        if total is not None:
            self.expect(kind, source_db or "", total)

    def _with_rows(self, table: TableResult) -> TableResult:
        rows = self.rows.get((table.source_db, table.source_table))
        return replace(table, differences=tuple(rows)) if rows else table

    def _missing(self) -> dict[str, str]:
        """Source database -> what is missing of it; what belongs to no database is under ``""``."""
        missing = {}
        for (kind, source_db), total in self.table_totals.items():
            read = sum(key[0] == kind and key[1] == source_db for key in self.tables)
            if read < total:
                missing[source_db] = f"{read} of {total} tables could be read"
        if self.database_total is not None and len(self.databases) < self.database_total:
            missing[""] = f"{len(self.databases)} of {self.database_total} databases could be read"
        if self.cut:
            missing[""] = self.cut
        return missing
