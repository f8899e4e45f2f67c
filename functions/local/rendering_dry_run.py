"""Shows what a dry run tells: what would become of a request, what DRS would be sent, and what the DRS job is doing."""

import json
from collections.abc import Mapping
from typing import Any

from functions.local.rendering import DIM, NEVER, Screen

_COLUMN = 12
"""Wider than every label."""
_STYLES: Mapping[str, str] = {
    "create": "bold green",
    "replace": "bold yellow",
    "wait": "bold yellow",
    "repeat": "bold yellow",
    "unknown": "bold yellow",
}
_WOULD: Mapping[str, str] = {
    "create": "would be created",
    "replace": "would replace another",
    "wait": "would wait",
    "repeat": "would change nothing",
    "unknown": "not known",
    "collide": "would be kept out",
    "refuse": "would be refused",
    "conflict": "would be a conflict",
}


def show_dry_run(screen: Screen, told: Mapping[str, Any]) -> None:
    """Write the answer of a dry run."""
    would = str(told.get("would"))
    head = (_WOULD.get(would, would), _STYLES.get(would, "bold red"))
    screen.line(("dry run: ", DIM), head, f": {told.get('summary', '')}", hang=2)
    levels = told.get("levels") or {}
    for level, one in levels.items():
        word = str(one.get("would"))
        if len(levels) == 1 and word == would:
            break  # its reason is the summary
        _fact(screen, level, f"{_WOULD.get(word, word)}: {one.get('why', '')}")
    _show_job(screen, told.get("drs") or {})
    sent = told.get("drs_request") or {}
    _fact(screen, "to DRS", f"{sent.get('method', '')} {sent.get('url', '')}")
    screen.line((" " * (_COLUMN + 2)), json.dumps(sent.get("body"), ensure_ascii=False), hang=NEVER)


def _show_job(screen: Screen, drs: Mapping[str, Any]) -> None:
    if not drs.get("reachable"):
        _fact(screen, "DRS job", f"not known ({drs.get('reason')}): {drs.get('message')}")
        return
    _fact(screen, "DRS job", str(drs.get("refusal") or drs.get("job_status") or "its state is not known"))
    if drs.get("reason"):
        _fact(screen, "", f"not all could be asked ({drs['reason']}): {drs.get('message')}")
    for task in drs.get("unfinished_tasks") or ():
        _fact(screen, "unfinished", _task(task))
    if latest := drs.get("latest_object_task"):
        _fact(screen, "latest", _task(latest))


def _task(task: Mapping[str, Any]) -> str:
    owner = f", of {task['comparison_id']}" if task.get("comparison_id") else ""
    level, status = task.get("level") or "unknown level", task.get("status") or "no status"
    return f"{level} {task.get('compare_task_id')}: {status}, since {task.get('created_at') or 'unknown'}{owner}"


def _fact(screen: Screen, name: str, value: str) -> None:
    screen.line((f"  {name:<{_COLUMN}}", DIM), value, hang=_COLUMN + 2)
