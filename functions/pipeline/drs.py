"""The DRS comparison API as the pipeline uses it: create, list, read, cancel, and the state of a DRS job.

Everything that can go wrong ends in one of two errors: ``TryLater`` or ``Refused`` (see ``drs_errors``). How a
request is identified and sent is in ``drs_wire``, what results mean in ``readings``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp

from functions.pipeline.drs_data import read_data
from functions.pipeline.drs_errors import Reason, Refused, Told, TryLater
from functions.pipeline.drs_models import (
    LEVEL_OF_TASK_TYPE,
    BatchStatusAnswer,
    CreateComparisonTask,
    CreateComparisonTaskAnswer,
    CreateResult,
    DataLevelCompareInfo,
    Level,
    epoch_ms,
    parse_time,
)
from functions.pipeline.drs_objects import read_objects
from functions.pipeline.drs_pages import Results, data_tasks, overview_of
from functions.pipeline.drs_project import Project
from functions.pipeline.drs_wire import Wire, read_as
from functions.pipeline.readings import Reading, is_terminal

__all__ = ["Created", "Drs", "DrsTask", "Part", "Project", "Reason", "Refused", "TryLater"]

_CREATE_TIMEOUT_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Part:
    """What DRS says about one requested level.

    A ``task_id`` means created (or, with ``keep``, kept: look whether it is new). An ``error`` means not created. With
    neither, DRS said nothing about this level: look at ``tasks`` before asking again.
    """

    task_id: str | None
    error: TryLater | Refused | None = None
    named: str | None = None
    """A task that DRS named beside the error. Not to be taken as created; it may exist."""


@dataclass(frozen=True)
class Created:
    """The answer to create, part by part; ``None``: not asked for."""

    objects: Part | None
    data: Part | None


@dataclass(frozen=True)
class DrsTask:
    """A comparison task as the lists show it. ``level`` is ``None`` for kinds that Parity doesn't create."""

    task_id: str
    level: Level | None
    status: str
    created_at: float | None


class Drs:
    """The comparison API for one project. One step at a time; ``tokens`` outlives it.

    ``pace`` is awaited before each call to DRS, ``now`` gives epoch seconds, ``language`` is ``en-us`` or ``zh-cn``.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        project_id: str,
        project: Project,
        *,
        now: Callable[[], float],
        language: str = "en-us",
        pace: Callable[[], Awaitable[None]],
        tokens: dict[Any, Any],
    ) -> None:
        self._now = now
        self._wire = Wire(session, project_id, project, now=now, language=language, pace=pace, tokens=tokens)
        self._results = Results(self._wire)

    async def create(self, job_id: str, *, objects: bool, data: DataLevelCompareInfo | None) -> Created:
        """Ask for the levels once (drs_03_0136). Never repeated: DRS knows no idempotency key.

        Raises ``TryLater`` (``sent``: tasks may exist; ``not_ready``, also where a status came without words) and
        ``Refused`` for the request as a whole; what a 200 says about each level is in the result.
        """
        request = CreateComparisonTask(
            job_id=job_id,
            object_level_compare_type="objects" if objects else None,
            data_level_compare_info=_timed(data, self._now()),
        )
        with _no_wordless_refusal("not_ready"):
            reply = await self._wire.call(
                "POST", "create-compare-task", body=request.wire(), timeout=_CREATE_TIMEOUT_SECONDS, errors_inside=True
            )
        answer = read_as(CreateComparisonTaskAnswer, reply)
        top = answer.error_code and Told(answer.error_code, answer.error_msg or "")
        error = self._wire.decide(200, top, retry_after=reply.retry_after) if top else None
        return Created(
            objects=self._part(answer.object_level_compare_create_result, error) if objects else None,
            data=self._part(answer.data_level_compare_create_result, error) if data else None,
        )

    async def tasks(self, job_id: str) -> list[DrsTask]:
        """All comparison tasks that the job has, from every list that DRS keeps of them, in no order.

        Raises ``Refused`` if the tasks of either level can't be seen at all, ``TryLater`` if a list can't be had now;
        its reason is ``not_ready`` where a status came without words, as from something between DRS and here.
        """
        found: dict[str, DrsTask] = {}
        listed = await _unless_refused(self._listed(job_id))
        by_path = await _unless_refused(self._listed_by_path(job_id))
        latest = await _unless_refused(self._latest(job_id))
        # "Task not found" may be how the overview says that there is no object-level task yet: no blindness.
        blind = isinstance(by_path, Refused) or (isinstance(latest, Refused) and not latest.job_gone)
        if isinstance(listed, Refused) and blind:
            refusals = [outcome for outcome in (listed, by_path, latest) if isinstance(outcome, Refused)]
            with _no_wordless_refusal("not_ready"):
                raise _most_telling(refusals, not_proof=latest)
        for outcome in (listed, by_path, latest):
            for task in [] if isinstance(outcome, Refused) else outcome:
                known = found.get(task.task_id)
                found[task.task_id] = _merged(known, task) if known else task
        return list(found.values())

    async def read(self, job_id: str, task_id: str, level: Level) -> Reading | None:
        """One look at one task; when it is terminal, with everything that a verdict needs.

        ``None``: the overview shows another object-level task and ours can't be read by its id. Raises ``TryLater``
        also where reading broke off half-way, and ``Refused``, with ``job_gone`` if DRS has no such job.
        """
        self._wire.asked_to_wait = None
        with _no_wordless_refusal("unavailable"):
            reading = await self._reading(job_id, task_id, level)
            return reading and replace(reading, retry_after=self._wire.asked_to_wait)

    async def _reading(self, job_id: str, task_id: str, level: Level) -> Reading | None:
        if level == "objects":
            return await read_objects(self._wire, self._results, job_id, task_id)
        return await read_data(self._wire, self._results, job_id, task_id, level)

    async def cancel(self, job_id: str, task_id: str) -> None:
        """Cancel a task (drs_03_0244). Raises ``TryLater``, and ``Refused`` for one that can't be cancelled."""
        await self._wire.call("DELETE", job_id, "compare", task_id)

    async def job_status(self, job_id: str) -> str | None:
        """The state of the DRS job, such as ``INCRE_TRANSFER_STARTED``; ``None`` if the answer doesn't name it.

        Raises ``Refused`` with ``job_gone`` for a job that DRS doesn't have.
        """
        body = {"jobs": [job_id], "page_req": {"cur_page": 1, "per_page": 5}}
        answer = read_as(BatchStatusAnswer, await self._wire.call("POST", "batch-status", body=body))
        return next((job.status for job in answer.results or () if job.id in {job_id, None}), None)

    def _part(self, result: CreateResult | None, top: TryLater | Refused | None) -> Part:
        task_id = result.compare_task_id if result else None
        error = top
        if result and result.error_code:
            error = self._wire.decide(200, Told(result.error_code, result.error_msg or ""))
        if error is None:
            return Part(task_id)
        if task_id and isinstance(error, TryLater):
            error.sent = True
        elif task_id and isinstance(error, Refused):
            told = f"{error.message}; DRS named the task {task_id}"
            error = Refused(error.code, told, status=error.status, job_gone=error.job_gone)
        return Part(None, error, named=task_id)

    async def _listed(self, job_id: str) -> list[DrsTask]:
        return [
            DrsTask(
                task_id=task.compare_task_id or "",
                level=LEVEL_OF_TASK_TYPE.get(task.compare_type or ""),
                status=task.compare_task_status or "",
                created_at=parse_time(task.create_time),
            )
            for task in await self._results.tasks(job_id)
        ]

    async def _listed_by_path(self, job_id: str) -> list[DrsTask]:
        # This list has the start, which for a scheduled task is later than its creation: the other list knows better.
        return [
            DrsTask(task.id, LEVEL_OF_TASK_TYPE.get(task.type or ""), task.status or "", parse_time(task.start_time))
            for task in await data_tasks(self._wire, job_id)
            if task.id
        ]

    async def _latest(self, job_id: str) -> list[DrsTask]:
        overview = await overview_of(self._wire, job_id)
        if not overview.compare_job_id:
            return []
        created_at = parse_time(overview.create_time)
        return [DrsTask(overview.compare_job_id, "objects", overview.status or "", created_at)]


@contextmanager
def _no_wordless_refusal(reason: Reason) -> Iterator[None]:
    """Turn a refusal without words into ``TryLater``: neither DRS nor its gateway speaks like that.

    It is something in between, a proxy or a portal, which may be gone at the next try.
    """
    try:
        yield
    except Refused as refusal:
        if not refusal.is_wordless:
            raise
        raise TryLater(refusal.code, refusal.message, reason=reason) from None


async def _unless_refused(listing: Awaitable[list[DrsTask]]) -> list[DrsTask] | Refused:
    try:
        return await listing
    except Refused as refusal:
        return refusal


def _most_telling(refusals: list[Refused], *, not_proof: object) -> Refused:
    """Of the lists' refusals: that the job is gone, else one without words, which may pass, else the first."""

    def rank(refusal: Refused) -> int:
        gone = refusal.job_gone and refusal is not not_proof
        return 3 if gone else 2 if refusal.is_wordless else 1 if refusal.job_gone else 0

    return max(refusals, key=rank)


def _merged(known: DrsTask, other: DrsTask) -> DrsTask:
    """Two lists' views of one task: the first's, completed by the second's; a final status is the newer one."""
    status = other.status if is_terminal(other.status) or not known.status else known.status
    return DrsTask(
        task_id=known.task_id,
        level=known.level or other.level,
        status=known.status if is_terminal(known.status) else status,
        created_at=known.created_at if known.created_at is not None else other.created_at,
    )


def _timed(data: DataLevelCompareInfo | None, now: float) -> DataLevelCompareInfo | None:
    """The start as DRS writes it elsewhere: epoch milliseconds, whatever the caller wrote.

    A start that has passed is left out, which means at once: what DRS does with a past one is written nowhere.
    """
    if data is None or data.starts_at is None:
        return data
    return data.model_copy(update={"start_time": epoch_ms(data.starts_at) if data.starts_at > now else None})
