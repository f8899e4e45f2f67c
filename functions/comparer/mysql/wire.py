"""Packets as they lie on the wire, and the numbers of the types in them. Pure."""

from __future__ import annotations

from typing import Final

DECIMAL, TINY, SHORT, LONG, FLOAT, DOUBLE, TIMESTAMP, LONGLONG, INT24, DATE, TIME, DATETIME, YEAR = (
    *range(6),
    *range(7, 14),
)
VARCHAR, BIT, JSON, NEWDECIMAL, ENUM, SET = 15, 16, 245, 246, 247, 248
TINY_BLOB, MEDIUM_BLOB, LONG_BLOB, BLOB, VAR_STRING, STRING, GEOMETRY = range(249, 256)
"""The types by their numbers in the protocol."""

WHOLE: Final = 0xFFFFFF
"""The length of a packet that the next one goes on with."""


def packet_at(view: memoryview, at: int) -> tuple[bytes, int] | None:
    """The packet that begins there, its parts put together, and the place behind it; None: it is not complete."""
    parts = []
    while True:
        if len(view) < at + 4:
            return None
        length = view[at] | view[at + 1] << 8 | view[at + 2] << 16
        at += 4 + length
        if len(view) < at:
            return None
        parts.append(view[at - length : at])
        if length < WHOLE:
            return b"".join(parts), at
