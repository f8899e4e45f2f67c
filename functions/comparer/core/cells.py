"""Canonical rows: the one form in which every engine's rows are compared. Equal rows are equal bytes. Pure.

A row is four bytes with the length of what follows, four with the length of its key, then its cells, those of the key
first (lengths are unsigned and little-endian). A cell is a tag and a body; there are no separators:

    NULL                                                   nothing
    INT      a whole number of 64 bits with a sign         8 bytes, big-endian, the sign's bit turned over
    BIG      a whole number from 2^63 to 2^64-1            8 bytes, big-endian
    DECIMAL  every number of a column of decimals          length, then as `decimal_bytes` says
    DOUBLE   a binary floating-point number                8 bytes, big-endian, turned so that they sort
    MOMENT   microseconds since 1970 (of a TIME: since     8 bytes as INT; the least and the greatest are the two
             midnight), days since 1970 of a DATE          infinities, the second least MySQL's 0000-00-00
    UUID                                                   16 bytes
    TEXT     UTF-8, or the bytes of a malformed text       length, bytes
    BYTES                                                  length, bytes
    MISFIT   what no value of the kind can be, as a        length, a letter for its type, bytes
             text in a column of numbers

Cells of one kind sort by tag, then body without its length: so do keys, and so must the engines put their rows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Final
from uuid import UUID

from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Malformed, Row, Value

NULL, INT, BIG, DECIMAL, DOUBLE, MOMENT, UUID_CELL, TEXT, BYTES, MISFIT = range(10)
"""The tags."""

_FIXED: Final = {NULL: 0, INT: 8, BIG: 8, DOUBLE: 8, MOMENT: 8, UUID_CELL: 16}
_LENGTH = struct.Struct("<I")
_HEAD = struct.Struct("<II")
_LEAST_WITH_ALL_DIGITS = 2.0**-126
_SIGN = 1 << 63
_ALL = (1 << 64) - 1
_NAN_BITS = 0x7FF8_0000_0000_0000
MINUS_INFINITY, ZERO_DATE, PLUS_INFINITY = -_SIGN, -_SIGN + 1, _SIGN - 1
"""Moments that are none, by what they are written as."""
_MOMENTS: Final = {MINUS_INFINITY: "-infinity", ZERO_DATE: "0000-00-00", PLUS_INFINITY: "infinity"}
_NEGATIVE_INFINITY, _NEGATIVE, _ZERO, _POSITIVE, _INFINITY, _NOT_A_NUMBER = range(1, 7)
_EXACT: Final = Context(prec=400_000, Emax=999_999, Emin=-999_999)
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86_400_000_000

Cell = bytes
"""A cell with its tag."""


def row_of(cells: Sequence[Cell], key: int) -> bytes:
    """A row, of which the first `key` cells are the key."""
    front, rest = b"".join(cells[:key]), b"".join(cells[key:])
    return _HEAD.pack(4 + len(front) + len(rest), len(front)) + front + rest


def rows_in(block: bytes) -> Iterator[bytes]:
    """The rows of a block, each with its lengths."""
    at = 0
    while at < len(block):
        (length,) = _LENGTH.unpack_from(block, at)
        yield block[at : at + 4 + length]
        at += 4 + length


def key_in(row: bytes) -> bytes:
    """The cells of a row's key, as they are."""
    _, length = _HEAD.unpack_from(row)
    return row[8 : 8 + length]


def cells_in(row: bytes) -> tuple[Cell, ...]:
    """The cells of a row."""
    return cells_of(row[8:])


def cells_of(data: bytes) -> tuple[Cell, ...]:
    """Cells that lie one after the other."""
    found, at = [], 0
    while at < len(data):
        end = at + 1 + _FIXED[data[at]] if data[at] in _FIXED else at + 5 + _LENGTH.unpack_from(data, at + 1)[0]
        found.append(data[at:end])
        at = end
    return tuple(found)


def placed(cells: Sequence[Cell]) -> tuple[tuple[int, bytes], ...]:
    """What keys sort by."""
    return tuple((cell[0], cell[1:] if cell[0] in _FIXED else cell[5:]) for cell in cells)


def null() -> Cell:
    """NULL."""
    return bytes((NULL,))


def integer(value: int) -> Cell:
    """A whole number of a column of whole numbers. Raises OverflowError for one that no engine's column holds."""
    if value < _SIGN:
        return bytes((INT,)) + (value + _SIGN).to_bytes(8, "big")
    return bytes((BIG,)) + value.to_bytes(8, "big")


def double(value: float) -> Cell:
    """A binary floating-point number."""
    bits = int.from_bytes(struct.pack(">d", value + 0.0), "big")
    if value != value:  # noqa: PLR0124 (a NaN, whatever its bits)
        bits = _NAN_BITS
    return bytes((DOUBLE,)) + (bits ^ (_ALL if bits & _SIGN else _SIGN)).to_bytes(8, "big")


def single(value: float) -> Cell:
    """A number of 32 bits, or one of 64 bits as the nearest one of 32; beyond them it is infinite."""
    try:
        return double(struct.unpack(">f", struct.pack(">f", value))[0])
    except OverflowError:
        return double(float("inf") if value > 0 else float("-inf"))


def decimal(value: Decimal | int) -> Cell:
    """A number of a column of decimals."""
    return _prefixed(DECIMAL, decimal_bytes(Decimal(value) if isinstance(value, int) else value))


def decimal_of_double(value: float, digits: str | None = None) -> Cell:
    """What a binary number says in decimals: its value if it is whole, else `digits` (the shortest, its `repr`)."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 (a NaN)
        return decimal(Decimal(str(value)))
    return decimal(int(value) if value.is_integer() else Decimal(digits or repr(value)))


def single_digits(value: float) -> str:
    """The shortest digits that mean a number of 32 bits and no other."""
    # Six digits are never too many, except of numbers so small that they have fewer themselves.
    for precision in range(1 if abs(value) < _LEAST_WITH_ALL_DIGITS else 6, 10):
        text = f"{value:.{precision}g}"
        if single(float(text)) == double(value):
            return text
    return repr(value)


def decimal_bytes(value: Decimal) -> bytes:
    """A number, sorted as numbers are: a byte for its sign, the exponent of 0.ddd…, two digits a byte plus one.

    Of a negative number all but the first byte are turned over, and 255 ends them.
    """
    if value.is_nan():
        return bytes((_NOT_A_NUMBER,))
    if value.is_infinite():
        return bytes((_INFINITY if value > 0 else _NEGATIVE_INFINITY,))
    sign, given, exponent = value.as_tuple()
    text = "".join(map(str, given)).lstrip("0")
    power = len(text) + int(exponent)
    text = text.rstrip("0")
    if not text:
        return bytes((_ZERO,))
    text += "0" * (len(text) % 2)
    body = (power + (1 << 31)).to_bytes(4, "big") + bytes(int(text[i : i + 2]) + 1 for i in range(0, len(text), 2))
    if sign:
        return bytes((_NEGATIVE, *(255 - byte for byte in body), 255))
    return bytes((_POSITIVE,)) + body


def moment(value: int) -> Cell:
    """Microseconds since 1970, or days of a date."""
    return bytes((MOMENT,)) + (value + _SIGN).to_bytes(8, "big")


def uuid(value: bytes) -> Cell:
    """16 bytes."""
    return bytes((UUID_CELL,)) + value


def text(value: bytes) -> Cell:
    """A text's bytes in UTF-8."""
    return _prefixed(TEXT, value)


def binary(value: bytes) -> Cell:
    """Bytes."""
    return _prefixed(BYTES, value)


def misfit(letter: str, value: bytes) -> Cell:
    """What doesn't fit its column's kind. `letter`: i(nteger), r(eal), t(ext), b(ytes); numbers as their text."""
    return _prefixed(MISFIT, letter.encode() + value)


def _prefixed(tag: int, body: bytes) -> Cell:
    return bytes((tag,)) + _LENGTH.pack(len(body)) + body


def values_of(cells: Sequence[Cell], kinds: Sequence[Kind]) -> Row:
    """Cells as plain values: for showing them, and for looking rows up by their keys. Moments are texts in ISO 8601."""
    return tuple(_value(cell, kind) for cell, kind in zip(cells, kinds, strict=True))


def _value(cell: Cell, kind: Kind) -> Value:
    tag = cell[0]
    if tag in _FIXED:
        return _fixed(tag, cell[1:], kind)
    body = cell[5:]
    readers: Mapping[int, Callable[[bytes], Value]] = {
        DECIMAL: _decimal, TEXT: _text, MISFIT: lambda raw: _misfit(chr(raw[0]), raw[1:])
    }  # fmt: skip
    return readers.get(tag, bytes)(body)


def _fixed(tag: int, body: bytes, kind: Kind) -> Value:
    number = int.from_bytes(body, "big")
    if tag == NULL:
        return None
    if tag == UUID_CELL:
        return str(UUID(bytes=body))
    if tag == DOUBLE:
        bits = number ^ (_SIGN if number & _SIGN else _ALL)
        return float(struct.unpack(">d", bits.to_bytes(8, "big"))[0])
    if tag == MOMENT:
        return moment_text(number - _SIGN, kind)
    return number if tag == BIG else number - _SIGN


def _text(raw: bytes) -> Value:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return Malformed("utf-8", raw)


def _misfit(letter: str, raw: bytes) -> Value:
    match letter:
        case "i":
            return int(raw)
        case "r":
            return float(raw)
        case "t":
            return _text(raw)
    return raw


def _decimal(body: bytes) -> Decimal:
    match body[0]:
        case 1:
            return Decimal("-Infinity")
        case 3:
            return Decimal(0)
        case 5:
            return Decimal("Infinity")
        case 6:
            return Decimal("NaN")
    negative = body[0] == _NEGATIVE
    rest = bytes(255 - byte for byte in body[1:-1]) if negative else body[1:]
    power = int.from_bytes(rest[:4], "big") - (1 << 31)
    digits = "".join(f"{byte - 1:02d}" for byte in rest[4:])
    found = Decimal(f"{'-' if negative else ''}0.{digits}").scaleb(power, _EXACT)
    # A whole number is shown as one.
    return found.quantize(Decimal(1), context=_EXACT) if power >= len(digits.rstrip("0")) else found.normalize(_EXACT)


def moment_text(value: int, kind: Kind) -> str:
    """A moment as it is written in ISO 8601, a duration in hours, minutes and seconds; years may have five digits."""
    if value in _MOMENTS:
        return _MOMENTS[value]
    if kind is Kind.DATE:
        return _day(value)
    if kind is Kind.TIME:
        sign, value = ("-", -value) if value < 0 else ("", value)
        return sign + _clock(value)
    days, rest = divmod(value, _DAY)
    return f"{_day(days)} {_clock(rest)}{'+00' if kind is Kind.INSTANT else ''}"


def _day(days: int) -> str:
    try:
        return date.fromordinal(_EPOCH + days).isoformat()
    except (OverflowError, ValueError):
        # The calendar repeats itself every 400 years, which have 146,097 days.
        cycles, day = divmod(_EPOCH + days - 1, 146_097)
        inside = date(1, 1, 1) + timedelta(day)
        year = inside.year + 400 * cycles
        return f"{year:04d}-{inside:%m-%d}" if year > 0 else f"{1 - year:04d}-{inside:%m-%d} BC"


def _clock(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text
