"""The types of columns that tests make on each engine, what they hold, and how a value is written in their SQL.

A value is a plain Python one: int, Decimal, float, str, bytes, None; moments, UUIDs and JSON are texts. `written` says
how an engine is given it, or that its column can't hold it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from tests.comparer.engines.servers import Engine

Held = Literal[
    "integer", "decimal", "double", "single", "text", "bytes", "date", "time", "timestamp", "instant", "uuid", "json",
    "any",
]  # fmt: skip
"""What a column holds."""
Plain = int | Decimal | float | str | bytes | None


@dataclass(frozen=True)
class ColumnType:
    """A type as it is declared. `least` and `most`: of whole numbers; `scale`: of decimals, `width`: of texts."""

    engine: Engine
    declared: str
    held: Held
    least: int = 0
    most: int = 0
    scale: int = 0
    width: int = 0
    labels: tuple[str, ...] = ()
    charset: str = "utf-8"

    @property
    def in_key(self) -> bool:
        """Whether a column of this type can be in a key."""
        if self.held == "json" or self.declared.startswith("bit"):
            return False
        return self.engine != "mysql" or self.declared.split(" ")[0] not in {"text", "longtext", "blob", "longblob"}


LABELS = ("sad", "OK", "o k", "😀", "zz", "a")
"""Of enums: neither in the order of their bytes nor in that of people."""


def _postgres(declared: str, held: Held, **more: Any) -> ColumnType:
    return ColumnType("postgres", declared, held, **more)


def _mysql(declared: str, held: Held, **more: Any) -> ColumnType:
    return ColumnType("mysql", declared, held, **more)


def _bits(number: int) -> dict[str, int]:
    return {"least": -(1 << (number - 1)), "most": (1 << (number - 1)) - 1}


_ENUM = ", ".join(f"'{label}'" for label in LABELS)
SQLITE = [
    ColumnType("sqlite", declared, "any") for declared in ("INTEGER", "NUMERIC", "REAL", "TEXT", "BLOB", "", "INT")
]
TYPES: dict[str, list[ColumnType]] = {
    "whole": [
        _postgres("smallint", "integer", **_bits(16)),
        _postgres("integer", "integer", **_bits(32)),
        _postgres("bigint", "integer", **_bits(64)),
        _postgres("boolean", "integer", most=1),
        _postgres("bit(8)", "integer", most=255),
        _postgres("numeric(20,0)", "decimal", **_bits(65)),
        _mysql("tinyint", "integer", **_bits(8)),
        _mysql("smallint", "integer", **_bits(16)),
        _mysql("mediumint", "integer", **_bits(24)),
        _mysql("int", "integer", **_bits(32)),
        _mysql("bigint", "integer", **_bits(64)),
        _mysql("int unsigned", "integer", most=(1 << 32) - 1),
        _mysql("bigint unsigned", "integer", most=(1 << 64) - 1),
        _mysql("boolean", "integer", **_bits(8)),
        _mysql("bit(8)", "integer", most=255),
        _mysql("decimal(20,0)", "decimal", **_bits(65)),
    ],
    "number": [
        _postgres("numeric", "decimal", scale=40),
        _postgres("numeric(30,6)", "decimal", scale=6),
        _postgres("double precision", "double"),
        _postgres("real", "single"),
        _postgres("bigint", "integer", **_bits(64)),
        _mysql("decimal(30,6)", "decimal", scale=6),
        _mysql("decimal(50,20)", "decimal", scale=20),
        _mysql("double", "double"),
        _mysql("float", "single"),
        _mysql("bigint unsigned", "integer", most=(1 << 64) - 1),
    ],
    "text": [
        _postgres("text", "text"),
        _postgres("varchar(60)", "text", width=60),
        _postgres("char(8)", "text", width=8),
        _postgres('varchar(60) COLLATE "C"', "text", width=60),
        _postgres("label", "text", labels=LABELS),
        _mysql("text", "text"),
        _mysql("longtext", "text"),
        _mysql("varchar(60)", "text", width=60),
        _mysql("varchar(60) COLLATE utf8mb4_bin", "text", width=60),
        _mysql("char(8)", "text", width=8),
        _mysql("varchar(60) CHARACTER SET latin1", "text", width=60, charset="latin-1"),
        _mysql(f"enum({_ENUM})", "text", labels=LABELS),
    ],
    "bytes": [
        _postgres("bytea", "bytes"),
        _mysql("varbinary(60)", "bytes", width=60),
        _mysql("binary(8)", "bytes", width=8),
        _mysql("blob", "bytes"),
    ],
    "day": [
        _postgres("date", "date"),
        _postgres("timestamp", "timestamp"),
        _postgres("timestamp(3)", "timestamp"),
        _mysql("date", "date"),
        _mysql("datetime(6)", "timestamp"),
        _mysql("datetime", "timestamp"),
    ],
    "time": [_postgres("time", "time"), _mysql("time(6)", "time"), _mysql("time", "time")],
    "instant": [
        _postgres("timestamptz", "instant"),
        _mysql("timestamp(6) NULL", "instant"),
        _mysql("timestamp NULL", "instant"),
    ],
    "uuid": [_postgres("uuid", "uuid"), _mysql("uuid", "uuid")],
    "json": [_postgres("json", "json"), _postgres("jsonb", "json"), _mysql("json", "json")],
}
"""The types of each family; within most of them every two can be compared."""
BESIDE_UUID = [
    _postgres("text", "text"),
    _postgres("char(36)", "text", width=36),
    _postgres("bytea", "bytes"),
    _mysql("char(36)", "text", width=36),
    _mysql("varchar(60)", "text", width=60),
    _mysql("binary(16)", "bytes", width=16),
    _mysql("varbinary(60)", "bytes", width=60),
]
"""What UUIDs are also kept in: comparable with a column of UUIDs alone."""
BESIDE_JSON = [_postgres("text", "text"), _mysql("longtext", "text")]


def fits(value: Plain, column: ColumnType) -> Plain:
    """What a column is given for a value; None: it can't hold it."""
    if value is None or column.engine == "sqlite":
        return _sqlite(value)
    return _FITS[column.held](value, column)


def _sqlite(value: Plain) -> Plain:
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return float(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def _exact(value: Plain, column: ColumnType) -> Plain:
    if not isinstance(value, (int, Decimal, float)):
        return None
    if not math.isfinite(value):
        # Only PostgreSQL has such decimals.
        return Decimal(str(value)) if column.engine == "postgres" and column.declared == "numeric" else None
    if column.most:
        return int(value) if value == int(value) and column.least <= value <= column.most else None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return exact if abs(exact) < 10**20 and (exact == 0 or exact.adjusted() > -36) else None


def _float(value: Plain, column: ColumnType) -> Plain:
    if not isinstance(value, (int, Decimal, float)):
        return None
    number = float(value)
    if not math.isfinite(number):
        return number if column.engine == "postgres" else None
    if column.held == "single" and number and not 1e-30 < abs(number) < 1e30:
        return None
    return number


def _text(value: Plain, column: ColumnType) -> Plain:
    if not isinstance(value, str) or (column.labels and value not in column.labels):
        return None
    if column.engine == "postgres" and "\0" in value:
        return None
    if column.charset == "latin-1" and not all(c < "\x80" or "\xa0" <= c <= "\xff" for c in value):
        return None
    return value[: column.width] if column.width else value


def _bytes(value: Plain, column: ColumnType) -> Plain:
    if isinstance(value, str):
        digits = value.replace("-", "")
        value = bytes.fromhex(digits) if _UUID.fullmatch(digits) else None
    return value[: column.width or None] if isinstance(value, bytes) else None


def _uuid(value: Plain, column: ColumnType) -> Plain:
    return value if isinstance(value, str) and _UUID.fullmatch(value.replace("-", "")) else None


def _json(value: Plain, column: ColumnType) -> Plain:
    return value if isinstance(value, str) and value not in {"no JSON", "x", "noon", "2020-13-01"} else None


_UUID = re.compile("[0-9a-fA-F]{32}")
_TIME = re.compile(r"-?\d+:\d\d(:\d\d)?(\.\d+)?")
_DAY = re.compile(r"-?infinity|\d{4,5}-(0\d|1[012])-\d\d.*")
_MYSQL_INSTANT = re.compile(r"0000-00-00.*|(19[7-9]\d|20[0-2]\d)-(?!01-01 00:00:00$)\d\d-\d\d.*")


def _time(value: Plain, column: ColumnType) -> Plain:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    of_a_day = re.match("[01].:|2[0-3]:|24:00:00$", value)
    return value if column.engine == "mysql" or of_a_day else None


def _moment(value: Plain, column: ColumnType) -> Plain:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    value = value.removesuffix("Z").replace("T", " ")
    if column.engine == "postgres":
        return None if value.startswith("0000") or "-00" in value else value
    if not re.match(r"\d{4}-", value) or "BC" in value:
        return None
    return value if column.held != "instant" or _MYSQL_INSTANT.fullmatch(value) else None


_FITS: dict[Held, Callable[[Plain, ColumnType], Plain]] = {
    "integer": _exact, "decimal": _exact, "double": _float, "single": _float, "text": _text, "bytes": _bytes,
    "date": _moment, "timestamp": _moment, "instant": _moment, "time": _time, "uuid": _uuid, "json": _json,
}  # fmt: skip


def literal(value: Plain, column: ColumnType) -> str:
    """A value that fits as it is written in SQL; not for SQLite, which binds."""
    if value is None:
        return "NULL"
    if column.engine == "postgres":
        return "'" + _postgres_text(value, column).replace("'", "''") + "'"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'" if value else "''"
    if isinstance(value, str):
        as_bytes = value and column.held in {"text", "json"}
        return f"_utf8mb4 X'{value.encode().hex()}'" if as_bytes else f"'{value}'"
    if isinstance(value, float):
        return repr(value) if "e" in repr(value) else f"{value!r}e0"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _postgres_text(value: str | bytes | int | float | Decimal, column: ColumnType) -> str:
    if column.declared == "boolean":
        return "true" if value else "false"
    if column.declared == "bit(8)" and isinstance(value, int):
        return f"{value:08b}"
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return repr(value) if isinstance(value, float) else str(value)
