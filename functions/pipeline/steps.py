"""What to do with a message whose claim was refused: a pure decision from the item that refused it.

A step is claim → side effect → send step n+1 → advance. Messages may be duplicated, delayed and reordered; only the
item knows which step is next.
"""

from dataclasses import dataclass
from typing import Any, Literal

from functions.pipeline.comparison import State

_ORDER: dict[str, int] = {"accepted": 0, "polling": 1, "finished": 2}
#: A message ahead of its item: whoever sent it has yet to advance the item, which takes moments.
AHEAD_SECONDS = 5.0


@dataclass(frozen=True)
class Ours:
    """The item carries our own token: the claim was made, only its answer was lost."""


@dataclass(frozen=True)
class Wait:
    """Send the same step again with the delay that is left until `until` (epoch seconds), then acknowledge."""

    until: float
    why: Literal["early", "leased", "ahead"]


@dataclass(frozen=True)
class Drop:
    """Acknowledge and forget: the step was done, or the comparison is unknown."""

    why: Literal["stale", "unknown", "done"]


@dataclass(frozen=True)
class Publish:
    """The verdict is stored and nobody published it: publish the stored bytes."""


Refusal = Ours | Wait | Drop | Publish


def refused_claim(item: dict[str, Any] | None, *, state: State, step: int, token: str, now: float) -> Refusal:
    """Why the claim of (`state`, `step`) failed on `item` (None: there is no such comparison), and so what to do."""
    if item is None:
        return Drop("unknown")
    if item["state"] == "finished":
        return Drop("done") if item.get("published_at") else Publish()
    at, wanted = (_ORDER[item["state"]], item["step"]), (_ORDER[state], step)
    if at != wanted:
        return Drop("stale") if at > wanted else Wait(now + AHEAD_SECONDS, "ahead")
    return _not_yet(item, token, now)


def _not_yet(item: dict[str, Any], token: str, now: float) -> Refusal:
    if item.get("lease_token") == token:
        return Ours()
    if item.get("lease_until", 0) >= now:
        return Wait(item["lease_until"] + 1, "leased")
    return Wait(item["next_at"], "early")
