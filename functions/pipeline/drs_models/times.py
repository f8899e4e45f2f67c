"""The three ways in which DRS writes a moment: epoch milliseconds, epoch seconds, UTC ISO."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

# The last second that 13 digits of milliseconds can say, in which every start is sent: 2286-11-20T17:46:39Z.
_LAST_START: Final = 9_999_999_999.999
# The last one that an ISO time with a year of four digits can.
_LAST: Final = 253_402_300_799


def parse_start_time(value: str | None) -> float | None:
    """Epoch seconds of a start time: 13 digits (ms), 10 digits (s) or ISO 8601 (without a zone: UTC).

    ``None`` and ``""`` mean "at once" and give ``None``. Raises ``ValueError`` for anything else, and for a time after
    2286-11-20T17:46:39Z: it could not be written in 13 digits.
    """
    seconds = _seconds(value)
    if seconds is not None and seconds > _LAST_START:
        raise ValueError("must not be after 2286-11-20T17:46:39Z, the last time that 13 digits can say")
    return seconds


def _seconds(value: str | None) -> float | None:
    if not value:
        return None
    if re.fullmatch(r"[0-9]{13}", value):
        return int(value) / 1000
    if re.fullmatch(r"[0-9]{10}", value):
        return float(value)
    if re.match(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[T ]", value):
        moment = datetime.fromisoformat(value)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        if seconds > 0:
            return seconds
    raise ValueError("must be epoch milliseconds (13 digits), epoch seconds (10 digits) or an ISO 8601 time")


def parse_time(value: str | None) -> float | None:
    """Epoch seconds of a time in an answer, in any of the three formats; ``None`` where it can't be read."""
    try:
        return _seconds(value)
    except ValueError:
        return None


def epoch_ms(seconds: float) -> str:
    """Epoch seconds as DRS wants them in a request and shows them in its task list: milliseconds in a string."""
    return str(round(seconds * 1000))


def iso_utc(seconds: float) -> str:
    """Epoch seconds as in the overview and in the list of data-level tasks: ``2024-04-09T07:00:57Z``.

    A later time than can be written so is shown as the last one that can.
    """
    return datetime.fromtimestamp(min(int(seconds), _LAST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
