"""Shows a finished event to people: its verdict, what it says, and what differs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from functions.local.rendering import Screen, verdict_style
from functions.local.rendering_differences import show_differences

MOST_NAMES = 10
"""Names or tables of a kind; the event itself has more."""

_SHOWN = ("verdict", "summary", "levels", "drs_tasks", "caveats", "polls", "duration_seconds", "next_step")
_OF_TASK = ("level", "origin", "status")
_LEFT_OUT = "…"
_WIDTH = 80


def show_event(screen: Screen, event: Mapping[str, Any]) -> None:
    """Write what a finished event says."""
    data = event.get("data", {})
    show_differences(screen, data, most=MOST_NAMES)
    if data.get("caveats"):
        screen.line("caveats  ", ", ".join(map(str, data["caveats"])), hang=9)
    trouble = " ".join(str(data[name]) for name in ("error_code", "error_msg") if data.get(name))
    if trouble:
        screen.line("error    ", trouble, hang=9)
    if data.get("next_step"):
        screen.line("next     ", str(data["next_step"]), hang=9)
    verdict = str(data.get("verdict"))
    screen.line((verdict, verdict_style(verdict)), f": {data.get('summary', '')}", hang=2)


def show_event_abridged(screen: Screen, event: Mapping[str, Any]) -> None:
    """Write an event as JSON, without the lists that were shown by name already; what is left out is marked."""
    data = event["data"]
    kept = {name: data[name] for name in _SHOWN if name in data}
    kept["drs_tasks"] = [{name: task[name] for name in _OF_TASK} for task in data["drs_tasks"]]
    outer = [_member(name, event.get(name)) for name in ("specversion", "type", "id", "source", "time")]
    inner = [_member(name, value) for name, value in kept.items()]
    inner += [f'"{name}": {{{_LEFT_OUT}}}' for name in ("objects", "data") if name in data]
    _packed(screen, "{", outer, ",")
    _packed(screen, ' "data": {', [*inner, _LEFT_OUT], "}}")


def _member(name: str, value: Any) -> str:
    return f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"


def _packed(screen: Screen, start: str, members: Sequence[str], end: str) -> None:
    """Write members, as many to a line as fit."""
    line, indent = start, " " * len(start)
    for position, member in enumerate(members):
        piece = member + ("," if position < len(members) - 1 else end)
        if line.strip("{ ") and len(line) + len(piece) >= _WIDTH:
            screen.line(line.rstrip(), hang=len(indent) + 2)
            line = indent
        line += f"{piece} "
    screen.line(line.rstrip(), hang=len(indent) + 2)
