"""Lists of DRS, read to their end: by page number (query-compare-result) and by offset (everything with a job path)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count
from typing import Any, Final, TypeVar

from functions.pipeline import drs_models as wire_models
from functions.pipeline.drs_errors import Refused, Told
from functions.pipeline.drs_models import Answer, Level, ListedTask, QueryCompareResultAnswer, Section
from functions.pipeline.drs_wire import AnswerT, Wire, read_as

LIMIT: Final = 1000
"""Largest page of the endpoints with an offset (drs_03_0242 and others)."""
MOST_PAGES: Final = 200
_PAGE_SIZES: Final = (1000, 100, 10, 2)
_PAGE_CODES: Final = frozenset({"DRS.M00210", "DRS.M00211"})
_NO_RESULT: Final = "DRS.M00002"
_ID_FIELDS: Final[Mapping[Level, str]] = {
    "objects": "object_level_compare_id",
    "lines": "line_compare_id",
    "contents": "content_compare_id",
}
ItemT = TypeVar("ItemT", bound=Answer)


def raise_told(wire: Wire, section: Section | None) -> None:
    """Raise the error that a section of a happy answer carries, if it does."""
    if section is not None and section.error_code:
        raise wire.decide(200, Told(section.error_code, section.error_msg or ""))


async def by_offset(
    wire: Wire,
    *path: str,
    model: type[AnswerT],
    items: Callable[[AnswerT], list[ItemT] | None],
    total: Callable[[AnswerT], int | None],
    query: Mapping[str, str] | None = None,
    go_on: Callable[[int], bool] = lambda read: read < MOST_PAGES,
) -> AsyncIterator[list[ItemT]]:
    """Pages of a list until an empty one; also until the total, where a page is not even full.

    A server that ignores the offset repeats itself: a page like the one before is the end. ``go_on`` is asked, with the
    number of pages read, where there may be another.
    """
    offset, before = 0, None
    for read in count(1):
        reply = await wire.call("GET", *path, query={**(query or {}), "limit": LIMIT, "offset": offset})
        answer = read_as(model, reply)
        page = items(answer) or []
        if not page or page == before:
            return
        yield page
        offset, before, counted = offset + len(page), page, total(answer)
        if (len(page) < LIMIT and counted is not None and offset >= counted) or not go_on(read):
            return


class Results:
    """query-compare-result. The largest page it accepts is documented nowhere: found by asking, once."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._sizes = list(_PAGE_SIZES)

    async def page(
        self, job_id: str, number: int, level: Level | None = None, task_id: str | None = None
    ) -> QueryCompareResultAnswer:
        """Page ``number``, from 1, of a task's results, or of the task list alone. Raises ``TryLater``, ``Refused``."""
        body: dict[str, Any] = {"job_id": job_id, "current_page": number}
        if level and task_id:
            body[_ID_FIELDS[level]] = task_id
        while True:
            try:
                reply = await self._wire.call("POST", "query-compare-result", body={**body, "per_page": self._sizes[0]})
            except Refused as error:
                if number > 1 or len(self._sizes) == 1 or not _about_pages(error):
                    raise
                del self._sizes[0]
                continue
            return read_as(QueryCompareResultAnswer, reply)

    async def pages(
        self, job_id: str, level: Level | None = None, task_id: str | None = None
    ) -> AsyncIterator[QueryCompareResultAnswer]:
        """Page after page; the caller stops when a page shows nothing new. A later page that is refused is the end."""
        for number in range(1, MOST_PAGES + 1):
            try:
                yield await self.page(job_id, number, level, task_id)
            except Refused as error:
                if number == 1 or not (_about_pages(error) or error.code == _NO_RESULT):
                    raise
                return

    async def tasks(self, job_id: str) -> list[ListedTask]:
        """The job's comparison tasks of all levels."""
        found: dict[str, ListedTask] = {}
        async for answer in self.pages(job_id):
            section = answer.compare_task_list_results
            raise_told(self._wire, section)
            before = len(found)
            for task in (section and section.compare_task_list) or ():
                if task.compare_task_id:
                    found.setdefault(task.compare_task_id, task)
            count = section.compare_task_list_count if section else None
            if len(found) == before or (count is not None and len(found) >= count):
                break
        return list(found.values())


async def data_tasks(wire: Wire, job_id: str) -> list[wire_models.DataTask]:
    """The job's data-level comparison tasks (drs_03_0242)."""
    pages = by_offset(
        wire,
        job_id,
        "table",
        "compare",
        model=wire_models.DataTaskPage,
        items=lambda answer: answer.compare_jobs,
        total=lambda answer: answer.count,
    )
    return [task async for page in pages for task in page]


async def overview_of(wire: Wire, job_id: str) -> wire_models.ObjectOverview:
    """The job's latest object-level task (drs_03_0256); empty where the answer has no body. Raises as ``Wire.call``."""
    return read_as(wire_models.ObjectOverview, await wire.call("GET", job_id, "object", "compare"), empty=True)


def _about_pages(error: Refused) -> bool:
    return error.code in _PAGE_CODES or "page" in error.message.lower()
