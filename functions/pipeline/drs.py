"""The DRS comparison API as the pipeline uses it: create, list, read, cancel, and the state of a DRS job.

Everything that can go wrong ends in one of two errors: ``TryLater`` or ``Refused`` (see ``drs_errors``). How a
request is identified and sent is in ``drs_wire``, what results mean in ``readings``.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp

from functions.pipeline.drs_body import MOST_BYTES
from functions.pipeline.drs_data import read_data
from functions.pipeline.drs_errors import Reason, Refused, Told, TryLater, no_wordless_refusal
from functions.pipeline.drs_lists import DrsTask, tasks_of
from functions.pipeline.drs_models import (
    BatchStatusAnswer,
    CreateComparisonTask,
    CreateComparisonTaskAnswer,
    CreateResult,
    DataLevelCompareInfo,
    Level,
    epoch_ms,
)
from functions.pipeline.drs_objects import read_objects
from functions.pipeline.drs_pages import Results
from functions.pipeline.drs_project import Project
from functions.pipeline.drs_time import TimeLeft
from functions.pipeline.drs_wire import Wire, read_as
from functions.pipeline.readings import Reading

__all__ = ["CREATE", "Created", "Drs", "DrsTask", "Part", "Project", "Reason", "Refused", "TryLater", "create_body"]

CREATE: Final = "create-compare-task"
"""The last segment of where tasks are created (drs_03_0136)."""
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


class Drs:
    """The comparison API for one project. One step at a time; ``tokens`` outlives it.

    ``pace`` is awaited before each call to DRS, ``now`` gives epoch seconds, ``language`` is ``en-us`` or ``zh-cn``.
    ``seconds_left`` is how long the caller can wait: near its end names are left out (``Reading.truncated``), and then
    every question raises ``TryLater`` (``Parity.OutOfTime``) before it is sent. Of an answer's body ``most_bytes`` are
    read; a longer one is ``TryLater`` too.
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
        seconds_left: Callable[[], float] = lambda: math.inf,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._now = now
        self._wire = Wire(
            session,
            project_id,
            project,
            now=now,
            language=language,
            pace=pace,
            tokens=tokens,
            time=TimeLeft(seconds_left),
            most_bytes=most_bytes,
        )
        self._results = Results(self._wire)

    async def create(self, job_id: str, *, objects: bool, data: DataLevelCompareInfo | None) -> Created:
        """Ask for the levels once (drs_03_0136). Never repeated: DRS knows no idempotency key.

        Raises ``TryLater`` (``sent``: tasks may exist; ``not_ready``, also where a status came without words) and
        ``Refused`` for the request as a whole; what a 200 says about each level is in the result.
        """
        body = create_body(job_id, objects=objects, data=data, now=self._now())
        with no_wordless_refusal("not_ready"):
            reply = await self._wire.call(
                "POST", CREATE, body=body, timeout=_CREATE_TIMEOUT_SECONDS, errors_inside=True
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
        return await tasks_of(self._wire, self._results, job_id)

    async def read(self, job_id: str, task_id: str, level: Level) -> Reading | None:
        """One look at one task; when it is terminal, with everything that a verdict needs.

        ``None``: the overview shows another object-level task and ours can't be read by its id. Raises ``TryLater``
        also where reading broke off half-way, and ``Refused``, with ``job_gone`` if DRS has no such job.
        """
        self._wire.asked_to_wait = None
        with no_wordless_refusal("unavailable"):
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

    def shown(self, word: str) -> str:
        """A word of DRS's as it may be shown: one line of at most 64 characters, without our secrets."""
        return self._wire.shown(word)

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
            told = f"{error.message}; DRS named the task {self.shown(task_id)}"
            error = Refused(error.code, told, status=error.status, job_gone=error.job_gone)
        return Part(None, error, named=task_id)


def create_body(job_id: str, *, objects: bool, data: DataLevelCompareInfo | None, now: float) -> dict[str, Any]:
    """What is sent to create tasks (drs_03_0136), `now` being epoch seconds."""
    request = CreateComparisonTask(
        job_id=job_id,
        object_level_compare_type="objects" if objects else None,
        data_level_compare_info=_timed(data, now),
    )
    return request.wire()


def _timed(data: DataLevelCompareInfo | None, now: float) -> DataLevelCompareInfo | None:
    """The start as DRS writes it elsewhere: epoch milliseconds, whatever the caller wrote.

    A start that has passed is left out, which means at once: what DRS does with a past one is written nowhere.
    """
    if data is None or data.starts_at is None:
        return data
    return data.model_copy(update={"start_time": epoch_ms(data.starts_at) if data.starts_at > now else None})
