"""What all services' answers have in common: when to come back, what a status means, JSON. Pure functions.

Source: RFC 9110, 10.2.3 (Retry-After) and 15 (status codes).
"""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from functions.pipeline.channels.channel import Again, Answer, Refused
from functions.pipeline.channels.cut import fitted, visible

#: Failures that pass: too slow, too early, too many; besides every 5xx.
_PASSING: Final = frozenset({408, 425, 429})


def by_status(answer: Answer, service: str, hints: Mapping[int, str]) -> Again | Refused | None:
    """What a status means at any service; None for a 2xx, of which only the service knows what it means.

    `hints`: what people can do about a status that refuses.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    if status in _PASSING or status >= 500:
        return Again(f"{service} answered {status}", retry_after(answer))
    if 300 <= status < 400:
        return Refused(f"{service} redirects ({status}): the URL of this destination is not the one to post to")
    hint = hints.get(status, "it does not take this request")
    return Refused(f"{service} refuses ({status}): {hint}")


def not_understood(answer: Answer, service: str) -> Again:
    """An answer that is none of the service's: something between us and it has answered, or it is half broken.

    Whether the message arrived is unknown: better twice than never.
    """
    return Again(f"{service} answered {answer.status} with something that is not its own answer", retry_after(answer))


def json_object(answer: Answer) -> dict[str, Any] | None:
    """The body as a JSON object; None if it is anything else."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def retry_after(answer: Answer) -> float | None:
    """Seconds that the answer asks to wait; a date counts from the answer's own date. None: it doesn't say."""
    asked = answer.headers.get("retry-after", "").strip()
    found = seconds(asked)
    return found if found is not None or not asked else _until(asked, answer.headers.get("date", ""))


def seconds(value: object) -> float | None:
    """A number of seconds, such as 3, 0.25 or "3"; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def said(text: object) -> str:
    """What a service says of itself, fit for a sentence of ours."""
    return fitted(visible(text[:1000]), 200) if isinstance(text, str) and text else "it doesn't say why"


def _until(date: str, now: str) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - rarely needed, and it costs a cold start

    try:
        return max((parsedate_to_datetime(date) - parsedate_to_datetime(now)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
