"""What a direct comparison of two databases found, in the words of the finished event. Pure functions."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from functions.comparer.compare import Comparison as Found
from functions.comparer.core.results import ObjectResult, ObjectsResult, TypeResult
from functions.local.compared_data import contents_json, data_json, data_outcome, verdict_of
from functions.pipeline.comparison import Comparison, Outcome, Result, TypeCount, Verdict
from functions.pipeline.messages import LEVELS, Request
from functions.pipeline.summary import next_step, summary
from functions.pipeline.verdict import overall

_RESULTS: dict[ObjectResult, Result] = {
    ObjectResult.CONSISTENT: "consistent",
    ObjectResult.INCONSISTENT: "inconsistent",
    ObjectResult.INCOMPLETE: "incomplete",
}
# That tables were named is all that the sentence needs to know.
_SOME_TABLES = {"db_name": "direct", "table_name": ["direct"]}


@dataclass(frozen=True)
class Report:
    """A verdict, and all that led to it: the JSON object that `parity compare --json` prints."""

    verdict: Verdict
    content: dict[str, Any]


def report_of(found: Found, tables: Collection[str] = ()) -> Report:
    """The verdict of a direct comparison, its sentence, and what differs: all that `found` has.

    `tables`: the only ones whose rows and values were asked for; none: all. `data` has the row counts, `contents` the
    values; each is what an event has under `data`.
    """
    outcomes = [_objects(found.objects)] if found.objects else []
    outcomes += [data_outcome(level) for level in (found.lines, found.contents) if level]
    verdict = overall(o.verdict for o in outcomes)
    by_level = {o.level: o for o in outcomes}
    content = {
        "verdict": verdict,
        "summary": summary(_as_comparison(outcomes, tables)),
        "levels": {level: by_level[level].verdict if level in by_level else "not_requested" for level in LEVELS},
        "caveats": ["objects_only"] if list(by_level) == ["objects"] else [],
        "errors": [*found.failures, *found.remarks],
        "next_step": next_step(verdict, None) if verdict == "inconsistent" else None,
        "objects": {"types": [t.model_dump() for t in by_level["objects"].types]} if "objects" in by_level else None,
        "data": data_json(by_level["lines"]) if "lines" in by_level else None,
        "contents": contents_json(by_level["contents"], found.contents, found.differences) if found.contents else None,
    }
    return Report(verdict, {name: value for name, value in content.items() if value is not None})


def _as_comparison(outcomes: Iterable[Outcome], tables: Collection[str]) -> Comparison:
    """The comparison that a pipeline would have made of it: what the sentence is written from."""
    levels = {o.level for o in outcomes}
    request: dict[str, Any] = {"job_id": "direct"}
    if "objects" in levels:
        request["object_level_compare_type"] = "objects"
    if data := {"lines", "contents"} & levels:
        # Whoever compares values has counted the rows too.
        request["data_level_compare_info"] = {
            "conflict_policy": "keep", "compare_type": min(data),
            **({"compare_object_infos": [_SOME_TABLES]} if tables else {"compare_mode": "quick_comparison"}),
        }  # fmt: skip
    return Comparison(
        comparison_id="direct",
        project_id="",
        request=Request.model_validate(request),
        accepted_at=0,
        deadline_at=0,
        outcomes=tuple(outcomes),
    )


def _objects(found: ObjectsResult) -> Outcome:
    results = [_RESULTS[t.result] for t in found.types]
    return Outcome(
        level="objects",
        verdict=verdict_of(results, failures=found.failures),
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
