"""What would become of a request if it were made now: a decision from what the DRS job is doing. Pure functions.

A forecast, no promise: DRS alone decides, and the job may be doing something else a moment later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from functions.pipeline.comparison import Comparison
from functions.pipeline.drs_lists import DrsTask
from functions.pipeline.drs_models import JOB_READY
from functions.pipeline.job_lease import Held
from functions.pipeline.messages import Level
from functions.pipeline.readings import is_terminal

Would = Literal["refuse", "collide", "unknown", "wait", "replace", "create"]
#: Worst first: what decides where several are true.
RANK: Final[tuple[Would, ...]] = ("refuse", "collide", "unknown", "wait", "replace", "create")


@dataclass(frozen=True)
class JobNow:
    """What DRS says of a DRS job, as far as it could be asked."""

    status: str | None = None
    #: Its comparison tasks; None: not known.
    tasks: tuple[DrsTask, ...] | None = None
    #: Why DRS will not have this job at all.
    refusal: str | None = None
    #: Why DRS, or a part of what it knows, could not be asked, and until when that stays so (epoch seconds).
    reason: str | None = None
    message: str | None = None
    until: float | None = None
    #: Which comparison of ours an unfinished task belongs to.
    owners: Mapping[str, str] = field(default_factory=dict)

    @property
    def reachable(self) -> bool:
        """Whether DRS has said anything about the job."""
        return self.status is not None or self.tasks is not None or self.refusal is not None

    @property
    def unfinished(self) -> tuple[DrsTask, ...]:
        """The comparison tasks that have not ended; one without a status may run."""
        return tuple(task for task in self.tasks or () if not is_terminal(task.status))

    @property
    def latest_objects(self) -> DrsTask | None:
        """The object-level task that the overview shows: the latest."""
        of_objects = [task for task in self.tasks or () if task.level == "objects"]
        return max(of_objects, key=lambda task: task.created_at or 0, default=None)


@dataclass(frozen=True)
class Forecast:
    """What would become of one level, and why."""

    level: Level
    would: Would
    why: str


def forecast(comparison: Comparison, job: JobNow, held: Held, patience: int) -> tuple[Forecast, ...]:
    """What would become of each requested level; `patience` is how many seconds "not now" is asked again."""
    found = []
    for level in comparison.request.levels:
        reasons = [*_by_job(job, patience), *_by_lease(comparison, held), *_by_tasks(comparison, level, job, patience)]
        would, why = min(reasons, key=lambda reason: RANK.index(reason[0]), default=("create", _now(comparison, level)))
        found.append(Forecast(level, would, why))
    return tuple(found)


def worst(forecasts: tuple[Forecast, ...]) -> Forecast:
    """The one that decides."""
    return min(forecasts, key=lambda one: RANK.index(one.would))


def _by_job(job: JobNow, patience: int) -> list[tuple[Would, str]]:
    if job.refusal is not None:
        return [("refuse", f"DRS refuses: {job.refusal}")]
    if not job.reachable or job.tasks is None:
        return [("unknown", job.message or "DRS did not say what the DRS job is doing")]
    if job.status in {JOB_READY, None}:
        return []
    told = f"the DRS job is {job.status}, and DRS compares in {JOB_READY} alone: {_asked_again(patience)}"
    return [("wait", told)]


def _by_lease(comparison: Comparison, held: Held) -> list[tuple[Would, str]]:
    """What others of ours hold; the place for an object-level comparison is asked for by such a request alone."""
    if held.creating:
        return [("wait", f"{held.creating} is creating on this DRS job; this one would be next")]
    if held.objects and "objects" in comparison.request.levels:
        return [("wait", f"{held.objects} compares the objects of this DRS job; this one would start after it")]
    return []


def _by_tasks(comparison: Comparison, level: Level, job: JobNow, patience: int) -> list[tuple[Would, str]]:
    """What the unfinished tasks of the job mean: one data-level task at a time, and objects never beside contents."""
    data = comparison.request.data_level_compare_info
    of_objects = [task for task in job.unfinished if task.level == "objects"]
    of_data = [task for task in job.unfinished if task.level != "objects"]
    if level == "objects":
        busy = of_objects + [task for task in of_data if task.level == "contents"]
        return [_busy(busy, job, patience)] if busy else []
    found = [_busy(of_objects, job, patience)] if of_objects and level == "contents" else []
    if of_data and data and data.conflict_policy == "cancel":
        found.append(("replace", f"cancel: DRS would cancel {_named(of_data, job)} and make a new task"))
    elif of_data:
        told = f"keep: DRS keeps {_named(of_data, job)} and makes no new task while it runs"
        found.append(("collide", f"{told}, so this level would end as rejected"))
    return found


def _busy(tasks: list[DrsTask], job: JobNow, patience: int) -> tuple[Would, str]:
    return "wait", f"DRS may be busy with {_named(tasks, job)}: {_asked_again(patience)}"


def _asked_again(patience: int) -> str:
    return f"it is asked again for up to {patience} s, then the level is rejected"


def _named(tasks: list[DrsTask], job: JobNow) -> str:
    told = []
    for task in tasks[:3]:
        owner = job.owners.get(task.task_id)
        told.append(f"{task.level or 'another'} task {task.task_id}" + (f" of {owner}" if owner else ""))
    return ", ".join(told) + (f" and {len(tasks) - 3} more" if len(tasks) > 3 else "")


def _now(comparison: Comparison, level: Level) -> str:
    later = comparison.request.starts_at
    if level == "objects" or later is None or later <= comparison.accepted_at:
        return "DRS would be asked at once, and nothing is known to be in the way"
    return f"DRS would be asked at once, and would start the task {later - comparison.accepted_at:.0f} s from now"
