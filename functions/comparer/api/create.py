"""POST create-compare-task (drs_03_0136), and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from functions.comparer.api.errors import ApiError
from functions.comparer.jobs import Job
from functions.comparer.tasks.life import Tasks
from functions.comparer.tasks.wanted import Created, DataWanted
from functions.pipeline.drs_models import (
    JOB_READY,
    CompareObjectInfo,
    CreateComparisonTask,
    CreateComparisonTaskAnswer,
    CreateResult,
    DataLevelCompareInfo,
    conflicts,
)

MOST_NAMES: Final = 10_000
"""How many databases and tables together one request may name: whoever wants more of them wants all."""

_INFO = "data_level_compare_info."


def create(asked: CreateComparisonTask, job: Job, tasks: Tasks, language: str) -> CreateComparisonTaskAnswer:
    """Create what is asked for. Raises `ApiError` where nothing is; a part that is refused alone carries its error.

    Both parts empty: the page says that then "only the created comparison task list is queried", but its answer has no
    field for a list: the answer is the job's id, nothing is created, and the state of the job doesn't matter. With
    compare_mode quick_comparison every table is compared, whatever compare_object_infos names.
    """
    data = asked.data_level_compare_info
    if not (asked.object_level_compare_type or data):
        return CreateComparisonTaskAnswer(job_id=job.id)
    check_job(job)
    if data:
        _check_data(bool(asked.object_level_compare_type), data)
    wanted = _wanted(data) if data else None
    created = tasks.create(job.id, objects=bool(asked.object_level_compare_type), data=wanted)
    tasks.tick()
    return CreateComparisonTaskAnswer(
        job_id=job.id,
        object_level_compare_create_result=CreateResult(compare_task_id=created.objects) if created.objects else None,
        data_level_compare_create_result=_data_result(created, language) if data else None,
    )


def check_job(job: Job) -> None:
    """Whether the job may be compared. Raises `ApiError`: DRS.M00307 a parent, DRS.M00304 not in the right state."""
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


def scope_of(objects: Sequence[CompareObjectInfo] | None, field: str) -> dict[str, list[str] | None] | None:
    """Source database names, each with its tables or None for all of them; None: everything.

    A database that is listed twice gets the tables of both; an entry without tables is all of them. Raises `ApiError`
    DRS.M00305, naming the `field`, for more than `MOST_NAMES` names of databases and tables together.
    """
    named = sum(1 + len(entry.table_name or ()) for entry in objects or ())
    if named > MOST_NAMES:
        reason = f"{field}: it names {named:,} databases and tables; allowed: {MOST_NAMES:,} together"
        raise ApiError("DRS.M00305", reason=reason)
    scope: dict[str, list[str] | None] = {}
    for entry in objects or ():
        before = scope.get(entry.db_name, [])
        both = None if entry.table_name is None or before is None else [*before, *entry.table_name]
        scope[entry.db_name] = both
    return scope or None


def _wanted(data: DataLevelCompareInfo) -> DataWanted:
    """What is asked for; quick_comparison is every table, whatever else is named."""
    scope = None if data.compare_mode else scope_of(data.compare_object_infos, _INFO + "compare_object_infos")
    return DataWanted(data.compare_type, scope, data.starts_at, cancel=data.conflict_policy == "cancel")


def _data_result(created: Created, language: str) -> CreateResult:
    """The data-level part. With `keep`, an unfinished task is an error that names it: nothing new was created."""
    if created.data:
        return CreateResult(compare_task_id=created.data)
    reason = f"{_INFO}conflict_policy: keep, and comparison task {created.kept} is unfinished"
    refusal = ApiError("DRS.M00305", reason=reason)
    return CreateResult(error_code=refusal.code, error_msg=refusal.message(language))
