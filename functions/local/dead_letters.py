"""The dead letters of one queue: what lies there, and putting it back. A message is sent before it is deleted.

SQS can't be looked into: messages are received, which hides them for a while, and let go again. What somebody else has
received meanwhile is only counted by the queue, and about. Source: the API reference of Amazon SQS (ReceiveMessage,
ChangeMessageVisibilityBatch, GetQueueAttributes).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from functions.pipeline.delivery import read_message
from functions.pipeline.incoming import read_poll_message, read_request_message
from functions.pipeline.messages import Invalid
from functions.pipeline.triggers.dms import read_event

QueueName = Literal["requests", "polls", "deliveries", "dms"]
HIDDEN_SECONDS = 300
"""How long a message that was looked at stays hidden, should this process die before it lets go."""
_MOST = 20_000
"""Messages of a queue that are looked at; SQS hides at most 120,000 at once."""
_BATCH = 10
_REASON = "reason"
"""The attribute that says why a function buried a message; nothing says why SQS itself gave one up."""
_GIVEN_UP = "failed each time it was received"


@dataclass(frozen=True)
class Letter:
    """A message as it was received; `sent_at` in epoch seconds."""

    message_id: str
    body: str
    attributes: dict[str, dict[str, Any]]
    sent_at: float
    receipt: str

    @property
    def reason(self) -> str:
        """Why it lies here."""
        return str(self.attributes.get(_REASON, {}).get("StringValue") or _GIVEN_UP)


@dataclass
class Inventory:
    """What lies in a dead-letter queue. `hopeless` can never be worked on, whatever is repaired."""

    found: int = 0
    hopeless: int = 0
    oldest: float | None = None
    newest: float | None = None
    reasons: Counter[str] = field(default_factory=Counter)
    complete: bool = True
    """Whether everything that could be received was looked at."""
    hidden: int = 0
    """About how many more there are that somebody else has received, or an earlier look that died."""

    def able(self, *, force: bool) -> int:
        """How many can be put back; with `force` the hopeless ones too."""
        return self.found if force else self.found - self.hopeless

    def add(self, letter: Letter, unreadable: str | None) -> None:
        """Count one more message; `unreadable` says why it is hopeless."""
        self.found += 1
        self.hopeless += unreadable is not None
        self.oldest = min(self.oldest or letter.sent_at, letter.sent_at)
        self.newest = max(self.newest or letter.sent_at, letter.sent_at)
        self.reasons[letter.reason if unreadable is None else f"can't be read: {unreadable}"] += 1


@dataclass
class Outcome:
    """What became of the letters of a queue: `left` were seen and stay, about `hidden` more are out of sight."""

    left: int
    hidden: int
    put_back: int = 0


@dataclass(frozen=True)
class DeadLetters:
    """A dead-letter queue and the queue that it belongs to. Every method raises what the client raises.

    `sqs` is a client of boto3. `wait_seconds` is how long a message is waited for before there is none: SQS asks all
    its servers only if it may wait.
    """

    sqs: Any
    name: QueueName
    url: str
    source_url: str
    wait_seconds: int

    def look(self) -> Inventory:
        """Look at every message, and leave all of them where they are."""
        inventory, receipts = Inventory(), list[str]()
        there = sum(self._counted())
        try:
            for batch in self._received(self.wait_seconds):
                receipts += [letter.receipt for letter in batch]
                for letter in batch:
                    inventory.add(letter, why_unreadable(self.name, letter.body))
                if inventory.found >= _MOST:
                    inventory.complete = False
                    break
            out_of_sight = self._counted()[1]
        finally:
            self._let_go(receipts)
        # Where not all was looked at, what was there before says nothing about what is hidden.
        most = max(out_of_sight, there) if inventory.complete else out_of_sight
        inventory.hidden = max(0, most - inventory.found)
        return inventory

    def put_back(self, inventory: Inventory, outcome: Outcome, *, force: bool) -> Iterator[Letter]:
        """Put back what the inventory has counted, with `force` the hopeless too; yields each that is back.

        What became a dead letter since is left: a message that fails at once must not go round for ever. At the end
        `outcome` tells what is left; what somebody else has put back meanwhile is not.
        """
        left, awaited = list[str](), inventory.found
        try:
            # What was just let go may take a moment to show again.
            for batch in self._received(max(1, self.wait_seconds)):
                left += [letter.receipt for letter in batch]
                for letter in batch:
                    later = inventory.newest is None or letter.sent_at > inventory.newest
                    awaited -= not later
                    if not later and (force or why_unreadable(self.name, letter.body) is None):
                        self._move(letter)
                        left.remove(letter.receipt)
                        outcome.put_back += 1
                        yield letter
                if awaited <= 0:
                    break
        finally:
            self._let_go(left)
        outcome.left = len(left)
        out_of_sight = max(0, awaited) + inventory.hidden
        # The queue is asked only about what was not seen: it goes on counting for a while what has just been deleted.
        outcome.hidden = min(out_of_sight, max(0, sum(self._counted()) - len(left))) if out_of_sight else 0

    def _counted(self) -> tuple[int, int]:
        """About how many messages can be received now, and how many somebody has received."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def _move(self, letter: Letter) -> None:
        attributes = {name: value for name, value in letter.attributes.items() if name != _REASON}
        self.sqs.send_message(QueueUrl=self.source_url, MessageBody=letter.body, MessageAttributes=attributes)
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt)

    def _received(self, wait_seconds: int) -> Iterator[list[Letter]]:
        """Every message once, in batches, until there is none, or one comes back: its time to be hidden is over."""
        known: set[str] = set()
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=_BATCH,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=HIDDEN_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            letters = [_letter(message) for message in answer.get("Messages", ())]
            fresh = [letter for letter in letters if letter.message_id not in known]
            known.update(letter.message_id for letter in fresh)
            if fresh:
                yield fresh
            else:
                self._let_go([letter.receipt for letter in letters])
                return

    def _let_go(self, receipts: Sequence[str]) -> None:
        for start in range(0, len(receipts), _BATCH):
            entries = [
                {"Id": str(n), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for n, receipt in enumerate(receipts[start : start + _BATCH])
            ]
            self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)


def why_unreadable(name: QueueName, body: str) -> str | None:
    """Why a message can never be worked on, by the very rules of the function that reads the queue; None: it can."""
    try:
        _READERS[name](body)
    except Invalid as error:
        return str(error)
    return None


_READERS: Mapping[QueueName, Callable[[str], object]] = {
    "requests": read_request_message,
    "polls": read_poll_message,
    "deliveries": read_message,
    "dms": read_event,
}


def _letter(message: dict[str, Any]) -> Letter:
    kept = ("DataType", "StringValue", "BinaryValue")
    return Letter(
        message_id=message["MessageId"],
        body=message["Body"],
        attributes={
            name: {part: value[part] for part in kept if part in value}
            for name, value in message.get("MessageAttributes", {}).items()
        },
        sent_at=int(message["Attributes"]["SentTimestamp"]) / 1000,
        receipt=message["ReceiptHandle"],
    )
