"""Where the values of canonical keys stand among those of a column. Pure.

A key may come from a database whose values MySQL can't hold: a year 10000, an infinity, a text that is no UTF-8. What
no value of the column can be is still less or greater than all of them.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Final

from functions.comparer.core.cells import single_digits
from functions.comparer.core.kinds import Kind
from functions.comparer.core.moments import clock_of, moment_of
from functions.comparer.core.table import Malformed, Value
from functions.comparer.mysql.columns import Described, ordered
from functions.comparer.mysql.literals import bytes_literal, double_literal, nearest, real_day, text_literal

_WIDE: Final = Context(prec=2_000)
_WIDEST: Final = Decimal(10) ** 66
"""Beyond every whole and every decimal number of a column."""
_MOMENTS: Final = {Kind.DATE: "DATE", Kind.TIME: "TIME", Kind.TIMESTAMP: "TIMESTAMP", Kind.INSTANT: "TIMESTAMP"}
_LONGEST_TIME: Final = 838
_DAYS: Final = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.INSTANT})
_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_DAY = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d\.\d{6})?")


@dataclass(frozen=True)
class Bound:
    """Where a value stands among those of a column.

    `literal`: the value, or the greatest one that is less; None: there is none, it is below or above all of them.
    `exact`: whether the literal is the value itself. `below`: of what has no literal, whether it is below all.
    """

    literal: str | None
    exact: bool = True
    below: bool = False


LEAST: Final = Bound(None, exact=False, below=True)
GREATEST: Final = Bound(None, exact=False)


@dataclass(frozen=True)
class KeyColumn:
    """A column of a key, and as what it is written."""

    column: Described
    kind: Kind

    @property
    def expression(self) -> str:
        """What the rows are ordered by."""
        return ordered(self.column, self.kind)


def equal(part: KeyColumn, value: Value) -> str | None:
    """The condition that the column has this very value; None: it can't have it."""
    found = bound(part, value)
    if found.literal is not None and found.exact:
        return f"{part.expression} = {found.literal}"
    if part.kind in _DAYS and isinstance(value, str) and _NO_DAY.fullmatch(value):
        return f"{_written(part)} = '{value}'"
    return _no_uuid(part, value) if part.kind is Kind.UUID else None


def _no_uuid(part: KeyColumn, value: Value) -> str | None:
    """What is no UUID is told by all of its bytes."""
    if isinstance(value, bytes):
        return f"{part.column.quoted} = {bytes_literal(value)}" if part.column.type.kind is Kind.BYTES else None
    if not isinstance(value, str) or part.column.type.kind is not Kind.TEXT:
        return None
    return f"{ordered(part.column, Kind.TEXT)} = {text_or_bytes(part.column, value)}"


def _written(part: KeyColumn) -> str:
    """A day that is none in the calendar, as its cell says it: no literal of it is sure to be taken."""
    text = f"CAST({part.column.quoted} AS CHAR)"
    if part.kind is Kind.DATE:
        return text
    if part.column.type.kind is Kind.DATE:
        return f"CONCAT({text}, ' 00:00:00.000000')"
    return f"RPAD(CONCAT({text}, IF(LOCATE('.', {text}), '', '.')), 26, '0')"


def bound(part: KeyColumn, value: Value) -> Bound:  # noqa: PLR0911 (one for each kind)
    """Where a value of the column's kind, or what takes its place there, stands among the column's own values."""
    column, kind = part.column, part.kind
    if value is None:
        return LEAST
    if isinstance(value, Malformed):
        # Among the texts its place is that of its bytes. Some columns hold it: `Described.partial`, half characters.
        return Bound(bytes_literal(value.raw)) if kind is Kind.TEXT else GREATEST
    match kind:
        case Kind.INTEGER | Kind.DECIMAL if isinstance(value, (int, Decimal)):
            return _number(column, Decimal(value))
        case Kind.DOUBLE | Kind.SINGLE if isinstance(value, (int, float)):
            return _binary_number(float(value))
        case Kind.TEXT | Kind.JSON if isinstance(value, str):
            return Bound(text_or_bytes(column, value))
        case Kind.BYTES if isinstance(value, bytes):
            return Bound(bytes_literal(value))
        case Kind.UUID if isinstance(value, str):
            return _uuid(column, value)
        case Kind.DATE | Kind.TIME | Kind.TIMESTAMP | Kind.INSTANT if isinstance(value, str):
            return _moment(kind, value)
    return GREATEST  # What is no value of the kind sorts behind all that are.


def text_or_bytes(column: Described, value: str) -> str:
    """A text as what the column's are compared by (`ordered`)."""
    return text_literal(value) if column.byte_ordered else bytes_literal(value.encode())


def _number(column: Described, value: Decimal) -> Bound:
    if not value.is_finite():
        return LEAST if value.is_infinite() and value < 0 else GREATEST
    if column.type.kind in {Kind.DOUBLE, Kind.SINGLE}:
        return _decimal_of_binary(column.type.kind is Kind.SINGLE, value)
    if abs(value) >= _WIDEST:
        return LEAST if value < 0 else GREATEST
    below = value.quantize(Decimal(1).scaleb(-(column.scale or 0)), ROUND_FLOOR, _WIDE)
    return Bound(f"{below:f}", exact=below == value)


def _decimal_of_binary(single: bool, value: Decimal) -> Bound:
    """Of a column of binary numbers written as decimals: each says its shortest digits, which are in the same order."""
    close = nearest(single, value)
    if math.isinf(close):
        return LEAST if value < 0 else GREATEST
    said = Decimal(int(close)) if close.is_integer() else Decimal(single_digits(close) if single else repr(close))
    if said > value:
        below = _next_below(close, single)
        return Bound(double_literal(below), exact=False) if math.isfinite(below) else LEAST
    return Bound(double_literal(close), exact=said == value)


def _next_below(value: float, single: bool) -> float:
    if not single:
        return math.nextafter(value, -math.inf)
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    if value == 0:
        return -float(struct.unpack("<f", struct.pack("<i", 1))[0])
    return float(struct.unpack("<f", struct.pack("<i", bits + (-1 if value > 0 else 1)))[0])


def _binary_number(value: float) -> Bound:
    if math.isfinite(value):
        return Bound(double_literal(value))
    return LEAST if value == -math.inf else GREATEST


def _uuid(column: Described, value: str) -> Bound:
    if not _UUID.fullmatch(value):
        return GREATEST
    digits = value.replace("-", "")
    if column.type.kind is Kind.BYTES:
        return Bound(f"X'{digits}'")
    return Bound(bytes_literal((value if column.type.kind is Kind.UUID else digits).encode()))


def _moment(kind: Kind, value: str) -> Bound:
    if kind is Kind.TIME:
        return _time(value)
    if moment_of(value, kind) is None or value == "infinity":
        return GREATEST  # What is none may be a text of the other side's, or a day that no calendar has.
    zero = f"{_MOMENTS[kind]}'0000-00-00{'' if kind is Kind.DATE else ' 00:00:00'}'"
    if value == "-infinity":
        return LEAST
    if value == "0000-00-00" or " BC" in value:
        # The zero date stands below every other moment but the least.
        return Bound(zero, exact=value == "0000-00-00")
    return Bound(f"{_MOMENTS[kind]}'{value.removesuffix('+00')}'") if real_day(value) else GREATEST


def _time(value: str) -> Bound:
    if clock_of(value) is None:
        return GREATEST
    hours = int(value.lstrip("-").partition(":")[0])
    if hours > _LONGEST_TIME:
        return LEAST if value.startswith("-") else GREATEST
    return Bound(f"TIME'{value}'")
