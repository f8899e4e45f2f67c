"""The words for what a function did: from its log line, or the hop of an invocation that wrote none. Pure functions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from functions.local.invocations import Hop
from functions.pipeline.comparison import Comparison, Task

Kind = Literal["plain", "trouble", "verdict"]


@dataclass(frozen=True)
class Words:
    """What came to a function, what became of it, and how it is to be shown."""

    message: str
    answer: str
    kind: Kind = "plain"


_NOTES: Mapping[str, tuple[str, str, Kind]] = {
    "comparison.accepted": ("POST", "202, stored as {id}", "plain"),
    "comparison.rehearsed": ("POST", "200, a dry run: {would}", "plain"),
    "webhook.refused": ("POST", "refused with HTTP {status}", "trouble"),
    "comparison.started": ("request", "DRS took it: {tasks}", "plain"),
    "comparison.polled": ("{step}", "DRS {statuses}", "plain"),
    "comparison.finished": ("{step}", "DRS {statuses}; verdict: {verdict}", "verdict"),
    "comparison.published": ("message", "the stored event is published", "verdict"),
    "comparison.cancel_requested": ("DELETE", "{id} is to stop", "plain"),
    "message.waits": ("message", "waits: {waits}", "plain"),
    "message.dropped": ("message", "dropped: {drops}", "plain"),
    "step.waits": ("{step}", "{trouble}", "trouble"),
    "step.lost": ("{step}", "another worker took over", "trouble"),
    "request.refused": ("request", "refused: {errors}", "trouble"),
    "delivery.done": ("delivery", "{destination} has been told", "plain"),
    "delivery.again": ("delivery", "{destination}, later: {reason}", "trouble"),
}
_WAITS = {"leased": "a worker has it in hand", "early": "it is early", "ahead": "it is ahead of the ledger"}
_DROPS = {
    "stale": "a duplicate, done already",
    "done": "a duplicate, done already",
    "unknown": "nobody knows its comparison",
}


def note_words(note: Mapping[str, Any], comparison: Comparison | None) -> Words | None:
    """The words for one thing that a function noted; `comparison` is what the ledger knows. None: not worth a line."""
    found = _NOTES.get(str(note["message"]))
    if found is None:
        reason = note.get("reason") or note.get("exception_name") or ""
        grave = note.get("level") in {"WARNING", "ERROR", "CRITICAL"}
        return Words("", f"{note['message']} {reason}".strip(), "trouble") if grave else None
    why = str(note.get("why"))
    facts = {
        "id": short(str(note.get("comparison_id"))),
        "tasks": _tasks(comparison),
        "statuses": statuses(comparison),
        "waits": _WAITS.get(why, why),
        "drops": _DROPS.get(why, why),
        "errors": _errors(note.get("errors")),
        "status": note.get("status"),
        "would": note.get("would"),
        "destination": note.get("destination"),
        "reason": note.get("reason"),
        "step": f"step {note['step']}" if note.get("step") else "request",
        "verdict": note.get("verdict"),
        "trouble": f"later: {note['code']}" if note.get("code") else "waits for its turn on the DRS job",
    }
    message, answer, kind = found
    return Words(message.format_map(facts), answer.format_map(facts), kind)


def hop_words(hop: Hop) -> Words:
    """The words for an invocation that did not end by itself."""
    payload = hop.payload if isinstance(hop.payload, Mapping) else {}
    told = {
        "crash": "KILLED",
        "timeout": "KILLED at its time-out",
        "recursion": "stopped: a loop",
        "init_error": "could not start",
    }.get(hop.outcome, "failed")
    detail = "" if hop.outcome in {"crash", "timeout"} else f": {payload.get('errorMessage', '')}"
    return Words(message_of(hop), f"{told}{detail}", "trouble")


def message_of(hop: Hop) -> str:
    """The queue message that an invocation was for, as short as it can be told."""
    records = hop.event.get("Records", []) if isinstance(hop.event, Mapping) else []
    try:
        body = json.loads(records[0]["body"])
        return f"step {body['step']}" if "step" in body else "request"
    except (ValueError, KeyError, IndexError, TypeError):
        return hop.source


def statuses(comparison: Comparison | None) -> str:
    """What DRS said of each task, latest: "objects SUCCESSFUL, lines RUNNING"."""
    if comparison is None:
        return "not known"
    ended = {o.level: o.status or o.verdict.upper() for o in comparison.outcomes}
    told = [f"{level} {ended.get(level) or _seen(comparison.task(level))}" for level in comparison.request.levels]
    return ", ".join(told)


def short(identity: str) -> str:
    """An id as far as people need it to tell two apart."""
    return identity[:12] if identity.startswith("cmp_") else identity[:8]


def _seen(task: Task | None) -> str:
    return (task.status if task else "") or "not asked yet"


def _tasks(comparison: Comparison | None) -> str:
    tasks = comparison.tasks if comparison else ()
    return ", ".join(f"{task.level} {short(task.task_id)}" for task in tasks) or "nothing"


def _errors(errors: Any) -> str:
    return "; ".join(f"{e.get('field')}: {e.get('message')}" for e in errors or () if isinstance(e, Mapping))
