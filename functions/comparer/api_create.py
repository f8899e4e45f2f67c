"""POST create-compare-task (drs_03_0136), and what it refuses."""

from __future__ import annotations

from functions.comparer.api_errors import ApiError
from functions.comparer.jobs import Job
from functions.comparer.store import Level
from functions.comparer.tasks import Created, DataWanted, Tasks
from functions.pipeline.drs_models import (
    JOB_READY,
    CreateComparisonTask,
    CreateComparisonTaskAnswer,
    CreateResult,
    DataLevelCompareInfo,
    conflicts,
)

_INFO = "data_level_compare_info."
_LEVELS: dict[str, Level] = {"lines": "lines"}


def create(asked: CreateComparisonTask, job: Job, tasks: Tasks, language: str) -> CreateComparisonTaskAnswer:
    """Create what is asked for. Raises `ApiError` where nothing is; a part that is refused alone carries its error.

    Both parts empty: the page says that then "only the created comparison task list is queried", but its answer has no
    field for a list: the answer is the job's id, nothing is created, and the state of the job doesn't matter.
    """
    data = asked.data_level_compare_info
    if not (asked.object_level_compare_type or data):
        return CreateComparisonTaskAnswer(job_id=job.id)
    _check_job(job)
    if data:
        _check_data(bool(asked.object_level_compare_type), data)
    supported = _LEVELS.get(data.compare_type) if data else None
    wanted = _wanted(data, supported) if data and supported else None
    created = tasks.create(job.id, objects=bool(asked.object_level_compare_type), data=wanted)
    tasks.tick()
    return CreateComparisonTaskAnswer(
        job_id=job.id,
        object_level_compare_create_result=CreateResult(compare_task_id=created.objects) if created.objects else None,
        data_level_compare_create_result=_data_result(data, created, language) if data else None,
    )


def _check_job(job: Job) -> None:
    if job.parent:
        raise ApiError("DRS.M00307")
    if job.state != JOB_READY:
        raise ApiError("DRS.M00304")


def _check_data(objects: bool, data: DataLevelCompareInfo) -> None:
    for field, message in conflicts(objects, data):
        raise ApiError("DRS.M00305", reason=f"{field}: {message}")
    if data.compare_object_infos_with_token:
        reason = "tokens are for Cassandra; use compare_object_infos"
        raise ApiError("DRS.M00202", _INFO + "compare_object_infos_with_token", reason)


def _wanted(data: DataLevelCompareInfo, level: Level) -> DataWanted:
    scope: dict[str, list[str] | None] = {}
    for entry in data.compare_object_infos or ():
        before = scope.get(entry.db_name, [])
        both = None if entry.table_name is None or before is None else [*before, *entry.table_name]
        scope[entry.db_name] = both
    return DataWanted(level, scope or None, data.starts_at, cancel=data.conflict_policy == "cancel")


def _data_result(data: DataLevelCompareInfo, created: Created, language: str) -> CreateResult:
    """The data-level part. With `keep`, an unfinished task is an error that names it: nothing new was created."""
    if created.data:
        return CreateResult(compare_task_id=created.data)
    if created.kept:
        reason = f"{_INFO}conflict_policy: keep, and comparison task {created.kept} is unfinished"
        refusal = ApiError("DRS.M00305", reason=reason)
    else:
        reason = f"{data.compare_type!r} is not supported by this release; allowed: {', '.join(sorted(_LEVELS))}"
        refusal = ApiError("DRS.M00202", _INFO + "compare_type", reason)
    return CreateResult(error_code=refusal.code, error_msg=refusal.message(language))
