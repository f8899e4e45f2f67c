"""What an overdue comparison needs, and when to look at it again: pure decisions."""

from typing import Any, Literal

#: After the deadline its own message has this long to end a comparison before the sweep does; seconds.
GRACE_SECONDS = 60.0
FIRST_INTERVAL = 120.0
LONGEST_INTERVAL = 900.0

Due = Literal["publish", "expire", "request", "poll"]


def what_is_due(item: dict[str, Any], now: float) -> Due:
    """What to do for an overdue item of the ledger."""
    if item["state"] == "finished" and "event" in item:
        return "publish"
    if now >= item["deadline_at"] + GRACE_SECONDS:
        return "expire"
    return "request" if item["state"] == "accepted" else "poll"


def next_interval(item: dict[str, Any]) -> float:
    """Seconds until the sweep looks again: doubling, so that a backlog gains at most one copy per item and interval."""
    return float(min(item.get("sweep_interval", FIRST_INTERVAL / 2) * 2, LONGEST_INTERVAL))
