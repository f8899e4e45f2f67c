"""Handler of the `polls` queue: `{comparison_id, step}` in; the next poll or the finished event out."""

from functools import partial
from typing import Any

from functions.pipeline.batch import Message, Queue, each_message
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.finishing import Desk, open_desk
from functions.pipeline.incoming import read_poll_message
from functions.pipeline.messages import Invalid
from functions.pipeline.polling_step import Poller
from functions.pipeline.settings import DrsSettings, EventSettings, LedgerSettings, Polling, Settings
from functions.pipeline.steps_at_queue import run_step


class PollSettings(Settings):
    """The queue that `poll` reads from and sends to, and its dead letters."""

    polls_queue_url: str
    polls_dead_letters_url: str


async def handle(event: dict[str, Any], context: LambdaContext, edge: Edge) -> dict[str, Any]:
    """One batch of poll messages; returns the partial batch response."""
    settings = PollSettings.load(edge.env)
    desk = open_desk(edge)
    poller = Poller(
        edge=edge,
        desk=desk,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        drs=DrsSettings.load(edge.env),
        ledger=LedgerSettings.load(edge.env),
        polling=Polling.load(edge.env),
        events=EventSettings.load(edge.env),
        queue_url=settings.polls_queue_url,
    )
    queue = Queue(edge, settings.polls_queue_url, settings.polls_dead_letters_url)
    return await each_message(event, context, queue, partial(_poll, desk, poller, queue))


async def _poll(desk: Desk, poller: Poller, queue: Queue, message: Message) -> None:
    try:
        poll = read_poll_message(message.body)
    except Invalid as e:
        await queue.bury(message, str(e))
    else:
        await run_step(desk, queue, message, poll.comparison_id, "polling", poll.step, poller.step)


handler = lambda_handler(handle)
