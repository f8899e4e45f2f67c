"""Where the values of canonical keys stand among those of a column. Pure.

A key may come from a database whose values MySQL can't hold: a year 10000, an infinity, a text that is no UTF-8. What
no value of the column can be is still less or greater than all of them.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Final

from functions.comparer.core.cells import UUID_CELL, cells_of, placed, single_digits
from functions.comparer.core.kinds import Kind
from functions.comparer.core.moments import clock_of, moment_of
from functions.comparer.core.packing import key_cells
from functions.comparer.core.table import Malformed, Value
from functions.comparer.mysql import days
from functions.comparer.mysql.columns import Described, in_bytes, ordered
from functions.comparer.mysql.literals import bytes_literal, double_literal, nearest, real_day, text_literal

_WIDE: Final = Context(prec=2_000)
_WIDEST: Final = Decimal(10) ** 66
"""Beyond every whole and every decimal number of a column."""
_MOMENTS: Final = {Kind.DATE: "DATE", Kind.TIME: "TIME", Kind.TIMESTAMP: "TIMESTAMP", Kind.INSTANT: "TIMESTAMP"}
_LONGEST_TIME: Final = 838
"""In hours."""
_LONGEST_OF_MYSQL: Final = "838:59:59"
_LEAST_TIMESTAMP: Final = "1970-01-01 00:00:01"
_MOST_IN_THREE_BYTES: Final = "\uffff"


@dataclass(frozen=True)
class Bound:
    """Where a value stands among those of a column.

    `literal`: the value, or the greatest one that is less; None: there is none, it is below or above all of them.
    `exact`: whether the literal is the value itself. `below`: of what has no literal, whether it is below all.
    """

    literal: str | None
    exact: bool = True
    below: bool = False
    expression: str | None = None
    """What the literal is compared with, where that is not what the rows are ordered by but in the same order."""


LEAST: Final = Bound(None, exact=False, below=True)
GREATEST: Final = Bound(None, exact=False)


@dataclass(frozen=True)
class KeyColumn:
    """A column of a key, and as what it is written."""

    column: Described
    kind: Kind
    strange: bool = False
    """Whether some row has a day in it that no calendar has."""

    @property
    def expression(self) -> str:
        """What the rows are ordered by."""
        return days.expression(self.column, self.kind) if self.strange else ordered(self.column, self.kind)


def equal(part: KeyColumn, value: Value) -> str | None:
    """The condition that the column has this very value; None: it can't have it."""
    found = bound(part, value)
    if found.literal is None or not found.exact:
        return None
    return f"{found.expression or part.expression} = {found.literal}"


def bound(part: KeyColumn, value: Value) -> Bound:  # noqa: PLR0911 (one for each kind)
    """Where a value of the column's kind, or what takes its place there, stands among the column's own values."""
    column, kind = part.column, part.kind
    if value is None:
        return LEAST
    if part.strange:
        literal = days.literal(kind, value)
        return LEAST if literal is None else Bound(*literal)
    if kind is Kind.UUID:
        return _uuid(column, value)
    if isinstance(value, Malformed):
        # Among the texts its place is that of its bytes. Some columns hold it: `Described.partial`, half characters.
        if kind is Kind.LABELS:
            return Bound(bytes_literal(value.raw))
        return Bound(bytes_literal(value.raw), expression=in_bytes(column)) if kind is Kind.TEXT else GREATEST
    match kind:
        case Kind.LABELS if isinstance(value, str):
            return Bound(bytes_literal(value.encode()))
        case Kind.INTEGER | Kind.DECIMAL if isinstance(value, (int, Decimal)):
            return _number(column, Decimal(value))
        case Kind.DOUBLE | Kind.SINGLE if isinstance(value, (int, float)):
            return _binary_number(value)
        case Kind.TEXT | Kind.JSON if isinstance(value, str):
            return _text(column, value)
        case Kind.BYTES if isinstance(value, bytes):
            return Bound(bytes_literal(value))
        case Kind.DATE | Kind.TIME | Kind.TIMESTAMP | Kind.INSTANT if isinstance(value, str):
            return _time(column, value) if kind is Kind.TIME else _moment(column, kind, value)
    return GREATEST  # What is no value of the kind sorts behind all that are.


def _text(column: Described, value: str) -> Bound:
    """A text as what the column's are compared by."""
    if column.byte_ordered and (column.charset == "utf8mb4" or max(value, default="") <= _MOST_IN_THREE_BYTES):
        return Bound(text_literal(value))
    return Bound(bytes_literal(value.encode()), expression=in_bytes(column))


def _number(column: Described, value: Decimal) -> Bound:
    if not value.is_finite():
        return LEAST if value.is_infinite() and value < 0 else GREATEST
    if column.type.kind in {Kind.DOUBLE, Kind.SINGLE}:
        return _decimal_of_binary(column.type.kind is Kind.SINGLE, value)
    if abs(value) >= _WIDEST:
        return LEAST if value < 0 else GREATEST
    below = value.quantize(Decimal(1).scaleb(-(column.scale or 0)), ROUND_FLOOR, _WIDE)
    if column.type.kind is Kind.INTEGER:
        # In a list MySQL takes 9223372036854775808 for the least number of a column with signs.
        least, greatest = (0, 1 << 64) if column.unsigned else (-(1 << 63), 1 << 63)
        if not least <= below < greatest:
            return LEAST if below < 0 else GREATEST
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


def _binary_number(value: int | float | Decimal) -> Bound:
    if not isinstance(value, float):
        return GREATEST  # It is one that no binary number says exactly.
    if math.isfinite(value):
        return Bound(double_literal(value))
    return LEAST if value == -math.inf else GREATEST


def _uuid(column: Described, value: Value) -> Bound:
    ((tag, body),) = placed(cells_of(key_cells((value,), (Kind.UUID,))))
    if column.type.kind is Kind.UUID:
        return Bound(bytes_literal(str(value).encode())) if tag == UUID_CELL else GREATEST
    if column.always_uuid:
        return Bound(bytes_literal(body)) if tag == UUID_CELL else GREATEST
    return Bound(bytes_literal(bytes((tag,)) + body))


def _moment(column: Described, kind: Kind, value: str) -> Bound:
    if moment_of(value, kind) is None or value == "infinity":
        return GREATEST  # What is none may be a text of the other side's, or a day that no calendar has.
    zero = f"{_MOMENTS[kind]}'0000-00-00{'' if kind is Kind.DATE else ' 00:00:00'}'"
    if value == "-infinity":
        return LEAST
    if value == "0000-00-00" or " BC" in value:
        # The zero date stands below every other moment but the least.
        return Bound(zero, exact=value == "0000-00-00")
    if not real_day(value):
        return GREATEST
    if column.data_type == "timestamp" and value < _LEAST_TIMESTAMP:
        return Bound(zero, exact=False)  # MySQL takes the zero date for greater than any literal before 1970.
    said = value.removesuffix("+00")
    return Bound(f"{_MOMENTS[kind]}'{said}'", exact=_held(column, said))


def _time(column: Described, value: str) -> Bound:
    if clock_of(value) is None:
        return GREATEST
    hours = int(value.lstrip("-").partition(":")[0])
    if hours > _LONGEST_TIME:
        return LEAST if value.startswith("-") else GREATEST
    held = _held(column, value)
    beyond = hours == _LONGEST_TIME and value.lstrip("-") > _LONGEST_OF_MYSQL
    if beyond or (value.startswith("-") and not held):
        # As a number. Of the first MySQL has no literal; of the second MariaDB's indexes take the next one above.
        return Bound(value.replace(":", ""), held, expression=f"CAST({column.quoted} AS DECIMAL(20, 6))")
    return Bound(f"TIME'{value}'", held)


def _held(column: Described, value: str) -> bool:
    """Whether a column has moments as fine as this one: for one that is finer an index finds the nearest that it has.

    Only where it is looked for: of what is greater or less the index finds no other.
    """
    if column.data_type == "date":
        return not value[10:].strip(" 0:.")
    return len(value.partition(".")[2].rstrip("0")) <= column.fraction
