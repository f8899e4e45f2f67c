"""Shows what lies in the dead-letter queues and what of it was put back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from functions.local.dead_letters import HIDDEN_SECONDS, DeadLetters, Inventory, Outcome
from functions.local.rendering import DIM, Screen

_MOST_REASONS = 5
Found = Sequence[tuple[DeadLetters, Inventory]]


def show_inventory(screen: Screen, found: Found, now: float) -> None:
    """Write what lies in each queue: how many, since when, why; `now` in epoch seconds."""
    for letters, inventory in found:
        if inventory.oldest is None:
            told = ("no dead letter can be seen", "bold yellow") if inventory.hidden else ("no dead letter", "green")
            screen.line(f"{letters.name:<10} ", told)
            _show_hidden(screen, inventory.hidden)
            continue
        more = "" if inventory.complete else "at least "
        noun = "dead letter" if inventory.found == 1 else "dead letters"
        age = _age(now - inventory.oldest)
        screen.line(f"{letters.name:<10} ", (f"{more}{inventory.found} {noun}", "bold red"), f", the oldest {age} old")
        for reason, count in inventory.reasons.most_common(_MOST_REASONS):
            screen.line(f"  {count:>6}  {reason}", hang=10)
        if (others := len(inventory.reasons) - _MOST_REASONS) > 0:
            screen.line((f"          and {others} more reasons", DIM))
        _show_hidden(screen, inventory.hidden)


def _show_hidden(screen: Screen, count: int) -> None:
    if count:
        told = (
            "is being looked at by somebody else, or was"
            if count == 1
            else "are being looked at by somebody else, or were"
        )
        again = f"a moment ago: look again in {HIDDEN_SECONDS // 60} minutes"
        screen.line(f"  {count:>6}  (about) {told} {again}", hang=10)


def show_outcome(screen: Screen, found: Found, outcomes: Mapping[str, Outcome], *, force: bool) -> None:
    """Write what was put back, by queue, and what can be done about the rest; no outcome: nothing was tried."""
    for letters, inventory in found:
        outcome = outcomes.get(letters.name)
        if outcome and (outcome.put_back or outcome.hidden or outcome.left != inventory.found):
            hidden = f", about {outcome.hidden} hidden by somebody else" if outcome.hidden else ""
            screen.line(
                f"{letters.name:<10} ", (f"{outcome.put_back} put back", "bold green"), f", {outcome.left} left{hidden}"
            )
    able = sum(inventory.able(force=force) for _, inventory in found)
    if able and not outcomes:
        screen.line(f"nothing was put back; --yes puts {able} back")
    hopeless = sum(inventory.hopeless for _, inventory in found)
    if hopeless and not force:
        screen.line(f"{hopeless} can never be worked on and stay: send them anew, corrected", hang=2)


def outcome_of(inventory: Inventory, outcome: Outcome | None) -> Outcome:
    """What became of a queue's letters; where nothing was tried, all of them are left."""
    return outcome or Outcome(left=inventory.found, hidden=inventory.hidden)


def as_json_of(found: Found, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """What was found and done, for `--json`."""
    return {
        "queues": [
            _json_of(letters, inventory, outcome_of(inventory, outcomes.get(letters.name)))
            for letters, inventory in found
        ]
    }


def _json_of(letters: DeadLetters, inventory: Inventory, outcome: Outcome) -> dict[str, Any]:
    return {
        "queue": letters.name,
        "found": inventory.found,
        "complete": inventory.complete and not inventory.hidden,
        "unreadable": inventory.hopeless,
        "oldest": _iso(inventory.oldest),
        "reasons": dict(inventory.reasons),
        "put_back": outcome.put_back,
        "left": outcome.left,
        "hidden": outcome.hidden,
    }


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
