"""One task, from its databases to its findings. Runs in a thread."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from functions.comparer.core.allowance import Connections
from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.compare_lines import compare_lines
from functions.comparer.core.compare_objects import compare_objects
from functions.comparer.core.engine import Stop, Stopped
from functions.comparer.core.options import Options
from functions.comparer.core.results import ContentsResult, LinesResult, ObjectsResult
from functions.comparer.jobs import Job
from functions.comparer.tasks.closing import closed_lines
from functions.comparer.tasks.recording import Recording
from functions.comparer.tasks.store import Item, Task
from functions.comparer.tasks.stored import DATABASES, TYPES, differences_part, objects_part, tables_part
from functions.pipeline.drs_models import FAILED, SUCCESSFUL

__all__ = ["DATABASES", "TYPES", "Outcome", "differences_part", "objects_part", "perform", "tables_part"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a task ended, and what it found until then. `items` None: that has been recorded while it ran."""

    status: str
    error: str | None
    items: tuple[Item, ...] | None


def perform(
    task: Task, job: Job, connections: Connections, stop: Stop, recording: Recording | None, lines: LinesResult
) -> Outcome:
    """Compare. Never raises: what goes wrong is the outcome. A stopped comparison keeps what it has.

    `connections`: how many a comparison of values has; the others have one a side.
    `recording`: where the comparison of values puts what it finds, and only that one; `lines`: where that of rows does.
    """
    if recording:
        return _perform_contents(task, job, connections, stop, recording)
    try:
        if task.level == "objects":
            found = compare_objects(job.source, job.target, job.databases, stop)
            return _outcome(found.failures, found.remarks, _of_objects(found))
        compare_lines(job.source, job.target, job.databases, task.scope, stop, lines)
    except Stopped:
        return _outcome(("The comparison was stopped.",), (), lines_items(lines, FAILED))
    except Exception as error:  # noqa: BLE001 (a defect or a full disk must end this task, not the service)
        _log.exception("comparison task %s of job %s failed", task.id, task.job_id)
        return _outcome(
            (f"The comparison failed unexpectedly ({type(error).__name__}).",), (), lines_items(lines, FAILED)
        )
    return _outcome(lines.failures, lines.remarks, lines_items(lines, FAILED))


def _perform_contents(task: Task, job: Job, connections: Connections, stop: Stop, recording: Recording) -> Outcome:
    found = ContentsResult()
    try:
        progress = recording.progressed
        compare_contents(
            job.source, job.target, job.databases, task.scope, stop, found, recording, progress,
            options=_options(task, job), connections=connections,
        )  # fmt: skip
        recording.settle(found)
    except Stopped:
        return Outcome(FAILED, "The comparison was stopped.", None)
    except sqlite3.Error as error:
        _log.exception("what comparison task %s of job %s found can't be stored", task.id, task.job_id)
        return Outcome(FAILED, f"The result can't be stored: {error}.", None)
    except Exception as error:  # noqa: BLE001 (a defect or a full disk must end this task, not the service)
        _log.exception("comparison task %s of job %s failed", task.id, task.job_id)
        return Outcome(FAILED, f"The comparison failed unexpectedly ({type(error).__name__}).", None)
    status = FAILED if found.failures else SUCCESSFUL
    return Outcome(status, "; ".join([*found.failures, *found.remarks]) or None, None)


def _options(task: Task, job: Job) -> Options:
    """How the job's values are compared, and what the task asks for besides (options of drs_03_0243)."""
    asked = task.options or {}
    changes: dict[str, Any] = {}
    if asked.get("lobCompare") in {"ignore", "length"}:
        changes["lob"] = asked["lobCompare"]
    if asked.get("contentCompareType") == "static":
        changes["settle"] = 0.0
    return replace(job.options, **changes)


def _outcome(failures: Sequence[str], remarks: Sequence[str], items: Iterator[Item]) -> Outcome:
    return Outcome(FAILED if failures else SUCCESSFUL, "; ".join([*failures, *remarks]) or None, tuple(items))


def _of_objects(found: ObjectsResult) -> Iterator[Item]:
    for entry in found.types:
        yield (
            TYPES,
            {
                "type": entry.type,
                "source": entry.source_count,
                "target": entry.target_count,
                "result": int(entry.result),
                "differences": entry.differences,
            },
        )
        for detail in entry.details:
            yield (
                objects_part(entry.type),
                {
                    "source_db": detail.source_db,
                    "target_db": detail.target_db,
                    "source": detail.source,
                    "target": detail.target,
                    "result": int(detail.result),
                },
            )


def lines_items(found: LinesResult, status: str) -> Iterator[Item]:
    """What a row comparison has found by now, as it is kept of a task that ends with this status."""
    for database in tuple(found.databases):
        # The result before the tables: once it is final they are all there, also while the comparison still runs.
        body: Mapping[str, Any] = {
            "source_db": database.source_db,
            "target_db": database.target_db,
            "result": str(database.result),
            "message": database.message,
            "trouble": database.trouble,
        }
        tables = tuple(database.tables)
        yield DATABASES, closed_lines(body, [str(table.result) for table in tables], status)
        for table in tables:
            yield (
                tables_part(database.source_db),
                {
                    "table": table.table,
                    "source_rows": table.source_rows,
                    "target_rows": table.target_rows,
                    "result": str(table.result),
                    "message": table.message,
                    "trouble": table.trouble,
                },
            )
