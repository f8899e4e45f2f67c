"""How a comparison is shown at the status door: from its item in the ledger to JSON. Pure functions."""

import json
from datetime import UTC, datetime
from typing import Any

from functions.pipeline.comparison import Task
from functions.pipeline.ledger import comparison_in


def short_view(item: dict[str, Any]) -> dict[str, Any]:
    """A line in a list of comparisons."""
    return _given(
        {
            "comparison_id": item["comparison_id"],
            "project_id": item["project_id"],
            "job_id": item["job_id"],
            "state": item["state"],
            "verdict": item.get("verdict"),
            "accepted_at": _iso(item["accepted_at"]),
            "finished_at": _iso(item.get("finished_at")),
        }
    )


def full_view(item: dict[str, Any]) -> dict[str, Any]:
    """All that is known of one comparison, and its finished event once there is one."""
    comparison = comparison_in(item)
    tasks = [_task(task) for task in comparison.tasks]
    trouble = comparison.last_trouble
    return short_view(item) | _given(
        {
            "request": comparison.request.model_dump(mode="json", exclude_none=True),
            "deadline_at": _iso(item["deadline_at"]),
            "next_poll_at": _iso(item["next_at"]) if item["state"] != "finished" else None,
            "steps": item["step"],
            "polls": comparison.polls,
            "drs_tasks": tasks,
            "cancel_requested_at": _iso(item.get("cancel_requested_at")),
            "last_trouble": {"code": trouble.code, "message": trouble.message, "at": _iso(trouble.at)}
            if trouble
            else None,
            "event": json.loads(item["event"]) if "event" in item else None,
        }
    )


def _task(task: Task) -> dict[str, Any]:
    compared, tables = task.progress or (None, None)
    return _given(
        {
            "level": task.level,
            "compare_task_id": task.task_id,
            "origin": task.origin,
            "status": task.status or None,
            "tables_compared": compared,
            "tables": tables,
        }
    )


def _given(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if value is not None}


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
