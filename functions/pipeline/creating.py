"""The create step: one accepted comparison becomes DRS tasks, once, whatever is lost or repeated in between.

Under the lease of the DRS job: write down which tasks the job already has, post once; after any doubt look again and
adopt what is new and ours, and only if nothing shows for a minute post again for the levels that are still missing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.pipeline import events, log, metrics
from functions.pipeline.adoption import candidates, next_move, same_objects
from functions.pipeline.comparison import Comparison, Intent, Origin, Outcome, Task, Trouble
from functions.pipeline.drs import Created, Drs, DrsTask, Part
from functions.pipeline.drs_access import Closed, open_drs
from functions.pipeline.drs_errors import Refused, TryLater
from functions.pipeline.edge import Edge
from functions.pipeline.finishing import Desk, ended, expired
from functions.pipeline.ledger import Again, Claim
from functions.pipeline.messages import Level, PollMessage
from functions.pipeline.schedule import hop_delay, next_poll
from functions.pipeline.settings import Deadlines, DrsSettings, LedgerSettings, Polling

#: Between two looks for a task whose creation is in doubt; seconds.
LOOK_SECONDS = 5.0
#: How long the DRS job stays ours while a creation is in doubt; longer than a task may take to show. Seconds.
HOLD_SECONDS = 90.0
#: Refusals that pass by themselves for a while, but not for ever.
_PASSING = {"not_ready", "busy", "too_frequent"}


@dataclass(frozen=True)
class Creator:
    """What the create step needs."""

    edge: Edge
    desk: Desk
    drs: DrsSettings
    ledger: LedgerSettings
    polling: Polling
    deadlines: Deadlines
    polls_queue_url: str

    async def step(self, claim: Claim) -> Again | None:
        """Run the claimed step; returns when to try it again, or None when it is done."""
        comparison, now = claim.comparison, self.edge.now()
        if claim.cancel_requested and comparison.intent is None:
            comparison = ended(comparison, "cancelled", now, error_msg="cancelled before DRS was asked")
        elif now >= comparison.deadline_at:
            comparison = expired(comparison, now)
        if not comparison.undecided:
            await self._conclude(claim.having(comparison))
            return None
        if not await self.desk.leases.take(comparison, HOLD_SECONDS, objects="objects" in comparison.undecided):
            return self._again(claim)
        try:
            async with open_drs(self.edge, self.drs, self.ledger, comparison.project_id) as drs:
                claim, retry_after = await self._create(drs, claim)
        except Closed as e:
            await self._let_go(comparison)
            return Again(claim.having(e.remembered(comparison, now)), min(e.until, comparison.deadline_at))
        except TryLater as e:
            await self._let_go(comparison)
            return self._again(claim.having(_troubled(comparison, e, now)), e.retry_after)
        if not claim.comparison.undecided:
            await self._conclude(claim)
            return None
        await self._let_go(claim.comparison)
        return self._again(claim, retry_after)

    async def _let_go(self, comparison: Comparison) -> None:
        """Others may create on the job, unless something of ours may yet show there."""
        if comparison.intent is None:
            await self.desk.leases.give_back(comparison)

    def _again(self, claim: Claim, retry_after: float | None = None) -> Again:
        comparison, now = claim.comparison, self.edge.now()
        if comparison.intent is not None:
            return Again(claim, min(now + max(LOOK_SECONDS, retry_after or 0), comparison.deadline_at))
        until = next_poll(
            now=now,
            began=comparison.accepted_at,
            polling=self.polling,
            random=self.edge.random(),
            deadline=comparison.deadline_at,
            retry_after=retry_after,
        )
        return Again(claim, until)

    async def _create(self, drs: Drs, claim: Claim) -> tuple[Claim, float | None]:
        comparison, now = claim.comparison, self.edge.now()
        try:
            listed = await drs.tasks(comparison.request.job_id)
        except Refused as e:
            return await self._save(claim, self._refused_all(comparison, e)), None
        intent = comparison.intent
        if intent is not None:
            comparison = await self._adopt(drs, claim, intent, listed)
            claim = await self._save(claim, comparison if comparison.undecided else _settled(comparison))
            if not comparison.undecided or next_move(intent, now) == "look":
                return claim, None
        if claim.cancel_requested:
            stopped = ended(comparison, "cancelled", now, error_msg="cancelled before DRS was asked")
            return await self._save(claim, _settled(stopped)), None
        known = {t.task_id for t in listed} | set(intent.known if intent else ())
        intent = Intent(at=now, known=tuple(sorted(known)))
        claim = await self._save(claim, comparison.model_copy(update={"intent": intent}))
        return await self._post(drs, claim, intent)

    async def _adopt(self, drs: Drs, claim: Claim, intent: Intent, listed: Iterable[DrsTask]) -> Comparison:
        comparison = claim.comparison
        for level, tasks in candidates(comparison, intent, listed).items():
            for task in tasks:
                reading = None if level == "objects" else await drs.read(comparison.request.job_id, task.task_id, level)
                if same_objects(comparison.request, reading) and await self.desk.ledger.own_task(claim, task.task_id):
                    comparison = comparison.with_task(self._task(comparison, level, task.task_id, "adopted"))
                    metrics.count("Adopted", comparison_id=comparison.comparison_id)
                    break
        return comparison

    async def _post(self, drs: Drs, claim: Claim, intent: Intent) -> tuple[Claim, float | None]:
        comparison = claim.comparison
        data = comparison.request.data_level_compare_info
        wanted = comparison.undecided
        created = await self._ask(
            drs, comparison, objects="objects" in wanted, data=bool(data and data.compare_type in wanted)
        )
        doubtful, waits = False, [0.0]
        for level in wanted:
            part = created.objects if level == "objects" else created.data
            waits += [part.error.retry_after or 0] if part and isinstance(part.error, TryLater) else []
            comparison, doubt = await self._decide(claim.having(comparison), level, part, intent)
            doubtful = doubtful or doubt
        return await self._save(claim, comparison if doubtful else _settled(comparison)), max(waits) or None

    async def _ask(self, drs: Drs, comparison: Comparison, *, objects: bool, data: bool) -> Created:
        """Post once. What goes wrong with the request as a whole goes wrong with each part; credentials pass on."""
        info = comparison.request.data_level_compare_info if data else None
        try:
            return await drs.create(comparison.request.job_id, objects=objects, data=info)
        except (TryLater, Refused) as e:
            if isinstance(e, TryLater) and e.reason == "credentials":
                raise
            failed = Part(task_id=None, error=e)
            return Created(objects=failed if objects else None, data=failed if data else None)

    async def _decide(self, claim: Claim, level: Level, part: Part | None, intent: Intent) -> tuple[Comparison, bool]:
        """What one level's answer means; the flag says that a task may exist although nobody told us."""
        comparison, now = claim.comparison, self.edge.now()
        error = part.error if part else None
        if part and part.task_id and error is None:
            if part.task_id in intent.known or not await self.desk.ledger.own_task(claim, part.task_id):
                kept = f"DRS kept the task {part.task_id}, which is not of this request"
                return comparison.with_outcome(self._rejected(level, "Parity.Kept", kept)), False
            return comparison.with_task(self._task(comparison, level, part.task_id, "created")), False
        if isinstance(error, TryLater):
            comparison = _troubled(comparison, error, now)
            if self._waited_enough(comparison, error, now):
                return comparison.with_outcome(self._rejected(level, error.code, error.message, retryable=True)), False
            return comparison, error.sent
        if isinstance(error, Refused):
            return comparison.with_outcome(self._rejected(level, error.code, error.message)), False
        return comparison.with_outcome(
            self._rejected(level, "Parity.NoTaskId", "DRS answered without a task id")
        ), False

    def _waited_enough(self, comparison: Comparison, error: TryLater, now: float) -> bool:
        within = comparison.request.ready_within_seconds
        patience = self.deadlines.ready_within_seconds if within is None else within
        since = comparison.not_ready_since
        return error.reason in _PASSING and since is not None and now - since >= patience

    def _rejected(self, level: Level, code: str, message: str, *, retryable: bool = False) -> Outcome:
        return Outcome(
            level=level,
            verdict="rejected",
            at=self.edge.now(),
            error_code=code,
            error_msg=message,
            retryable=retryable,
        )

    def _refused_all(self, comparison: Comparison, error: Refused) -> Comparison:
        for level in comparison.undecided:
            comparison = comparison.with_outcome(self._rejected(level, error.code, error.message))
        return comparison

    def _task(self, comparison: Comparison, level: Level, task_id: str, origin: Origin) -> Task:
        now = self.edge.now()
        starts = comparison.request.starts_at if level != "objects" else None
        return Task(level=level, task_id=task_id, origin=origin, began_at=max(now, starts or now))

    async def _save(self, claim: Claim, comparison: Comparison) -> Claim:
        claim = claim.having(comparison)
        await self.desk.ledger.save(claim)
        return claim

    async def _conclude(self, claim: Claim) -> None:
        """Every level has a task or an outcome: start polling, or end where there is nothing to poll."""
        comparison, now = claim.comparison, self.edge.now()
        if not comparison.running:
            await self.desk.finish(claim)
            return
        began = min(t.began_at for t in comparison.running)
        created = comparison.model_copy(update={"created_at": comparison.created_at or now})
        due = next_poll(
            now=now, began=began, polling=self.polling, random=self.edge.random(), deadline=comparison.deadline_at
        )
        await self._first_poll(comparison.comparison_id, hop_delay(now, due))
        event = events.started(created, now)
        await self.edge.aws.publish(self.desk.topic_arn, event, events.attributes(event))
        if comparison.task("objects") is None and "objects" in comparison.request.levels:
            await self.desk.leases.objects_ended(comparison)
        await self.desk.leases.give_back(comparison)
        await self.desk.ledger.advance(claim.having(created), due)
        metrics.count("ComparisonsStarted")
        tasks = {t.level: t.task_id for t in comparison.running}
        log.note("comparison.started", comparison_id=comparison.comparison_id, tasks=tasks)

    async def _first_poll(self, comparison_id: str, delay: int) -> None:
        message = PollMessage(comparison_id=comparison_id, step=1)
        await self.edge.aws.send(self.polls_queue_url, message.model_dump_json(), delay=delay)


def _troubled(comparison: Comparison, error: TryLater, now: float) -> Comparison:
    """The comparison that remembers what went wrong, and since when DRS says "not now"."""
    trouble = Trouble(code=error.code, message=error.message, reason=error.reason, at=now)
    since = comparison.not_ready_since or now if error.reason in _PASSING else None
    return comparison.model_copy(update={"last_trouble": trouble, "not_ready_since": since})


def _settled(comparison: Comparison) -> Comparison:
    """The comparison whose creation is in no doubt."""
    return comparison.model_copy(update={"intent": None})
