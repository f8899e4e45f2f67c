"""Rows of MySQL's binary protocol become canonical rows. Pure; `mysql_decoder` is the compiled twin where there is one.

The protocol is that of "Binary Protocol Resultset Row" in MySQL's documentation: a packet has a zero, a bit for every
column that is NULL, then the values, each as its column's type wants it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal as Number
from typing import Final, Protocol

from functions.comparer.core import cells
from functions.comparer.core.compiled import ROWS
from functions.comparer.core.kinds import Kind
from functions.comparer.mysql import moments
from functions.comparer.mysql.moments import Field
from functions.comparer.mysql.wire import (
    BIT,
    DATE,
    DATETIME,
    DECIMAL,
    DOUBLE,
    ENUM,
    FLOAT,
    GEOMETRY,
    INT24,
    JSON,
    LONG,
    LONGLONG,
    NEWDECIMAL,
    SET,
    SHORT,
    TIME,
    TIMESTAMP,
    TINY,
    TINY_BLOB,
    VARCHAR,
    YEAR,
    packet_at,
)

Column = tuple[int, int, bool]
"""As what kind a column is written, its type in the protocol, and whether it is unsigned (of a UUID: its 16 bytes)."""

_INTEGERS: Final = {TINY: "b", SHORT: "h", LONG: "i", INT24: "i", LONGLONG: "q", YEAR: "H"}
_FLOATS: Final = {FLOAT: "f", DOUBLE: "d"}
_DECIMALS: Final = frozenset({DECIMAL, NEWDECIMAL})
_DATES: Final = frozenset({DATE, DATETIME, TIMESTAMP})
_STRINGS: Final = frozenset({VARCHAR, JSON, ENUM, SET, *range(TINY_BLOB, GEOMETRY + 1)})
_UUID = re.compile(rb"(\{)?((?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4})(?(1)\})")


class MysqlDecoder(Protocol):
    """Takes the bytes of result rows, and hands canonical rows out."""

    @property
    def waiting(self) -> int:
        """How many bytes `rows` would hand out."""
        ...

    def packets(self, view: memoryview) -> int:
        """Take all rows that are complete; returns how many bytes that were.

        It stops before a row that is not complete, and before what is no row: the end, or an error. Raises ValueError
        for what the protocol has no place for.
        """
        ...

    def rows(self) -> bytes:
        """The canonical rows so far, which are then forgotten."""
        ...


class PlainMysqlDecoder:
    """`MysqlDecoder` in Python alone."""

    def __init__(self, columns: Sequence[Column], key: int) -> None:
        """`key`: how many of the columns, the first ones, are the key. Raises ValueError for what has no form."""
        self._fields = [_field(*column) for column in columns]
        self._key = key
        self._nulls = (len(columns) + 9) // 8
        self._made: list[bytes] = []
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """See `MysqlDecoder.waiting`."""
        return self._waiting

    def packets(self, view: memoryview) -> int:
        """See `MysqlDecoder.packets`."""
        used = 0
        while True:
            found = packet_at(view, used)
            if found is None or found[0][:1] != b"\0":
                return used
            packet, used = found
            self._row(packet)

    def rows(self) -> bytes:
        """See `MysqlDecoder.rows`."""
        made, self._made, self._waiting = b"".join(self._made), [], 0
        return made

    def _row(self, packet: bytes) -> None:
        at = 1 + self._nulls
        row = []
        try:
            for number, field in enumerate(self._fields, 2):
                if packet[1 + number // 8] >> number % 8 & 1:
                    row.append(cells.null())
                else:
                    cell, at = field(packet, at)
                    row.append(cell)
        except (IndexError, struct.error):
            raise ValueError("a row ends too early") from None
        if at != len(packet):
            raise ValueError("a row has more bytes than its columns")
        self._made.append(cells.row_of(row, self._key))
        self._waiting += len(self._made[-1])


def mysql_decoder(columns: Sequence[Column], key: int) -> MysqlDecoder:
    """The compiled decoder, or the plain one where there is none. Raises ValueError for what has no form."""
    return PlainMysqlDecoder(columns, key) if ROWS is None else ROWS.MysqlDecoder(columns, key)


def _field(kind: int, wire: int, unsigned: bool) -> Field:
    """How a column is read."""
    if wire in _INTEGERS and kind in _OF_INTEGERS:
        form = _INTEGERS[wire]
        return _fixed(struct.Struct("<" + (form.upper() if unsigned else form)), _OF_INTEGERS[kind])
    if wire in _FLOATS:
        of = {**_OF_FLOATS, Kind.DECIMAL: _decimal_of_single} if wire == FLOAT else _OF_FLOATS
        if kind in of:
            return _fixed(struct.Struct("<" + _FLOATS[wire]), of[kind])
    elif wire in _DATES and kind in _UNITS:
        return moments.of_date(kind)
    elif wire == TIME and kind == Kind.TIME:
        return moments.of_time
    else:
        of_bytes = _of_bytes(kind, wire, raw=unsigned)
        if of_bytes:
            return _prefixed(of_bytes)
    raise ValueError(f"the server sends type {wire}, which can't be written as kind {kind}")


def _of_bytes(kind: int, wire: int, *, raw: bool) -> Callable[[bytes], cells.Cell] | None:
    if wire == BIT and kind in _OF_INTEGERS:
        of = _OF_INTEGERS[kind]
        return lambda value: of(int.from_bytes(value, "big"))
    if wire in _DECIMALS:
        return _decimal if kind == Kind.DECIMAL else None
    if wire not in _STRINGS:
        return None
    if kind == Kind.UUID:
        return _uuid_of_bytes if raw else _uuid_of_text
    return _OF_STRINGS.get(kind)


def _fixed(form: struct.Struct, cell: Callable[..., cells.Cell]) -> Field:
    unpack, size = form.unpack_from, form.size

    def field(packet: bytes, at: int) -> tuple[cells.Cell, int]:
        (value,) = unpack(packet, at)
        return cell(value), at + size

    return field


def _prefixed(cell: Callable[[bytes], cells.Cell]) -> Field:
    def field(packet: bytes, at: int) -> tuple[cells.Cell, int]:
        length = packet[at]
        at += 1
        if length > 250:
            size = {252: 2, 253: 3, 254: 8}.get(length, 0)
            length = int.from_bytes(packet[at : at + size], "little") if size else len(packet)
            at += size
        end = at + length
        if end > len(packet):
            raise IndexError
        return cell(packet[at:end]), end

    return field


def _decimal(value: bytes) -> cells.Cell:
    return cells.decimal(Number(value.decode("ascii")))


def _decimal_of_single(value: float) -> cells.Cell:
    return cells.decimal_of_double(value, cells.single_digits(value))


def _uuid_of_text(value: bytes) -> cells.Cell:
    """A UUID, in braces or not, in either case, a hyphen or none between any two groups of four digits."""
    found = _UUID.fullmatch(value)
    return cells.uuid(bytes.fromhex(found[2].replace(b"-", b"").decode())) if found else cells.misfit("t", value)


def _uuid_of_bytes(value: bytes) -> cells.Cell:
    return cells.uuid(value) if len(value) == 16 else cells.misfit("b", value)


_OF_INTEGERS: Final[dict[int, Callable[[int], cells.Cell]]] = {
    Kind.INTEGER: cells.integer,
    Kind.DECIMAL: cells.decimal,
}
_OF_FLOATS: Final[dict[int, Callable[[float], cells.Cell]]] = {
    Kind.DOUBLE: cells.double,
    Kind.SINGLE: cells.single,
    Kind.DECIMAL: cells.decimal_of_double,
}
_OF_STRINGS: Final[dict[int, Callable[[bytes], cells.Cell]]] = {
    Kind.TEXT: cells.text,
    Kind.JSON: cells.text,
    Kind.BYTES: cells.binary,
}
_UNITS: Final = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.INSTANT})
