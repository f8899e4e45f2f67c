"""The events: CloudEvents 1.0 in structured JSON, at most 64 KiB, with the attributes that subscribers filter by.

Source: CloudEvents specification 1.0, "JSON event format" and "Size limits". Pure functions.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from functions.pipeline.comparison import Comparison, Outcome, TableLine, Task, Verdict
from functions.pipeline.messages import LEVELS, FieldError, comparison_id_of, json_text
from functions.pipeline.summary import left_out, next_step, reasons, summary
from functions.pipeline.trace_context import traced
from functions.pipeline.verdict import overall

STARTED = "parity.comparison.started.v1"
FINISHED = "parity.comparison.finished.v1"
INVALID = "parity.request.invalid.v1"
#: The size that every intermediary must forward (CloudEvents 1.0, Size limits).
MAX_BYTES = 64 * 1024
_ATTRIBUTES = ("verdict", "job_id", "project_id", "audience")
_ATTRIBUTE_VALUE = re.compile(r"[\x21-\x7e]{1,256}")

Json = dict[str, Any]


def started(comparison: Comparison, now: float) -> str:
    """The DRS tasks of a comparison exist."""
    return _event(comparison, STARTED, "started", now, _who(comparison) | {"drs_tasks": _tasks(comparison)})


def finished(comparison: Comparison, now: float, *, steps: int, caveats: Iterable[str] = ()) -> tuple[Verdict, str]:
    """The verdict of a comparison of which every requested level has an outcome, and its one terminal event."""
    verdict = overall(o.verdict for o in comparison.outcomes)
    worst = next(o for o in comparison.outcomes if o.verdict == verdict)
    by_level = {o.level: o for o in comparison.outcomes}
    found = [*dict.fromkeys([c for o in comparison.outcomes for c in o.caveats] + list(caveats))]
    data: Json = _who(comparison) | {
        "verdict": verdict,
        "summary": summary(comparison),
        "levels": {level: by_level[level].verdict if level in by_level else "not_requested" for level in LEVELS},
        "left_out": left_out(comparison.request),
        "reasons": reasons(comparison),
        "drs_tasks": _tasks(comparison),
        "caveats": found + _general_caveats(comparison),
        "started_at": iso_time(comparison.created_at),
        "finished_at": iso_time(now),
        "duration_seconds": round(now - comparison.accepted_at, 3),
        "steps": steps,
        "polls": comparison.polls,
        "error_code": worst.error_code,
        "error_msg": worst.error_msg,
        "retryable": worst.retryable if worst.error_code or worst.error_msg else None,
        "next_step": next_step(verdict, worst.error_code),
        "objects": _objects(by_level["objects"]) if "objects" in by_level else None,
        "data": next((_data(o) for o in comparison.outcomes if o.level != "objects"), None),
    }
    return verdict, _event(comparison, FINISHED, "finished", now, data)


def invalid(
    *,
    request_id: str,
    body: Json,
    errors: Iterable[FieldError],
    message_id: str,
    now: float,
    traceparent: str | None = None,
) -> str:
    """A queue message that can't become a comparison but names itself: why, field by field.

    `message_id` is the queue message's: two different messages with one request id are two events.
    """
    comparison_id, project_id = comparison_id_of(request_id), _project(body.get("project_id"))
    data = {
        "request_id": request_id,
        "job_id": _plain(body.get("job_id")),
        "project_id": project_id,
        "audience": _plain(body.get("audience")),
        "errors": [e.model_dump() for e in errors][:50],
        "retryable": False,
        "next_step": "Correct the named fields and send the request again with a new request id.",
    }
    source = f"urn:parity:{project_id or 'unknown'}"
    return fitted(
        envelope(f"{comparison_id}:invalid:{message_id}", source, comparison_id, INVALID, now, data, traceparent)
    )


def attributes(event: str) -> dict[str, str]:
    """The message attributes of an event; each only where its value is a valid attribute."""
    document = json.loads(event)
    found = {"type": document["type"]} | {name: document["data"].get(name) for name in _ATTRIBUTES}
    return {k: v for k, v in found.items() if isinstance(v, str) and _ATTRIBUTE_VALUE.fullmatch(v)}


def _who(comparison: Comparison) -> Json:
    request = comparison.request
    return {
        "comparison_id": comparison.comparison_id,
        "request_id": request.request_id,
        "project_id": comparison.project_id,
        "job_id": request.job_id,
        "audience": request.audience,
        "labels": request.labels or {},
        "accepted_at": iso_time(comparison.accepted_at),
        "deadline_at": iso_time(comparison.deadline_at),
    }


def _tasks(comparison: Comparison) -> list[Json]:
    outcomes = {o.level: o for o in comparison.outcomes}
    return [_task(t, outcomes.get(t.level)) for t in sorted(comparison.tasks, key=lambda t: LEVELS.index(t.level))]


def _task(task: Task, outcome: Outcome | None) -> Json:
    return {
        "level": task.level,
        "compare_task_id": task.task_id,
        "origin": task.origin,
        "status": (outcome.status if outcome else "") or task.status or None,
        "verdict": outcome.verdict if outcome else None,
    }


def _general_caveats(comparison: Comparison) -> list[str]:
    asked = comparison.request.levels
    return ["objects_only"] if asked == ("objects",) else []


def _objects(outcome: Outcome) -> Json:
    return {
        "types": [
            {
                "type": t.type,
                "source_count": t.source_count,
                "target_count": t.target_count,
                "result": t.result,
                "only_in_source": list(t.only_in_source),
                "only_in_target": list(t.only_in_target),
                "different": list(t.different),
                "not_compared": list(t.not_compared),
                "omitted": t.omitted,
            }
            for t in outcome.types
        ],
        "types_omitted": 0,
    }


def _data(outcome: Outcome) -> Json:
    return {
        "level": outcome.level,
        "totals": {
            "compared": outcome.compared,
            "inconsistent": outcome.inconsistent,
            "incomplete": outcome.incomplete,
        },
        "databases": [d.model_dump() for d in outcome.databases],
        "databases_omitted": 0,
        "tables": [_table(t) for t in outcome.tables],
        "tables_omitted": outcome.tables_omitted,
    }


def _table(line: TableLine) -> Json:
    return line.model_dump(exclude_none=True, exclude=None if line.rows else {"rows", "rows_omitted"})


def _event(comparison: Comparison, kind: str, suffix: str, now: float, data: Json) -> str:
    source, subject = f"urn:parity:{comparison.project_id}", comparison.comparison_id
    return fitted(envelope(f"{subject}:{suffix}", source, subject, kind, now, data, comparison.traceparent))


def envelope(
    event_id: str, source: str, subject: str, kind: str, now: float, data: Json, traceparent: str | None = None
) -> Json:
    """A CloudEvent over `data`, whose nulls are left out."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": iso_time(now),
        "datacontenttype": "application/json",
        **traced(traceparent),
        "data": {name: value for name, value in data.items() if value is not None},
    }


def fitted(event: Json) -> str:
    """The event as text, within the size: equal entries go first, then lists are cut; totals, labels, ids never."""
    text = json_text(event)
    for shrink in (_drop_equal, *(_cut(n) for n in (50, 20, 10, 5, 2, 0))):
        if len(text.encode()) <= MAX_BYTES:
            break
        shrink(event["data"])
        event["data"]["caveats"] = [*dict.fromkeys([*event["data"].get("caveats", []), "truncated"])]
        text = json_text(event)
    return text


def _drop_equal(data: Json) -> None:
    parts: tuple[tuple[Json, tuple[str, ...]], ...] = (
        (data.get("objects", {}), ("types",)),
        (data.get("data", {}), ("tables", "databases")),
    )
    for part, lists in parts:
        for name in lists if part else ():
            kept = [entry for entry in part[name] if entry["result"] != "consistent"]
            part[f"{name}_omitted"] += len(part[name]) - len(kept)
            part[name] = kept


def _cut(most: int) -> Callable[[Json], None]:
    def cut(data: Json) -> None:
        objects: Json = data.get("objects", {})
        _cut_list(objects, "types", most + 20)
        for kind in objects.get("types", ()):
            for name in ("only_in_source", "only_in_target", "different", "not_compared"):
                kind["omitted"] += len(kind[name][most:])
                kind[name] = kind[name][:most]
        for name in ("tables", "databases"):
            _cut_list(data.get("data", {}), name, most)
        for table in data.get("data", {}).get("tables", ()):
            if "rows" in table:
                _cut_list(table, "rows", most // 10)

    return cut


def _cut_list(part: Json, name: str, most: int) -> None:
    if name in part:
        part[f"{name}_omitted"] += len(part[name][most:])
        part[name] = part[name][:most]


def _project(value: Any) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{32}", value) else None


def _plain(value: Any) -> str | None:
    return value if isinstance(value, str) and _ATTRIBUTE_VALUE.fullmatch(value) else None


def iso_time(seconds: float | None) -> str | None:
    """Epoch seconds as events write them: ISO 8601 in UTC, milliseconds."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
