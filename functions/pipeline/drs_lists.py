"""The comparison tasks of a DRS job, from every list that DRS keeps of them."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from functions.pipeline.drs_errors import Refused, no_wordless_refusal
from functions.pipeline.drs_models import LEVEL_OF_TASK_TYPE, Level, parse_time
from functions.pipeline.drs_pages import Results, data_tasks, overview_of
from functions.pipeline.drs_wire import Wire
from functions.pipeline.readings import is_terminal


@dataclass(frozen=True)
class DrsTask:
    """A comparison task as the lists show it. ``level`` is ``None`` for kinds that Parity doesn't create."""

    task_id: str
    level: Level | None
    status: str
    created_at: float | None


async def tasks_of(wire: Wire, results: Results, job_id: str) -> list[DrsTask]:
    """All tasks in no order. Raises ``Refused`` if those of either level can't be seen at all, and ``TryLater``."""
    found: dict[str, DrsTask] = {}
    listed = await _unless_refused(_listed(results, job_id))
    by_path = await _unless_refused(_listed_by_path(wire, job_id))
    latest = await _unless_refused(_latest(wire, job_id))
    # "Task not found" may be how the overview says that there is no object-level task yet: no blindness.
    blind = isinstance(by_path, Refused) or (isinstance(latest, Refused) and not latest.job_gone)
    if isinstance(listed, Refused) and blind:
        refusals = [outcome for outcome in (listed, by_path, latest) if isinstance(outcome, Refused)]
        with no_wordless_refusal("not_ready"):
            raise _most_telling(refusals, not_proof=latest)
    for outcome in (listed, by_path, latest):
        for task in [] if isinstance(outcome, Refused) else outcome:
            known = found.get(task.task_id)
            found[task.task_id] = _merged(known, task) if known else task
    return list(found.values())


async def _listed(results: Results, job_id: str) -> list[DrsTask]:
    return [
        DrsTask(
            task_id=task.compare_task_id or "",
            level=LEVEL_OF_TASK_TYPE.get(task.compare_type or ""),
            status=task.compare_task_status or "",
            created_at=parse_time(task.create_time),
        )
        for task in await results.tasks(job_id)
    ]


async def _listed_by_path(wire: Wire, job_id: str) -> list[DrsTask]:
    # This list has the start, which for a scheduled task is later than its creation: the other list knows better.
    return [
        DrsTask(task.id, LEVEL_OF_TASK_TYPE.get(task.type or ""), task.status or "", parse_time(task.start_time))
        for task in await data_tasks(wire, job_id)
        if task.id
    ]


async def _latest(wire: Wire, job_id: str) -> list[DrsTask]:
    overview = await overview_of(wire, job_id)
    if not overview.compare_job_id:
        return []
    created_at = parse_time(overview.create_time)
    return [DrsTask(overview.compare_job_id, "objects", overview.status or "", created_at)]


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
