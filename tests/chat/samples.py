"""Finished events to tell: every verdict, small, huge and with any names, made by the code that makes the real ones.

What DRS read (`Reading`) goes through `outcome_of` and `events.finished`, so each is cut and worded as in real life.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from functions.pipeline import events
from functions.pipeline.comparison import Comparison, Outcome, Result, TableLine, Task, TypeCount, Verdict
from functions.pipeline.finished_event import DataResults, FinishedEvent, Objects, Totals, read_finished
from functions.pipeline.messages import Level, Request
from functions.pipeline.outcomes import outcome_of
from functions.pipeline.readings import ObjectCount, ObjectDifference, Reading, TableResult
from functions.pipeline.telling import Language, Link
from functions.pipeline.verdict import RANK

VERDICTS: Final[tuple[Verdict, ...]] = tuple(reversed(RANK))
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
JOB: Final = "f8688cfa-4e05-406f-a2e6-37a773cjb20y"
LINKS: Final = (
    Link("Report", "https://reports.example/cmp_42?expires=1&signature=a%2Bb"),
    Link("DRS console", "https://console.huaweicloud.com/drs/"),
)
_ACCEPTED: Final = 1_900_000_000.0


def event(verdict: Verdict) -> FinishedEvent:
    """A small event of a verdict, with what usually comes with it."""
    return _EVENTS[verdict]()


def huge(tables: int = 3000) -> FinishedEvent:
    """Every table differs, and so do hundreds of objects of every type."""
    counts = tuple(
        counted(kind, 900, 450, source_only=[f"{kind.lower()}_{n:03}" for n in range(450)])
        for kind in ("TABLE", "INDEX", "VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "CONSTRAINT", "SYNONYM")
    )
    rows = [table("shop", f"orders_{n:04}", 1_000_000 + n, 999_990) for n in range(tables)]
    return _finished(_objects(*counts), _lines(*rows), labels={f"label-{n:02}": "x" * 200 for n in range(20)})


def named(names: Sequence[str], *, verdict: Verdict = "inconsistent") -> FinishedEvent:
    """An event in which names stand wherever one can, in full length: the first in ids and types, all in the lists."""
    each = list(names) or [""]
    first, last = each[0], each[-1]
    made = event("inconsistent")
    kinds = [
        TypeCount(type=first, source_count=2, target_count=1, result="inconsistent", only_in_source=tuple(each[:2]))
    ]
    kinds += [
        TypeCount(type="TABLE", source_count=4, target_count=3, result="inconsistent", different=tuple(each[2:4]))
    ]
    lines = [
        TableLine(source_db=name, source_table=name, source_rows=5, target_rows=4, result="inconsistent", message=name)
        for name in each[4:-1]
    ]
    lines.append(TableLine(source_db=last, source_table=last, result="incomplete", message=last))
    data = made.data.model_copy(
        update={
            "verdict": verdict,
            "summary": f"objects INCONSISTENT ({', '.join(each)})",
            "job_id": first or "j",
            "project_id": first or "p",
            "audience": last,
            "labels": dict(zip(each, reversed(each), strict=True)),
            "caveats": (first,),
            "error_code": first,
            "error_msg": last,
            "next_step": last,
            "objects": Objects(types=tuple(kinds)),
            "data": DataResults(level="lines", totals=Totals(compared=9, inconsistent=8), tables=tuple(lines)),
        }
    )
    return made.model_copy(update={"data": data})


def counted(
    kind: str, source: int, target: int, *, source_only: Sequence[str] = (), target_only: Sequence[str] = ()
) -> ObjectCount:
    """Objects of a type, some of which are on one side alone."""
    found = [ObjectDifference(source=name or "?", target=None, result="inconsistent") for name in source_only]
    found += [ObjectDifference(source=None, target=name or "?", result="inconsistent") for name in target_only]
    return ObjectCount(kind, source, target, "consistent" if source == target else "inconsistent", tuple(found))


def table(
    database: str,
    name: str,
    source: int | None,
    target: int | None,
    *,
    result: Result | None = None,
    message: str | None = None,
    rows: int | None = None,
) -> TableResult:
    """A pair of tables and their rows; `rows`: how many differ, where values were compared."""
    gap = abs(source - target) if source is not None and target is not None else None
    found = result or ("consistent" if (rows or gap) in {0, None} else "inconsistent")
    return TableResult(
        source_db=database,
        target_db=database,
        source_table=name,
        target_table=name,
        source_rows=source,
        target_rows=target,
        difference_rows=gap if rows is None else rows,
        result=found,
        message=message,
    )


def _request(levels: Sequence[Level], labels: dict[str, str] | None, audience: str | None) -> Request:
    data = [level for level in levels if level != "objects"]
    body: dict[str, Any] = {"job_id": JOB, "request_id": "wave-3-shop", "audience": audience, "labels": labels}
    if "objects" in levels:
        body["object_level_compare_type"] = "objects"
    if data:
        body["data_level_compare_info"] = {
            "conflict_policy": "keep",
            "compare_type": data[0],
            "compare_mode": "quick_comparison",
        }
    return Request.model_validate(body)


def _finished(
    *outcomes: Outcome,
    labels: dict[str, str] | None = None,
    audience: str | None = "cutover",
    caveats: Sequence[str] = (),
    seconds: float = 431.2,
) -> FinishedEvent:
    asked = _request([o.level for o in outcomes], {"wave": "3"} if labels is None else labels, audience)
    comparison = Comparison(
        comparison_id="cmp_42b69849f06cd88438900f95c4021995",
        project_id="054ba152d480d55b2f5dc0069e7ddef0",
        request=asked,
        accepted_at=_ACCEPTED,
        deadline_at=_ACCEPTED + 21_600,
        created_at=_ACCEPTED + 1,
        tasks=tuple(
            Task(level=o.level, task_id=f"task-of-{o.level}", origin="created", began_at=_ACCEPTED + 1)
            for o in outcomes
            if o.task_id
        ),
        outcomes=outcomes,
        polls=9,
    )
    return read_finished(events.finished(comparison, _ACCEPTED + seconds, steps=10, caveats=caveats)[1])


def _read(level: Level, reading: Reading) -> Outcome:
    task = Task(level=level, task_id=f"task-of-{level}", origin="created", began_at=_ACCEPTED + 1)
    return outcome_of(_request([level], None, None), task, reading, _ACCEPTED + 430)


def _objects(*counts: ObjectCount, status: str = "SUCCESSFUL", error: str | None = None) -> Outcome:
    return _read("objects", Reading("task-of-objects", "objects", status, True, error_msg=error, objects=counts))


def _lines(
    *tables: TableResult, level: Level = "lines", status: str = "SUCCESSFUL", error: str | None = None
) -> Outcome:
    return _read(level, Reading(f"task-of-{level}", level, status, True, error_msg=error, tables=tables)).model_copy(
        update={"level": level}
    )


def _ended(verdict: Verdict, code: str | None, message: str, level: Level = "objects") -> Outcome:
    return Outcome(level=level, verdict=verdict, at=_ACCEPTED + 30, error_code=code, error_msg=message)


def _equal_objects() -> Outcome:
    return _objects(counted("DB", 1, 1), counted("TABLE", 42, 42), counted("INDEX", 118, 118), counted("VIEW", 3, 3))


def _consistent() -> FinishedEvent:
    rows = [table("shop", f"t{n:02}", 1000 * n, 1000 * n) for n in range(42)]
    return _finished(_equal_objects(), _lines(*rows), caveats=("replication_active",))


def _inconsistent() -> FinishedEvent:
    objects = _objects(
        counted("DB", 1, 1),
        counted("TABLE", 42, 41, source_only=["legacy"]),
        counted("INDEX", 118, 116, source_only=["idx_orders_state", "idx_orders_customer"]),
        counted("VIEW", 3, 3),
    )
    rows = _lines(
        table("shop", "orders", 1_204_331, 1_204_318),
        table("shop", "order_lines", 5_820_151, 5_820_144),
        table("shop", "audit", None, None, result="incomplete", message="the table has no primary key"),
        *(table("shop", f"t{n:02}", 1000, 1000) for n in range(39)),
    )
    return _finished(objects, rows, caveats=("replication_active",))


def _incomplete() -> FinishedEvent:
    rows = _lines(
        table("shop", "orders", 1_204_331, 1_204_331, rows=0),
        table("shop", "audit", None, None, result="incomplete", message="the table has no primary key"),
        table("shop", "sessions", None, None, result="incomplete", message="the table is larger than 100 million rows"),
        level="contents",
    )
    return _finished(rows, labels={})


_EVENTS: Final[dict[Verdict, Callable[[], FinishedEvent]]] = {
    "consistent": _consistent,
    "inconsistent": _inconsistent,
    "incomplete": _incomplete,
    "failed": lambda: _finished(
        _equal_objects(), _lines(status="FAILED", error="Failed to connect to the destination database: time-out")
    ),
    "cancelled": lambda: _finished(_lines(status="CANCELLED", level="contents"), seconds=95),
    "timed_out": lambda: _finished(
        _equal_objects(), _lines(table("shop", "orders", 5, 5), status="TIMEOUT_INTERRUPT"), seconds=3_905
    ),
    "superseded": lambda: _finished(
        _ended("superseded", None, "the overview shows the task bfcdc4d9 and ours can't be read by its id"), seconds=61
    ),
    "rejected": lambda: _finished(
        _ended("rejected", "DRS.M00304", "The job status is not supported."), labels=None, audience=None, seconds=3.2
    ),
    "expired": lambda: _finished(
        Outcome(
            level="objects",
            verdict="expired",
            at=_ACCEPTED + 21_600,
            task_id="task-of-objects",
            status="RUNNING",
            error_msg="the deadline passed while DRS was still at it (objects: RUNNING)",
            retryable=True,
            caveats=("still_running",),
        ),
        seconds=21_600,
    ),
}
