"""How a level ended, with what there is to show for it: from a terminal reading to what the ledger keeps. Pure.

A ledger item has at most 400 KB, so names, tables and rows are kept up to a limit and counted beyond it.
"""

from collections import Counter
from dataclasses import dataclass

from functions.pipeline.adoption import scope, within
from functions.pipeline.comparison import DatabaseLine, Outcome, RowLine, TableLine, Task, TypeCount, Verdict
from functions.pipeline.messages import Request
from functions.pipeline.readings import ObjectCount, Reading, RowDifference, TableResult
from functions.pipeline.verdict import fold, not_covered

#: What one outcome may take in the ledger, in bytes of JSON: two of them and their event stay well below the limit.
MAX_BYTES = 64 * 1024
#: Entries kept per list, tried in this order until the outcome fits.
_LIMITS = (100, 30, 10, 3, 0)
_MOST_TYPES = 60
_NAME_CHARS = 300
_ENDED: dict[str, Verdict] = {"FAILED": "failed", "CANCELLED": "cancelled", "TIMEOUT_INTERRUPT": "timed_out"}


def outcome_of(request: Request, task: Task, reading: Reading, now: float, *, include_keys: bool = False) -> Outcome:
    """How a level ended, from the terminal reading of its DRS task; `include_keys` keeps keys and SQL of rows."""
    outcome = _of(_Cut(_LIMITS[0], include_keys), request, task, reading, now)
    for most in _LIMITS[1:]:
        if len(outcome.model_dump_json().encode()) <= MAX_BYTES:
            break
        outcome = _of(_Cut(most, include_keys), request, task, reading, now)
    ended = _ENDED.get(reading.status)
    if ended is not None:
        message = _short(reading.error_msg or f"the DRS task ended as {reading.status}")
        return outcome.model_copy(update={"verdict": ended, "error_msg": message})
    return outcome if task.level == "objects" else _doubted(outcome, request, reading)


def _doubted(outcome: Outcome, request: Request, reading: Reading) -> Outcome:
    """A data-level task that compared other tables isn't ours; an adopted one proves only what it shows."""
    match scope(request, reading):
        case "unproven" if outcome.verdict == "consistent" and outcome.origin == "adopted":
            told = "the adopted DRS task agrees, but may have compared less than was asked for"
        case "foreign" if not any(
            t.result == "inconsistent" and within(request, t.source_db, t.source_table) for t in reading.tables
        ):
            told = "the DRS task compared what was not asked for: it is not of this request"
        case _:
            return outcome
    return outcome.model_copy(update={"verdict": "incomplete", "error_msg": told, "retryable": True})


@dataclass(frozen=True)
class _Cut:
    """How much is kept: `most` entries of each list, and keys of rows or none."""

    most: int
    include_keys: bool

    def type_count(self, count: ObjectCount) -> TypeCount:
        lists: dict[str, list[str]] = {"only_in_source": [], "only_in_target": [], "different": [], "not_compared": []}
        for d in count.differences:
            if d.source and d.target:
                lists["not_compared" if d.result == "incomplete" else "different"].append(d.source)
            elif d.source or d.target:
                lists["only_in_source" if d.source else "only_in_target"].append(d.source or d.target or "")
        kept = {name: tuple(_short(n) for n in names[: self.most]) for name, names in lists.items()}
        return TypeCount(
            type=count.type[:60],
            source_count=count.source,
            target_count=count.target,
            result=count.result,
            omitted=sum(len(names) for names in lists.values()) - sum(len(names) for names in kept.values()),
            **kept,
        )

    def table(self, table: TableResult) -> TableLine:
        rows = table.differences if self.include_keys else ()
        shown = rows[: self.most // 5]
        differing = max(table.difference_rows or 0, len(rows)) if rows else 0
        return TableLine(
            source_db=_short(table.source_db),
            source_table=_short(table.source_table),
            target_db=_short(table.target_db),
            target_table=_short(table.target_table),
            source_rows=table.source_rows,
            target_rows=table.target_rows,
            difference_rows=table.difference_rows,
            result=table.result,
            message=_short(table.message) if table.message else None,
            rows=tuple(_row(r) for r in shown),
            rows_omitted=differing - len(shown),
        )


def _of(cut: _Cut, request: Request, task: Task, reading: Reading, now: float) -> Outcome:
    found = _objects(cut, reading) if task.level == "objects" else _data(cut, request, reading)
    omitted = (
        reading.truncated
        or found.tables_omitted
        or any(t.omitted for t in found.types)
        or any(t.rows_omitted for t in found.tables)
    )
    caveats = [
        *(["adopted"] if task.origin == "adopted" else []),
        *(["uncomparable_tables"] if task.level != "objects" and found.incomplete else []),
        *(["truncated"] if omitted else []),
    ]
    return found.model_copy(
        update={
            "level": task.level,
            "at": now,
            "task_id": task.task_id,
            "origin": task.origin,
            "status": reading.status,
            "error_msg": _short(reading.error_msg) if reading.error_msg else None,
            "caveats": tuple(caveats),
        }
    )


def _objects(cut: _Cut, reading: Reading) -> Outcome:
    counted = [c for c in reading.objects if c.source or c.target]
    worst_first = sorted(reading.objects, key=lambda c: c.result == "consistent")
    return Outcome(
        level="objects",
        verdict=fold((c.result for c in reading.objects), compared=bool(counted)),
        at=0,
        types=tuple(cut.type_count(c) for c in worst_first[:_MOST_TYPES]),
        compared=len(counted),
        inconsistent=sum(c.result == "inconsistent" for c in reading.objects),
        incomplete=sum(c.result == "incomplete" for c in reading.objects),
    )


def _data(cut: _Cut, request: Request, reading: Reading) -> Outcome:
    missing = [_missing(db, table) for db, table in not_covered(request, reading)]
    results = Counter([*(t.result for t in reading.tables), *(line.result for line in missing)])
    worst_first = sorted(reading.tables, key=lambda t: ("inconsistent", "incomplete", "consistent").index(t.result))
    kept = [cut.table(t) for t in worst_first if t.result == "inconsistent"] + missing
    kept += [cut.table(t) for t in worst_first if t.result != "inconsistent"]
    databases = tuple(d.result for d in reading.databases)
    return Outcome(
        level="lines",
        verdict=fold((*results, *databases), compared=bool(reading.tables)),
        at=0,
        databases=_databases(reading)[: cut.most],
        tables=tuple(kept[: cut.most]),
        tables_omitted=max(0, len(kept) - cut.most),
        compared=results["consistent"] + results["inconsistent"],
        inconsistent=results["inconsistent"],
        incomplete=results["incomplete"],
    )


def _databases(reading: Reading) -> tuple[DatabaseLine, ...]:
    tables = Counter(t.source_db for t in reading.tables)
    by_result = Counter((t.source_db, t.result) for t in reading.tables)
    return tuple(
        DatabaseLine(
            source_db=_short(d.source_db),
            target_db=_short(d.target_db),
            tables=tables[d.source_db],
            inconsistent=by_result[d.source_db, "inconsistent"],
            incomplete=by_result[d.source_db, "incomplete"],
            result=d.result,
        )
        for d in sorted(reading.databases, key=lambda d: d.result == "consistent")
    )


def _missing(db: str, table: str | None) -> TableLine:
    what = "not in the DRS task's results" if table else "no table of this database is in the DRS task's results"
    return TableLine(source_db=_short(db), source_table=_short(table or "*"), result="incomplete", message=what)


def _row(row: RowDifference) -> RowLine:
    return RowLine(
        source_key=tuple(part and _short(part) for part in row.source_key),
        target_key=tuple(part and _short(part) for part in row.target_key),
        source_sql=row.source_sql and _short(row.source_sql),
        target_sql=row.target_sql and _short(row.target_sql),
    )


def _short(name: str) -> str:
    return name if len(name) <= _NAME_CHARS else name[: _NAME_CHARS - 1] + "…"
