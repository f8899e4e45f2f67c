"""Conditions on the columns of a key, as a WHERE needs them, that say exactly what canonical cells say. Pure.

A key may come from a database whose values MySQL can't hold: a year 10000, an infinity, a text that is no UTF-8. What
no value of the column can be is still less or greater than all of them, so such a condition is TRUE or FALSE.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Final

from functions.comparer.core.cells import single_digits
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Malformed, Row, Value
from functions.comparer.mysql.columns import Described, ordered

_WIDE: Final = Context(prec=2_000)
_WIDEST: Final = Decimal(10) ** 66
"""Beyond every whole and every decimal number of a column."""
_DAY = re.compile(r"(\d{4})-\d\d-\d\d")
_MOMENTS: Final = {Kind.DATE: "DATE", Kind.TIME: "TIME", Kind.TIMESTAMP: "TIMESTAMP", Kind.INSTANT: "TIMESTAMP"}
_LONGEST_TIME: Final = 838


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


def after(key: Sequence[KeyColumn], values: Row) -> str:
    """The rows whose keys are greater than this one."""
    return _beyond(key, [bound(part, value) for part, value in zip(key, values, strict=True)], greater=True)


def upto(key: Sequence[KeyColumn], values: Row) -> str:
    """The rows whose keys are this one or less."""
    return _beyond(key, [bound(part, value) for part, value in zip(key, values, strict=True)], greater=False)


def among(key: Sequence[KeyColumn], keys: Sequence[Row]) -> str:
    """The rows with one of these keys."""
    rows = [[bound(part, value) for part, value in zip(key, values, strict=True)] for values in keys]
    held = [row for row in rows if all(part.exact for part in row)]
    if not held:
        return "FALSE"
    if len(key) == 1:
        exactly = _one_of(key[0].expression, [row[0].literal for row in held])
    else:
        every = (
            " AND ".join(f"{part.expression} = {found.literal}" for part, found in zip(key, row, strict=True))
            for row in held
        )
        exactly = " OR ".join(f"({one})" for one in every)
    return " AND ".join(f"({condition})" for condition in (*_prefilters(key, keys), exactly))


def _one_of(expression: str, literals: Sequence[str | None]) -> str:
    return f"{expression} IN ({', '.join(literal for literal in literals if literal)})"


def _prefilters(key: Sequence[KeyColumn], keys: Sequence[Row]) -> list[str]:
    """What an index on the first column can find: texts that its own collation takes for equal are a few more."""
    column = key[0].column
    if key[0].kind is not Kind.TEXT or column.type.kind is not Kind.TEXT or column.byte_ordered:
        return []
    texts = {values[0] for values in keys if isinstance(values[0], str)}
    if column.charset != "utf8mb4" and not all(text.isascii() for text in texts):
        return []  # The column would have to be converted, or refuses to be compared.
    return [_one_of(column.quoted, [text_literal(text) for text in sorted(texts)])]


def _beyond(key: Sequence[KeyColumn], bounds: Sequence[Bound], *, greater: bool) -> str:
    part, found = key[0], bounds[0]
    last = len(key) == 1
    if found.literal is None:
        return "TRUE" if found.below is greater else "FALSE"
    strict = ">" if greater else "<"
    if not found.exact:
        # Between two values of the column: the literal is the one below.
        return f"{part.expression} {'>' if greater else '<='} {found.literal}"
    if last:
        return f"{part.expression} {'>' if greater else '<='} {found.literal}"
    rest = _beyond(key[1:], bounds[1:], greater=greater)
    # The first condition says nothing new; it is the one for which an index is searched.
    return (
        f"{part.expression} {strict}= {found.literal} AND ({part.expression} {strict} {found.literal}"
        f" OR ({part.expression} = {found.literal} AND {rest}))"
    )


def bound(part: KeyColumn, value: Value) -> Bound:  # noqa: PLR0911 (one for each kind)
    """Where a value of the column's kind, or what takes its place there, stands among the column's own values."""
    column, kind = part.column, part.kind
    if value is None:
        return LEAST
    if isinstance(value, Malformed):
        # No column of MySQL holds it; among the texts its place is that of its bytes.
        return Bound(_bytes(value.raw), exact=False) if kind is Kind.TEXT else GREATEST
    match kind:
        case Kind.INTEGER | Kind.DECIMAL if isinstance(value, (int, Decimal)):
            return _number(column, Decimal(value))
        case Kind.DOUBLE | Kind.SINGLE if isinstance(value, (int, float)):
            return _binary_number(float(value))
        case Kind.TEXT | Kind.JSON if isinstance(value, str):
            return Bound(text_literal(value) if column.byte_ordered else _bytes(value.encode()))
        case Kind.BYTES if isinstance(value, bytes):
            return Bound(_bytes(value))
        case Kind.UUID if isinstance(value, str):
            return _uuid(column, value)
        case Kind.DATE | Kind.TIME | Kind.TIMESTAMP | Kind.INSTANT if isinstance(value, str):
            return _moment(kind, value)
    return GREATEST  # What is no value of the kind sorts behind all that are.


def text_literal(text: str) -> str:
    """A text as it stands in a statement, whatever the connection's character set and mode are."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return "'" + text.replace("'", "''") + "'"
    return f"_utf8mb4 {_bytes(text.encode())}"


def double_literal(value: float) -> str:
    """A binary number as it stands in a statement: with an exponent, or it would be a decimal one."""
    text = repr(value)
    return text if "e" in text else text + "e0"


def _bytes(value: bytes) -> str:
    return f"X'{value.hex()}'"


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


def nearest(single: bool, value: float | Decimal) -> float:
    """The binary number that is nearest to a number, of 32 bits or of 64; beyond them it is infinite."""
    number = float(value)
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0]) if single else number
    except OverflowError:
        return math.copysign(math.inf, number)


def _binary_number(value: float) -> Bound:
    if math.isfinite(value):
        return Bound(double_literal(value))
    return LEAST if value == -math.inf else GREATEST


def _uuid(column: Described, value: str) -> Bound:
    digits = value.replace("-", "")
    if column.type.kind is Kind.BYTES:
        return Bound(f"X'{digits}'")
    return Bound(_bytes((value if column.type.kind is Kind.UUID else digits).encode()))


def _moment(kind: Kind, value: str) -> Bound:
    if value in {"-infinity", "infinity"} or " BC" in value:
        # The zero date stands below every other moment but the least.
        zero = Bound(f"{_MOMENTS[kind]}'0000-00-00{'' if kind is Kind.DATE else ' 00:00:00'}'", exact=False)
        return GREATEST if value == "infinity" else LEAST if value == "-infinity" else zero
    if kind is Kind.TIME:
        hours = int(value.lstrip("-").partition(":")[0])
        if hours > _LONGEST_TIME:
            return LEAST if value.startswith("-") else GREATEST
        return Bound(f"TIME'{value}'")
    year = _DAY.match(value)
    if year is None:
        return GREATEST
    if value == "0000-00-00":
        return Bound(f"{_MOMENTS[kind]}'0000-00-00{'' if kind is Kind.DATE else ' 00:00:00'}'")
    return Bound(f"{_MOMENTS[kind]}'{value.removesuffix('+00')}'")


def key_of(columns: Sequence[Described], kinds: Sequence[Kind], key: int) -> list[KeyColumn]:
    """The columns of a key of a reading."""
    return [KeyColumn(column, kind) for column, kind in zip(columns[:key], kinds[:key], strict=True)]


def order_by(key: Sequence[KeyColumn]) -> str:
    """The ORDER BY of a reading with that key."""
    return ", ".join(part.expression for part in key)
