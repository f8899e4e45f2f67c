"""What a direct comparison of two databases found, in the words of the finished event. Pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from functions.comparer.compare import Comparison as Found
from functions.comparer.results import DatabaseLines, DataResult, ObjectResult, ObjectsResult, TableLines, TypeResult
from functions.pipeline.comparison import Comparison, DatabaseLine, Outcome, Result, TableLine, TypeCount, Verdict
from functions.pipeline.messages import LEVELS, Request
from functions.pipeline.summary import next_step, summary
from functions.pipeline.verdict import overall

_RESULTS: dict[ObjectResult, Result] = {
    ObjectResult.CONSISTENT: "consistent",
    ObjectResult.INCONSISTENT: "inconsistent",
    ObjectResult.INCOMPLETE: "incomplete",
}
_DIFFERENT = {DataResult.INCONSISTENT, DataResult.TARGET_DB_MISSING}


@dataclass(frozen=True)
class Report:
    """A verdict, and all that led to it: the JSON object that `parity compare --json` prints."""

    verdict: Verdict
    content: dict[str, Any]


def report_of(found: Found) -> Report:
    """The verdict of a direct comparison, its sentence, and what differs; nothing is cut."""
    outcomes = [o for o in (_objects(found.objects), _lines(found)) if o is not None]
    verdict = overall(o.verdict for o in outcomes)
    by_level = {o.level: o for o in outcomes}
    content = {
        "verdict": verdict,
        "summary": summary(_as_comparison(outcomes)),
        "levels": {level: by_level[level].verdict if level in by_level else "not_requested" for level in LEVELS},
        "caveats": ["objects_only"] if list(by_level) == ["objects"] else [],
        "errors": [*found.failures, *found.remarks],
        "next_step": next_step(verdict, None) if verdict == "inconsistent" else None,
        "objects": {"types": [t.model_dump() for t in by_level["objects"].types]} if "objects" in by_level else None,
        "data": _data(by_level["lines"]) if "lines" in by_level else None,
    }
    return Report(verdict, {name: value for name, value in content.items() if value is not None})


def _as_comparison(outcomes: Iterable[Outcome]) -> Comparison:
    """The comparison that a pipeline would have made of it: what the sentence is written from."""
    levels = {o.level for o in outcomes}
    request: dict[str, Any] = {"job_id": "direct"}
    if "objects" in levels:
        request["object_level_compare_type"] = "objects"
    if "lines" in levels:
        request["data_level_compare_info"] = {
            "conflict_policy": "keep", "compare_type": "lines", "compare_mode": "quick_comparison",
        }  # fmt: skip
    return Comparison(
        comparison_id="direct",
        project_id="",
        request=Request.model_validate(request),
        accepted_at=0,
        deadline_at=0,
        outcomes=tuple(outcomes),
    )


def _objects(found: ObjectsResult | None) -> Outcome | None:
    if found is None:
        return None
    results = [_RESULTS[t.result] for t in found.types]
    return Outcome(
        level="objects",
        verdict=_verdict(results, failures=found.failures),
        at=0,
        types=tuple(_type(t) for t in found.types),
        compared=len(results),
        inconsistent=results.count("inconsistent"),
        incomplete=results.count("incomplete"),
    )


def _type(found: TypeResult) -> TypeCount:
    wrong = [d for d in found.details if d.result is not ObjectResult.CONSISTENT]
    uncertain = [d for d in wrong if d.result is ObjectResult.INCOMPLETE]
    differing = [d for d in wrong if d.result is ObjectResult.INCONSISTENT]
    return TypeCount(
        type=found.type,
        source_count=found.source_count,
        target_count=found.target_count,
        result=_RESULTS[found.result],
        only_in_source=tuple(d.source for d in differing if d.source is not None and d.target is None),
        only_in_target=tuple(d.target for d in differing if d.target is not None and d.source is None),
        different=tuple(d.source for d in differing if d.source is not None and d.target is not None),
        not_compared=tuple(d.source or d.target or "" for d in uncertain),
    )


def _lines(found: Found) -> Outcome | None:
    if found.lines is None:
        return None
    databases = [_database(d) for d in found.lines.databases]
    tables = [_table(d, t) for d in found.lines.databases for t in d.tables]
    results = [t.result for t in tables] + [d.result for d in databases]
    return Outcome(
        level="lines",
        verdict=_verdict(
            results if tables else [r for r in results if r != "consistent"], failures=found.lines.failures
        ),
        at=0,
        databases=tuple(databases),
        tables=tuple(tables),
        compared=sum(t.result != "incomplete" for t in tables),
        inconsistent=sum(t.result == "inconsistent" for t in tables),
        incomplete=sum(t.result == "incomplete" for t in tables),
    )


def _database(found: DatabaseLines) -> DatabaseLine:
    results = [_data_result(t.result) for t in found.tables]
    return DatabaseLine(
        source_db=found.source_db,
        target_db=found.target_db,
        tables=len(results),
        inconsistent=results.count("inconsistent"),
        incomplete=results.count("incomplete"),
        result=_data_result(found.result),
    )


def _table(database: DatabaseLines, found: TableLines) -> TableLine:
    known = found.source_rows is not None and found.target_rows is not None
    return TableLine(
        source_db=database.source_db,
        source_table=found.table,
        target_db=database.target_db,
        target_table=found.table,
        source_rows=found.source_rows,
        target_rows=found.target_rows,
        difference_rows=abs((found.source_rows or 0) - (found.target_rows or 0)) if known else None,
        result=_data_result(found.result),
        message=found.message,
    )


def _data_result(found: DataResult) -> Result:
    if found in _DIFFERENT:
        return "inconsistent"
    return "consistent" if found is DataResult.CONSISTENT else "incomplete"


def _verdict(results: Iterable[Result], *, failures: Iterable[str]) -> Verdict:
    """A found difference outranks everything; what could not be read makes the rest worth nothing."""
    seen = set(results)
    if "inconsistent" in seen:
        return "inconsistent"
    if any(failures):
        return "failed"
    return "consistent" if seen == {"consistent"} else "incomplete"


def _data(outcome: Outcome) -> dict[str, Any]:
    totals = {name: getattr(outcome, name) for name in ("compared", "inconsistent", "incomplete")}
    return {
        "level": outcome.level,
        "totals": totals,
        "databases": [d.model_dump() for d in outcome.databases],
        "tables": [t.model_dump(exclude_none=True) for t in outcome.tables],
    }
