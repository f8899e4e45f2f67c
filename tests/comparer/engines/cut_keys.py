"""Columns that can be keys on a server, what they hold at worst, and every key that the other side may hand in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from functions.comparer.core.cells import cells_of, key_in, placed, rows_in, values_of
from functions.comparer.core.engine import Snapshot
from functions.comparer.core.kinds import Kind
from functions.comparer.core.packing import key_cells
from functions.comparer.core.table import Malformed, Reading, Row, Value


@dataclass(frozen=True)
class KeyType:
    """A column: its declaration, its values as SQL, and as which kinds it may be read.

    `only`: which of MariaDB and MySQL has such a column; None: both.
    """

    declared: str
    values: tuple[str, ...]
    kinds: tuple[Kind, ...]
    only: Literal["mariadb", "mysql"] | None = None

    def __str__(self) -> str:
        return self.declared


def _texts(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"'{value}'" for value in values)


_UUID = "0ee0d2a8-cf0d-4d0b-a5a0-1a1a1a1a1a1"
_UUIDS = [
    f"{_UUID}a", f"{{{_UUID}a}}", f"{_UUID}A", f"{_UUID}b".upper(), f"{{{_UUID}b}}".upper(),
    _UUID.replace("-", "") + "c", "0ee0-d2a8-cf0d-4d0b-a5a0-1a1a-1a1a-1a1d", f"{_UUID}", f"{{{_UUID}a",
    f"{_UUID}a}}", f"{_UUID}a\n", f" {_UUID}a", f"-{_UUID}a", f"{_UUID}-a", f"{_UUID}a-", "F" * 32, "0" * 32,
    "none", "", "{}", "1", "~", "g" * 32, "é",
]  # fmt: skip
_RAW_UUIDS = [b"\0" * 16, b"\xff" * 16, b"\x0e\xe0" * 8, b"", b"\0", b"\xff", b"\0" * 15, b"\x0e\xe0" * 9]
_TEXTS = [
    "", " ", "a", "a ", "a  ", "A", "b", "B", "_", "z", "~", "é", "E", "e", "ß", "ss", "😀", "\uffff", "\ufb01", "a\t",
    "a\\b", "1", "it''s", "ÿ", "a\x01",
]  # fmt: skip
_DAYS = [
    "0000-00-00", "1000-01-01", "1969-12-31", "1970-01-01", "2023-12-31", "2024-02-29", "2024-03-01", "2024-05-31",
    "9999-12-31",
]  # fmt: skip
_NO_DAYS = [
    "0000-01-01", "0000-00-10", "2024-00-00", "2024-00-10", "2024-05-00", "2024-02-31", "2023-02-29", "2100-02-29",
    "2000-02-30",
]  # fmt: skip
_CLOCKS = ["00:00:00", "00:00:00.000001", "12:34:56", "12:34:56.5", "23:59:59.999999"]
_MOMENTS = [f"{day} {clock}" for day in _DAYS for clock in (_CLOCKS if day[0] != "0" else _CLOCKS[:1])]
_NO_MOMENTS = [f"{day} {clock}" for day in (*_NO_DAYS, "0000-00-00") for clock in _CLOCKS[1:3]]
_FAR = ["-infinity", "4713-01-01 BC", "0044-03-15 BC", "0001-01-01", "10000-01-01", "12024-02-29", "infinity"]
_FAR_MOMENTS = ["4713-01-01 01:02:03 BC", "0001-12-31 23:59:59.9 BC", "12024-01-01 12:00:00.5", "294247-01-09 23:59:59"]
_NUMBERS = ["-1e30", "-2.5", "-2", "-0.0", "0", "0.1", "0.3", "1", "1.5", "10", "16777217", "99.99", "1e30"]
_SPECIAL = _texts(["NaN", "Infinity", "-Infinity"])
_WHOLE = (Kind.INTEGER, Kind.DECIMAL)

POSTGRES = [
    KeyType("int2", ("-5", "0", "7", "32767", "-32768"), _WHOLE),
    KeyType("int8", ("'-9223372036854775808'", "0", "-1", "9007199254740993", "9223372036854775807"), _WHOLE),
    KeyType("oid", ("0", "1", "3000000000", "4294967295"), _WHOLE),
    KeyType("bool", ("true", "false"), _WHOLE),
    KeyType("bit(3)", ("B'101'", "B'001'", "B'000'"), _WHOLE),
    KeyType("numeric", (*_NUMBERS, *_SPECIAL, "0.30000000000000004", "1e100", "9007199254740993"), (Kind.DECIMAL,)),
    KeyType("numeric(12, 2)", ("-2.5", "0", "0.1", "0.11", "99.99"), (Kind.DECIMAL,)),
    KeyType("float8", (*_texts(_NUMBERS), *_SPECIAL, "'5e-324'", "'1e308'"), (Kind.DOUBLE, Kind.DECIMAL)),
    KeyType("float4", (*_texts(_NUMBERS), *_SPECIAL, "'1e-45'", "'3.4e38'"), (Kind.SINGLE, Kind.DECIMAL)),
    KeyType("text", _texts([*_TEXTS, *_UUIDS]), (Kind.TEXT, Kind.UUID)),
    KeyType('text COLLATE "C"', _texts([*_TEXTS, *_UUIDS]), (Kind.TEXT, Kind.UUID)),
    KeyType('varchar(60) COLLATE "en-x-icu"', _texts(_TEXTS), (Kind.TEXT,)),
    KeyType("char(40)", _texts([*_TEXTS, *_UUIDS]), (Kind.TEXT, Kind.UUID)),
    KeyType("bytea", tuple(f"'\\x{raw.hex()}'" for raw in (*_RAW_UUIDS, b"a", b"a ")), (Kind.BYTES, Kind.UUID)),
    KeyType("uuid", _texts([_UUIDS[0], *_UUIDS[3:7], *_UUIDS[15:17]]), (Kind.UUID,)),
    KeyType("date", _texts([*_DAYS[1:], *_FAR, "4714-11-24 BC", "294247-01-09"]), (Kind.DATE, Kind.TIMESTAMP)),
    KeyType("date ", _texts([*_DAYS[1:], *_FAR, "4714-11-24 BC", "5874897-12-31"]), (Kind.DATE,)),
    KeyType("time", _texts([*_CLOCKS, "24:00:00"]), (Kind.TIME,)),
    KeyType("timestamp", _texts([*_MOMENTS[1:], *_FAR, *_FAR_MOMENTS]), (Kind.TIMESTAMP, Kind.INSTANT)),
    KeyType("timestamptz", _texts([*_MOMENTS[1:], *_FAR, *_FAR_MOMENTS]), (Kind.INSTANT,)),
]
MYSQL = [
    KeyType("BIGINT", ("-9223372036854775808", "0", "-1", "9007199254740993", "9223372036854775807"), _WHOLE),
    KeyType("BIGINT UNSIGNED", ("0", "9223372036854775807", "9223372036854775808", "18446744073709551615"), _WHOLE),
    KeyType("YEAR", ("1901", "1970", "2024", "2155"), _WHOLE),
    KeyType("BIT(10)", ("0", "5", "255", "1000"), _WHOLE),
    KeyType("DECIMAL(40, 10)", tuple(n for n in _NUMBERS if "e" not in n), (Kind.DECIMAL,)),
    KeyType("DOUBLE", (*(f"{float(n)!r}e0".replace("e+30e0", "e30") for n in _NUMBERS), "5e-324", "1e308"),
            (Kind.DOUBLE, Kind.DECIMAL)),
    KeyType("FLOAT", (*_NUMBERS, "3.4e38"), (Kind.SINGLE, Kind.DECIMAL)),
    KeyType("VARCHAR(60)", _texts([*_TEXTS, *_UUIDS, "a\0"]), (Kind.TEXT, Kind.UUID)),
    KeyType("VARCHAR(60) COLLATE utf8mb4_bin", _texts([*_TEXTS, *_UUIDS, "a\0"]), (Kind.TEXT, Kind.UUID)),
    KeyType("VARCHAR(60) COLLATE utf8mb4_nopad_bin", _texts([*_TEXTS, *_UUIDS, "a\0"]), (Kind.TEXT, Kind.UUID),
            "mariadb"),
    KeyType("VARCHAR(60) COLLATE utf8mb4_0900_bin", _texts([*_TEXTS, *_UUIDS, "a\0"]), (Kind.TEXT, Kind.UUID), "mysql"),
    KeyType("VARCHAR(60) COLLATE utf8mb4_0900_ai_ci", _texts([*_TEXTS, *_UUIDS, "a\0"]), (Kind.TEXT, Kind.UUID),
            "mysql"),
    KeyType("VARCHAR(60) CHARACTER SET utf8mb3 COLLATE utf8mb3_nopad_bin", _texts([t for t in _TEXTS if t != "😀"]),
            (Kind.TEXT,), "mariadb"),
    KeyType("VARCHAR(60) CHARACTER SET utf8mb3", _texts([t for t in (*_TEXTS, *_UUIDS) if t != "😀"]),
            (Kind.TEXT, Kind.UUID)),
    KeyType("VARCHAR(60) CHARACTER SET ascii", _texts([t for t in (*_TEXTS, *_UUIDS) if t.isascii()]),
            (Kind.TEXT, Kind.UUID)),
    KeyType("VARCHAR(60) CHARACTER SET latin1", _texts([t for t in _TEXTS if max(t, default="") <= "ÿ"]), (Kind.TEXT,)),
    KeyType("VARCHAR(60) CHARACTER SET utf16", _texts([*_TEXTS, *_UUIDS]), (Kind.TEXT, Kind.UUID)),
    KeyType("CHAR(40)", _texts([*_TEXTS, *_UUIDS]), (Kind.TEXT, Kind.UUID)),
    KeyType("VARBINARY(60)", tuple(f"X'{raw.hex()}'" for raw in (*_RAW_UUIDS, b"a", b"a ")), (Kind.BYTES, Kind.UUID)),
    KeyType("BINARY(16)", tuple(f"X'{raw.hex()}'" for raw in _RAW_UUIDS[:-1]), (Kind.BYTES, Kind.UUID)),
    KeyType("UUID", _texts([_UUIDS[0], _UUIDS[3], _UUIDS[15]]), (Kind.UUID,), "mariadb"),
    KeyType("DATE", _texts([*_DAYS, *_NO_DAYS]), (Kind.DATE, Kind.TIMESTAMP)),
    KeyType("DATE ", _texts(_DAYS), (Kind.DATE, Kind.TIMESTAMP)),
    KeyType("DATETIME", _texts([*_DAYS, *_NO_DAYS, *_NO_MOMENTS[1::2]]), (Kind.TIMESTAMP, Kind.INSTANT)),
    KeyType("DATETIME(6)", _texts([*_MOMENTS, *_NO_DAYS, *_NO_MOMENTS]), (Kind.TIMESTAMP, Kind.INSTANT)),
    KeyType("DATETIME(6) ", _texts(_MOMENTS), (Kind.TIMESTAMP, Kind.INSTANT)),
    KeyType("TIMESTAMP(6)", _texts(["0000-00-00 00:00:00", "1970-01-01 00:00:01", "2024-02-29 12:34:56.5",
                                    "2024-02-29 12:34:56.500001", "2038-01-19 03:14:07"]), (Kind.INSTANT,)),
    KeyType("TIME(6)", _texts([*_CLOCKS, "-00:00:00.5", "-00:00:01", "24:00:00", "25:00:00", "838:59:59",
                               "-838:59:59.5", "-838:59:59.999999", "838:59:59.999999"]), (Kind.TIME,)),
]  # fmt: skip

_ODD: list[Value] = [
    None, 5, -5, 1.5, 1e300, 1 << 63, "text", "", "0", "~", b"", b"a", b"\xff", Malformed("utf-8", b"a\xff"),
    Malformed("utf-8", b"\xff"),
]  # fmt: skip
"""What a table of SQLite may have in any key, whatever the other side has."""
_NUMBER_MARKS: list[Value] = [
    *(Decimal(number) for number in _NUMBERS), 0, 1, 7, 255, 2, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, -(1 << 63),
    (1 << 53) + 1, Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal("1e400"), Decimal("-1e400"),
    Decimal("0.30000000000000004"), Decimal("0.10000000000000000001"), Decimal("0.09999999999999999999"),
    Decimal("-1e-400"), Decimal("1e-400"), Decimal("99.985"), Decimal("9007199254740992.5"), 0.1, 0.3,
    Decimal("0.100000001"), Decimal("0.1000000015"), Decimal("3.4028234663852886e38"), Decimal("3.5e38"),
]  # fmt: skip
_BINARY_MARKS: list[Value] = [
    -1e30, -2.5, 0.0, 0.1, 0.30000000000000004, 1.0, 10.0, 5e-324, 1e308, float("inf"), float("-inf"), float("nan"),
    (1 << 53) + 1, 1e-45, 3.4028234663852886e38,
]  # fmt: skip
_MOMENT_MARKS: list[Value] = [
    *_MOMENTS, *(f"{moment}.000000"[:26] for moment in _NO_MOMENTS), *(f"{day} 00:00:00.000000" for day in _NO_DAYS),
    *_FAR, *_FAR_MOMENTS, *_DAYS, *_NO_DAYS, "9999-01-01 BC", "294276-12-31 23:59:59.900000", "999999-01-01",
]  # fmt: skip
MARKS: dict[Kind, list[Value]] = {
    Kind.INTEGER: [value for value in _NUMBER_MARKS if isinstance(value, int)],
    Kind.DECIMAL: _NUMBER_MARKS,
    Kind.DOUBLE: _BINARY_MARKS,
    Kind.SINGLE: _BINARY_MARKS,
    Kind.TEXT: [*(text.replace("''", "'") for text in _TEXTS), *_UUIDS[:4], "a\0", "\0", "\U0010ffff", "aÿ"],
    Kind.BYTES: [*_RAW_UUIDS, b"a ", b"a\0"],
    Kind.DATE: [*_DAYS, *_NO_DAYS, *_FAR, "9999-01-01 BC", "4714-11-23 BC", "5874898-01-01", "9999999-01-01"],
    Kind.TIME: [*_CLOCKS, "-00:00:00.5", "-00:00:01", "24:00:00", "24:00:00.5", "25:00:00", "838:59:59", "838:59:59.5",
                "839:00:00", "-838:59:59.5", "-839:00:00", "100000:00:00", "12:34"],
    Kind.TIMESTAMP: _MOMENT_MARKS,
    Kind.INSTANT: _MOMENT_MARKS,
    Kind.UUID: [*_UUIDS, *_RAW_UUIDS],
}  # fmt: skip
"""Of each kind, values that any engine's column may hold; with `_ODD`, those of SQLite's."""


def marks_of(kind: Kind) -> list[Value]:
    """The values of the canonical keys of a kind, as a mark has them: each once."""
    cells = dict.fromkeys(key_cells((value,), (kind,)) for value in (*MARKS[kind], *_ODD))
    return [values_of(cells_of(cell), (kind,))[0] for cell in cells]


def assert_cut(snapshot: Snapshot, reading: Reading, marks: Sequence[Row]) -> None:
    """Every mark cuts the rows in two: those up to it and those after it, none lost and none twice, all in order."""
    rows = _rows(snapshot.stream(reading))
    assert list(map(_place, rows)) == sorted(map(_place, rows)), "the rows are not in the order of their keys"
    for mark in marks:
        at = placed(cells_of(key_cells(mark, reading.kinds)))
        below, above = _rows(snapshot.stream(reading, None, mark)), _rows(snapshot.stream(reading, mark))
        assert list(map(_place, below)) == [_place(row) for row in rows if _place(row) <= at], f"up to {mark}"
        assert list(map(_place, above)) == [_place(row) for row in rows if _place(row) > at], f"after {mark}"
        assert sorted(below + above) == sorted(rows)
        found = _rows(snapshot.at(reading, [mark]))
        assert sorted(found) == sorted(row for row in rows if _place(row) == at), f"at {mark}"
    asked = {placed(cells_of(key_cells(mark, reading.kinds))) for mark in marks}
    assert sorted(_rows(snapshot.at(reading, marks))) == sorted(row for row in rows if _place(row) in asked)


def own_marks(snapshot: Snapshot, reading: Reading) -> list[Row]:
    """The keys of all rows."""
    kinds = reading.kinds[: reading.key]
    return [values_of(cells_of(key_in(row)), kinds) for row in _rows(snapshot.stream(reading))]


def _rows(blocks: Iterator[bytes]) -> list[bytes]:
    return [row for block in blocks for row in rows_in(block)]


def _place(row: bytes) -> Any:
    return placed(cells_of(key_in(row)))
