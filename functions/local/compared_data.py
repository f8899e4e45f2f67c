"""The data levels of a direct comparison, rows counted and values compared, as outcomes and as JSON. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from functions.comparer.core.results import (
    ContentsResult,
    DatabaseContents,
    DatabaseLines,
    DataResult,
    LinesResult,
    RowDifference,
    TableContents,
    TableLines,
)
from functions.pipeline.comparison import DatabaseLine, Outcome, Result, TableLine, Verdict

_DIFFERENT = {DataResult.INCONSISTENT, DataResult.TARGET_DB_MISSING}
Differences = Mapping[tuple[str, str], Sequence[RowDifference]]


def data_outcome(found: LinesResult | ContentsResult) -> Outcome:
    """How a data level ended."""
    databases = [_database(d) for d in found.databases]
    tables = [_table(d, t) for d in found.databases for t in d.tables]
    results = [t.result for t in tables] + [d.result for d in databases]
    return Outcome(
        level="contents" if isinstance(found, ContentsResult) else "lines",
        verdict=verdict_of(results if tables else [r for r in results if r != "consistent"], failures=found.failures),
        at=0,
        databases=tuple(databases),
        tables=tuple(tables),
        compared=sum(t.result != "incomplete" for t in tables),
        inconsistent=sum(t.result == "inconsistent" for t in tables),
        incomplete=sum(t.result == "incomplete" for t in tables),
    )


def verdict_of(results: Iterable[Result], *, failures: Iterable[str]) -> Verdict:
    """A found difference outranks everything; what could not be read makes the rest worth nothing."""
    seen = set(results)
    if "inconsistent" in seen:
        return "inconsistent"
    if any(failures):
        return "failed"
    return "consistent" if seen == {"consistent"} else "incomplete"


def data_json(outcome: Outcome) -> dict[str, Any]:
    """A data level as the finished event has it; nothing is cut."""
    totals = {name: getattr(outcome, name) for name in ("compared", "inconsistent", "incomplete")}
    return {
        "level": outcome.level,
        "totals": totals,
        "databases": [d.model_dump() for d in outcome.databases],
        "tables": [t.model_dump(exclude_none=True, exclude={"rows", "rows_omitted"}) for t in outcome.tables],
    }


def contents_json(outcome: Outcome, found: ContentsResult, differences: Differences) -> dict[str, Any]:
    """The values: as `data_json`, and of each table its key, what differs in which way, and the rows that are kept."""
    content = data_json(outcome)
    tables = [(d.source_db, t) for d in found.databases for t in d.tables]
    for entry, (database, table) in zip(content["tables"], tables, strict=True):
        rows = differences.get((database, table.table), ())
        counts = {name: getattr(table, name) for name in ("missing", "extra", "changed")}
        entry |= {"key": list(table.key), **counts, "rows_omitted": table.differing - len(rows)}
        entry["rows"] = [_row(row) for row in rows]
    return content


def _row(found: RowDifference) -> dict[str, Any]:
    parts = {
        "kind": found.kind,
        "source_key": found.source_key,
        "target_key": found.target_key,
        "columns": list(found.columns) or None,
        "source_sql": found.source_sql,
        "target_sql": found.target_sql,
        "source_literals": found.source_literals,
        "target_literals": found.target_literals,
    }
    return {name: value for name, value in parts.items() if value is not None}


def _database(found: DatabaseLines | DatabaseContents) -> DatabaseLine:
    results = [_result(t.result) for t in found.tables]
    return DatabaseLine(
        source_db=found.source_db,
        target_db=found.target_db,
        tables=len(results),
        inconsistent=results.count("inconsistent"),
        incomplete=results.count("incomplete"),
        result=_result(found.result),
    )


def _table(database: DatabaseLines | DatabaseContents, found: TableLines | TableContents) -> TableLine:
    return TableLine(
        source_db=database.source_db,
        source_table=found.table,
        target_db=database.target_db,
        target_table=found.table,
        source_rows=found.source_rows,
        target_rows=found.target_rows,
        difference_rows=_differing(found),
        result=_result(found.result),
        message=found.message,
    )


def _differing(found: TableLines | TableContents) -> int | None:
    if isinstance(found, TableContents):
        return found.differing
    if found.source_rows is None or found.target_rows is None:
        return None
    return abs(found.source_rows - found.target_rows)


def _result(found: DataResult) -> Result:
    if found in _DIFFERENT:
        return "inconsistent"
    return "consistent" if found is DataResult.CONSISTENT else "incomplete"
