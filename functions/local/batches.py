"""A batch of queue messages: the event that a function gets, and which messages its answer lets be deleted.

Sources: "Using Lambda with Amazon SQS" and "Handling errors for an SQS event source in Lambda" in the AWS Lambda
developer guide.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.local.invocations import Outcome


def queue_event(messages: Sequence[Any], *, queue_arn: str, region: str) -> dict[str, Any]:
    """Return the event for received messages (moto's objects)."""
    return {"Records": [_record(message, queue_arn, region) for message in messages]}


def _record(message: Any, queue_arn: str, region: str) -> dict[str, Any]:
    record = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": _system_attributes(message),
        "messageAttributes": {n: _attribute(value) for n, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if message.message_attributes:
        record["md5OfMessageAttributes"] = message.attribute_md5
    return record


def _system_attributes(message: Any) -> dict[str, str]:
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if trace := trace_of(message):
        attributes["AWSTraceHeader"] = trace
    if source := getattr(message, "dead_letter_source", None):
        attributes["DeadLetterQueueSourceArn"] = source
    return attributes


def trace_of(message: Any) -> str | None:
    """Return the tracing header that a message carries."""
    value = message.system_attributes.get("AWSTraceHeader", {}).get("StringValue")
    return None if value is None else str(value)


def _attribute(value: Mapping[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    for field in ("StringValue", "BinaryValue"):
        if value.get(field) is not None:
            content[field[0].lower() + field[1:]] = value[field]
    return content


def acknowledged(ids: Sequence[str], outcome: Outcome, *, partial: bool) -> set[str]:
    """Return the messages to delete after an invocation; the others come back when their visibility ends.

    With `partial` (ReportBatchItemFailures) the answer names the messages that failed; an answer that cannot be read,
    or names a message that was not in the batch, fails the whole batch.
    """
    if not outcome.ok:
        return set()
    if not partial:
        return set(ids)
    failed = _failed(outcome.payload)
    if failed is None or not failed <= set(ids):
        return set()
    return set(ids) - failed


def _failed(payload: Any) -> set[str] | None:
    """Return the ids that an answer reports as failed; None if it cannot be read."""
    if payload is None or payload == {}:
        return set()
    if not isinstance(payload, dict):
        return None
    failures = payload.get("batchItemFailures", [])
    if failures is None:
        return set()
    if not isinstance(failures, list):
        return None
    ids = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    named = {one for one in ids if isinstance(one, str) and one}
    return named if all(one in named for one in ids) else None
