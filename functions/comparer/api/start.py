"""The newer way of creating: POST object/compare and table/compare (drs_03_0255, 0243), and start promptly (0245)."""

from __future__ import annotations

from collections.abc import Mapping

from functions.comparer.api.create import check_job, scope_of
from functions.comparer.api.errors import ApiError
from functions.comparer.jobs import Job
from functions.comparer.tasks.life import DATA_LEVELS, Tasks
from functions.comparer.tasks.store import Level, Store
from functions.comparer.tasks.wanted import DataWanted
from functions.pipeline.drs_models import Answer, CreateDataTask, CreatedDataTask, CreateObjectTask, parse_start_time

_MODE = "quick_comparison"
# What each option may be. Without `static`, rows that differ in data that moves are read again before they count.
_OPTIONS: Mapping[Level, Mapping[str, tuple[str, ...]]] = {
    "lines": {"comparePolicy": ("normal",)},
    "contents": {"contentCompareType": ("static",), "lobCompare": ("ignore", "length")},
}
_WITHOUT_LOBS = "SQLite"
_NOT_HERE = {
    "compare_object_with_token": "tokens are for Cassandra; use compare_object",
    "compare_transformation_infos": "rows can't be filtered; all rows of a table are compared",
    "proportion_value": "it is for random sampling; all rows are compared",
}


def create_objects(_: CreateObjectTask, job: Job, store: Store, tasks: Tasks) -> Answer:
    """POST object/compare: 202 and an empty object; the overview will show the task. Raises `ApiError`.

    While an object-level comparison of the job is unfinished, another is refused with DRS.10000024: without an id in
    the answer, nobody could tell them apart. `compare_task_num` is a hint for other engines.
    """
    check_job(job)
    if store.unfinished_of(job.id, ["objects"]):
        raise ApiError("DRS.10000024")
    tasks.create(job.id, objects=True, data=None)
    tasks.tick()
    return Answer()


def create_data(asked: CreateDataTask, job: Job, tasks: Tasks) -> CreatedDataTask:
    """POST table/compare: 200 and the new task's id. Raises `ApiError`; DRS.10000024 while another is unfinished.

    A start time in the past is now. `compare_task_num` is a hint for other engines. With compare_mode quick_comparison
    every table is compared, whatever compare_object names.
    """
    check_job(job)
    level = _checked(asked)
    options = {name: value for name, value in (asked.options or {}).items() if value}
    if "lobCompare" in options and job.source.engine == job.target.engine == _WITHOUT_LOBS:
        raise ApiError("DRS.M00202", "options.lobCompare", f"{_WITHOUT_LOBS} has no types of large objects")
    start = parse_start_time(asked.start_time)
    scope = None if asked.compare_mode else scope_of(asked.compare_object, "compare_object")
    wanted = DataWanted(level, scope, start, cancel=False, options=options or None)
    created = tasks.create(job.id, objects=False, data=wanted)
    if created.data is None:
        raise ApiError("DRS.10000024")
    tasks.tick()
    return CreatedDataTask(id=created.data)


def start_promptly(store: Store, tasks: Tasks, job: Job, task_id: str) -> Answer:
    """POST table/compare/{compare_job_id}: 200 and an empty object. Raises `ApiError`.

    DRS.M00202 for what isn't a data-level task of this job that waits for its start.
    """
    task = store.task(task_id)
    if task is None or task.job_id != job.id or task.level not in DATA_LEVELS:
        raise ApiError("DRS.M00202", "jobId", "no data-level comparison of this job")
    if not tasks.start_promptly(task):
        raise ApiError("DRS.M00202", "jobId", f"the comparison is {task.status}; allowed: WAITING_FOR_RUNNING")
    tasks.tick()
    return Answer()


def _checked(asked: CreateDataTask) -> Level:
    if asked.type == "random":
        raise ApiError("DRS.M00202", "type", "random sampling is for GaussDB; allowed: contents, lines")
    for field, reason in _NOT_HERE.items():
        given = getattr(asked, field)
        if given is not None and given != []:
            raise ApiError("DRS.M00202", field, reason)
    for option, value in (asked.options or {}).items():
        if value and value not in _OPTIONS[asked.type].get(option, ()):
            allowed = (f"{name}={' or '.join(values)}" for name, values in _OPTIONS[asked.type].items())
            raise ApiError("DRS.M00202", f"options.{option}", f"allowed for {asked.type}: {', '.join(allowed)}")
    if not (asked.compare_object or asked.compare_mode):
        raise ApiError(
            "DRS.M00305", reason=f"compare_object: must name at least one database unless compare_mode is '{_MODE}'"
        )
    return asked.type
