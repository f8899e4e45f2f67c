"""The result file: POST and GET compare/result/file (drs_03_0258, 0262).

A task has one file at most, whoever asked for it; it can be had for seven days, and be asked for again at any time.
Every task that has ended has one: what a cancelled or failed one found stays worth seeing.
"""

from __future__ import annotations

from collections.abc import Mapping

from functions.comparer.api.bodies import json_object, read_fields, read_model
from functions.comparer.api.errors import ApiError
from functions.comparer.export.life import Exports, ResultFile
from functions.comparer.jobs import Job
from functions.comparer.tasks.store import Level, Store, Task
from functions.pipeline.drs_models import ExportRequest, parse_time_zone

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LEVELS: Mapping[str, Level] = {"contents": "contents", "lines": "lines", "objects_comparison": "objects"}
_REASON = "{} is not done here; allowed: " + ", ".join(sorted(_LEVELS))
_FIELDS = ("compare_type", "compare_job_id")
_MOST_REGION = 64


def export(exports: Exports, store: Store, job: Job, region: str | None, body: bytes) -> None:
    """Begin to write a task's file; the answer is 200 and ``""``. While one is being written, nothing happens.

    `region`: the header, which any region's name fills. Raises `ApiError`: DRS.M00201 without it or without the id of a
    data-level task, DRS.10000010 where there is no such task, DRS.M00304 where it has not ended.
    """
    if not region:
        raise ApiError("DRS.M00201", "Region")
    if len(region) > _MOST_REGION or not region.isprintable():
        raise ApiError("DRS.M00202", "Region", "it must be the name of a region")
    asked = read_model(ExportRequest, body)
    task = _task(store, job, asked)
    if task.ended_at is None:
        raise ApiError("DRS.M00304")
    exports.start(task, job, asked.compare_type, parse_time_zone(asked.time_zone))


def download(exports: Exports, store: Store, job: Job, query: Mapping[str, str], body: bytes) -> ResultFile:
    """The file. The query says which; the body that the page also describes counts where the query says nothing.

    Raises `ApiError`: DRS.10000010 where there is none, or none any more.
    """
    said = {name: query[name] for name in _FIELDS if query.get(name)}
    if body and len(said) < len(_FIELDS):
        said = {**json_object(body), **said}
    asked = read_fields(ExportRequest, said)
    found = exports.file(_task(store, job, asked).id)
    if found is None:
        raise ApiError("DRS.10000010")
    return found


def _task(store: Store, job: Job, asked: ExportRequest) -> Task:
    """The task that is meant: of objects, the latest unless an id is given."""
    level = _LEVELS.get(asked.compare_type)
    if level is None:
        raise ApiError("DRS.M00202", "compare_type", _REASON.format(asked.compare_type))
    if asked.compare_job_id:
        task = store.task(asked.compare_job_id)
    elif level == "objects":
        task = next(iter(store.tasks(job.id, [level], 1)), None)
    else:
        raise ApiError("DRS.M00201", "compare_job_id")
    if task is None or task.job_id != job.id or task.level != level:
        raise ApiError("DRS.10000010")
    return task
