"""Shows a finished event to people: its verdict, what it says, and what differs."""

import json
from collections.abc import Mapping
from typing import Any

from functions.local.rendering import DIM, Screen, verdict_style
from functions.local.rendering_differences import show_differences

MOST_NAMES = 10
"""Names or tables of a kind; the event itself has more."""

_SHOWN = ("verdict", "summary", "levels", "drs_tasks", "caveats", "polls", "duration_seconds", "next_step")
_LEFT_OUT = "…"


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
    lists = [f"{json.dumps(name)}: {{{_LEFT_OUT}}}" for name in ("objects", "data") if name in data]
    for name in ("specversion", "type", "id", "source", "time"):
        screen.line(
            "{" if name == "specversion" else " ", f"{json.dumps(name)}: {json.dumps(event.get(name))},", hang=3
        )
    for position, (name, value) in enumerate(kept.items()):
        start = ' "data": {' if position == 0 else "          "
        screen.line(start, json.dumps(name), ": ", json.dumps(value, ensure_ascii=False), ",", hang=12)
    screen.line("          ", ", ".join([*lists, _LEFT_OUT]), "}}", (f"   {_LEFT_OUT} left out here", DIM))
