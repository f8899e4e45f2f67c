"""The endpoints with a job in their path: overview, object detail, data-level list, cancel; and the states of jobs."""

from __future__ import annotations

from collections.abc import Mapping

from functions.comparer.api.bodies import read_page
from functions.comparer.api.errors import ApiError
from functions.comparer.export.life import Exports, ExportState
from functions.comparer.jobs import Job
from functions.comparer.tasks.life import DATA_LEVELS, Tasks
from functions.comparer.tasks.store import Store, Task
from functions.comparer.tasks.stored import TYPES, objects_part
from functions.pipeline.drs_models import (
    CANCELLED,
    INIT,
    OBJECT_TYPES,
    Answer,
    BatchStatusAnswer,
    BatchStatusRequest,
    DataTask,
    DataTaskPage,
    JobState,
    ObjectDetail,
    ObjectDetailPage,
    ObjectOverview,
    ObjectTypeCount,
    PageRequest,
    iso_utc,
)

_NO_REPORT = -1
_EVERYTHING = -1
# EXTENSIONS is counted in the overview but has no detail page (drs_03_0257).
_DETAILED = frozenset(OBJECT_TYPES) - {"EXTENSIONS"}


def overview(store: Store, exports: Exports, job: Job) -> ObjectOverview:
    """GET object/compare (drs_03_0256): the latest object-level task.

    Before there is one the page is silent: an answer without task id and status, and with nothing in `compare_result`.
    """
    task = next(iter(store.tasks(job.id, ["objects"], 1)), None)
    if task is None:
        return ObjectOverview(export_status=INIT, report_remain_seconds=_NO_REPORT, compare_result=[])
    file = exports.state(task.id)
    return ObjectOverview(
        create_time=iso_utc(task.created_at),
        start_time=None if task.started_at is None else iso_utc(task.started_at),
        status=task.status,
        export_status=file.status,
        report_remain_seconds=file.remaining,
        compare_job_id=task.id,
        error_msg=task.error,
        compare_result=[
            ObjectTypeCount(
                type=entry["type"],
                source_count=entry["source"],
                target_count=entry["target"],
                status=entry["result"],
            )
            for entry in store.page(task.id, TYPES, _EVERYTHING)
        ],
    )


def object_detail(store: Store, job: Job, kind: str, query: Mapping[str, str]) -> ObjectDetailPage:
    """GET object/compare/{compare_type} (drs_03_0257): the objects of one type. Raises `ApiError`."""
    if kind not in _DETAILED:
        raise ApiError("DRS.M00202", "compare_type", f"allowed: {', '.join(sorted(_DETAILED))}")
    limit, offset = read_page(query)
    task_id = query.get("compare_job_id")
    task = _object_task(store, job, task_id) if task_id else next(iter(store.tasks(job.id, ["objects"], 1)), None)
    if task is None:
        return ObjectDetailPage(count=0, compare_detail=[])
    part = objects_part(kind)
    return ObjectDetailPage(
        count=store.item_count(task.id, part),
        compare_detail=[
            ObjectDetail(
                source_db_name=entry["source_db"],
                target_db_name=entry["target_db"],
                source_db_value=entry["source"],
                target_db_value=entry["target"],
                status=entry["result"],
            )
            for entry in store.page(task.id, part, limit, offset)
        ],
    )


def data_tasks(store: Store, exports: Exports, job: Job, query: Mapping[str, str]) -> DataTaskPage:
    """GET table/compare (drs_03_0242): the data-level tasks, newest first. Raises `ApiError`."""
    limit, offset = read_page(query)
    return DataTaskPage(
        count=store.task_count(job.id, DATA_LEVELS),
        compare_jobs=[
            _data_task(task, exports.state(task.id)) for task in store.tasks(job.id, DATA_LEVELS, limit, offset)
        ],
    )


def cancel(store: Store, tasks: Tasks, job: Job, task_id: str) -> Answer:
    """DELETE compare/{compare_job_id} (drs_03_0244): 200 and an empty object.

    Cancelling what is cancelled is no error; any other end is (DRS.M00304). Raises `ApiError`.
    """
    task = store.task(task_id)
    if task is None or task.job_id != job.id:
        raise ApiError("DRS.M00202", "jobId")
    if not tasks.cancel(task) and task.status != CANCELLED:
        raise ApiError("DRS.M00304")
    return Answer()


def batch_status(jobs: Mapping[str, Job], asked: BatchStatusRequest, language: str) -> tuple[int, BatchStatusAnswer]:
    """POST batch-status: status and body. A job that doesn't exist carries its own error; 400 if none of them does."""
    page = asked.page_req or PageRequest()
    start = max(0, page.cur_page - 1) * page.per_page
    shown = asked.jobs[start : start + page.per_page]
    unknown = ApiError("DRS.M00289")
    results = [
        JobState(id=job_id, status=jobs[job_id].state)
        if job_id in jobs
        else JobState(id=job_id, error_code=unknown.code, error_message=unknown.message(language))
        for job_id in shown
    ]
    status = 400 if shown and not any(job_id in jobs for job_id in shown) else 200
    return status, BatchStatusAnswer(results=results, count=len(asked.jobs))


def _object_task(store: Store, job: Job, task_id: str) -> Task:
    task = store.task(task_id)
    if task is None or task.job_id != job.id or task.level != "objects":
        raise ApiError("DRS.M00202", "compare_job_id")
    return task


def _data_task(task: Task, file: ExportState) -> DataTask:
    return DataTask(
        id=task.id,
        type=task.level,
        options=dict(task.options or {}),
        # A task that waits for its time shows that time.
        start_time=iso_utc(task.start_at if task.started_at is None else task.started_at),
        end_time=None if task.ended_at is None else iso_utc(task.ended_at),
        status=task.status,
        export_status=file.status,
        report_remain_seconds=file.remaining,
    )
