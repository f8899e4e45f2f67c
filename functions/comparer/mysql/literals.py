"""Values as they stand in a statement, meaning exactly themselves whatever a session's settings are. Pure."""

from __future__ import annotations

import math
import re
import struct
from datetime import date
from decimal import Decimal

_DAY = re.compile(r"\d{4}-\d\d-\d\d\b")


def text_literal(text: str) -> str:
    """A text as it stands in a statement, whatever the connection's character set and mode are."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return "'" + text.replace("'", "''") + "'"
    return f"_utf8mb4 {bytes_literal(text.encode())}"


def double_literal(value: float) -> str:
    """A binary number as it stands in a statement: with an exponent, or it would be a decimal one."""
    text = repr(value)
    return text if "e" in text else text + "e0"


def bytes_literal(value: bytes) -> str:
    """Bytes as they stand in a statement."""
    return f"X'{value.hex()}'"


def real_day(text: str) -> bool:
    """Whether a moment is on a day of the calendar that MySQL has."""
    try:
        return bool(_DAY.match(text)) and bool(date.fromisoformat(text[:10]))
    except ValueError:
        return False


def nearest(single: bool, value: float | Decimal) -> float:
    """The binary number that is nearest to a number, of 32 bits or of 64; beyond them it is infinite."""
    number = float(value)
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0]) if single else number
    except OverflowError:
        return math.copysign(math.inf, number)
