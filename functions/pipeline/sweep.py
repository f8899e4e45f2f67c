"""Scheduled handler: finds what is overdue, brings its message back, and ends what is past its deadline.

A crash, a dead letter or a stopped message loop can end a chain; the ledger knows what should have happened.
"""

from typing import Any

from functions.pipeline import log, metrics
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.finishing import Desk, expired, open_desk
from functions.pipeline.ledger import Claim, LostClaim, comparison_in, request_message
from functions.pipeline.messages import PollMessage
from functions.pipeline.settings import Settings
from functions.pipeline.sweeping import next_interval, what_is_due

#: One item needs this long at most; with less left the next run goes on. Milliseconds.
ITEM_MILLIS = 5_000
_log = log.get_logger()


class SweepSettings(Settings):
    """The queues whose messages may be missing."""

    requests_queue_url: str
    polls_queue_url: str


class SweepFailed(Exception):
    """Some overdue comparisons could not be brought back; the next run tries again. The log names them."""


async def handle(_event: dict[str, Any], context: LambdaContext, edge: Edge) -> dict[str, int]:
    """One run over all that is overdue; returns how many comparisons it touched."""
    settings, desk = SweepSettings.load(edge.env), open_desk(edge)
    swept = failed = 0
    async for item in desk.ledger.overdue():
        if context.get_remaining_time_in_millis() < ITEM_MILLIS:
            _log.warning("sweep.ran_out_of_time", swept=swept)
            break
        try:
            await _bring_back(desk, settings, item)
            swept += 1
        except Exception:  # noqa: BLE001 - one broken item must not hide the others; the run fails at its end
            failed += 1
            _log.exception("sweep.item_failed", comparison_id=item.get("comparison_id"))
    metrics.count("Swept", swept)
    log.note("sweep.done", swept=swept, failed=failed)
    if failed:
        raise SweepFailed(f"{failed} of {failed + swept} overdue comparisons could not be brought back")
    return {"swept": swept}


async def _bring_back(desk: Desk, settings: SweepSettings, item: dict[str, Any]) -> None:
    now = desk.edge.now()
    comparison_id, step = item["comparison_id"], item["step"]
    match what_is_due(item, now):
        case "publish":
            await desk.publish_stored(comparison_id, item["event"])
            return
        case "expire":
            claim = await desk.ledger.claim(comparison_id, item["state"], step)
            if isinstance(claim, Claim):
                await _expire(desk, claim, now)
                return
        case "request":
            await desk.edge.aws.send(settings.requests_queue_url, request_message(comparison_in(item)))
        case "poll":
            message = PollMessage(comparison_id=comparison_id, step=step)
            await desk.edge.aws.send(settings.polls_queue_url, message.model_dump_json())
    interval = next_interval(item)
    await desk.ledger.postpone(item, now + interval, interval)


async def _expire(desk: Desk, claim: Claim, now: float) -> None:
    try:
        await desk.finish(claim.having(expired(claim.comparison, now)))
    except LostClaim:
        log.note("step.lost", comparison_id=claim.comparison.comparison_id, step=claim.step)


handler = lambda_handler(handle)
