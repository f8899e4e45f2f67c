"""The gate of an access key (or IAM user): how many steps may call DRS at once, and whether its credentials work.

The API gateway locks an access key after a few bad signatures in a row, so credentials must prove themselves: until
then one step at a time goes through, and after a refusal one a minute. Two steps at most are inside at any time; with
each call paced at half the budget that is the calls per second, and when working credentials go bad, two bad signatures
are all that can happen before the gate is shut. A third is never sent with the same credentials: they have to change.

A rehearsal (a dry run) tries unproven credentials only where nothing speaks against them, and if it dies, it keeps out
other rehearsals alone. Its death counts only beside a refusal or a death of a step.
"""

import hashlib
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
#: Probes that died without a word may have been refused: after two strikes that may be, wait longer than a lock lasts.
UNSURE_SECONDS = 900.0


@dataclass(frozen=True)
class Pass:
    """Leave to call DRS: the slot it occupies, and the credentials it is for."""

    slot: int
    token: str
    fingerprint: str
    #: These credentials have yet to prove themselves.
    probe: bool
    #: Probes of these credentials that died before this one, and rehearsals that did.
    died: int = 0
    rehearsed: int = 0


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
    died: int = 0
    rehearsed: int = 0


def admission(
    item: dict[str, Any], fingerprint: str, now: float, *, rehearsal: bool = False
) -> Try | Shut | Full | Probing:
    """Whether a step with these credentials may ask for entry, from the gate's item ({} where there is none)."""
    free = tuple(n for n in range(SLOTS) if item.get(f"slot_{n}_until", 0) < now)
    if item.get("proven") == fingerprint:
        return Try(free, alone=False) if free else Full()
    if len(free) < SLOTS:
        return Probing(now + PROVEN_WITHIN_SECONDS)
    died, rehearsed = _died(item, fingerprint), int(item.get("rehearsed") == fingerprint)
    shut_until = _shut_until(item, fingerprint, now)
    if rehearsal:
        shut_until = max(shut_until, _unrehearsed_until(item, fingerprint, now))
    return Shut(shut_until) if shut_until > now else Try((0,), alone=True, died=died, rehearsed=rehearsed)


def _died(item: dict[str, Any], fingerprint: str) -> int:
    """Probes of these credentials that never came out again."""
    return int(item.get("probes", 0)) if item.get("probing") == fingerprint else 0


def _strikes(item: dict[str, Any], fingerprint: str) -> int:
    return int(item.get("strikes", 0)) if item.get("refused") == fingerprint else 0


def _shut_until(item: dict[str, Any], fingerprint: str, now: float) -> float:
    strikes, died = _strikes(item, fingerprint), _died(item, fingerprint)
    if strikes >= MOST_STRIKES:
        return now + PROBE_SECONDS
    rehearsed = item.get("rehearsed") == fingerprint and strikes + died > 0
    if strikes + died + rehearsed >= MOST_STRIKES:
        return float(item.get("slot_0_until", now)) + UNSURE_SECONDS
    return float(item.get("probe_at", 0)) if item.get("refused") == fingerprint else 0.0


def _unrehearsed_until(item: dict[str, Any], fingerprint: str, now: float) -> float:
    """Until when these credentials are not rehearsed: a strike or a death makes them a matter for steps."""
    if _strikes(item, fingerprint) + _died(item, fingerprint):
        return now + PROBE_SECONDS
    return float(item.get("rehearsed_until", 0)) if item.get("rehearsed") == fingerprint else 0.0


class Gate:
    """One gate, kept in the ledger's table; `identity` is who signs in.

    A slot is free again `hold_seconds` after whoever took it died. `rehearsal`: who comes is a dry run.
    """

    def __init__(
        self,
        aws: Aws,
        table: str,
        identity: str,
        *,
        now: Callable[[], float],
        unique: Callable[[], str],
        hold_seconds: float,
        rehearsal: bool = False,
    ) -> None:
        self._aws, self._table = aws, table
        self._key = {"pk": f"gate#{hashlib.sha256(identity.encode()).hexdigest()[:32]}"}
        self._now, self._unique, self._hold = now, unique, hold_seconds
        self._rehearsal = rehearsal

    async def look(self) -> dict[str, Any]:
        """The gate's item as it is; {} where nobody came yet."""
        return await self._aws.get_item(self._table, self._key) or {}

    async def enter(self, fingerprint: str, item: dict[str, Any]) -> Pass | Shut | Full | Probing:
        """Ask for a slot with these credentials; `item` is what `look` saw a moment ago."""
        answer = admission(item, fingerprint, self._now(), rehearsal=self._rehearsal)
        if not isinstance(answer, Try):
            return answer
        for slot in answer.slots:
            token = self._unique()
            entry = Pass(slot, token, fingerprint, answer.alone, died=answer.died, rehearsed=answer.rehearsed)
            if await self._occupy(entry):
                return entry
        return Probing(self._now() + PROVEN_WITHIN_SECONDS) if answer.alone else Full()

    async def _occupy(self, entry: Pass) -> bool:
        """Take the slot. A probe is counted before it is made: should it die, its refusal would be told by nobody."""
        now, slot = self._now(), f"slot_{entry.slot}"
        free = "(attribute_not_exists(slot_{n}_until) OR slot_{n}_until < :now)"
        update = f"SET {slot} = :token, {slot}_until = :until"
        values: dict[str, Any] = {":token": entry.token, ":until": now + self._hold, ":now": now}
        if entry.probe:
            unproven = "(attribute_not_exists(proven) OR proven <> :fingerprint)"
            not_refused = "(attribute_not_exists(refused) OR refused <> :fingerprint OR probe_at <= :now)"
            condition = " AND ".join([free.format(n=n) for n in range(SLOTS)] + [unproven, not_refused])
            if self._rehearsal:
                update += ", rehearsed = :fingerprint, rehearsed_until = :unsure"
                values[":unsure"] = now + self._hold + UNSURE_SECONDS
            else:
                update += ", probing = :fingerprint, probes = :probes"
                values[":probes"] = entry.died + 1
        else:
            condition = f"{free.format(n=entry.slot)} AND proven = :fingerprint"
        try:
            await self._aws.update_item(
                self._table,
                self._key,
                update=update,
                condition=f"({condition}) OR {slot} = :token",
                values=values | {":fingerprint": entry.fingerprint},
            )
        except ConditionFailed:
            return False
        return True

    async def leave_proven(self, entry: Pass) -> None:
        """DRS took the credentials. A probe opens the gate; a step that came through an open one can't reopen it."""
        if not entry.probe:
            await self.leave(entry)
            return
        update = f"SET proven = :fingerprint REMOVE refused, strikes, probe_at, {_settled(entry)}"
        await self._leave(entry, update, {":fingerprint": entry.fingerprint})

    async def leave_refused(self, entry: Pass, *, bad_signature: bool) -> None:
        """DRS or IAM refused the credentials: shut the gate for a minute, count a strike for a bad signature."""
        values = {
            ":fingerprint": entry.fingerprint,
            ":strike": entry.died + entry.rehearsed + 1 if bad_signature else 0,
            ":probe": self._now() + PROBE_SECONDS,
        }
        rest = f"probe_at = :probe REMOVE proven, {_settled(entry)}"
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
        own = ", rehearsed, rehearsed_until" if self._rehearsal else ", probing, probes"
        await self._leave(entry, f"REMOVE {_slot(entry)}{own if entry.probe else ''}", {})

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


def _slot(entry: Pass) -> str:
    return f"slot_{entry.slot}, slot_{entry.slot}_until"


def _settled(entry: Pass) -> str:
    """What a step takes along that has learned about the credentials: its slot, and what the dead left open."""
    return f"{_slot(entry)}, probing, probes, rehearsed, rehearsed_until" if entry.probe else _slot(entry)
