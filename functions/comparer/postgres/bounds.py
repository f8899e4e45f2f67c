"""Keys of canonical rows as conditions of a statement: what lies beyond one, up to one, or at one. Pure.

A key may come from the other side, and so be none that this table can hold: 5.5 where it has whole numbers. Then the
greatest value that it can hold below stands for it, or all rows lie on one side of it.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final

from functions.comparer.core import cells
from functions.comparer.core.kinds import Kind
from functions.comparer.core.moments import moment_of
from functions.comparer.core.packing import key_cells
from functions.comparer.core.table import Malformed, Row, Value
from functions.comparer.postgres.columns import PgColumn
from functions.comparer.postgres.names import text

_WHOLE: Final = {"int2", "int4", "int8", "oid", "bool", "bit"}
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_MOMENT = re.compile(
    r"([0-9]{4,7}-[0-9]{2}-[0-9]{2})( BC)?(?: ([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?))?(?:\+00)?"
)
_CLOCK = re.compile(r"(-?)([0-9]{2,9}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,6})?")
_DAY_HOURS: Final = 24
_DAY: Final = 86_400_000_000
_FIRST_DAY: Final = -2_440_588
"""4714-11-24 BC, since 1970."""
_LAST_DAY: Final = 2_145_042_905
"""5874897-12-31, since 1970."""


class Side(Enum):
    """Where a value lies that is beyond all that a column can hold."""

    BELOW = "below"
    ABOVE = "above"


@dataclass(frozen=True)
class Bound:
    """A value as SQL, and the expression that it is compared with; not `exact`: the greatest one below it."""

    expression: str
    literal: str
    exact: bool = True


def beyond(columns: Sequence[PgColumn], kinds: Sequence[Kind], key: Row) -> str:
    """The condition for rows whose keys are greater."""
    return _cut(columns, kinds, key, past=True)


def up_to(columns: Sequence[PgColumn], kinds: Sequence[Kind], key: Row) -> str:
    """The condition for rows whose keys are not greater."""
    return _cut(columns, kinds, key, past=False)


def _cut(columns: Sequence[PgColumn], kinds: Sequence[Kind], key: Row, *, past: bool) -> str:
    parts: list[Bound] = []
    greater = True
    for column, kind, value in zip(columns, kinds, key, strict=True):
        found = bound(column, kind, value)
        if isinstance(found, Side):
            # What begins like the key is beyond it if the key's value is below all.
            greater = found is Side.ABOVE
            break
        parts.append(found)
        if not found.exact:
            break
    if not parts:
        return "TRUE" if greater != past else "FALSE"
    operator = (">" if greater else ">=") if past else ("<=" if greater else "<")
    return f"{_row(part.expression for part in parts)} {operator} {_row(part.literal for part in parts)}"


def _row(parts: Iterable[str]) -> str:
    found = list(parts)
    return found[0] if len(found) == 1 else f"({', '.join(found)})"


def bound(column: PgColumn, kind: Kind, value: Value) -> Bound | Side:
    """Where a value of that kind lies among those of a column. What is none of the kind sorts after all that are."""
    if value is None:
        return Side.BELOW
    return _BY_KIND[kind](column, kind, value)


def _number(column: PgColumn, kind: Kind, value: Value) -> Bound | Side:
    fits = {Kind.INTEGER: int, Kind.DECIMAL: Decimal}.get(kind, float)
    if not isinstance(value, fits) or not isinstance(value, int | float | Decimal):
        return Side.ABOVE
    if column.base in _WHOLE:
        return _whole(column, value)
    if column.base == "numeric":
        return _numeric(column, Decimal(value))
    return _binary(column, kind, value)


def _whole(column: PgColumn, value: int | float | Decimal) -> Bound | Side:
    if value != value or value in (math.inf, -math.inf):  # noqa: PLR0124 (a NaN)
        return Side.BELOW if value == -math.inf else Side.ABOVE
    floor = math.floor(value)
    least, most = {"bool": (0, 1), "oid": (0, (1 << 32) - 1)}.get(column.base, (_LEAST, _MOST))
    if not least <= floor <= most:
        return Side.BELOW if floor < least else Side.ABOVE
    if column.base == "bool":
        return Bound(column.sql, str(bool(floor)).upper(), floor == value)
    expression = column.read if column.base == "bit" else column.sql
    kind = "oid" if column.base == "oid" else "int8"
    return Bound(expression, f"'{floor}'::pg_catalog.{kind}", floor == value)


def _numeric(column: PgColumn, value: Decimal) -> Bound:
    return Bound(column.sql, f"'{value}'::pg_catalog.numeric")


def _binary(column: PgColumn, kind: Kind, value: int | float | Decimal) -> Bound:
    name = "float4" if column.base == "float4" or kind is Kind.SINGLE else "float8"
    number, exact = (value, True) if isinstance(value, float) else _nearest(Decimal(value), single=name == "float4")
    return Bound(column.order(kind), f"'{number!r}'::pg_catalog.{name}", exact)


def _nearest(value: Decimal, *, single: bool) -> tuple[float, bool]:
    """The greatest binary number that says no more than `value` in decimals, and whether it says just that."""
    number = float(value)
    if single and math.isfinite(number):
        number = _single(number)
    told, wanted = (cells.decimal_bytes(found) for found in (_decimals(number, single=single), value))
    if told <= wanted:
        return number, told == wanted
    return (_before(number) if single else math.nextafter(number, -math.inf)), False


def _decimals(value: float, *, single: bool) -> Decimal:
    digits = cells.single_digits(value) if single else None
    found = cells.values_of([cells.decimal_of_double(value, digits)], [Kind.DECIMAL])[0]
    return found if isinstance(found, Decimal) else Decimal("NaN")


def _single(value: float) -> float:
    try:
        return float(struct.unpack(">f", struct.pack(">f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def _before(value: float) -> float:
    """The next lower number of 32 bits."""
    if value == 0:
        value = 0.0  # There is another one, whose bits say that it is less than zero.
    (bits,) = struct.unpack(">i", struct.pack(">f", value))
    return float(
        struct.unpack(">f", struct.pack(">i", bits + 1 if value < 0 else bits - 1 if bits else -0x7FFF_FFFF))[0]
    )


def _uuid(column: PgColumn, _: Kind, value: Value) -> Bound | Side:
    ((tag, body),) = cells.placed(cells.cells_of(key_cells((value,), (Kind.UUID,))))
    if column.base != "uuid":
        return Bound(column.order(Kind.UUID), _bytes(bytes((tag,)) + body))
    return Bound(column.sql, f"'{body.hex()}'::pg_catalog.uuid") if tag == cells.UUID_CELL else Side.ABOVE


def _text(column: PgColumn, _: Kind, value: Value) -> Bound | Side:
    if isinstance(value, Malformed):
        return Bound(column.bytes_of_text, _bytes(value.raw))
    if not isinstance(value, str):
        return Side.ABOVE
    # There is no NUL in a text of this server: all that is greater than a text with one is greater than what precedes.
    found, exact = value.partition("\0")[0], "\0" not in value
    if column.text_order == column.bytes_of_text:
        return Bound(column.bytes_of_text, _bytes(found.encode()), exact)
    return Bound(column.text_order, f"{text(found)}::pg_catalog.text", exact)


def _moment(column: PgColumn, kind: Kind, value: Value) -> Bound | Side:
    number = moment_of(value, kind) if isinstance(value, str) else None
    if number is None or not isinstance(value, str):
        return Side.ABOVE  # A text of the other side's, or a day that no calendar has.
    if value in {"infinity", "-infinity"}:
        return Bound(column.sql, _moment_literal(column, value))
    days, found = number if kind is Kind.DATE else number // _DAY, _MOMENT.fullmatch(value)
    if not _FIRST_DAY <= days <= _LAST_DAY or found is None:
        # 0000-00-00 is among those below. No moment that a cell has room for is later than the last one: only a day is.
        greatest = "-infinity" if days < _FIRST_DAY else "5874897-12-31"
        return Bound(column.sql, _moment_literal(column, greatest), exact=False)
    day, era, clock = found.groups()
    if column.base == "date":
        literal = _moment_literal(column, f"{day}{era or ''}")
        return Bound(column.sql, literal, exact=not (clock or "").strip("0:."))
    zone = "+00" if column.base == "timestamptz" else ""
    return Bound(column.sql, _moment_literal(column, f"{day} {clock or '00:00:00'}{zone}{era or ''}"))


def _moment_literal(column: PgColumn, text: str) -> str:
    return f"'{text}'::pg_catalog.{column.base}"


def _time(column: PgColumn, _: Kind, value: Value) -> Bound | Side:
    if not isinstance(value, str):
        return Side.ABOVE
    found = _CLOCK.fullmatch(value)
    if found is None:
        return Side.ABOVE
    sign, hours, minutes, seconds, fraction = found.groups()
    if sign:
        return Side.BELOW
    rest = f"{minutes}{seconds}{fraction or ''}".strip("0.")
    if int(hours) > _DAY_HOURS or (int(hours) == _DAY_HOURS and rest):
        return Side.ABOVE
    return Bound(column.sql, f"'{value}'::pg_catalog.time")


def _octets(column: PgColumn, _: Kind, value: Value) -> Bound | Side:
    return Bound(column.sql, _bytes(value)) if isinstance(value, bytes) else Side.ABOVE


def _bytes(value: bytes) -> str:
    return f"'\\x{value.hex()}'::pg_catalog.bytea"


_BY_KIND: Final = {
    Kind.INTEGER: _number,
    Kind.DECIMAL: _number,
    Kind.DOUBLE: _number,
    Kind.SINGLE: _number,
    Kind.TEXT: _text,
    Kind.JSON: _text,
    Kind.BYTES: _octets,
    Kind.DATE: _moment,
    Kind.TIME: _time,
    Kind.TIMESTAMP: _moment,
    Kind.INSTANT: _moment,
    Kind.UUID: _uuid,
}
