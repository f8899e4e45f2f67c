"""Reading an object-level task: from the overview while that shows ours, otherwise by its id.

The overview (drs_03_0256) takes no id and shows the latest object-level task of the job, whoever made it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Final

from functions.pipeline import drs_models as wire_models
from functions.pipeline.drs_errors import NOT_VISIBLE, Refused, TryLater
from functions.pipeline.drs_pages import Results, by_offset, data_tasks, overview_of, raise_told
from functions.pipeline.drs_wire import Wire
from functions.pipeline.readings import (
    ObjectCount,
    ObjectDifference,
    Reading,
    counts_of_overview,
    counts_of_results,
    differences_of_page,
    differences_of_results,
    is_terminal,
)

_MOST_DETAIL_PAGES: Final = 10


async def read_objects(wire: Wire, results: Results, job_id: str, task_id: str) -> Reading | None:
    """One look at an object-level task; ``None``: the overview shows another and it can't be read by its id.

    Raises ``TryLater`` and ``Refused``.
    """
    return await _Look(wire, results, job_id, task_id).reading()


class _Look:
    """What has been learnt so far about one task; each answer of DRS is asked for at most once."""

    def __init__(self, wire: Wire, results: Results, job_id: str, task_id: str) -> None:
        self._wire = wire
        self._results = results
        self._job_id = job_id
        self._task_id = task_id
        self._is_list_refused = False
        self._by_id: wire_models.ObjectResults | None = None
        self._has_asked_by_id = False
        self._is_truncated = False

    async def reading(self) -> Reading | None:
        overview = await self._overview()
        is_ours = overview.compare_job_id == self._task_id
        status = overview.status if is_ours else None
        if not status:
            status = await self._listed_status()
        if status is None:
            return await self._unlisted(is_ours or await self._readable_by_id(), overview)
        reading = Reading(self._task_id, "objects", status, is_terminal(status))
        if is_ours:
            reading = replace(reading, error_msg=overview.error_msg)
        if not reading.terminal:
            return reading
        counts = counts_of_overview(overview) if is_ours else ()
        if not counts and await self._readable_by_id():
            counts = counts_of_results(self._by_id or wire_models.ObjectResults())
        if not counts and overview.compare_job_id and not is_ours and status == wire_models.SUCCESSFUL:
            return None
        objects = tuple([await self._with_differences(count) for count in counts])
        return replace(
            reading,
            error_msg=reading.error_msg or (self._by_id.error_msg if self._by_id else None),
            objects=objects,
            truncated=self._is_truncated,
        )

    async def _unlisted(self, can_be_read: bool, overview: wire_models.ObjectOverview) -> Reading | None:
        """The task has no status anywhere. Without one it is not terminal, whatever its results look like."""
        if can_be_read:
            return Reading(self._task_id, "objects", "", terminal=False)
        if overview.compare_job_id:
            return None
        # "Not found" in place of an overview may mean that there is none yet: a list says whether the job is gone.
        if self._is_list_refused:
            await data_tasks(self._wire, self._job_id)
        raise TryLater(NOT_VISIBLE, f"DRS doesn't show object-level task {self._task_id}")

    async def _overview(self) -> wire_models.ObjectOverview:
        try:
            return await overview_of(self._wire, self._job_id)
        except Refused:
            # A job without any object-level task may be answered like this, too.
            return wire_models.ObjectOverview()

    async def _listed_status(self) -> str | None:
        try:
            tasks = await self._results.tasks(self._job_id)
        except Refused as refusal:
            if refusal.job_gone:
                raise
            self._is_list_refused = True
            return None
        return next((task.compare_task_status for task in tasks if task.compare_task_id == self._task_id), None)

    async def _readable_by_id(self) -> bool:
        """Whether query-compare-result has this very task's results."""
        if not self._has_asked_by_id:
            self._has_asked_by_id = True
            with suppress(Refused):  # not readable by its id: that is the answer
                self._by_id = await self._gathered_by_id()
        return self._by_id is not None

    async def _gathered_by_id(self) -> wire_models.ObjectResults | None:
        """Every type with its counts, which a verdict needs, and as many names as there is time for."""
        gathered: wire_models.ObjectResults | None = None
        read = 0
        async for answer in self._results.pages(self._job_id, "objects", self._task_id):
            section = answer.object_level_compare_results
            raise_told(self._wire, section)
            if section is None or section.compare_task_id != self._task_id:
                break
            read += 1
            if gathered is None:
                gathered = section
                continue
            # Types come first: behind a page that shows no new one there are names alone.
            has_types, has_names = _extend(gathered, section)
            if has_types:
                continue
            if not has_names or _all_consistent(gathered) or not self._may_go_on(read):
                break
        return gathered

    async def _with_differences(self, count: ObjectCount) -> ObjectCount:
        """The count with its names, if it differs and there is time to ask for them."""
        if count.result == "consistent" or not count.type:
            return count
        if not self._may_go_on(0):
            return count
        try:
            return replace(count, differences=await self._differences(count.type))
        except TryLater as error:
            if error.reason == "credentials" or self._may_go_on(0):
                raise
            return count  # no time to try it again, and the verdict is known

    async def _differences(self, kind: str) -> tuple[ObjectDifference, ...]:
        try:
            return await self._detail(kind)
        except Refused:
            if await self._readable_by_id() and self._by_id:
                return differences_of_results(self._by_id, kind)
            return ()

    async def _detail(self, kind: str) -> tuple[ObjectDifference, ...]:
        pages = by_offset(
            self._wire,
            self._job_id,
            "object",
            "compare",
            kind,
            model=wire_models.ObjectDetailPage,
            items=lambda answer: answer.compare_detail,
            total=lambda answer: answer.count,
            query={"compare_job_id": self._task_id},
            go_on=self._may_go_on,
        )
        found: list[ObjectDifference] = []
        async for page in pages:
            found += differences_of_page(wire_models.ObjectDetailPage(compare_detail=page))
        return tuple(found)

    def _may_go_on(self, read: int) -> bool:
        """Whether more names may be asked for after so many pages of them; if not, the reading is truncated."""
        leave = read < _MOST_DETAIL_PAGES and self._wire.time.is_plenty
        self._is_truncated = self._is_truncated or not leave
        return leave


def _all_consistent(results: wire_models.ObjectResults) -> bool:
    return all(count.result == "consistent" for count in counts_of_results(results))


def _extend(gathered: wire_models.ObjectResults, page: wire_models.ObjectResults) -> tuple[bool, bool]:
    """Add a further page's types and objects; whether any type, and any object, was new."""
    types = {item.object_type for item in gathered.object_compare_overview or ()}
    overview = [item for item in page.object_compare_overview or () if item.object_type not in types]
    gathered.object_compare_overview = [*(gathered.object_compare_overview or ()), *overview]
    known = gathered.object_compare_details = dict(gathered.object_compare_details or {})
    has_objects = False
    for kind, items in (page.object_compare_details or {}).items():
        before = {_identity(item) for item in known.get(kind) or ()}
        fresh = [item for item in items or () if _identity(item) not in before]
        known[kind] = [*(known.get(kind) or ()), *fresh]
        has_objects = has_objects or bool(fresh)
    return bool(overview), has_objects


def _identity(item: wire_models.ObjectResultDetail) -> tuple[str | None, ...]:
    return item.source_db_name, item.target_db_name, item.source_db_value, item.target_db_value, item.error_message
