"""The create step: one accepted comparison becomes DRS tasks, once, whatever is lost or repeated in between.

Under the lease of the DRS job: write down which tasks the job already has, post once; after any doubt look again and
adopt what is new and ours, and only if nothing shows for a minute post again for the levels that are still missing.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from functions.pipeline import events, log, metrics
from functions.pipeline.adoption import candidates, known_ids, next_move, scope
from functions.pipeline.comparison import Comparison, Intent, Origin, Task
from functions.pipeline.creation import Doubt, Refusal, Took, meaning, rejected, troubled, waited_enough
from functions.pipeline.drs import Created, Drs, DrsTask, Part
from functions.pipeline.drs_access import Access, Closed, open_drs
from functions.pipeline.drs_errors import Refused, TryLater
from functions.pipeline.edge import Edge
from functions.pipeline.finishing import Desk, ended, expired
from functions.pipeline.ledger import Again, Claim
from functions.pipeline.messages import Level, PollMessage
from functions.pipeline.schedule import hop_delay, next_poll
from functions.pipeline.settings import Deadlines, DrsSettings, LedgerSettings, Polling

#: Between two looks for a task whose creation is in doubt; seconds.
LOOK_SECONDS = 5.0
#: How long the DRS job stays ours while a creation is in doubt: until a message that came back from a dead worker, by
#: its visibility or by the sweep, has long looked again. Seconds.
HOLD_SECONDS = 600.0
_NOT_ASKED = "cancelled before DRS was asked"


@dataclass(frozen=True)
class Creator:
    """What the create step needs."""

    edge: Edge
    desk: Desk
    #: How long the function may still run.
    seconds_left: Callable[[], float]
    drs: DrsSettings
    ledger: LedgerSettings
    polling: Polling
    deadlines: Deadlines
    polls_queue_url: str

    async def step(self, claim: Claim) -> Again | None:
        """Run the claimed step; returns when to try it again, or None when it is done."""
        comparison, now = claim.comparison, self.edge.now()
        if claim.cancel_requested and comparison.intent is None:
            comparison = ended(comparison, "cancelled", now, levels=comparison.undecided, error_msg=_NOT_ASKED)
        elif now >= comparison.deadline_at:
            comparison = expired(comparison, now)
        if not comparison.undecided:
            await self._conclude(claim.having(comparison))
            return None
        if not await self.desk.leases.take(comparison, HOLD_SECONDS, objects="objects" in comparison.undecided):
            return self._again(claim)
        return await self._with_drs(claim)

    async def _with_drs(self, claim: Claim) -> Again | None:
        retry_after = None
        try:
            async with self._open(claim.comparison.project_id) as access:
                claim, retry_after = await self._create(access.drs, claim)
        except Closed as e:
            await self._let_go(claim.comparison)
            remembered = e.remembered(claim.comparison, self.edge.now())
            return Again(claim.having(remembered), min(e.until, claim.comparison.deadline_at))
        except TryLater as e:
            retry_after = e.retry_after
            claim = claim.having(self._impatient(troubled(claim.comparison, e, self.edge.now()), e))
        if not claim.comparison.undecided:
            await self._conclude(claim)
            return None
        await self._let_go(claim.comparison)
        return self._again(claim, retry_after)

    def _open(self, project_id: str) -> AbstractAsyncContextManager[Access]:
        return open_drs(self.edge, self.drs, self.ledger, project_id, seconds_left=self.seconds_left)

    def _impatient(self, comparison: Comparison, error: TryLater) -> Comparison:
        """Even the lists say "not now": that too counts as a refusal after a while, unless a creation is in doubt."""
        now = self.edge.now()
        if comparison.intent is not None or not waited_enough(comparison, error, self.deadlines, now):
            return comparison
        for level in comparison.undecided:
            comparison = comparison.with_outcome(rejected(level, error.code, error.message, now, retryable=True))
        return comparison

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
            for level in comparison.undecided:
                comparison = comparison.with_outcome(rejected(level, e.code, e.message, now))
            return await self._save(claim, _settled(comparison)), None
        intent = comparison.intent
        if intent is not None:
            comparison = await self._adopt(drs, claim, intent, listed)
            doubted = [level for level in comparison.undecided if level in intent.levels]
            claim = await self._save(claim, comparison if doubted else _settled(comparison))
            if not comparison.undecided or (doubted and next_move(intent, now) == "look"):
                return claim, None
            intent = intent if doubted else None
        if claim.cancel_requested:
            stopped = ended(comparison, "cancelled", now, levels=comparison.undecided, error_msg=_NOT_ASKED)
            return await self._save(claim, _settled(stopped)), None
        return await self._post(drs, claim, intent, listed)

    async def _adopt(self, drs: Drs, claim: Claim, intent: Intent, listed: Iterable[DrsTask]) -> Comparison:
        comparison = claim.comparison
        for level, tasks in candidates(comparison, intent, listed, self.edge.now()).items():
            for task in tasks:
                reading = None if level == "objects" else await drs.read(comparison.request.job_id, task.task_id, level)
                ours = scope(comparison.request, reading) != "foreign"
                if ours and await self.desk.ledger.own_task(claim, task.task_id):
                    comparison = comparison.with_task(self._task(comparison, level, task.task_id, "adopted"))
                    metrics.count("Adopted", comparison_id=comparison.comparison_id)
                    break
        return comparison

    async def _post(
        self, drs: Drs, claim: Claim, doubt: Intent | None, listed: Iterable[DrsTask]
    ) -> tuple[Claim, float | None]:
        """Write the intent, post once, take what was created; `doubt` is an earlier post that left no trace."""
        now, wanted = self.edge.now(), claim.comparison.undecided
        intent = Intent(
            at=now,
            first_at=doubt.first_at or doubt.at if doubt else now,
            known=known_ids(listed, doubt, now),
            levels=wanted,
            posts=doubt.posts + 1 if doubt else 1,
        )
        claim = await self._save(claim, claim.comparison.model_copy(update={"intent": intent}))
        created = await self._ask(drs, claim.comparison, wanted)
        comparison, doubtful, waits = claim.comparison, [], [0.0]
        for level in wanted:
            part = created.objects if level == "objects" else created.data
            waits += [part.error.retry_after or 0] if part and isinstance(part.error, TryLater) else []
            before = doubt is not None and level in doubt.levels
            comparison, in_doubt = await self._take(claim.having(comparison), level, part, doubted_before=before)
            doubtful += [level] if in_doubt else []
        left = intent.model_copy(update={"levels": tuple(doubtful)}) if doubtful else None
        return await self._save(claim, comparison.model_copy(update={"intent": left})), max(waits) or None

    async def _ask(self, drs: Drs, comparison: Comparison, wanted: tuple[Level, ...]) -> Created:
        """Post once. What goes wrong with the request as a whole goes wrong with each part; credentials pass on."""
        data = comparison.request.data_level_compare_info
        objects, info = "objects" in wanted, data if data and data.compare_type in wanted else None
        try:
            return await drs.create(comparison.request.job_id, objects=objects, data=info)
        except (TryLater, Refused) as e:
            if isinstance(e, TryLater) and e.reason == "credentials":
                raise
            failed = Part(task_id=None, error=e)
            return Created(objects=failed if objects else None, data=failed if info else None)

    async def _take(
        self, claim: Claim, level: Level, part: Part | None, *, doubted_before: bool
    ) -> tuple[Comparison, bool]:
        """Act on one level's answer; the flag says that a task may exist although nobody told us."""
        comparison, now = claim.comparison, self.edge.now()
        match meaning(comparison, part, self.deadlines, now, doubted_before=doubted_before):
            case Took(task_id) if await self.desk.ledger.own_task(claim, task_id):
                return comparison.with_task(self._task(comparison, level, task_id, "created")), False
            case Took(task_id):
                kept = f"DRS kept the task {task_id}, which is not of this request"
                return comparison.with_outcome(rejected(level, "Parity.Kept", kept, now)), False
            case Refusal(code, message, retryable):
                return comparison.with_outcome(rejected(level, code, message, now, retryable=retryable)), False
            case Doubt(trouble, sent):
                return (troubled(comparison, trouble, now) if trouble else comparison), sent

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
        message = PollMessage(comparison_id=comparison.comparison_id, step=1)
        await self.edge.aws.send(self.polls_queue_url, message.model_dump_json(), delay=hop_delay(now, due))
        event = events.started(created, now)
        await self.edge.aws.publish(self.desk.topic_arn, event, events.attributes(event))
        if comparison.task("objects") is None and "objects" in comparison.request.levels:
            await self.desk.leases.objects_ended(comparison)
        await self.desk.leases.give_back(comparison)
        await self.desk.ledger.advance(claim.having(created), due)
        metrics.count("ComparisonsStarted")
        tasks = {t.level: t.task_id for t in comparison.running}
        log.note("comparison.started", comparison_id=comparison.comparison_id, tasks=tasks)


def _settled(comparison: Comparison) -> Comparison:
    """The comparison whose creation is in no doubt."""
    return comparison.model_copy(update={"intent": None})
