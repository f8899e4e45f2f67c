"""What `POST /comparisons?dry_run=true` answers: what would be sent to DRS, and what the DRS job is doing.

No comparison is stored, queued or created, and the request id stays free; DRS is only read. The way to it is that of
every step: through the gate, whose item in the ledger tells what was learned of the credentials, at the project's pace.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from functions.pipeline.accepting import Acceptor
from functions.pipeline.comparison import Comparison
from functions.pipeline.drs import CREATE, Drs, DrsTask, create_body
from functions.pipeline.drs_access import Access, Closed, open_drs
from functions.pipeline.drs_errors import Refused, TryLater, no_wordless_refusal
from functions.pipeline.edge import Edge
from functions.pipeline.forecast import JobNow, forecast, worst
from functions.pipeline.job_lease import Held, JobLeases
from functions.pipeline.ledger import same_request
from functions.pipeline.projects import BadProjects, projects
from functions.pipeline.settings import DrsSettings, LedgerSettings

#: Unfinished tasks that are shown; a DRS job has one per level, seldom more.
_MOST_TASKS = 20
Json = dict[str, Any]


@dataclass(frozen=True)
class Rehearsal:
    """What a dry run needs; `seconds_left` is how long the function may still run."""

    edge: Edge
    acceptor: Acceptor
    drs: DrsSettings
    ledger: LedgerSettings
    seconds_left: Callable[[], float]

    @classmethod
    def open(cls, edge: Edge, acceptor: Acceptor, seconds_left: Callable[[], float]) -> "Rehearsal":
        """From the environment. Raises BadSettings."""
        return cls(edge, acceptor, DrsSettings.load(edge.env), LedgerSettings.load(edge.env), seconds_left)

    async def tell(self, comparison: Comparison) -> Json:
        """The answer for a request that was judged but not stored. Raises AwsError, BadProjects."""
        known = await self.acceptor.ledger.read(comparison.comparison_id)
        held = await self._leases().held(comparison)
        job = await self._job_now(comparison)
        patience = comparison.request.ready_within_seconds
        patience = self.acceptor.deadlines.ready_within_seconds if patience is None else patience
        levels = forecast(comparison, job, held, patience)
        decisive = worst(levels)
        would, told = _known(known, comparison) if known else (decisive.would, decisive.why)
        return {
            "dry_run": True,
            "would": would,
            "summary": told,
            "comparison_id": comparison.comparison_id,
            "request_id": comparison.request.request_id,
            "known": known and {name: known.get(name) for name in ("state", "verdict")},
            "deadline_at": _iso(comparison.deadline_at),
            "levels": {one.level: {"would": one.would, "why": one.why} for one in levels},
            "drs_request": await self._drs_request(comparison),
            "drs": _shown(job, held),
        }

    def _leases(self) -> JobLeases:
        days = self.ledger.retention_days
        return JobLeases(self.edge.aws, self.ledger.ledger_table, now=self.edge.now, keep_days=days)

    async def _drs_request(self, comparison: Comparison) -> Json:
        """The very call that would create the tasks, without what identifies us."""
        project_id, request = comparison.project_id, comparison.request
        data = request.data_level_compare_info
        project = (await projects(self.edge, self.drs.projects_secret_id)).by_id.get(project_id)
        if project is None:
            raise BadProjects(f"project {project_id} has just been removed from the projects secret")
        return {
            "method": "POST",
            "url": f"{project.drs_url}/v3/{project_id}/jobs/{CREATE}",
            "project_id": project_id,
            "body": create_body(
                request.job_id, objects="objects" in request.levels, data=data, now=comparison.accepted_at
            ),
        }

    async def _job_now(self, comparison: Comparison) -> JobNow:
        job = JobNow()
        try:
            async with open_drs(
                self.edge, self.drs, self.ledger, comparison.project_id, seconds_left=self.seconds_left, rehearsal=True
            ) as access:
                job = await _look(access, comparison.request.job_id)
        except Closed as e:
            job = replace(job, reason=e.reason, message=_closed(e), until=e.until)
        owners = {}
        for task in job.unfinished[:_MOST_TASKS]:
            if owner := await self.acceptor.ledger.owner(comparison.project_id, task.task_id):
                owners[task.task_id] = owner
        return replace(job, owners=owners)


async def _look(access: Access, job_id: str) -> JobNow:
    """Ask for the state of the DRS job and for its tasks, until DRS says "not now". Refused credentials pass on."""
    job, access.heard = JobNow(), False
    try:
        job = await _with_status(job, access.drs, job_id)
        access.heard = True
        job = await _with_tasks(job, access.drs, job_id)
    except TryLater as e:
        if e.reason == "credentials":
            raise
        job = replace(job, reason=e.reason, message=str(e))
    return job


async def _with_status(job: JobNow, drs: Drs, job_id: str) -> JobNow:
    try:
        with no_wordless_refusal("unavailable"):
            status = await drs.job_status(job_id)
            return replace(job, status=status and drs.shown(status))
    except Refused as e:
        return replace(job, refusal=str(e)) if e.job_gone else job
    except TryLater as e:
        if e.reason != "credentials" or e.bad_signature:
            raise
        return job  # whoever may compare need not be allowed to ask for the state


async def _with_tasks(job: JobNow, drs: Drs, job_id: str) -> JobNow:
    try:
        tasks = await drs.tasks(job_id)
        return replace(job, tasks=tuple(_presentable(task, drs) for task in tasks))
    except Refused as e:
        return replace(job, refusal=str(e))


def _presentable(task: DrsTask, drs: Drs) -> DrsTask:
    """The task without what a DRS that lies could put into its words: they are shown to whoever may ask."""
    return replace(task, task_id=drs.shown(task.task_id), status=drs.shown(task.status))


def _known(item: Json, comparison: Comparison) -> tuple[str, str]:
    if same_request(item, comparison):
        verdict = f", verdict {item['verdict']}" if item.get("verdict") else ""
        return "repeat", f"this request was accepted before and would not run again: {item['state']}{verdict}"
    return "conflict", "this id was used for another request: 409 would be answered. Use a new id for a new request"


def _closed(e: Closed) -> str:
    if isinstance(e.__cause__, TryLater):
        return str(e.__cause__)
    if e.reason == "credentials":
        return (
            "the project's credentials were refused, are missing, or were tried without an end: "
            "DRS is not asked until they work again"
        )
    return "other steps are calling DRS for this project: the calls per second are used up"


def _shown(job: JobNow, held: Held) -> Json:
    latest = job.latest_objects
    return {
        "reachable": job.reachable,
        "reason": job.reason,
        "message": job.message,
        "until": _iso(job.until),
        "job_status": job.status,
        "refusal": job.refusal,
        "unfinished_tasks": None if job.tasks is None else [_task(t, job) for t in job.unfinished[:_MOST_TASKS]],
        "latest_object_task": latest and _task(latest, job),
        "creating_now": held.creating,
        "comparing_objects_now": held.objects,
    }


def _task(task: DrsTask, job: JobNow) -> Json:
    return {
        "compare_task_id": task.task_id,
        "level": task.level,
        "status": task.status or None,
        "created_at": _iso(task.created_at),
        "comparison_id": job.owners.get(task.task_id),
    }


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
