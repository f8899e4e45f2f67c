"""What a data-level task has found, by number and page: line- and content-overview, -detail and -difference.

All five are live: while a task runs they show what it has found so far; before that, what it was asked for by name; and
what a task that has ended did not get to has a number of its own (cancelled, timed out, failed). A task that isn't the
job's, or is of the other level, is refused with DRS.M00202 naming `compare_job_id`. A database or table that nothing
was found of is an empty page, except for content-difference, which names one table. The counts are of what the
pages show under the same filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from functions.comparer.api.bodies import read_choice, read_needed, read_page
from functions.comparer.api.errors import ApiError
from functions.comparer.api.status_numbers import NUMBERS, number_of_database, number_of_table
from functions.comparer.core.results import DataResult
from functions.comparer.jobs import Job
from functions.comparer.tasks.found import FoundDatabase, FoundTable, databases, tables
from functions.comparer.tasks.key_words import KeyWords, key_words_of
from functions.comparer.tasks.store import Level, Store, Task
from functions.comparer.tasks.stored import differences_part
from functions.pipeline.drs_models import (
    ContentDetailPage,
    ContentDifference,
    ContentDifferencePage,
    ContentOverviewPage,
    DatabaseOverview,
    LineDetailPage,
    LineOverviewPage,
    TableDetail,
)

_COMPARED, _NOT_COMPARABLE = "compare", "unCompare"
_STATUSES = frozenset(map(str, NUMBERS))
# DRS tells the progress of a table in shards: here, so many rows of either side.
_SHARD_ROWS = 20_000
_ALMOST = 99.99
# How far the values of one table are (drs_03_0249).
_COMPARING, _COMPLETED, _PENDING, _CANCELLED = 1, 2, 3, 4


def line_overview(store: Store, job: Job, task_id: str, query: Mapping[str, str]) -> LineOverviewPage:
    """GET line-overview (drs_03_0246): databases; filter `status`. Raises `ApiError`."""
    limit, offset = read_page(query)
    status = read_choice(query, "status", _STATUSES)
    task = task_of(store, job, task_id, "lines")
    infos = [
        _counted(store, task, found, DatabaseOverview(source_db_name=found.source_db, target_db_name=found.target_db))
        for found in databases(store, task, job.databases)
    ]
    shown = [info for info in infos if status in {None, str(info.status)}]
    return LineOverviewPage(total_count=len(shown), data_compare_overview_infos=shown[offset : offset + limit])


def content_overview(store: Store, job: Job, task_id: str, query: Mapping[str, str]) -> ContentOverviewPage:
    """GET content-overview (drs_03_0248): databases. Raises `ApiError`."""
    limit, offset = read_page(query)
    task = task_of(store, job, task_id, "contents")
    found = databases(store, task, job.databases)
    infos = [
        _counted(store, task, entry, DatabaseOverview(source_db=entry.source_db, target_db=entry.target_db))
        for entry in found[offset : offset + limit]
    ]
    return ContentOverviewPage(total_count=len(found), content_compare_result_infos=infos)


def line_detail(store: Store, job: Job, task_id: str, query: Mapping[str, str]) -> LineDetailPage:
    """GET line-detail (drs_03_0247): tables; filters `status`, `type`, `db_name`, `target_db_name`, `query_tb_name`.

    `query_tb_name` is a part of a name, in any case. Raises `ApiError`.
    """
    limit, offset = read_page(query)
    status = read_choice(query, "status", _STATUSES)
    task = task_of(store, job, task_id, "lines")
    shown = [
        table for _, table in _matching(store, job, task, query) if status in {None, str(number_of_table(table, task))}
    ]
    return LineDetailPage(
        total_count=len(shown),
        table_line_compare_result_infos=[_of_rows(table, task) for table in shown[offset : offset + limit]],
    )


def content_detail(store: Store, job: Job, task_id: str, query: Mapping[str, str]) -> ContentDetailPage:
    """GET content-detail (drs_03_0249): tables; filters `type`, `db_name`, `target_db_name`. Raises `ApiError`.

    `status` 1 comparing, 2 completed (also what failed), 3 pending, 4 cancelled. A result is a boolean once it is
    certain: a difference that has been found stays one, whatever becomes of the rest. `difference_row_num` is exact,
    however few of the rows are kept.
    """
    limit, offset = read_page(query)
    task = task_of(store, job, task_id, "contents")
    shown = list(_matching(store, job, task, query))
    return ContentDetailPage(
        total_count=len(shown),
        content_compare_result_infos=[_of_values(*entry, task) for entry in shown[offset : offset + limit]],
    )


def content_difference(store: Store, job: Job, task_id: str, query: Mapping[str, str]) -> ContentDifferencePage:
    """GET content-difference (drs_03_0254): the differing rows of one table, `db_name` being its source database.

    `count` is of the rows that are kept and can be paged through; the three other numbers are exact, however few are.
    A table that the task doesn't have is refused (DRS.M00202) once the task has ended; until then it may come, and the
    page is empty. Keys are told apart as in `key_words`. Raises `ApiError`.
    """
    limit, offset = read_page(query)
    database, name = read_needed(query, "db_name"), query.get("table_name")
    if name is None:
        raise ApiError("DRS.M00201", "table_name")
    task = task_of(store, job, task_id, "contents")
    found = (entry for entry in databases(store, task, job.databases) if entry.source_db == database)
    inside = chain.from_iterable(tables(store, task, entry) for entry in found)
    table = next((table for table in inside if table.table == name), None)
    if table is None and task.ended_at is not None:
        raise ApiError("DRS.M00202", "table_name", "the task has no such table in that source database")
    part = differences_part(database, name)
    return ContentDifferencePage(
        count=store.item_count(task.id, part),
        target_meta_is_null=table.missing if table else 0,
        source_meta_is_null=table.extra if table else 0,
        source_target_meta_not_null=table.changed if table else 0,
        contents_infos=_differences(store.page(task.id, part, limit, offset), key_words_of(store, task.id, part)),
    )


def task_of(store: Store, job: Job, task_id: str, level: Level) -> Task:
    """The job's task of that level. Raises `ApiError`."""
    task = store.task(task_id)
    if task is None or task.job_id != job.id or task.level != level:
        raise ApiError("DRS.M00202", "compare_job_id", f"no {level} comparison of this job")
    return task


def _counted(store: Store, task: Task, found: FoundDatabase, names: DatabaseOverview) -> DatabaseOverview:
    inside = list(tables(store, task, found))
    numbers = {
        "status": number_of_database(found, inside, task),
        "compare_num": len(inside),
        "compare_end_num": sum(table.finished for table in inside),
        "data_inconsistent_num": sum(table.result is DataResult.INCONSISTENT for table in inside),
        "uncomparable_num": sum(not table.comparable for table in inside),
    }
    return names.model_copy(update=numbers)


def _matching(
    store: Store, job: Job, task: Task, query: Mapping[str, str]
) -> Iterator[tuple[FoundDatabase, FoundTable]]:
    """The tables under the filters, in the order of the databases."""
    kind = read_choice(query, "type", {_COMPARED, _NOT_COMPARABLE})
    source, target, part = (query.get(name) for name in ("db_name", "target_db_name", "query_tb_name"))
    wanted = [
        entry
        for entry in databases(store, task, job.databases)
        if (not source or entry.source_db == source) and (not target or entry.target_db == target)
    ]
    every = chain.from_iterable(((d, table) for table in tables(store, task, d)) for d in wanted)
    for entry, table in every:
        is_kind = kind is None or (kind == _COMPARED) == table.comparable
        if is_kind and (part or "").casefold() in table.table.casefold():
            yield entry, table


def _of_rows(table: FoundTable, task: Task) -> TableDetail:
    return TableDetail(
        source_table_name=table.table,
        target_table_name=table.table,
        source_row_num=table.source_rows,
        target_row_num=table.target_rows,
        difference_row_num=table.differing,
        status=number_of_table(table, task),
    )


def _of_values(database: FoundDatabase, table: FoundTable, task: Task) -> TableDetail:
    shards = -(-table.rows_total // _SHARD_ROWS) or 1
    done = min(1.0, table.rows_read / table.rows_total) if table.rows_total else 0.0
    return TableDetail(
        source_db=database.source_db,
        target_db=database.target_db,
        source_table_name=table.table,
        target_table_name=table.table,
        source_row_num=table.source_rows,
        target_row_num=table.target_rows,
        difference_row_num=table.differing,
        line_compare_result=table.same_count,
        content_compare_result=_same_values(table),
        message=table.message,
        status=_stage(table, task),
        complete_shard_count=shards if table.finished else min(shards - 1, int(shards * done)),
        total_shard_count=shards,
        # Rows without a key have all been read before what is left of them is sorted, which may take long.
        progress=100.0 if table.finished else min(_ALMOST, round(100 * done, 2)),
    )


def _same_values(table: FoundTable) -> bool | None:
    if table.result is DataResult.INCONSISTENT or table.differing:
        return False
    return True if table.result is DataResult.CONSISTENT else None


def _differences(entries: Iterable[Mapping[str, Any]], words: KeyWords) -> list[ContentDifference]:
    return [
        ContentDifference(
            source_key_value=words.of(entry, "source"),
            target_key_value=words.of(entry, "target"),
            select_sql=entry["source_sql"],
            target_select_sql=entry["target_sql"],
        )
        for entry in entries
    ]


def _stage(table: FoundTable, task: Task) -> int:
    if table.finished:
        return _COMPLETED
    if task.ended_at is not None:
        return _CANCELLED
    return _COMPARING if table.result is DataResult.COMPARING else _PENDING
