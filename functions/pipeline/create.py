"""Handler of the `requests` queue: a request in; DRS tasks, the started event and the first poll message out."""

from dataclasses import replace
from functools import partial
from typing import Any

from functions.pipeline import events, log, metrics
from functions.pipeline.accepting import Acceptor, Conflict
from functions.pipeline.batch import Message, Queue, each_message
from functions.pipeline.creating import Creator
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.finishing import Desk, open_desk
from functions.pipeline.gate import PROBE_SECONDS
from functions.pipeline.incoming import read_request_message
from functions.pipeline.messages import FieldError, Invalid
from functions.pipeline.projects import BadProjects
from functions.pipeline.settings import Deadlines, DrsSettings, LedgerSettings, Polling, Settings
from functions.pipeline.steps_at_queue import run_step

_log = log.get_logger()


class CreateSettings(Settings):
    """The queue that `create` reads from and sends to, its dead letters, and the next queue."""

    requests_queue_url: str
    requests_dead_letters_url: str
    polls_queue_url: str


async def handle(event: dict[str, Any], context: LambdaContext, edge: Edge) -> dict[str, Any]:
    """One batch of requests; returns the partial batch response."""
    settings = CreateSettings.load(edge.env)
    desk = open_desk(edge)
    creator = Creator(
        edge=edge,
        desk=desk,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        drs=DrsSettings.load(edge.env),
        ledger=LedgerSettings.load(edge.env),
        polling=Polling.load(edge.env),
        deadlines=Deadlines.load(edge.env),
        polls_queue_url=settings.polls_queue_url,
    )
    queue = Queue(edge, settings.requests_queue_url, settings.requests_dead_letters_url)
    return await each_message(event, context, queue, partial(_create, Acceptor.open(edge), desk, creator, queue))


async def _create(acceptor: Acceptor, desk: Desk, creator: Creator, queue: Queue, message: Message) -> None:
    try:
        body, request_id = read_request_message(message.body)
    except Invalid as e:
        await queue.bury(message, str(e))
        return
    try:
        comparison_id = await replace(acceptor, traceparent=message.traceparent).accept_message(body)
    except Invalid as e:
        await _tell(desk, message, request_id, body, e.errors)
    except Conflict as e:
        await _tell(desk, message, request_id, body, (FieldError(field="request_id", message=str(e)),))
    except BadProjects as e:
        metrics.count("CredentialsRefused")
        _log.error("projects.unusable", reason=str(e))
        await queue.wait(message, desk.edge.now() + PROBE_SECONDS)
    else:
        await run_step(desk, queue, message, comparison_id, "accepted", 0, creator.step)


async def _tell(
    desk: Desk, message: Message, request_id: str, body: dict[str, Any], errors: tuple[FieldError, ...]
) -> None:
    """Answer a message that can't become a comparison with an event of its own."""
    event = events.invalid(
        request_id=request_id,
        body=body,
        errors=errors,
        message_id=message.message_id,
        now=desk.edge.now(),
        traceparent=message.traceparent,
    )
    await desk.edge.aws.publish(desk.topic_arn, event, events.attributes(event))
    metrics.count("RequestsInvalid")
    log.note("request.refused", request_id=request_id, errors=[e.model_dump() for e in errors])


handler = lambda_handler(handle)
