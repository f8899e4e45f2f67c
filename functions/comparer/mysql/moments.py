"""Dates, moments and times of MySQL's binary protocol as canonical cells. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date
from typing import Final

from functions.comparer.core import cells
from functions.comparer.core.kinds import Kind

_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY_SECONDS: Final = 86_400
_MOMENT = struct.Struct("<HBBBBBI")
_CLOCK = struct.Struct("<BIBBBI")

Field = Callable[[bytes, int], tuple[cells.Cell, int]]
"""Reads a value at a place of a packet: its cell, and the place behind it."""


def of_date(kind: int) -> Field:
    """DATE, DATETIME and TIMESTAMP: a length, then as much of the parts as is not zero."""

    def field(packet: bytes, at: int) -> tuple[cells.Cell, int]:
        end = at + 1 + packet[at]
        if end > len(packet) or end - at > 12:
            raise IndexError
        return _moment(kind, *_MOMENT.unpack(packet[at + 1 : end].ljust(11, b"\0"))), end

    return field


def _moment(
    kind: int, year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: int
) -> cells.Cell:
    if not (year or month or day or hour or minute or second or fraction):
        return cells.moment(cells.ZERO_DATE)
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        text = f"{year:04d}-{month:02d}-{day:02d}"
        if kind != Kind.DATE:
            text += f" {hour:02d}:{minute:02d}:{second:02d}.{fraction:06d}"
        return cells.misfit("t", text.encode())
    if kind == Kind.DATE:
        return cells.moment(days)
    seconds = days * _DAY_SECONDS + hour * 3600 + minute * 60 + second
    return cells.moment(seconds * 1_000_000 + fraction)


def of_time(packet: bytes, at: int) -> tuple[cells.Cell, int]:
    """TIME, of which hours beyond a day are days."""
    end = at + 1 + packet[at]
    if end > len(packet) or end - at > 13:
        raise IndexError
    negative, days, hour, minute, second, fraction = _CLOCK.unpack(packet[at + 1 : end].ljust(12, b"\0"))
    seconds = days * _DAY_SECONDS + hour * 3600 + minute * 60 + second
    value = seconds * 1_000_000 + fraction
    return cells.moment(-value if negative else value), end
