"""When the next poll is due: pure arithmetic over seconds."""

import math

from functions.pipeline.settings import Polling

#: The longest delay that SQS gives a message, in seconds (SendMessage, DelaySeconds).
LONGEST_HOP = 900
#: The longest `Retry-After` that is honoured, in seconds: beyond, it is rather a mistake.
LONGEST_WISH = 3_600.0


def poll_delay(age: float, polling: Polling, random: float) -> float:
    """Seconds until a DRS task of this age is asked for again; jitter (`random` in [0, 1)) only shortens."""
    delay = min(max(age * polling.poll_age_percent / 100, polling.min_poll_seconds), polling.max_poll_seconds)
    return max(delay * (1 - polling.poll_jitter_percent / 100 * random), min(1.0, delay))


def next_poll(
    *, now: float, began: float, polling: Polling, random: float, deadline: float, retry_after: float | None = None
) -> float:
    """The time of the next poll of a task that began (or will begin) at `began`; never beyond the deadline.

    Before a scheduled start nothing can have happened, so the first poll is a floor after it.
    """
    if began > now:
        due = began + polling.min_poll_seconds
    else:
        asked = min(retry_after or 0, LONGEST_WISH)
        due = now + max(poll_delay(now - began, polling, random), asked)
    return max(now, min(due, deadline))


def hop_delay(now: float, until: float) -> int:
    """DelaySeconds of the message that waits until `until`: whole seconds, at most one hop."""
    return max(0, min(math.ceil(until - now), LONGEST_HOP))
