"""Dates, moments and times of MySQL's binary protocol as canonical cells. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date
from typing import Final

from functions.comparer.core import cells
from functions.comparer.core.kinds import Kind

_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY: Final = 86_400_000_000
_MOST_DAYS: Final = 10_000
"""Of a time, whose hours are 838 at most."""
_MOMENT = struct.Struct("<HBBBBBI")
_CLOCK = struct.Struct("<BIBBBI")

Field = Callable[[bytes, int], tuple[cells.Cell, int]]
"""Reads a value at a place of a packet: its cell, and the place behind it."""


def of_date(kind: int) -> Field:
    """DATE, DATETIME and TIMESTAMP: a length, then as much of the parts as is not zero."""

    def field(packet: bytes, at: int) -> tuple[cells.Cell, int]:
        size = packet[at]
        end = at + 1 + size
        if end > len(packet):
            raise IndexError
        if size not in {0, 4, 7, 11}:
            raise ValueError("a date has an impossible length")
        return _moment(kind, *_MOMENT.unpack(packet[at + 1 : end].ljust(11, b"\0"))), end

    return field


def of_time(packet: bytes, at: int) -> tuple[cells.Cell, int]:
    """TIME, of which hours beyond a day are days."""
    size = packet[at]
    end = at + 1 + size
    if end > len(packet):
        raise IndexError
    negative, days, *clock = _CLOCK.unpack(packet[at + 1 : end].ljust(12, b"\0"))
    if size not in {0, 8, 12} or days > _MOST_DAYS:
        raise ValueError("a time is impossible")
    value = days * _DAY + _microseconds(*clock)
    return cells.moment(-value if negative else value), end


def _moment(kind: int, year: int, month: int, day: int, *clock: int) -> cells.Cell:
    microseconds = _microseconds(*clock)
    if kind == Kind.DATE and microseconds:
        raise ValueError("a date has a time of day")
    if not (year or month or day or microseconds):
        return cells.moment(cells.ZERO_DATE)
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        # What the calendar doesn't have but MySQL may: 2024-00-00, 2024-02-31.
        hour, minute, second, fraction = clock
        text = f"{year:04d}-{month:02d}-{day:02d}"
        if kind != Kind.DATE:
            text += f" {hour:02d}:{minute:02d}:{second:02d}.{fraction:06d}"
        return cells.misfit("t", text.encode())
    return cells.moment(days if kind == Kind.DATE else days * _DAY + microseconds)


def _microseconds(hour: int, minute: int, second: int, fraction: int) -> int:
    if hour > 23 or minute > 59 or second > 59 or fraction > 999_999:
        raise ValueError("a time of day is impossible")
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
