"""A queue message and the step it stands for: claim it, run it, and do what a refused claim asks for."""

from collections.abc import Awaitable, Callable

from functions.pipeline import log
from functions.pipeline.batch import Message, Queue
from functions.pipeline.comparison import State
from functions.pipeline.finishing import Desk
from functions.pipeline.ledger import Again, Claim, LostClaim
from functions.pipeline.steps import Drop, Publish, Refusal, Wait

Step = Callable[[Claim], Awaitable[Again | None]]


async def run_step(
    desk: Desk, queue: Queue, message: Message, comparison_id: str, state: State, number: int, step: Step
) -> None:
    """Claim step `number` of a comparison and run it; a step that must wait is sent again, then given back."""
    claim = await desk.ledger.claim(comparison_id, state, number)
    if not isinstance(claim, Claim):
        await _without_claim(desk, queue, message, comparison_id, claim)
        return
    try:
        again = await step(claim)
        if again is not None:
            await queue.wait(message, again.until)
            await desk.ledger.release(again)
            trouble = again.claim.comparison.last_trouble
            code = trouble.code if trouble else None
            log.note("step.waits", comparison_id=comparison_id, step=number, until=round(again.until, 1), code=code)
    except LostClaim:
        log.note("step.lost", comparison_id=comparison_id, step=number)


async def _without_claim(desk: Desk, queue: Queue, message: Message, comparison_id: str, refusal: Refusal) -> None:
    match refusal:
        case Wait(until, why):
            await queue.wait(message, until)
            log.note("message.waits", comparison_id=comparison_id, why=why, until=round(until, 1))
        case Publish():
            await desk.publish_left(comparison_id)
        case Drop(why):
            log.note("message.dropped", comparison_id=comparison_id, why=why)
