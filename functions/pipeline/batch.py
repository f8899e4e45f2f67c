"""A batch of queue messages, in turn or at once: each is done, sent again to wait, or left to its visibility.

Waiting is not failure: a message that must wait is sent again and acknowledged, so it never burns a receive. Partial
batch failures are for the unexpected alone (Lambda, "Reporting batch item failures").
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from functions.pipeline import log, metrics
from functions.pipeline.edge import Edge, LambdaContext
from functions.pipeline.schedule import hop_delay
from functions.pipeline.trace_context import traced, traceparent_in

#: A step needs this long at most; with less left a message is given to another invocation. Milliseconds.
STEP_MILLIS = 12_000
#: Re-sends of one message; beyond, it is a dead letter. 14 days of the longest hops fit.
MOST_WAITS = 2_000
_log = log.get_logger()


@dataclass(frozen=True)
class Message:
    """A queue message: its id, text, how often it was sent again to wait, and the trace that its sender names."""

    message_id: str
    body: str
    waits: int
    traceparent: str | None = None

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Message":
        """Read an SQS record of a Lambda event."""
        attributes = record.get("messageAttributes", {})
        waits = attributes.get("waits", {}).get("stringValue", "0")
        return cls(
            record["messageId"],
            record["body"],
            int(waits) if waits.isdecimal() and len(waits) < 9 else 0,
            traceparent_in(attributes.get("traceparent", {}).get("stringValue")),
        )


@dataclass(frozen=True)
class Queue:
    """A source queue and its dead letters, by URL."""

    edge: Edge
    url: str
    dead_letters_url: str

    async def wait(self, message: Message, until: float) -> None:
        """Send the same message again, to be seen at `until` (or after the longest hop, then to wait on)."""
        if message.waits >= MOST_WAITS:
            await self.bury(message, f"waited {message.waits} times")
            return
        delay = hop_delay(self.edge.now(), until)
        attributes = {"waits": str(message.waits + 1), **traced(message.traceparent)}
        await self.edge.aws.send(self.url, message.body, delay=delay, attributes=attributes)

    async def bury(self, message: Message, reason: str) -> None:
        """Put a message that can't be read, or waited too often, into the dead letters, the reason beside it."""
        metrics.count("Buried")
        _log.error("message.buried", message_id=message.message_id, reason=reason)
        shown = reason.encode("ascii", "replace").decode()[:256]
        await self.edge.aws.send(self.dead_letters_url, message.body, attributes={"reason": shown})


async def each_message(
    event: dict[str, Any], context: LambdaContext, queue: Queue, step: Callable[[Message], Awaitable[None]]
) -> dict[str, list[dict[str, str]]]:
    """Run `step` on every record of an SQS event; returns Lambda's partial batch response."""
    return _response([await _one(record, context, queue, step, STEP_MILLIS) for record in event["Records"]])


async def all_messages(
    event: dict[str, Any],
    context: LambdaContext,
    queue: Queue,
    step: Callable[[Message], Awaitable[None]],
    *,
    millis: int,
) -> dict[str, list[dict[str, str]]]:
    """The same at once, for steps that must not wait for each other; each takes `millis` milliseconds at most."""
    return _response(await asyncio.gather(*(_one(r, context, queue, step, millis) for r in event["Records"])))


async def _one(
    record: dict[str, Any],
    context: LambdaContext,
    queue: Queue,
    step: Callable[[Message], Awaitable[None]],
    millis: int,
) -> str | None:
    """Run `step` on one record; the id of its message if it is to come back."""
    message = Message.from_record(record)
    try:
        if context.get_remaining_time_in_millis() < millis:
            await queue.wait(message, queue.edge.now())
        else:
            await step(message)
    except Exception:  # noqa: BLE001 - whatever it was, the other messages go on and this one comes back
        metrics.count("StepsFailed")
        _log.exception("step.failed", message_id=message.message_id)
        return message.message_id
    return None


def _response(failed: Iterable[str | None]) -> dict[str, list[dict[str, str]]]:
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed if message_id is not None]}
