"""The end of a comparison: the terminal event is stored where none is, published from the stored bytes, then marked."""

from dataclasses import dataclass
from typing import Any

from functions.pipeline import events, log, metrics
from functions.pipeline.comparison import Comparison, Outcome, Verdict
from functions.pipeline.edge import Edge
from functions.pipeline.job_lease import JobLeases
from functions.pipeline.ledger import Claim, Ledger, open_ledger
from functions.pipeline.messages import Level
from functions.pipeline.settings import EventSettings, LedgerSettings


@dataclass(frozen=True)
class Desk:
    """What the end of a comparison needs: the ledger, the leases of DRS jobs, the topic."""

    edge: Edge
    ledger: Ledger
    leases: JobLeases
    topic_arn: str

    async def finish(self, claim: Claim, caveats: tuple[str, ...] = ()) -> None:
        """End the claimed comparison; each requested level has an outcome."""
        comparison, now = claim.comparison, self.edge.now()
        if "objects" in comparison.request.levels:
            await self.leases.objects_ended(comparison)
        await self.leases.give_back(comparison)
        verdict, event = events.finished(comparison, now, steps=claim.step, caveats=caveats)
        await self.ledger.finish(claim, verdict, event)
        metrics.count("Verdicts", verdict=verdict, comparison_id=comparison.comparison_id)
        metrics.seconds("ComparisonSeconds", now - comparison.accepted_at)
        await self.publish_stored(comparison.comparison_id, event)
        log.note("comparison.finished", comparison_id=comparison.comparison_id, verdict=verdict, step=claim.step)

    async def publish_stored(self, comparison_id: str, event: str) -> None:
        """Publish a stored terminal event and mark it as out."""
        await self.edge.aws.publish(self.topic_arn, event, events.attributes(event))
        await self.ledger.published(comparison_id)

    async def publish_left(self, comparison_id: str) -> None:
        """Publish the terminal event of a comparison that somebody stored and nobody published."""
        item = await self.ledger.read(comparison_id)
        if item and "event" in item and not item.get("published_at"):
            await self.publish_stored(comparison_id, item["event"])
            log.note("comparison.published", comparison_id=comparison_id, verdict=item["verdict"])


def open_desk(edge: Edge) -> Desk:
    """From the environment. Raises BadSettings."""
    settings = LedgerSettings.load(edge.env)
    leases = JobLeases(edge.aws, settings.ledger_table, now=edge.now, keep_days=settings.retention_days)
    return Desk(edge, open_ledger(edge), leases, EventSettings.load(edge.env).results_topic_arn)


def ended(
    comparison: Comparison, verdict: Verdict, now: float, *, levels: tuple[Level, ...] | None = None, **facts: Any
) -> Comparison:
    """The comparison with `verdict` for each of `levels` (None: all) that has no outcome; a running task is named."""
    for level in comparison.request.levels if levels is None else levels:
        if not any(o.level == level for o in comparison.outcomes):
            comparison = comparison.with_outcome(_outcome(comparison, level, verdict, now, facts))
    return comparison


def expired(comparison: Comparison, now: float) -> Comparison:
    """The deadline passed first: every open level is `expired`, with the last reason."""
    trouble = comparison.last_trouble
    if trouble:
        message = trouble.message
    elif comparison.running:
        statuses = ", ".join(f"{t.level}: {t.status or 'unknown'}" for t in comparison.running)
        message = f"the deadline passed while DRS was still at it ({statuses})"
    else:
        message = "the deadline passed before DRS took the comparison"
    if comparison.intent is not None:
        message += "; DRS may have created a task that its lists did not show"
    code = trouble.code if trouble else None
    return ended(comparison, "expired", now, retryable=True, error_code=code, error_msg=message)


def _outcome(comparison: Comparison, level: Level, verdict: Verdict, now: float, facts: dict[str, Any]) -> Outcome:
    task = comparison.task(level)
    if task is None:
        return Outcome(level=level, verdict=verdict, at=now, **facts)
    still = ("still_running",) if verdict == "expired" else ()
    origin = ("adopted",) if task.origin == "adopted" else ()
    return Outcome(
        level=level,
        verdict=verdict,
        at=now,
        task_id=task.task_id,
        origin=task.origin,
        status=task.status,
        caveats=still + origin,
        **facts,
    )
