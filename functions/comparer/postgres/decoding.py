"""COPY's binary rows as canonical rows. Pure; the compiled twin is `_rows`."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Protocol

from functions.comparer.core import cells
from functions.comparer.core.cells import Cell
from functions.comparer.core.compiled import ROWS
from functions.comparer.core.kinds import Kind

COPY_DATA: Final = ord("d")
COPY_OUT: Final = ord("H")
"""The messages of the server that a decoder takes."""

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
_HEADER = struct.Struct(">II")
_NULL_LENGTH: Final = 0xFFFF_FFFF
_END_OF_ROWS: Final = 0xFFFF
_FIRST_DAY: Final = 10_957
_DAY: Final = 86_400_000_000
_LAST_DAY: Final = cells.PLUS_INFINITY // _DAY - 1
_NUMERIC = struct.Struct(">hhHH")
_MINUS: Final = 0x4000
_SPECIAL: Final = MappingProxyType({0xC000: Decimal("NaN"), 0xD000: Decimal("Infinity"), 0xF000: Decimal("-Infinity")})
_SIZES: Final = MappingProxyType(
    {"i": {2, 4, 8}, "o": {1}, "d": {8}, "f": {4}, "D": {4}, "T": {8}, "S": {8}, "u": {16}}
)
"""How many bytes a value has, by wire; of the others any number."""
# What PostgreSQL itself reads as one: hyphens may stand between any two groups of four digits.
_UUID = re.compile(rb"(\{)?((?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4})(?(1)\})")

Decode = Callable[[bytes], Cell]


class PgDecoder(Protocol):
    """Makes canonical rows of what a COPY in binary form sends. What it can't be raises ValueError."""

    def messages(self, view: memoryview) -> int:
        """Take the whole messages CopyOutResponse and CopyData at the beginning; how many bytes these are."""
        ...

    def content(self, view: memoryview) -> None:
        """Take what one CopyData message holds."""
        ...

    def rows(self) -> bytes:
        """The canonical rows that have been made since the last call, one after the other."""
        ...

    @property
    def waiting(self) -> int:
        """How many bytes `rows` would hand out."""
        ...


def pg_decoder(columns: Sequence[tuple[int, str]], key: int) -> PgDecoder:
    """A decoder: the compiled one where it was built. `columns`: kinds and wires, those of the key first."""
    return PlainPgDecoder(columns, key) if ROWS is None else ROWS.PgDecoder(columns, key)


class PlainPgDecoder:
    """`PgDecoder` in Python alone."""

    def __init__(self, columns: Sequence[tuple[int, str]], key: int) -> None:
        """`columns`: of each the kind as which it is written, and how it comes over the wire (`DECODERS`).

        Raises ValueError for a pair that doesn't go together.
        """
        try:
            self._decoders = tuple((DECODERS[Kind(kind), wire], _SIZES.get(wire)) for kind, wire in columns)
        except KeyError as error:
            raise ValueError(f"no column of kind and wire {error.args[0]}") from None
        self._key = key
        self._made: list[bytes] = []
        self._begun = self._ended = False
        self.waiting = 0

    def messages(self, view: memoryview) -> int:
        """See `PgDecoder.messages`."""
        at, size = 0, len(view)
        while size - at >= 5 and view[at] in {COPY_DATA, COPY_OUT}:
            end = at + 1 + int.from_bytes(view[at + 1 : at + 5], "big")
            if end > size:
                break
            if view[at] == COPY_DATA:
                self.content(view[at + 5 : end])
            elif view[at + 5] != 1 or int.from_bytes(view[at + 6 : at + 8], "big") != len(self._decoders):
                raise ValueError("the server sends other columns, or not in binary form")
            at = end
        return at

    def content(self, view: memoryview) -> None:
        """See `PgDecoder.content`."""
        data, at = bytes(view), 0
        if not self._begun:
            if not data.startswith(_SIGNATURE):
                raise ValueError("what the server sends is no COPY in binary form")
            flags, extension = _HEADER.unpack_from(data, len(_SIGNATURE))
            if flags & 0xFFFF_0000:
                raise ValueError("the server sends a form of COPY that is not known here")
            self._begun, at = True, len(_SIGNATURE) + _HEADER.size + extension
        while at < len(data):
            at = self._row(data, at)

    def _row(self, data: bytes, at: int) -> int:
        count = int.from_bytes(data[at : at + 2], "big")
        at += 2
        if self._ended:
            raise ValueError("the server sends rows after the last one")
        if count == _END_OF_ROWS:
            self._ended = True
            return at
        if count != len(self._decoders):
            raise ValueError("a row has another number of columns")
        found: list[Cell] = []
        for decode, sizes in self._decoders:
            length = int.from_bytes(data[at : at + 4], "big")
            at += 4
            if length == _NULL_LENGTH:
                found.append(_NULL)
                continue
            value = data[at : at + length]
            if len(value) < length or (sizes is not None and length not in sizes):
                raise ValueError("a value has another length than its type, or is cut off")
            found.append(decode(value))
            at += length
        row = cells.row_of(found, self._key)
        self._made.append(row)
        self.waiting += len(row)
        return at

    def rows(self) -> bytes:
        """See `PgDecoder.rows`."""
        made, self._made, self.waiting = b"".join(self._made), [], 0
        return made


_NULL: Final = cells.null()


def _whole(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


def _float(data: bytes) -> float:
    return float(struct.unpack(">d" if len(data) == 8 else ">f", data)[0])


def _numeric(data: bytes) -> Decimal:
    if len(data) < _NUMERIC.size:
        raise ValueError("a numeric is cut off")
    count, weight, sign, _ = _NUMERIC.unpack_from(data)
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if count < 0 or len(data) != _NUMERIC.size + 2 * count or sign not in {0, _MINUS}:
        raise ValueError("a numeric is malformed")
    digits = "".join(f"{digit:04d}" for digit in struct.unpack_from(f">{count}H", data, 8))
    return Decimal((int(sign == _MINUS), tuple(map(int, digits)), 4 * (weight - count + 1)))


def _decimal_of_single(data: bytes) -> Cell:
    value = _float(data)
    return cells.decimal_of_double(value, cells.single_digits(value))


def _double_of_whole(data: bytes) -> Cell:
    value = _whole(data)
    # Never rounded: two that differ would become one.
    return cells.double(float(value)) if int(float(value)) == value else cells.misfit("i", str(value).encode())


def _date(data: bytes) -> Cell:
    days = _days(data)
    return cells.moment(days if isinstance(days, int) else days[0])


def _midnight(data: bytes) -> Cell:
    days = _days(data)
    return _clocked(days, 0) if isinstance(days, int) else cells.moment(days[0])


def _days(data: bytes) -> int | tuple[int]:
    """Days since 1970; in a tuple an infinity."""
    days = _whole(data)
    if days in {0x7FFF_FFFF, -0x8000_0000}:
        return (cells.PLUS_INFINITY if days > 0 else cells.MINUS_INFINITY,)
    return days + _FIRST_DAY


def _moment(data: bytes) -> Cell:
    microseconds = _whole(data)
    if microseconds in {cells.PLUS_INFINITY, cells.MINUS_INFINITY}:
        return cells.moment(microseconds)
    days, clock = divmod(microseconds, _DAY)
    return _clocked(days + _FIRST_DAY, clock)


def _clocked(days: int, clock: int) -> Cell:
    """A moment by its day and its microseconds; one that no cell has room for, from the year 294,247 on, as a text."""
    if abs(days) <= _LAST_DAY:
        return cells.moment(days * _DAY + clock)
    # Reckoned from the first of March of the year 0, at which a cycle of 400 years begins.
    cycle, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year, month = 400 * cycle + year + (month >= 10), (month + 2) % 12 + 1
    seconds, fraction = divmod(clock, 1_000_000)
    time = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:06d}"
    return cells.misfit("t", f"{year:04d}-{month:02d}-{day + 1:02d} {time}".encode())


def _uuid(data: bytes) -> Cell:
    return cells.uuid(data) if len(data) == 16 else cells.misfit("b", data)


def _uuid_of_text(data: bytes) -> Cell:
    found = _UUID.fullmatch(data)
    return cells.uuid(bytes.fromhex(found[2].replace(b"-", b"").decode())) if found else cells.misfit("t", data)


def _padded(data: bytes) -> bytes:
    return data.rstrip(b" ")


def _integer(data: bytes) -> Cell:
    return cells.integer(_whole(data))


def _decimal_of_whole(data: bytes) -> Cell:
    return cells.decimal(_whole(data))


DECODERS: Final[Mapping[tuple[Kind, str], Decode]] = MappingProxyType(
    {
        (Kind.INTEGER, "i"): _integer,
        (Kind.INTEGER, "o"): lambda data: cells.integer(int(data != b"\0")),
        (Kind.DECIMAL, "n"): lambda data: cells.decimal(_numeric(data)),
        (Kind.DECIMAL, "i"): _decimal_of_whole,
        (Kind.DECIMAL, "o"): lambda data: cells.decimal(int(data != b"\0")),
        (Kind.DECIMAL, "d"): lambda data: cells.decimal_of_double(_float(data)),
        (Kind.DECIMAL, "f"): _decimal_of_single,
        (Kind.DOUBLE, "d"): lambda data: cells.double(_float(data)),
        (Kind.DOUBLE, "f"): lambda data: cells.double(_float(data)),
        (Kind.DOUBLE, "i"): _double_of_whole,
        (Kind.SINGLE, "d"): lambda data: cells.single(_float(data)),
        (Kind.SINGLE, "f"): lambda data: cells.single(_float(data)),
        (Kind.TEXT, "t"): cells.text,
        (Kind.TEXT, "p"): lambda data: cells.text(_padded(data)),
        (Kind.BYTES, "b"): cells.binary,
        (Kind.DATE, "D"): _date,
        (Kind.TIME, "T"): lambda data: cells.moment(_whole(data)),
        (Kind.TIMESTAMP, "S"): _moment,
        (Kind.TIMESTAMP, "D"): _midnight,
        (Kind.INSTANT, "S"): _moment,
        (Kind.INSTANT, "D"): _midnight,
        (Kind.UUID, "u"): _uuid,
        (Kind.UUID, "t"): _uuid_of_text,
        (Kind.UUID, "p"): lambda data: _uuid_of_text(_padded(data)),
        (Kind.UUID, "b"): _uuid,
        (Kind.JSON, "t"): cells.text,
        (Kind.JSON, "p"): lambda data: cells.text(_padded(data)),
    }
)
"""What makes a cell of a column's bytes, by kind and wire.

Wires: i whole number, o truth value, n numeric, d float8, f float4, t text, p text padded with spaces, b bytes,
D date, T time, S timestamp with or without time zone, u uuid.
"""
