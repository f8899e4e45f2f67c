"""The sections of query-compare-result (drs_03_0137) for rows and values: results as words.

Counts are totals. A page cuts the databases' overview and the tables of each database: the first tables of a database
are on the page that its overview is on, and the next ones on the pages after that. The rows that differ are one list
over all tables of the task, and a page cuts that: no answer holds more of them than were asked for. Every table with
differing rows is named, with the number of those that can be paged through, on every page. Their keys are told apart as
in `key_words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.comparer.core.results import DataResult
from functions.comparer.jobs import Job
from functions.comparer.tasks.found import FoundDatabase, FoundTable, databases, tables
from functions.comparer.tasks.key_words import key_words_of
from functions.comparer.tasks.store import Store, Task
from functions.comparer.tasks.stored import DATABASES, differences_part
from functions.pipeline.drs_models import (
    ContentDetail,
    ContentDetails,
    ContentDiff,
    ContentDiffs,
    ContentOverview,
    ContentResults,
    LineDetail,
    LineDetails,
    LineOverview,
    LineResults,
)


@dataclass(frozen=True)
class Page:
    """Which part of every list is wanted."""

    limit: int
    offset: int

    @property
    def cut(self) -> slice:
        """The same as a slice."""
        return slice(self.offset, self.offset + self.limit)


def line_results(store: Store, job: Job, task: Task, page: Page) -> LineResults:
    """A page of what a row comparison has found so far."""
    found = _databases(store, job, task)
    return LineResults(
        compare_task_id=task.id,
        line_compare_overview=[
            LineOverview(source_db_name=d.source_db, target_db_name=d.target_db, line_compare_result=d.result)
            for d in found[page.cut]
        ],
        line_compare_overview_count=len(found),
        line_compare_details=[
            _line_details(database, inside, cut) for database, inside, cut in _inside(store, task, found, page)
        ],
        error_msg=task.error,
    )


def content_results(store: Store, job: Job, task: Task, page: Page) -> ContentResults:
    """A page of what a value comparison has found so far."""
    found = _databases(store, job, task)
    return ContentResults(
        compare_task_id=task.id,
        content_compare_overview=[
            ContentOverview(source_db_name=d.source_db, target_db_name=d.target_db, content_compare_result=d.result)
            for d in found[page.cut]
        ],
        content_compare_overview_count=len(found),
        content_compare_details=[
            _content_details(database, inside, cut) for database, inside, cut in _inside(store, task, found, page)
        ],
        content_compare_diffs=list(_content_diffs(store, task, found, page)),
        error_msg=task.error,
    )


def _databases(store: Store, job: Job, task: Task) -> list[FoundDatabase]:
    """A task that ended before it found anything has no results: words can't say that it was cancelled."""
    has_none = task.ended_at is not None and not store.item_count(task.id, DATABASES)
    return [] if has_none else databases(store, task, job.databases)


def _inside(
    store: Store, task: Task, found: Sequence[FoundDatabase], page: Page
) -> Iterator[tuple[FoundDatabase, list[FoundTable], slice]]:
    """The databases that this page shows tables of, with all of their tables, and which part of them it shows.

    Those whose overview it shows are there also without tables.
    """
    for place, database in enumerate(found[: page.offset + page.limit]):
        # On how many pages it has been shown before this one.
        shown = (page.offset - place // page.limit * page.limit) // page.limit
        inside = list(tables(store, task, database))
        if not shown or shown * page.limit < len(inside):
            yield database, inside, slice(shown * page.limit, (shown + 1) * page.limit)


def _line_details(database: FoundDatabase, found: Sequence[FoundTable], cut: slice) -> LineDetails:
    return LineDetails(
        source_db_name=database.source_db,
        line_compare_detail=[LineDetail(**_numbers(table), line_compare_result=table.result) for table in found[cut]],
        line_compare_detail_count=len(found),
    )


def _content_details(database: FoundDatabase, found: Sequence[FoundTable], cut: slice) -> ContentDetails:
    compared = [table for table in found if table.comparable]
    others = [table for table in found if not table.comparable]
    return ContentDetails(
        source_db_name=database.source_db,
        content_compare_detail=[_content_detail(database, table) for table in compared[cut]],
        content_compare_detail_count=len(compared),
        content_uncompare_detail=[_content_detail(database, table) for table in others[cut]],
        content_uncompare_detail_count=len(others),
    )


def _content_detail(database: FoundDatabase, table: FoundTable) -> ContentDetail:
    rows = {True: DataResult.CONSISTENT, False: DataResult.INCONSISTENT, None: None}[table.same_count]
    return ContentDetail(
        **_numbers(table),
        source_db_name=database.source_db,
        target_db_name=database.target_db,
        line_compare_result=rows,
        content_compare_result=table.result,
    )


def _numbers(table: FoundTable) -> Mapping[str, Any]:
    return {
        "source_table_name": table.table,
        "target_table_name": table.table,
        "source_row_num": table.source_rows,
        "target_row_num": table.target_rows,
        "diff_row_num": table.differing,
        "message": table.message,
    }


def _content_diffs(store: Store, task: Task, found: list[FoundDatabase], page: Page) -> Iterator[ContentDiffs]:
    before = 0  # how many rows the tables so far have
    for database in found:
        for table in tables(store, task, database):
            if not table.kept:
                continue
            first = max(page.offset - before, 0)
            room = page.offset + page.limit - before - first
            is_here = room > 0 and first < table.kept
            yield ContentDiffs(
                source_db_name=database.source_db,
                source_table_name=table.table,
                content_compare_diff=_rows(store, task, database, table, room, first) if is_here else [],
                content_compare_diff_count=table.kept,
            )
            before += table.kept


def _rows(
    store: Store, task: Task, database: FoundDatabase, table: FoundTable, limit: int, offset: int
) -> list[ContentDiff]:
    part = differences_part(database.source_db, table.table)
    entries = store.page(task.id, part, limit, offset)
    words = key_words_of(store, task.id, part)  # After the page: what is found meanwhile is among them.
    return [
        ContentDiff(
            source_key_value=words.of(entry, "source"),
            target_key_value=words.of(entry, "target"),
            source_select_sql=entry["source_sql"],
            target_select_sql=entry["target_sql"],
        )
        for entry in entries
    ]
