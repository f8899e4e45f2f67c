"""The verdict: from what DRS answered to what people can trust. Pure functions; whatever is uncertain is `incomplete`.

The table of verdicts and their order is design.md's; statuses are those of drs-api.md 2.2.
"""

from collections.abc import Iterable

from functions.pipeline.comparison import (
    DatabaseLine,
    Outcome,
    TableLine,
    Task,
    TypeCount,
    Verdict,
)
from functions.pipeline.messages import Request
from functions.pipeline.readings import ObjectCount, Reading, TableResult

#: Worst first: a found difference outranks everything.
RANK: tuple[Verdict, ...] = (
    "inconsistent",
    "rejected",
    "failed",
    "timed_out",
    "cancelled",
    "superseded",
    "expired",
    "incomplete",
    "consistent",
)
_ENDED: dict[str, Verdict] = {"FAILED": "failed", "CANCELLED": "cancelled", "TIMEOUT_INTERRUPT": "timed_out"}
#: Names kept per object type and tables kept per level; the rest is counted.
MOST_NAMES = 50
MOST_TABLES = 100
_NAME_CHARS = 300


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a comparison from those of its levels."""
    return min(verdicts, key=RANK.index)


def outcome_of(request: Request, task: Task, reading: Reading, now: float) -> Outcome:
    """How a level ended, from the terminal reading of its DRS task."""
    outcome = _objects(task, reading, now) if task.level == "objects" else _data(request, task, reading, now)
    ended = _ENDED.get(reading.status)
    if ended is None:
        return outcome
    return outcome.model_copy(
        update={"verdict": ended, "error_msg": reading.error_msg or f"the DRS task ended as {reading.status}"}
    )


def _fold(results: Iterable[str], *, compared: bool) -> Verdict:
    found = set(results)
    if "inconsistent" in found:
        return "inconsistent"
    return "consistent" if compared and found == {"consistent"} else "incomplete"


def _objects(task: Task, reading: Reading, now: float) -> Outcome:
    counted = [c for c in reading.objects if c.source or c.target]
    return Outcome(
        level=task.level,
        verdict=_fold((c.result for c in reading.objects), compared=bool(counted)),
        at=now,
        task_id=task.task_id,
        origin=task.origin,
        status=reading.status,
        error_msg=reading.error_msg or None,
        caveats=_caveats(task, uncomparable=any(c.result == "incomplete" for c in reading.objects)),
        types=tuple(_type_count(c) for c in reading.objects),
        compared=len(counted),
        inconsistent=sum(c.result == "inconsistent" for c in reading.objects),
        incomplete=sum(c.result == "incomplete" for c in reading.objects),
    )


def _type_count(count: ObjectCount) -> TypeCount:
    source_only = [d.source for d in count.differences if d.source and not d.target]
    target_only = [d.target for d in count.differences if d.target and not d.source]
    both = [d for d in count.differences if d.source and d.target]
    different = [d.source or "" for d in both if d.result == "inconsistent"]
    uncompared = [d.source or "" for d in both if d.result == "incomplete"]
    kept = {
        name: tuple(_short(n) for n in names[:MOST_NAMES])
        for name, names in (
            ("only_in_source", source_only),
            ("only_in_target", target_only),
            ("different", different),
            ("not_compared", uncompared),
        )
    }
    total = len(source_only) + len(target_only) + len(different) + len(uncompared)
    return TypeCount(
        type=count.type,
        source_count=count.source,
        target_count=count.target,
        result=count.result,
        omitted=total - sum(len(names) for names in kept.values()),
        **kept,
    )


def _data(request: Request, task: Task, reading: Reading, now: float) -> Outcome:
    tables = [_table_line(t) for t in reading.tables]
    databases = [
        DatabaseLine(
            source_db=_short(d.source_db),
            target_db=_short(d.target_db),
            tables=sum(t.source_db == d.source_db for t in reading.tables),
            inconsistent=sum(t.source_db == d.source_db and t.result == "inconsistent" for t in reading.tables),
            incomplete=sum(t.source_db == d.source_db and t.result == "incomplete" for t in reading.tables),
            result=d.result,
        )
        for d in reading.databases
    ]
    tables += [_missing_line(db, table) for db, table in not_covered(request, reading)]
    results = [t.result for t in tables] + [d.result for d in databases]
    worst_first = sorted(tables, key=lambda t: ("inconsistent", "incomplete", "consistent").index(t.result))
    return Outcome(
        level=task.level,
        verdict=_fold(results, compared=bool(reading.tables)),
        at=now,
        task_id=task.task_id,
        origin=task.origin,
        status=reading.status,
        error_msg=reading.error_msg or None,
        caveats=_caveats(task, uncomparable=any(t.result == "incomplete" for t in tables)),
        databases=tuple(databases[:MOST_TABLES]),
        tables=tuple(worst_first[:MOST_TABLES]),
        tables_omitted=max(0, len(tables) - MOST_TABLES),
        compared=sum(t.result != "incomplete" for t in tables),
        inconsistent=sum(t.result == "inconsistent" for t in tables),
        incomplete=sum(t.result == "incomplete" for t in tables),
    )


def _table_line(table: TableResult) -> TableLine:
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
    )


def _missing_line(db: str, table: str | None) -> TableLine:
    what = "not in the DRS task's results" if table else "no table of this database is in the DRS task's results"
    return TableLine(source_db=_short(db), source_table=_short(table or "*"), result="incomplete", message=what)


def not_covered(request: Request, reading: Reading) -> list[tuple[str, str | None]]:
    """What was asked for by name and is in no result: (database, table), or (database, None) for a whole one.

    Quick comparison names nothing, so nothing can be missing from it.
    """
    data = request.data_level_compare_info
    if data is None:
        return []
    wanted = [(info.db_name, info.table_name) for info in data.compare_object_infos or ()]
    wanted += [
        (info.db_name, [t.table_name for t in info.table_name_with_token] if info.table_name_with_token else None)
        for info in data.compare_object_infos_with_token or ()
    ]
    tables = {(t.source_db, t.source_table) for t in reading.tables}
    databases = {t.source_db for t in reading.tables} | {d.source_db for d in reading.databases}
    missing: list[tuple[str, str | None]] = []
    for db, names in wanted:
        if names is None:
            missing += [] if db in databases else [(db, None)]
        else:
            missing += [(db, name) for name in names if (db, name) not in tables]
    return missing


def _caveats(task: Task, *, uncomparable: bool) -> tuple[str, ...]:
    found = ["adopted"] if task.origin == "adopted" else []
    return (*found, "uncomparable_tables") if uncomparable and task.level != "objects" else tuple(found)


def _short(name: str) -> str:
    return name if len(name) <= _NAME_CHARS else name[: _NAME_CHARS - 1] + "…"
