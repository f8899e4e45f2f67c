"""The `deliveries` queue's work: an event fans out to its destinations; a delivery is tried, and what follows is done.

A delivery is claim → attempt → send what comes next → mark: killed between attempt and mark, it is tried once more.
Each delivery is a message of its own, so no destination can delay or repeat another one.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.pipeline import events, log, metrics
from functions.pipeline.batch import Message, Queue
from functions.pipeline.delivery import (
    Announcement,
    Delivery,
    Done,
    GiveUp,
    Retry,
    fanned_out,
    read_message,
    what_follows,
)
from functions.pipeline.delivery_address import Address
from functions.pipeline.delivery_failed import delivery_failed
from functions.pipeline.delivery_ledger import Claim, DeliveryLedger
from functions.pipeline.edge import Edge
from functions.pipeline.messages import Invalid
from functions.pipeline.schedule import LONGEST_HOP, hop_delay
from functions.pipeline.steps import Drop, Publish, Refusal, Wait
from functions.pipeline.telling import Language
from functions.pipeline.trace_context import traced as of_trace

#: Early by less than this is on time: SQS delays are whole seconds and clocks differ.
SLACK_SECONDS = 1.0
#: The first wait for a repaired destinations secret; it doubles up to the longest hop.
REPAIR_SECONDS = 60.0
_log = log.get_logger()


@dataclass(frozen=True)
class Courier:
    """Works on the queue's messages. `addresses`: None while the destinations secret can't be read."""

    edge: Edge
    queue: Queue
    ledger: DeliveryLedger
    topic_arn: str
    addresses: Mapping[str, Address] | None

    async def take(self, message: Message) -> None:
        """Do what a message asks for. Raises for what is unexpected: then it comes back."""
        try:
            announcement, delivery = read_message(message.body)
        except Invalid as e:
            await self.queue.bury(message, str(e))
            return
        now = self.edge.now()
        if self.addresses is None:
            await self.queue.wait(message, now + min(REPAIR_SECONDS * 2 ** min(message.waits, 8), LONGEST_HOP))
        elif delivery is None:
            await self._fan_out(announcement, self.addresses)
        elif delivery.at > now + SLACK_SECONDS:
            await self.queue.wait(message, delivery.at)
        elif (address := self.addresses.get(delivery.destination)) is None:
            _note(
                "delivery.dropped",
                announcement,
                delivery,
                why="the destination is paused, or there is none of that name any more",
            )
        else:
            await self._deliver(message, announcement, delivery, address)

    async def _fan_out(self, announcement: Announcement, addresses: Mapping[str, Address]) -> None:
        finished = announcement.event.data
        languages = {n: a.language for n, a in addresses.items() if announcement.test or a.wants(finished)}
        reports = await self._reports(announcement, languages.values())
        now = self.edge.now()
        first = [fanned_out(announcement, name, now, reports.get(spoken)) for name, spoken in languages.items()]
        await asyncio.gather(*map(self._send, first))
        if announcement.test:
            await self.ledger.tried(announcement.event.id, [*languages])
        log.note("verdict.told", comparison_id=finished.comparison_id, destinations=[*languages])

    async def _reports(self, announcement: Announcement, languages: Iterable[Language]) -> dict[Language, str]:
        """Links to the event's reports; of a test there is nothing to report."""
        if announcement.test or not self.edge.env.get("REPORTS_BUCKET"):
            return {}
        from functions.pipeline.reporting import put_reports  # noqa: PLC0415 - only where there is a bucket

        return await put_reports(self.edge, announcement.document["data"], languages)

    async def _deliver(
        self, message: Message, announcement: Announcement, delivery: Delivery, address: Address
    ) -> None:
        if address.pace and not delivery.paced:
            place = await self.ledger.place(delivery.destination, address.pace)
            if place > self.edge.now():
                await self._send(delivery.model_copy(update={"at": place, "paced": True}))
                return
        claim, refusal, item = await self.ledger.claim(delivery, announcement.event.id)
        if refusal is not None:
            await self._without_claim(message, claim, refusal, item or {})
            return
        metrics.count("DeliveryAttempts", channel=address.channel)
        outcome = await address.attempt(announcement, delivery.report)
        match what_follows(delivery, outcome, self.edge.now(), self.edge.random()):
            case Done():
                await self.ledger.delivered(claim)
                metrics.count("Deliveries", channel=address.channel)
                _note("delivery.done", announcement, delivery, attempt=delivery.attempt)
            case Retry(following, reason, rest_until):
                if rest_until is not None:
                    await self.ledger.rest(delivery.destination, rest_until)
                await self._send(following)
                await self.ledger.advance(claim, following.attempt, reason)
                until = round(following.at, 1)
                _note("delivery.again", announcement, delivery, attempt=delivery.attempt, reason=reason, until=until)
            case GiveUp(reason):
                await self._give_up(claim, announcement, address, reason)

    async def _give_up(self, claim: Claim, announcement: Announcement, address: Address, reason: str) -> None:
        delivery = claim.delivery
        event = delivery_failed(delivery, address.channel, reason, announcement.event, self.edge.now())
        if not await self.ledger.failed(claim, event, reason):
            return  # somebody else took it over: they will say so
        metrics.count("DeliveriesFailed", channel=address.channel)
        _log.error(
            "delivery.failed",
            comparison_id=announcement.event.data.comparison_id,
            destination=delivery.destination,
            channel=address.channel,
            attempt=delivery.attempt,
            reason=reason,
        )
        await self._tell_failure(claim, event)

    async def _without_claim(self, message: Message, claim: Claim, refusal: Refusal, item: dict[str, Any]) -> None:
        match refusal:
            case Wait(until, why):
                await self.queue.wait(message, until)
                log.note("message.waits", destination=claim.delivery.destination, why=why, until=round(until, 1))
            case Publish():
                await self._tell_failure(claim, item["event"])
            case Drop(why):
                log.note("message.dropped", destination=claim.delivery.destination, why=why)

    async def _tell_failure(self, claim: Claim, event: str) -> None:
        await self.edge.aws.publish(self.topic_arn, event, events.attributes(event))
        await self.ledger.told(claim)

    async def _send(self, delivery: Delivery) -> None:
        await self.edge.aws.send(self.queue.url, delivery.text, delay=hop_delay(self.edge.now(), delivery.at))


def _note(what: str, announcement: Announcement, delivery: Delivery, **extras: Any) -> None:
    comparison_id, traced = announcement.event.data.comparison_id, of_trace(announcement.event.traceparent)
    log.note(what, comparison_id=comparison_id, destination=delivery.destination, **traced, **extras)
