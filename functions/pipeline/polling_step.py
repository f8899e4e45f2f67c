"""The poll step: ask for every DRS task that has not ended, then end the comparison or send the next poll."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from functions.pipeline import log, metrics
from functions.pipeline.comparison import Comparison, Outcome, Task, Trouble
from functions.pipeline.drs import Drs
from functions.pipeline.drs_access import Access, Closed, open_drs
from functions.pipeline.drs_errors import Refused, TryLater
from functions.pipeline.drs_models import UNFINISHED_STATUSES
from functions.pipeline.edge import Edge
from functions.pipeline.finishing import Desk, expired
from functions.pipeline.ledger import Again, Claim
from functions.pipeline.messages import PollMessage
from functions.pipeline.outcomes import outcome_of
from functions.pipeline.readings import Reading
from functions.pipeline.schedule import hop_delay, next_poll
from functions.pipeline.settings import DrsSettings, EventSettings, LedgerSettings, Polling

#: A task that can't be found may just not show yet: it counts as superseded after this many polls and seconds.
MISSING_POLLS = 3
MISSING_SECONDS = 60.0
_REPLICATING = "INCRE_TRANSFER_STARTED"
_log = log.get_logger()


@dataclass(frozen=True)
class Poller:
    """What the poll step needs."""

    edge: Edge
    desk: Desk
    #: How long the function may still run.
    seconds_left: Callable[[], float]
    drs: DrsSettings
    ledger: LedgerSettings
    polling: Polling
    events: EventSettings
    queue_url: str

    async def step(self, claim: Claim) -> Again | None:
        """Run the claimed step; returns when to try it again, or None when it is done."""
        comparison = claim.comparison
        retry_after: float | None = None
        caveats: tuple[str, ...] = ()
        try:
            async with self._open(comparison.project_id) as access:
                comparison, retry_after = await self._look(access, claim)
                if not comparison.running:
                    caveats = await self._caveats(access, comparison)
        except Closed as e:
            comparison = e.remembered(comparison, self.edge.now())
            if self.edge.now() < comparison.deadline_at:
                return Again(claim.having(comparison), min(e.until, comparison.deadline_at))
        comparison = comparison.model_copy(update={"polls": comparison.polls + 1})
        if comparison.running and self.edge.now() >= comparison.deadline_at:
            comparison = expired(comparison, self.edge.now())
        if comparison.running:
            await self._next(claim.having(comparison), retry_after)
        else:
            await self.desk.finish(claim.having(comparison), caveats)
        return None

    def _open(self, project_id: str) -> AbstractAsyncContextManager[Access]:
        return open_drs(self.edge, self.drs, self.ledger, project_id, seconds_left=self.seconds_left)

    async def _next(self, claim: Claim, retry_after: float | None) -> None:
        comparison, now, random = claim.comparison, self.edge.now(), self.edge.random()
        due = min(
            next_poll(
                now=now,
                began=task.began_at if task.cancelled_at is None else task.cancelled_at,
                polling=self.polling,
                random=random,
                deadline=comparison.deadline_at,
                retry_after=retry_after,
            )
            for task in comparison.running
        )
        message = PollMessage(comparison_id=comparison.comparison_id, step=claim.step + 1)
        await self.edge.aws.send(self.queue_url, message.model_dump_json(), delay=hop_delay(now, due))
        await self.desk.ledger.advance(claim, due)
        statuses = {t.level: t.status for t in comparison.running}
        log.note("comparison.polled", comparison_id=comparison.comparison_id, step=claim.step, status=statuses)

    async def _look(self, access: Access, claim: Claim) -> tuple[Comparison, float | None]:
        comparison, retry_after = claim.comparison, None
        access.heard = False
        for task in comparison.running:
            try:
                comparison, asked_to_wait = await self._ask(access.drs, comparison, task, cancel=claim.cancel_requested)
                retry_after = max(retry_after or 0, asked_to_wait or 0) or None
                access.heard = True
            except TryLater as e:
                if e.reason == "credentials":
                    raise
                trouble = Trouble(code=e.code, message=e.message, reason=e.reason, at=self.edge.now())
                comparison = comparison.model_copy(update={"last_trouble": trouble})
                retry_after = max(retry_after or 0, e.retry_after or 0) or None
            except Refused as e:
                comparison = comparison.with_outcome(self._given_up(task, e))
                access.heard = True
        ran, runs = ({t.level for t in c.running} for c in (claim.comparison, comparison))
        if "objects" in ran - runs and runs:
            await self.desk.leases.objects_ended(comparison)  # where nothing runs any more, the end sees to it
        return comparison, retry_after

    async def _ask(
        self, drs: Drs, comparison: Comparison, task: Task, *, cancel: bool
    ) -> tuple[Comparison, float | None]:
        """The comparison after one look at a task, and how many seconds DRS asks us to wait."""
        job_id, now = comparison.request.job_id, self.edge.now()
        reading = await drs.read(job_id, task.task_id, task.level)
        if cancel and task.cancelled_at is None and not (reading and reading.terminal):
            task = await self._cancel(drs, job_id, task)
        if reading is None:
            return self._missing(comparison, task, now), None
        if reading.terminal:
            return comparison.with_outcome(self._outcome_of(comparison, task, reading)), None
        if reading.status not in UNFINISHED_STATUSES:
            metrics.count("UnknownStatus")
            _log.warning("drs.unknown_status", status=reading.status, comparison_id=comparison.comparison_id)
        seen = {
            "status": reading.status,
            "progress": reading.progress or task.progress,
            "missing_since": None,
            "missing_polls": 0,
        }
        return _clear(comparison, reading).with_task(task.model_copy(update=seen)), reading.retry_after

    def _outcome_of(self, comparison: Comparison, task: Task, reading: Reading) -> Outcome:
        keys = self.events.include_keys
        return outcome_of(comparison.request, task, reading, self.edge.now(), include_keys=keys)

    async def _cancel(self, drs: Drs, job_id: str, task: Task) -> Task:
        """Ask DRS to cancel. Where it doesn't, for whatever reason, the task is followed as before and asked again."""
        try:
            await drs.cancel(job_id, task.task_id)
        except (TryLater, Refused) as e:
            if isinstance(e, TryLater) and e.bad_signature:
                raise
            _log.warning("drs.not_cancelled", code=e.code, reason=e.message, compare_task_id=task.task_id)
            return task
        return task.model_copy(update={"cancelled_at": self.edge.now()})

    def _missing(self, comparison: Comparison, task: Task, now: float) -> Comparison:
        since, polls = task.missing_since or now, task.missing_polls + 1
        if polls < MISSING_POLLS or now - since < MISSING_SECONDS:
            return comparison.with_task(task.model_copy(update={"missing_since": since, "missing_polls": polls}))
        message = f"DRS shows another comparison, and {task.task_id} can't be read by its id"
        return comparison.with_outcome(self._outcome(task, "superseded", None, message))

    def _given_up(self, task: Task, error: Refused) -> Outcome:
        return self._outcome(task, "failed" if error.job_gone else "rejected", error.code, error.message)

    def _outcome(self, task: Task, verdict: str, code: str | None, message: str) -> Outcome:
        return Outcome.model_validate(
            {
                "level": task.level,
                "verdict": verdict,
                "at": self.edge.now(),
                "task_id": task.task_id,
                "origin": task.origin,
                "status": task.status,
                "error_code": code,
                "error_msg": message,
                "caveats": ("adopted",) if task.origin == "adopted" else (),
            }
        )

    async def _caveats(self, access: Access, comparison: Comparison) -> tuple[str, ...]:
        """Rows were counted while the replication ran: worth a word, not worth a failure."""
        if not any(o.level != "objects" and o.compared for o in comparison.outcomes):
            return ()
        try:
            status = await access.drs.job_status(comparison.request.job_id)
        except (TryLater, Refused) as e:
            if isinstance(e, TryLater) and e.bad_signature:
                access.refusal = e  # the verdict is known all the same
            _log.info("drs.job_status_unknown", code=e.code, reason=e.message)
            return ()
        return ("replication_active",) if status == _REPLICATING else ()


def _clear(comparison: Comparison, reading: Reading) -> Comparison:
    """DRS answers again: what went wrong before is over."""
    return comparison.model_copy(update={"last_trouble": None}) if reading.status else comparison
