"""The part of MySQL's protocol that PyMySQL doesn't speak: prepared statements, whose rows are binary.

The bytes of what is sent, and the meaning of what is received. Pure. After MySQL's "Client/Server Protocol",
"Prepared Statements"; the end of rows is told by EOF packets, because PyMySQL doesn't agree on anything newer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import pymysql
from pymysql.err import raise_mysql_exception

from functions.comparer.mysql.errors import Misread

_PREPARE, _EXECUTE, _CLOSE = 0x16, 0x17, 0x19
_MOST: Final = 0xFFFFFF
LAST: Final = 0xFFFFFFFF
"""For MariaDB, the number of the statement that was prepared last."""
_UNSIGNED: Final = 0x20
_BINARY: Final = 63


@dataclass(frozen=True)
class Field:
    """A column of a result: its type's number, and whether it is unsigned."""

    wire: int
    unsigned: bool


def prepare(statement: str) -> bytes:
    """The command that prepares a statement."""
    return command(bytes((_PREPARE,)) + statement.encode())


def execute(number: int) -> bytes:
    """The command that runs a prepared statement without parameters, and wants all rows at once."""
    return command(struct.pack("<BIBI", _EXECUTE, number, 0, 1))


def close(number: int) -> bytes:
    """The command that forgets a prepared statement; there is no answer."""
    return command(struct.pack("<BI", _CLOSE, number))


def command(payload: bytes) -> bytes:
    """The packets of a command."""
    parts = [payload[at : at + _MOST] for at in range(0, len(payload) + 1, _MOST)]
    return b"".join(struct.pack("<I", len(part))[:3] + bytes((at % 256,)) + part for at, part in enumerate(parts))


def check(packet: bytes) -> None:
    """Raise the server's error if that is what a packet tells."""
    if packet[:1] == b"\xff":
        try:
            raise_mysql_exception(packet)
        except (struct.error, IndexError):
            raise Misread("the server has sent an error that can't be read") from None
    if not packet:
        raise Misread("the server has sent an empty packet")


def is_end(packet: bytes) -> bool:
    """Whether a packet ends a list."""
    return packet[:1] == b"\xfe" and len(packet) < 9


def prepared(packet: bytes) -> tuple[int, int, int]:
    """The number of a statement that has been prepared, and how many columns and parameters it has."""
    check(packet)
    try:
        status, number, columns, parameters = struct.unpack_from("<BIHH", packet)
    except struct.error:
        raise Misread("the server has not prepared a statement") from None
    if status:
        raise Misread("the server has not prepared a statement")
    return number, columns, parameters


def column_count(packet: bytes) -> int:
    """How many columns the result has of which this is the first packet."""
    check(packet)
    try:
        count = _counted(packet, 0)
    except (IndexError, struct.error):
        count = (0, 0)
    if count[0] == 0:
        raise Misread("the server has sent no result")
    return count[0]


def field(packet: bytes) -> Field:
    """A column of a result."""
    check(packet)
    try:
        at = 0
        for _ in range(6):  # catalog, schema, table twice, column twice
            length, at = _counted(packet, at)
            at += length
        _, at = _counted(packet, at)
        _charset, _length, wire, flags = struct.unpack_from("<HIBH", packet, at)
    except (IndexError, struct.error):
        raise Misread("the server has described a column in a way that can't be read") from None
    return Field(wire, bool(flags & _UNSIGNED))


def _counted(packet: bytes, at: int) -> tuple[int, int]:
    first = packet[at]
    if first < 251:
        return first, at + 1
    size = {252: 2, 253: 3, 254: 8}.get(first, 0)
    if not size or at + 1 + size > len(packet):
        raise IndexError
    return int.from_bytes(packet[at + 1 : at + 1 + size], "little"), at + 1 + size


Refused = pymysql.MySQLError
"""What `check` raises for an error of the server's."""
