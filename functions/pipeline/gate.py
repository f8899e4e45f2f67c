"""The gate of a project: how many steps may call DRS at once, and whether its credentials are known to work.

The API gateway locks an access key after a few bad signatures in a row, so credentials must prove themselves: until
then one step at a time goes through, and after a refusal one a minute. Two steps at most are inside at any time; with
each call paced at half the budget that is the project's calls per second, and when working credentials go bad, two bad
signatures are all that can happen before the gate is shut. A third is never sent with the same credentials: they have
to change, or to be saved again, first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.pipeline.aws import Aws, ConditionFailed

SLOTS = 2
PROBE_SECONDS = 60.0
#: How long proving credentials mostly takes at most; others come back after that. Seconds.
PROVEN_WITHIN_SECONDS = 2.0
#: Bad signatures after which the same credentials are not tried again.
MOST_STRIKES = 2


@dataclass(frozen=True)
class Pass:
    """Leave to call DRS: the slot it occupies, and the credentials it is for."""

    slot: int
    token: str
    fingerprint: str
    #: These credentials have yet to prove themselves.
    probe: bool


@dataclass(frozen=True)
class Shut:
    """No entry before `until`, because these credentials were refused."""

    until: float


@dataclass(frozen=True)
class Full:
    """Both slots are taken: try again in a moment."""


@dataclass(frozen=True)
class Probing:
    """Another step is proving the credentials: come back at `until`, when it will have."""

    until: float


@dataclass(frozen=True)
class Try:
    """Entry is to be asked for, into `slots`; `alone` if the credentials are not proven."""

    slots: tuple[int, ...]
    alone: bool


def admission(item: dict[str, Any], fingerprint: str, now: float) -> Try | Shut | Full | Probing:
    """Whether a step with these credentials may ask for entry, from the gate's item ({} where there is none)."""
    free = tuple(n for n in range(SLOTS) if item.get(f"slot_{n}_until", 0) < now)
    if item.get("proven") == fingerprint:
        return Try(free, alone=False) if free else Full()
    if item.get("refused") == fingerprint:
        probe_at = float(item.get("probe_at", 0))
        if item.get("strikes", 0) >= MOST_STRIKES:
            return Shut(max(probe_at, now + PROBE_SECONDS))
        if probe_at > now:
            return Shut(probe_at)
    return Try((0,), alone=True) if len(free) == SLOTS else Probing(now + PROVEN_WITHIN_SECONDS)


class Gate:
    """The gate of one project, kept in the ledger's table."""

    def __init__(
        self,
        aws: Aws,
        table: str,
        project_id: str,
        *,
        now: Callable[[], float],
        unique: Callable[[], str],
        hold_seconds: float,
    ) -> None:
        self._aws, self._table, self._key = aws, table, {"pk": f"gate#{project_id}"}
        self._now, self._unique, self._hold = now, unique, hold_seconds

    async def look(self) -> dict[str, Any]:
        """The gate's item as it is; {} where nobody came yet."""
        return await self._aws.get_item(self._table, self._key) or {}

    async def enter(self, fingerprint: str, item: dict[str, Any]) -> Pass | Shut | Full | Probing:
        """Ask for a slot with these credentials; `item` is what `look` saw a moment ago."""
        answer = admission(item, fingerprint, self._now())
        if not isinstance(answer, Try):
            return answer
        for slot in answer.slots:
            token = self._unique()
            if await self._occupy(slot, token, fingerprint, alone=answer.alone):
                return Pass(slot, token, fingerprint, probe=answer.alone)
        return Probing(self._now() + PROVEN_WITHIN_SECONDS) if answer.alone else Full()

    async def _occupy(self, slot: int, token: str, fingerprint: str, *, alone: bool) -> bool:
        now = self._now()
        free = "(attribute_not_exists(slot_{n}_until) OR slot_{n}_until < :now)"
        if alone:
            unproven = "(attribute_not_exists(proven) OR proven <> :fingerprint)"
            not_refused = "(attribute_not_exists(refused) OR refused <> :fingerprint OR probe_at <= :now)"
            condition = " AND ".join([free.format(n=n) for n in range(SLOTS)] + [unproven, not_refused])
        else:
            condition = f"{free.format(n=slot)} AND proven = :fingerprint"
        try:
            await self._aws.update_item(
                self._table,
                self._key,
                update=f"SET slot_{slot} = :token, slot_{slot}_until = :until",
                condition=f"({condition}) OR slot_{slot} = :token",
                values={":token": token, ":until": now + self._hold, ":now": now, ":fingerprint": fingerprint},
            )
        except ConditionFailed:
            return False
        return True

    async def leave_proven(self, entry: Pass) -> None:
        """DRS took the credentials. A probe opens the gate; a step that came through an open one can't reopen it."""
        if not entry.probe:
            await self.leave(entry)
            return
        slot = f"slot_{entry.slot}, slot_{entry.slot}_until"
        update = f"SET proven = :fingerprint REMOVE refused, strikes, probe_at, {slot}"
        await self._leave(entry, update, {":fingerprint": entry.fingerprint})

    async def leave_refused(self, entry: Pass, *, bad_signature: bool) -> None:
        """DRS or IAM refused the credentials: shut the gate for a minute, count a strike for a bad signature."""
        values = {
            ":fingerprint": entry.fingerprint,
            ":strike": int(bad_signature),
            ":probe": self._now() + PROBE_SECONDS,
        }
        rest = f"probe_at = :probe REMOVE proven, slot_{entry.slot}, slot_{entry.slot}_until"
        again = (f"SET strikes = strikes + :strike, {rest}", "refused = :fingerprint")
        first = (
            f"SET refused = :fingerprint, strikes = :strike, {rest}",
            "(attribute_not_exists(refused) OR refused <> :fingerprint)",
        )
        # The other step inside may be refused at the same moment: whoever comes second counts on.
        for update, condition in (again, first, again):
            if await self._leave(entry, update, values, condition):
                return

    async def leave(self, entry: Pass) -> None:
        """Nothing was learned about the credentials."""
        await self._leave(entry, f"REMOVE slot_{entry.slot}, slot_{entry.slot}_until", {})

    async def _leave(self, entry: Pass, update: str, values: dict[str, Any], extra: str = "") -> bool:
        """False where the condition fails: mostly, the slot ran out and is somebody else's, who learns as much."""
        try:
            await self._aws.update_item(
                self._table,
                self._key,
                update=update,
                condition=f"slot_{entry.slot} = :token" + (f" AND {extra}" if extra else ""),
                values={":token": entry.token} | values,
            )
        except ConditionFailed:
            return False
        return True
