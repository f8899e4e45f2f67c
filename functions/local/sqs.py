"""SQS: moto's queues, with what moto lacks (`refusals.ADDITIONS`) and long polls that wait in the event loop."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.local.clock import Clock, Hold, settle
from functions.local.moto_aws import Answer, Moto
from functions.local.refusals import Refusal
from functions.local.resources import Queue

MAXIMUM_BYTES = 1_048_576
MAXIMUM_ATTRIBUTES = 10
_TARGET = {"content-type": "application/x-amz-json-1.0"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Waiting:
    """A message in a queue; `visible_at` in epoch seconds, `received` how often it was."""

    message_id: str
    body: str
    attributes: Mapping[str, str]
    visible_at: float
    received: int
    dead_letter_source: str | None


class Sqs:
    """The queues of one cloud."""

    def __init__(self, moto: Moto, clock: Clock) -> None:
        self._moto = moto
        self._clock = clock
        self._queues: dict[str, Mailbox] = {}
        self._ours: set[str] = set()

    def create(self, queues: Mapping[str, Queue]) -> None:
        """Create the template's queues, then their redrive."""
        for queue in queues.values():
            self.create_queue(queue.name, queue.attributes)
        for queue in queues.values():
            if queue.redrive:
                policy = {"deadLetterTargetArn": queue.redrive[0], "maxReceiveCount": queue.redrive[1]}
                attributes = {"RedrivePolicy": json.dumps(policy)}
                self._moto.call("sqs", "SetQueueAttributes", {"QueueUrl": _url(queue.name), "Attributes": attributes})

    def create_queue(self, name: str, attributes: Mapping[str, str] | None = None) -> None:
        """Create one queue of the stack."""
        self._moto.call("sqs", "CreateQueue", {"QueueName": name, "Attributes": dict(attributes or {})})
        self._open(name)
        self._ours.add(name)

    def mailbox(self, queue: str) -> "Mailbox":
        """Return a queue by name, URL or ARN; Refusal if there is none."""
        if not self.has(queue):
            raise Refusal("QueueDoesNotExist", "The specified queue does not exist.")
        return self._queues[_name(queue)]

    def _open(self, name: str) -> None:
        if name not in self._queues:
            self._queues[name] = Mailbox(name, self._moto, self._clock)

    def has(self, queue: str) -> bool:
        """Tell whether there is a queue of that name, URL or ARN."""
        return _name(queue) in self._queues

    async def answer(self, action: str, request: dict[str, Any], trace: str | None, hold: Hold) -> Answer:
        """Answer one call; `trace` is its X-Amzn-Trace-Id, `hold` is let go while a long poll waits."""
        if action in {"SendMessage", "SendMessageBatch"}:
            return self._send(action, request, trace)
        if action == "ReceiveMessage":
            return await self._receive(request, hold)
        if action == "DeleteQueue":
            return self._delete_queue(request)
        if action == "ChangeMessageVisibility":
            self.mailbox(str(request.get("QueueUrl"))).check_in_flight(str(request.get("ReceiptHandle")))
        answer = self._wire(action, request)
        if action.startswith(("ChangeMessageVisibility", "StartMessageMoveTask")) and answer.status == 200:
            self.mailbox(str(request.get("QueueUrl"))).ring()
        if action == "CreateQueue" and answer.status == 200:
            self._open(str(request.get("QueueName")))
        return answer

    def _delete_queue(self, request: dict[str, Any]) -> Answer:
        """Delete a queue that somebody has created beside the template's: those belong to the running stack."""
        box = self.mailbox(str(request.get("QueueUrl")))
        if box.name in self._ours:
            raise Refusal(
                "UnsupportedOperation", f"{box.name} is a queue of the running stack; stop the stack instead."
            )
        answer = self._wire("DeleteQueue", request)
        if answer.status == 200:
            del self._queues[box.name]
            box.ring()  # whoever waits for its messages learns that it is gone
        return answer

    def _wire(self, action: str, request: Mapping[str, Any]) -> Answer:
        return self._moto.wire("sqs", {**_TARGET, "x-amz-target": f"AmazonSQS.{action}"}, json.dumps(request).encode())

    def _send(self, action: str, request: dict[str, Any], trace: str | None) -> Answer:
        box = self.mailbox(str(request.get("QueueUrl")))
        entries = request.get("Entries") or [] if action == "SendMessageBatch" else [request]
        if sum(check_message(entry) for entry in entries) > MAXIMUM_BYTES:
            raise Refusal("BatchRequestTooLong", f"Batch requests cannot be longer than {MAXIMUM_BYTES} bytes.")
        with box.traced(trace):
            return self._wire(action, request)

    async def _receive(self, request: dict[str, Any], hold: Hold) -> Answer:
        """Receive, waiting up to the time asked for (or the queue's own) for a message to be there."""
        box = self.mailbox(str(request.get("QueueUrl")))
        asked = request.get("WaitTimeSeconds")
        wait = box.queue.receive_message_wait_time_seconds if asked is None else asked
        if not isinstance(wait, int) or not 0 <= wait <= 20:
            return self._wire("ReceiveMessage", request)  # moto words the refusal
        end = self._clock.now() + wait
        while True:
            answer = self._receive_now(box, request)
            if answer.status != 200 or self._clock.now() >= end or answer.json().get("Messages"):
                return answer
            with hold.waiting():
                await box.wait(end)

    def _receive_now(self, box: "Mailbox", request: dict[str, Any]) -> Answer:
        box.expire()
        answer = self._wire("ReceiveMessage", {**request, "WaitTimeSeconds": 0})
        names = {*request.get("AttributeNames", ()), *request.get("MessageSystemAttributeNames", ())}
        if answer.status == 200 and names & {"All", "DeadLetterQueueSourceArn"}:
            content = answer.json()
            for message in content.get("Messages", ()):
                if source := box.dead_letter_source(message["MessageId"]):
                    message.setdefault("Attributes", {})["DeadLetterQueueSourceArn"] = source
            answer.body = json.dumps(content).encode()
        return answer


class Mailbox:
    """One queue, and those who wait for its messages."""

    def __init__(self, name: str, moto: Moto, clock: Clock) -> None:
        self.name = name
        self.queue: Any = moto.queue(name)  # moto gives a queue most of its attributes by name at run time
        self._moto = moto
        self._clock = clock
        self._waiting: set[asyncio.Future[None]] = set()
        self._trace: str | None = None
        self.queue.arrived = self._arrived
        self.queue.gone = self.ring  # whoever waits for that message to come back has nothing to wait for

    def _arrived(self, message: Any) -> None:
        if self._trace and "AWSTraceHeader" not in message.system_attributes:
            message.system_attributes["AWSTraceHeader"] = {"DataType": "String", "StringValue": self._trace}
        self.ring()

    def traced(self, trace: str | None) -> "_Traced":
        """Mark the messages that arrive meanwhile with a tracing header, unless they bring their own."""
        return _Traced(self, trace)

    def set_trace(self, trace: str | None) -> None:
        """Mark messages that arrive from now on."""
        self._trace = trace

    def ring(self) -> None:
        """Wake everybody who waits: what there is to wait for has changed."""
        for waiter in self._waiting:
            settle(waiter)

    async def wait(self, end: float | None = None) -> None:
        """Return when a message may have become visible, or at `end` (epoch seconds)."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        due = self.next_due()
        instants = [instant for instant in (due, end) if instant is not None]
        timer = self._clock.call_at(min(instants), lambda: settle(waiter)) if instants else None
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)
            if timer:
                timer.cancel()

    def next_due(self) -> float | None:
        """Return when the next message becomes visible (epoch seconds); None if none is waiting for that."""
        now = self._clock.now() * 1000
        due = [max(m.delayed_until, m.visible_at) for m in self.queue._messages]  # noqa: SLF001 - moto's only way
        later = [instant for instant in due if instant >= now]
        return (min(later) + 1) / 1000 if later else None

    def receive(self, most: int) -> list[Any]:
        """Receive up to `most` messages on behalf of Lambda, as moto's message objects."""
        self.expire()
        found: list[Any] = []
        with self._moto.time():
            backend = self._moto.sqs()
            while len(found) < most:
                visibility = self.queue.visibility_timeout
                more = backend.receive_message(self.name, min(10, most - len(found)), 0, visibility, ["All"])
                found += more
                if not more:
                    break
        return found

    def delete(self, message: Any) -> None:
        """Delete a received message on behalf of Lambda; one that is gone meanwhile is no matter."""
        if any(m.had_receipt_handle(message.receipt_handle) for m in self.queue._messages):  # noqa: SLF001
            self.queue.delete_message(message.receipt_handle)

    def expire(self) -> None:
        """Drop what is older than the queue's retention."""
        limit = (self._clock.now() - self.queue.message_retention_period) * 1000
        for message in [m for m in self.queue._messages if m.sent_timestamp <= limit]:  # noqa: SLF001
            self.queue._messages.remove(message)  # noqa: SLF001
            self.queue.pending_messages.discard(message)

    def waiting(self) -> list[Waiting]:
        """Return the messages that are here, visible or not, in the queue's order."""
        return [
            Waiting(
                message_id=message.id,
                body=message.body,
                attributes={n: str(v.get("StringValue")) for n, v in message.message_attributes.items()},
                visible_at=max(message.delayed_until, message.visible_at) / 1000,
                received=message.approximate_receive_count,
                dead_letter_source=getattr(message, "dead_letter_source", None),
            )
            for message in self.queue._messages  # noqa: SLF001 - moto shows them in no other way
        ]

    def dead_letter_source(self, message_id: str) -> str | None:
        """Return the ARN of the queue that a message was a dead letter of."""
        for message in self.queue._messages:  # noqa: SLF001
            if message.id == message_id:
                return getattr(message, "dead_letter_source", None)
        return None

    def check_in_flight(self, receipt_handle: str) -> None:
        """Refuse to change the visibility of a message that nobody has received."""
        with self._moto.time():
            for message in self.queue._messages:  # noqa: SLF001
                if message.receipt_handle == receipt_handle and message.visible:
                    raise Refusal("MessageNotInflight", "The specified message isn't in flight.")


class _Traced:
    def __init__(self, box: Mailbox, trace: str | None) -> None:
        self._box, self._trace = box, trace

    def __enter__(self) -> None:
        self._box.set_trace(self._trace)

    def __exit__(self, *_: object) -> None:
        self._box.set_trace(None)


def check_message(entry: Mapping[str, Any]) -> int:
    """Return a message's size in bytes, attributes included, or refuse it as SQS does and moto does not."""
    body, attributes = entry.get("MessageBody"), entry.get("MessageAttributes") or {}
    if not isinstance(body, str) or not body:
        raise Refusal("MissingParameter", "The request must contain the parameter MessageBody.")
    if _NOT_XML.search(body):
        raise Refusal("InvalidMessageContents", "Invalid characters were found in the message body.")
    if int(entry.get("DelaySeconds") or 0) < 0:
        raise Refusal("InvalidParameterValue", "DelaySeconds must be >= 0 and <= 900.")
    if len(attributes) > MAXIMUM_ATTRIBUTES:
        raise Refusal(
            "InvalidParameterValue", f"Number of message attributes [{len(attributes)}] exceeds the allowed 10."
        )
    size = len(body.encode()) + sum(_attribute_bytes(name, value) for name, value in attributes.items())
    if size > MAXIMUM_BYTES:
        why = f"One or more parameters are invalid. Reason: Message must be shorter than {MAXIMUM_BYTES} bytes."
        raise Refusal("InvalidParameterValue", why)
    return size


def _attribute_bytes(name: str, value: Mapping[str, str]) -> int:
    content = value.get("StringValue") or value.get("BinaryValue") or ""
    return len(name.encode()) + len(value.get("DataType", "").encode()) + len(content.encode())


def _name(queue: str) -> str:
    return re.split(r"[/:]", queue)[-1]


def _url(name: str) -> str:
    return f"https://local/{name}"
