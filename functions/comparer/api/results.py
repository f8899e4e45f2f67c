"""POST query-compare-result (drs_03_0137): results as words, by task id, and the list of tasks."""

from __future__ import annotations

from collections.abc import Mapping

from functions.comparer.api.bodies import offset_of
from functions.comparer.api.errors import ApiError
from functions.comparer.api.results_data import Page, content_results, line_results
from functions.comparer.core.results import ObjectResult
from functions.comparer.jobs import Job
from functions.comparer.tasks.life import ALL_LEVELS
from functions.comparer.tasks.store import Level, Store, Task
from functions.comparer.tasks.stored import TYPES, objects_part
from functions.pipeline.drs_models import (
    ContentResults,
    LineResults,
    ListedTask,
    ObjectResultDetail,
    ObjectResultOverview,
    ObjectResults,
    QueryCompareResult,
    QueryCompareResultAnswer,
    TaskList,
    epoch_ms,
)

# The list calls an object-level task differently than its creation does.
LISTED_TYPE: Mapping[Level, str] = {
    "objects": "object_comparison",
    "lines": "lines",
    "contents": "contents",
}
_WORDS = {
    ObjectResult.INCONSISTENT: "INCONSISTENT",
    ObjectResult.CONSISTENT: "CONSISTENT",
    ObjectResult.INCOMPLETE: "CAN_NOT_COMPARE",
}
_EVERYTHING = -1


class Results:
    """One query: a page of the results of up to three tasks of one job.

    Counts are totals; a page cuts the task list, the details of each type, and what `results_data` says. An id that
    isn't this job's is an error inside its own section. A section without `error_code` but with `error_msg` is of a
    task whose results are here, and which has something to say about them: why it failed, what doesn't exist.
    """

    def __init__(self, store: Store, job: Job, asked: QueryCompareResult, language: str) -> None:
        self._store = store
        self._job = job
        self._page = Page(asked.per_page, offset_of(asked.current_page, asked.per_page))
        self._asked = asked
        self._language = language

    def answer(self) -> QueryCompareResultAnswer:
        """The sections that were asked for, and the list, which always comes. Raises `ApiError`."""
        asked = self._asked
        return QueryCompareResultAnswer(
            job_id=self._job.id,
            object_level_compare_results=self._objects(asked.object_level_compare_id),
            line_compare_results=self._lines(asked.line_compare_id),
            content_compare_results=self._contents(asked.content_compare_id),
            compare_task_list_results=self._task_list(),
        )

    def _objects(self, task_id: str | None) -> ObjectResults | None:
        if task_id is None:
            return None
        task = self._task(task_id, "objects")
        if task is None:
            code, text = self._unknown("object_level_compare_id")
            return ObjectResults(compare_task_id=task_id, error_code=code, error_msg=text)
        types = self._store.page(task.id, TYPES, _EVERYTHING)
        return ObjectResults(
            compare_task_id=task.id,
            object_compare_overview=[
                ObjectResultOverview(
                    object_type=entry["type"],
                    object_compare_result=_WORDS[entry["result"]],
                    source_count=entry["source"],
                    target_count=entry["target"],
                    diff_count=entry["differences"],
                )
                for entry in types
            ],
            object_compare_details={**{entry["type"]: self._object_details(task, entry["type"]) for entry in types}},
            error_msg=task.error,
        )

    def _object_details(self, task: Task, kind: str) -> list[ObjectResultDetail]:
        return [
            ObjectResultDetail(
                source_db_name=entry["source_db"],
                target_db_name=entry["target_db"],
                source_db_value=entry["source"],
                target_db_value=entry["target"],
            )
            for entry in self._store.page(task.id, objects_part(kind), self._page.limit, self._page.offset)
        ]

    def _lines(self, task_id: str | None) -> LineResults | None:
        if task_id is None:
            return None
        task = self._task(task_id, "lines")
        if task is None:
            code, text = self._unknown("line_compare_id")
            return LineResults(compare_task_id=task_id, error_code=code, error_msg=text)
        return line_results(self._store, self._job, task, self._page)

    def _contents(self, task_id: str | None) -> ContentResults | None:
        if task_id is None:
            return None
        task = self._task(task_id, "contents")
        if task is None:
            code, text = self._unknown("content_compare_id")
            return ContentResults(compare_task_id=task_id, error_code=code, error_msg=text)
        return content_results(self._store, self._job, task, self._page)

    def _task_list(self) -> TaskList:
        tasks = self._store.tasks(self._job.id, ALL_LEVELS, self._page.limit, self._page.offset)
        return TaskList(
            compare_task_list=[
                ListedTask(
                    compare_task_id=task.id,
                    compare_type=LISTED_TYPE[task.level],
                    compare_task_status=task.status,
                    create_time=epoch_ms(task.created_at),
                    end_time=None if task.ended_at is None else epoch_ms(task.ended_at),
                )
                for task in tasks
            ],
            compare_task_list_count=self._store.task_count(self._job.id, ALL_LEVELS),
        )

    def _task(self, task_id: str, level: Level) -> Task | None:
        task = self._store.task(task_id)
        return task if task and task.job_id == self._job.id and task.level == level else None

    def _unknown(self, field: str) -> tuple[str | None, str | None]:
        error = ApiError("DRS.M00202", field, "no such comparison task of this job")
        return error.code, error.message(self._language)
