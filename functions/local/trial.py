"""Trying every destination: an event made for it, put into the deliveries queue, and what becomes of it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from functions.local.checkup import Finding
from functions.local.stack_queues import Reach
from functions.pipeline.attribute_values import decode_item, encode_item
from functions.pipeline.delivery import trial_message
from functions.pipeline.delivery_ledger import delivery_key, trial_key
from functions.pipeline.events import FINISHED, envelope

PATIENCE_SECONDS: Final = 40.0
"""A service may take 15 seconds, and a few more pass in the queue."""
_LOOK_SECONDS: Final = 0.5
_SUBJECT: Final = "destinations"


def trial_event(token: str, now: float) -> dict[str, Any]:
    """A finished event of no comparison; `token`: 32 hex digits that nothing else has."""
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {
        "comparison_id": f"cmp_{token}",
        "project_id": "0" * 32,
        "job_id": "test-of-this-destination",
        "accepted_at": moment,
        "finished_at": moment,
        "verdict": "incomplete",
        "summary": "a test: nothing was compared",
        "levels": dict.fromkeys(("objects", "lines", "contents"), "not_requested"),
    }
    return envelope(f"cmp_{token}:test", "urn:parity:test", f"cmp_{token}", FINISHED, now, data)


def try_destinations(
    reach: Reach, token: str, *, now: Callable[[], float] = time.time, pause: Callable[[float], None] = time.sleep
) -> Iterator[Finding]:
    """Send a test to every destination; yield what became of each as it is known. Raises what the client raises."""
    event = trial_event(token, now())
    queue_url, table = reach.output("DeliveriesQueueUrl"), reach.output("LedgerTable")
    dynamodb = reach.client("dynamodb")
    reach.client("sqs").send_message(QueueUrl=queue_url, MessageBody=trial_message(event))

    def item(key: dict[str, str]) -> dict[str, Any]:
        found = dynamodb.get_item(TableName=table, Key=encode_item(key), ConsistentRead=True)
        return decode_item(found["Item"]) if "Item" in found else {}

    end = now() + PATIENCE_SECONDS
    waiting: list[str] | None = None
    while waiting != [] and now() < end:
        if waiting is None and (waiting := item(trial_key(event["id"])).get("destinations")) == []:
            yield Finding("warn", _SUBJECT, "there is none: the destinations secret is empty, or all are paused")
        found = {name: _finding(name, item(delivery_key(event["id"], name))) for name in waiting or ()}
        yield from filter(None, found.values())
        waiting = None if waiting is None else [name for name in waiting if found[name] is None]
        if waiting != []:
            pause(_LOOK_SECONDS)
    yield from _left(waiting)


def _finding(name: str, delivery: dict[str, Any]) -> Finding | None:
    """What there is to tell of a delivery; None: nothing yet."""
    subject = f"to {name}"
    match delivery.get("state"):
        case "delivered":
            return Finding("ok", subject, "it has taken a test message: look there whether it shows")
        case "failed":
            return Finding("fail", subject, delivery["reason"])
        case "open" if "reason" in delivery:
            return Finding("warn", subject, f"not yet, and it is tried again: {delivery['reason']}")
    return None


def _left(waiting: list[str] | None) -> Iterator[Finding]:
    if waiting is None:
        told = f"the chat function has not taken the test within {PATIENCE_SECONDS:.0f} s"
        yield Finding("fail", _SUBJECT, f"{told}; can the destinations secret be read? Its log says so")
    for name in waiting or ():
        yield Finding("warn", f"to {name}", "no answer yet; it is tried on")
