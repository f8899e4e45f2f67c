"""What the ledger knows of deliveries: one item per event and destination, and one per destination for its pace.

A delivery's item goes from `open` (attempt 1, 2, …, each under a lease) to `delivered` or `failed`. Messages that are
duplicated or late find it further on than they are, and are dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.pipeline.aws import Aws, ConditionFailed
from functions.pipeline.channels.channel import Pace
from functions.pipeline.delivery import Delivery, refused_claim
from functions.pipeline.messages import VERSION
from functions.pipeline.settings import LedgerSettings
from functions.pipeline.steps import Ours, Refusal

_DAY = 86_400
_HELD = "#state = :open AND attempt = :attempt AND lease_token = :token"


@dataclass(frozen=True)
class Claim:
    """An attempt that is ours until its lease ends."""

    delivery: Delivery
    event_id: str
    token: str

    @property
    def key(self) -> dict[str, str]:
        """The item's key."""
        return delivery_key(self.event_id, self.delivery.destination)


def delivery_key(event_id: str, destination: str) -> dict[str, str]:
    """The key of a delivery's item."""
    return {"pk": f"delivery#{event_id}#{destination}"}


def trial_key(event_id: str) -> dict[str, str]:
    """The key of the item that says which destinations are being tried with an event."""
    return {"pk": f"trial#{event_id}"}


class DeliveryLedger:
    """Reads and writes of deliveries. Every method raises AwsError."""

    def __init__(
        self, aws: Aws, settings: LedgerSettings, *, now: Callable[[], float], unique: Callable[[], str]
    ) -> None:
        self._aws, self._table, self._settings = aws, settings.ledger_table, settings
        self._now, self._unique = now, unique

    async def claim(self, delivery: Delivery, event_id: str) -> tuple[Claim, Refusal | None, dict[str, Any] | None]:
        """Take an attempt, or learn what to do with its message instead, and the item that says so."""
        now, claim = self._now(), Claim(delivery, event_id, self._unique())
        try:
            await self._aws.update_item(
                self._table,
                claim.key,
                update="SET #state = :open, attempt = :attempt, lease_token = :token, lease_until = :until, "
                "expires_at = :expires, version = :version",
                condition="attribute_not_exists(pk) OR (#state = :open AND attempt = :attempt AND "
                "(attribute_not_exists(lease_until) OR lease_until < :now))",
                names={"#state": "state"},
                values={
                    ":open": "open",
                    ":attempt": delivery.attempt,
                    ":token": claim.token,
                    ":now": now,
                    ":until": now + self._settings.lease_seconds,
                    ":expires": int(now) + self._settings.retention_days * _DAY,
                    ":version": VERSION,
                },
            )
        except ConditionFailed as e:
            refusal = refused_claim(e.item, delivery, claim.token, now)
            return claim, None if isinstance(refusal, Ours) else refusal, e.item
        return claim, None, None

    async def advance(self, claim: Claim, attempt: int, reason: str) -> bool:
        """The message of the next attempt is on its way. False if somebody else took this one over."""
        return await self._leave(claim, "attempt = :next, reason = :reason", {":next": attempt, ":reason": reason})

    async def delivered(self, claim: Claim) -> bool:
        """The destination has it: no message of this delivery is worth anything any more."""
        changes = {":delivered": "delivered", ":now": self._now()}
        return await self._leave(claim, "#state = :delivered, delivered_at = :now", changes)

    async def failed(self, claim: Claim, event: str, reason: str) -> bool:
        """It will never be delivered: keep the bytes of the event that says so."""
        changes = {":failed": "failed", ":now": self._now(), ":event": event, ":reason": reason}
        return await self._leave(claim, "#state = :failed, failed_at = :now, event = :event, reason = :reason", changes)

    async def told(self, claim: Claim) -> None:
        """The event that says that it failed is out."""
        values = {":now": self._now()}
        await self._aws.update_item(
            self._table, claim.key, update="SET told_at = if_not_exists(told_at, :now)", values=values
        )

    async def _leave(self, claim: Claim, changes: str, values: dict[str, Any]) -> bool:
        """End the claim. False if our lease ran out and somebody else took the attempt over."""
        try:
            await self._aws.update_item(
                self._table,
                claim.key,
                update=f"SET {changes}, left_by = :token REMOVE lease_token, lease_until",
                condition=_HELD,
                names={"#state": "state"},
                values={":open": "open", ":attempt": claim.delivery.attempt, ":token": claim.token} | values,
            )
        except ConditionFailed as e:
            # Our own token says that the write was applied, and only its answer lost.
            return bool(e.item and e.item.get("left_by") == claim.token)
        return True

    async def tried(self, event_id: str, destinations: list[str]) -> None:
        """Note which destinations get a test: whoever asked for it wants to see what becomes of them."""
        await self._aws.update_item(
            self._table,
            trial_key(event_id),
            update="SET destinations = :destinations, expires_at = :expires",
            values={":destinations": destinations, ":expires": int(self._now()) + _DAY},
        )

    async def place(self, destination: str, pace: Pace) -> float:
        """When the next message may go to a destination: each place is given once, evenly apart."""
        apart = pace.seconds / pace.messages
        while True:
            now = self._now()
            if await self._pace(destination, "next_at = :next", _FREE, {":next": now + apart, ":now": now}):
                return now
            # Others wait already: the place after theirs.
            taken = await self._pace(destination, "next_at = next_at + :apart", _TAKEN, {":apart": apart, ":now": now})
            if taken:
                return float(taken["next_at"]) - apart

    async def rest(self, destination: str, until: float) -> None:
        """Nothing more goes to a destination before `until`."""
        await self._pace(destination, "next_at = :until", _EARLIER, {":until": until})

    async def _pace(
        self, destination: str, change: str, condition: str, values: dict[str, Any]
    ) -> dict[str, Any] | None:
        try:
            return await self._aws.update_item(
                self._table,
                {"pk": f"pace#{destination}"},
                update=f"SET {change}, expires_at = :expires",
                condition=condition,
                values=values | {":expires": int(self._now()) + 2 * _DAY},
            )
        except ConditionFailed:
            return None


_FREE = "attribute_not_exists(next_at) OR next_at <= :now"
_TAKEN = "next_at > :now"
_EARLIER = "attribute_not_exists(next_at) OR next_at < :until"
