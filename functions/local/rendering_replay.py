"""Shows what lies in the dead-letter queues and what of it was put back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from functions.local.dead_letters import DeadLetters, Inventory
from functions.local.rendering import DIM, Screen

_MOST_REASONS = 5
Found = Sequence[tuple[DeadLetters, Inventory]]


def show_inventory(screen: Screen, found: Found, now: float) -> None:
    """Write what lies in each queue: how many, since when, why; `now` in epoch seconds."""
    for letters, inventory in found:
        if inventory.oldest is None:
            screen.line(f"{letters.name:<9} ", ("no dead letter", "green"))
            continue
        more = "" if inventory.complete else "at least "
        noun = "dead letter" if inventory.found == 1 else "dead letters"
        age = _age(now - inventory.oldest)
        screen.line(f"{letters.name:<9} ", (f"{more}{inventory.found} {noun}", "bold red"), f", the oldest {age} old")
        for reason, count in inventory.reasons.most_common(_MOST_REASONS):
            screen.line(f"  {count:>6}  {reason}", hang=10)
        if (others := len(inventory.reasons) - _MOST_REASONS) > 0:
            screen.line((f"          and {others} more reasons", DIM))


def show_outcome(screen: Screen, found: Found, back: Mapping[str, int], *, force: bool) -> None:
    """Write what was put back, by queue, and what can be done about the rest."""
    for letters, inventory in found:
        if done := back.get(letters.name):
            screen.line(f"{letters.name:<9} ", (f"{done} put back", "bold green"), f", {inventory.found - done} left")
    able = sum(inventory.able(force=force) for _, inventory in found)
    if able and not back:
        screen.line(f"nothing was put back; --yes puts {able} back")
    hopeless = sum(inventory.hopeless for _, inventory in found)
    if hopeless and not force:
        screen.line(f"{hopeless} can never be worked on and stay: send them anew, corrected", hang=2)


def as_json_of(found: Found, back: Mapping[str, int]) -> dict[str, Any]:
    """What was found and done, for `--json`."""
    return {
        "queues": [
            {
                "queue": letters.name,
                "found": inventory.found,
                "complete": inventory.complete,
                "unreadable": inventory.hopeless,
                "oldest": _iso(inventory.oldest),
                "reasons": dict(inventory.reasons),
                "put_back": back.get(letters.name, 0),
                "left": inventory.found - back.get(letters.name, 0),
            }
            for letters, inventory in found
        ]
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
