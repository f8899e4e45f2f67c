"""Reading a data-level task: its status from the lists, its results by its id from either family of endpoints.

query-compare-result (drs_03_0137) says everything in words; line-/content-overview and -detail (drs_03_0246 to 0249)
say it in numbers. A deployment of DRS may have one family only, or know an id in one only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Literal

from functions.pipeline import drs_models as wire_models
from functions.pipeline.drs_errors import NOT_VISIBLE, Refused, TryLater
from functions.pipeline.drs_pages import MOST_PAGES, Results, by_offset, data_tasks, raise_told
from functions.pipeline.drs_rows import add_rows
from functions.pipeline.drs_tally import Tally
from functions.pipeline.drs_wire import Wire
from functions.pipeline.readings import (
    DatabaseResult,
    Reading,
    TableResult,
    database_of_overview,
    is_terminal,
    table_of_content_detail,
    table_of_line_detail,
    uncompared_of_detail,
)

DataLevel = Literal["lines", "contents"]

_RUNNING: Final = wire_models.UNFINISHED_STATUSES - {wire_models.WAITING_FOR_RUNNING}
_CUT: Final = "more pages of results than are read"


async def read_data(wire: Wire, results: Results, job_id: str, task_id: str, level: DataLevel) -> Reading:
    """One look at a row or value comparison. Raises ``TryLater`` and ``Refused``."""
    status = await _status(wire, results, job_id, task_id)
    if not is_terminal(status):
        running = level == "contents" and status in _RUNNING
        progress = await _progress(wire, job_id, task_id) if running else None
        return Reading(task_id, level, status, terminal=False, progress=progress)
    tally, trouble = await _results(wire, results, job_id, task_id, level)
    await add_rows(wire, job_id, task_id, tally)
    databases, tables = tally.results()
    return Reading(
        task_id,
        level,
        status,
        terminal=True,
        error_msg=trouble,
        databases=databases,
        tables=tables,
        truncated=tally.truncated,
    )


async def _status(wire: Wire, results: Results, job_id: str, task_id: str) -> str:
    """The task's status in either list; ``""`` where it is listed without one."""
    refusals: list[Refused] = []
    try:
        for data_task in await data_tasks(wire, job_id):
            if data_task.id == task_id and data_task.status:
                return data_task.status
    except Refused as refusal:
        refusals.append(refusal)
    try:
        for listed in await results.tasks(job_id):
            if listed.compare_task_id == task_id:
                return listed.compare_task_status or ""
    except Refused as refusal:
        refusals.append(refusal)
    gone = [refusal for refusal in refusals if refusal.job_gone]
    if gone or len(refusals) == 2:
        raise (gone or refusals)[0]
    raise TryLater(NOT_VISIBLE, f"DRS doesn't show data-level task {task_id}")


async def _progress(wire: Wire, job_id: str, task_id: str) -> tuple[int, int] | None:
    """How many tables a value comparison has compared, of how many; ``None`` where DRS doesn't say, or not now."""
    if not wire.time.is_plenty:
        return None
    ended = total = 0
    try:
        async for page in _overviews(wire, job_id, task_id, "contents"):
            ended += sum(item.compare_end_num or 0 for item in page)
            total += sum(item.compare_num or 0 for item in page)
    except Refused:
        return None
    except TryLater as error:
        if error.bad_signature:
            raise  # it counts towards a lock
        return None
    return (ended, total) if total else None


async def _results(
    wire: Wire, results: Results, job_id: str, task_id: str, level: DataLevel
) -> tuple[Tally, str | None]:
    """All that can be read, and what DRS says went wrong, with the task or with reading it."""
    refusals: list[Refused] = []
    trouble = None
    try:
        tally, trouble = await _by_id(wire, results, job_id, task_id, level)
        if not tally.empty:
            return tally, trouble
    except Refused as refusal:
        refusals.append(refusal)
    try:
        tally = await _by_path(wire, job_id, task_id, level)
    except Refused as refusal:
        refusals.append(refusal)
        tally = Tally()
    wordless = next((refusal for refusal in refusals if refusal.is_wordless), None)
    if tally.empty and wordless:
        raise wordless
    return tally, trouble or (str(refusals[0]) if refusals and tally.empty else None)


async def _by_id(wire: Wire, results: Results, job_id: str, task_id: str, level: DataLevel) -> tuple[Tally, str | None]:
    tally, trouble, read = Tally(), None, 0
    async for answer in results.pages(job_id, level, task_id):
        section = answer.line_compare_results if level == "lines" else answer.content_compare_results
        raise_told(wire, section)
        # The section of a row comparison may omit the id; another one is somebody else's.
        if section is None or section.compare_task_id not in {None, task_id}:
            break
        trouble, read = trouble or section.error_msg, read + 1
        fresh = tally.add(section)
        if tally.complete or not fresh:
            break
    else:
        tally.cut = _CUT if read == MOST_PAGES else None
    return tally, trouble


async def _by_path(wire: Wire, job_id: str, task_id: str, level: DataLevel) -> Tally:
    tally = Tally(has_rows=level == "contents")
    place = (wire, job_id, task_id)
    async for page in _overviews(*place, level):
        tally.add_databases(database_of_overview(item) for item in page)
        for item in page:
            source_db, target_db = (
                item.source_db_name or item.source_db or "",
                item.target_db_name or item.target_db or "",
            )
            comparable = (item.compare_num or 0) - (item.uncomparable_num or 0)
            tally.expect("compared", source_db, comparable, target_db=target_db)
            tally.expect("uncompared", source_db, item.uncomparable_num or 0, target_db=target_db)
    for database in list(tally.databases.values()):
        async for details in _details(*place, level, database, "compare"):
            tally.add_tables("compared", (_compared(level, item, database) for item in details))
        async for details in _details(*place, level, database, "unCompare"):
            tally.add_tables("uncompared", (uncompared_of_detail(item, database) for item in details))
    return tally


def _compared(level: DataLevel, item: wire_models.TableDetail, database: DatabaseResult) -> TableResult:
    return table_of_line_detail(item, database) if level == "lines" else table_of_content_detail(item, database)


def _overviews(
    wire: Wire, job_id: str, task_id: str, level: DataLevel
) -> AsyncIterator[list[wire_models.DatabaseOverview]]:
    path = (job_id, "compare", task_id)
    if level == "lines":
        return by_offset(
            wire,
            *path,
            "line-overview",
            model=wire_models.LineOverviewPage,
            items=lambda answer: answer.data_compare_overview_infos,
            total=lambda answer: answer.total_count,
        )
    return by_offset(
        wire,
        *path,
        "content-overview",
        model=wire_models.ContentOverviewPage,
        items=lambda answer: answer.content_compare_result_infos,
        total=lambda answer: answer.total_count,
    )


def _details(
    wire: Wire,
    job_id: str,
    task_id: str,
    level: DataLevel,
    database: DatabaseResult,
    kind: Literal["compare", "unCompare"],
) -> AsyncIterator[list[wire_models.TableDetail]]:
    path = (job_id, "compare", task_id)
    query = {"type": kind, "db_name": database.source_db, "target_db_name": database.target_db}
    query = {name: value for name, value in query.items() if value}
    if level == "lines":
        return by_offset(
            wire,
            *path,
            "line-detail",
            model=wire_models.LineDetailPage,
            items=lambda answer: answer.table_line_compare_result_infos,
            total=lambda answer: answer.total_count,
            query=query,
        )
    return by_offset(
        wire,
        *path,
        "content-detail",
        model=wire_models.ContentDetailPage,
        items=lambda answer: answer.content_compare_result_infos,
        total=lambda answer: answer.total_count,
        query=query,
    )
