"""Delivering a verdict to a destination: the two messages of the `deliveries` queue, and what follows an attempt.

A finished event fans out to one delivery per destination. A delivery is tried until its destination takes it, refuses
it for good, or the last attempt is over. Pure functions and values; times are epoch seconds.
Source of the schedule: Standard Webhooks 1.0, "Deliverability and reliability".
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.pipeline.channels.channel import Again, Delivered, Outcome
from functions.pipeline.destinations import Name
from functions.pipeline.finished_event import FinishedEvent, read_finished
from functions.pipeline.messages import (
    MAX_MESSAGE_BYTES,
    VERSION,
    FieldError,
    Invalid,
    field_errors,
    json_text,
    parse_json_object,
)
from functions.pipeline.schedule import LONGEST_WISH
from functions.pipeline.steps import AHEAD_SECONDS, Drop, Ours, Publish, Refusal, Wait

#: Seconds from one attempt to the next: ten attempts within a little more than three days.
PAUSES = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MOST_ATTEMPTS = len(PAUSES) + 1
#: A pause is longer by up to this share at random, so that what failed together is not tried again together.
JITTER = 0.1


@dataclass(frozen=True)
class Announcement:
    """A finished event as the topic sends it, or one made to try the destinations (`test`)."""

    event: FinishedEvent
    document: dict[str, Any]
    test: bool = False


class Delivery(BaseModel):
    """`{destination, attempt, first_at, at, event}`: one event for one destination, to be tried at `at`.

    `paced`: the destination's pace has given it its place at `at`. `first_at`: when the event was fanned out.
    `report`: where the event's report is, in the destination's language, if there is one.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    version: int = VERSION
    destination: Name
    attempt: Annotated[int, Field(strict=True, ge=1)] = 1
    first_at: float
    at: float
    paced: bool = False
    test: bool = False
    report: str | None = None
    event: dict[str, Any]

    @property
    def text(self) -> str:
        """The message."""
        return json_text(self.model_dump())


def read_message(text: str) -> tuple[Announcement, Delivery | None]:
    """A message of the `deliveries` queue: an event to be fanned out, or one of its deliveries beside its event.

    Raises Invalid: then it can never be worked on.
    """
    body = parse_json_object(text.encode("utf-8", "surrogatepass"), MAX_MESSAGE_BYTES)
    try:
        delivery = Delivery.model_validate(body) if "destination" in body else None
        test = body.get("test") is True
        document = body if delivery is None and not test else body.get("event")
        if not isinstance(document, dict):
            raise Invalid(FieldError(field="event", message="must be a finished event"))
        return Announcement(read_finished(document), document, test), delivery
    except ValidationError as e:
        raise Invalid(*field_errors(e)) from e


def trial_message(document: dict[str, Any]) -> str:
    """The message that tells every destination of `document` as a test, whatever its filters."""
    return json_text({"version": VERSION, "test": True, "event": document})


def fanned_out(announcement: Announcement, destination: str, now: float, report: str | None = None) -> Delivery:
    """The first delivery of an event to a destination; `report` is a link."""
    test, document = announcement.test, announcement.document
    return Delivery(destination=destination, first_at=now, at=now, test=test, report=report, event=document)


@dataclass(frozen=True)
class Done:
    """The destination has it."""


@dataclass(frozen=True)
class Retry:
    """Not yet: the next delivery. `rest_until`: nothing else is to be sent there before."""

    delivery: Delivery
    reason: str
    rest_until: float | None


@dataclass(frozen=True)
class GiveUp:
    """It will never have it."""

    reason: str


def what_follows(delivery: Delivery, outcome: Outcome, now: float, random: float) -> Done | Retry | GiveUp:
    """What to do after an attempt; `random` in [0, 1). A wish to wait is honoured up to an hour."""
    if isinstance(outcome, Delivered):
        return Done()
    if not isinstance(outcome, Again):
        return GiveUp(outcome.reason)
    if delivery.attempt >= MOST_ATTEMPTS:
        return GiveUp(f"given up after {delivery.attempt} attempts; the last: {outcome.reason}")
    pause = PAUSES[delivery.attempt - 1] * (1 + JITTER * random)
    wish = None if outcome.after is None else max(0.0, min(outcome.after, LONGEST_WISH))
    following = {"attempt": delivery.attempt + 1, "at": now + max(pause, wish or 0), "paced": False}
    return Retry(delivery.model_copy(update=following), outcome.reason, None if wish is None else now + wish)


def refused_claim(item: dict[str, Any] | None, delivery: Delivery, token: str, now: float) -> Refusal:
    """Why a claim of `delivery` failed on `item`, and so what to do with its message: as for a comparison's steps."""
    if item is None:
        return Wait(now + AHEAD_SECONDS, "ahead")
    if item["state"] != "open":
        return Publish() if item["state"] == "failed" and not item.get("told_at") else Drop("done")
    if item["attempt"] != delivery.attempt:
        return Drop("stale") if item["attempt"] > delivery.attempt else Wait(now + AHEAD_SECONDS, "ahead")
    if item.get("lease_token") == token:
        return Ours()
    return Wait(max(now, item.get("lease_until", 0)) + 1, "leased")
