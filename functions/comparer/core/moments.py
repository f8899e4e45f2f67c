"""Moments as they are written in ISO 8601, read as the numbers that canonical rows have (`cells.moment`). Pure.

What is no moment of the calendar is none here, and never guessed at: no other order of day and month, no blanks, no
more than microseconds. The calendar is the Gregorian one; years before 1 are written with BC, as PostgreSQL does.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from functions.comparer.core.cells import MINUS_INFINITY, PLUS_INFINITY, ZERO_DATE
from functions.comparer.core.kinds import Kind

_FRACTION = r"(?:\.([0-9]{1,9}))?"
_MOMENT = re.compile(
    r"([0-9]{4}|[1-9][0-9]{4,6})-([0-9]{2})-([0-9]{2})( BC)?"
    rf"(?:[ T]([0-9]{{2}}):([0-9]{{2}})(?::([0-9]{{2}}){_FRACTION})?(Z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?( BC)?)?"
)
_DURATION = re.compile(rf"(-?)([0-9]{{1,9}}):([0-9]{{2}})(?::([0-9]{{2}}){_FRACTION})?")
_ZERO = re.compile(r"0000-00-00(?:[ T]00:00:00(?:\.0+)?)?")
_INFINITE: Final = {"infinity": PLUS_INFINITY, "-infinity": MINUS_INFINITY}
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86_400_000_000
# What 64 bits have room for, without the infinite ones.
_MOST_DAYS = PLUS_INFINITY // _DAY - 1


def moment_of(text: str, kind: Kind) -> int | None:
    """The number of a moment of that kind (any but `TIME`); None: the text is none.

    An `INSTANT` without an offset is in UTC; the other kinds have none. A `DATE` may be written as its midnight.
    Whatever `cells.moment_text` writes is read again as the number that it was.
    """
    if text in _INFINITE or _ZERO.fullmatch(text):
        return _INFINITE.get(text, ZERO_DATE)
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, era, *clock, offset, late_era = found.groups()
    if (offset and kind is not Kind.INSTANT) or year == "0000":
        return None
    days = _days(1 - int(year) if era or late_era else int(year), int(month), int(day))
    time = _clock(*clock) if clock[0] else 0
    shift = _offset(offset) if offset else 0
    if days is None or time is None or time >= _DAY or shift is None or (time and kind is Kind.DATE):
        return None
    if kind is Kind.DATE:
        return days
    return days * _DAY + time - shift if abs(days) <= _MOST_DAYS else None


def impossible_day(text: str, kind: Kind) -> str | None:
    """A day that no calendar has and MySQL may hold, as 2024-00-00 or 2024-02-31, in the one form that it is told in.

    None: the text is none, or `moment_of` reads it.
    """
    found = _MOMENT.fullmatch(text)
    if found is None or kind not in {Kind.DATE, Kind.TIMESTAMP} or moment_of(text, kind) is not None:
        return None
    year, month, day, era, *clock, offset, late_era = found.groups()
    time = _clock(*clock) if clock[0] else 0
    if era or late_era or offset or len(year) != 4 or int(month) > 12 or int(day) > 31 or time is None or time >= _DAY:
        return None
    told = f"{year}-{month}-{day}"
    if kind is Kind.DATE:
        return None if time else told
    hours, minutes, seconds, fraction = (part or "" for part in clock)
    return f"{told} {hours or '00'}:{minutes or '00'}:{seconds or '00'}.{fraction[:6].ljust(6, '0')}"


def _days(year: int, month: int, day: int) -> int | None:
    # The calendar repeats itself every 400 years, which have 146,097 days.
    cycles, inside = divmod(year - 1, 400)
    try:
        return date(inside + 1, month, day).toordinal() - _EPOCH + cycles * 146_097
    except ValueError:
        return None


def clock_of(text: str) -> int | None:
    """The microseconds of a time of day or a duration; None: the text is none."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    sign, hours, minutes, seconds, fraction = found.groups()
    clock = _clock(hours, minutes, seconds, fraction)
    return -clock if sign and clock is not None else clock


def _clock(hours: str, minutes: str, seconds: str | None, fraction: str | None) -> int | None:
    fraction = (fraction or "").ljust(6, "0")
    if int(minutes) > 59 or int(seconds or 0) > 59 or fraction[6:].strip("0"):
        return None
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds or 0)) * 1_000_000 + int(fraction[:6])


def _offset(text: str) -> int | None:
    """Microseconds east of Greenwich."""
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        return None
    shift = (hours * 60 + minutes) * 60_000_000
    return -shift if text[0] == "-" else shift
