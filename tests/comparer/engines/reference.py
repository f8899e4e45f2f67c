"""A slow, obviously right comparison of two tables of any engines. It shares no code with what it judges.

Both sides are read with the drivers' ordinary fetch, every value as the text that the server writes, so that it is
known what became of each value that was put in. What the texts mean is then told once more, after what the docstrings
of `kinds` and `cells` say about equality; what is left is dictionaries and counters.
"""

from __future__ import annotations

import json
import re
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.comparer.engines.servers import Database, MysqlDatabase, PostgresDatabase
from tests.comparer.engines.typed_tables import Table
from tests.comparer.engines.types_of_engines import ColumnType, Held

Meaning = tuple[Any, ...]
"""What a value is: equal meanings are equal values."""
Shown = tuple[str, tuple[str | None, ...] | None, tuple[str | None, ...] | None, frozenset[str]]
"""A difference as it is shown: kind, key in the source, key in the target, columns that differ."""
NULL: Meaning = ("null",)

# As what columns that hold different things are compared.
_MIXED: dict[frozenset[Held], Held] = {
    frozenset({"integer", "decimal"}): "decimal",
    frozenset({"integer", "double"}): "decimal",
    frozenset({"integer", "single"}): "decimal",
    frozenset({"decimal", "double"}): "decimal",
    frozenset({"decimal", "single"}): "decimal",
    frozenset({"double", "single"}): "single",
    frozenset({"date", "timestamp"}): "timestamp",
    frozenset({"uuid", "text"}): "uuid",
    frozenset({"uuid", "bytes"}): "uuid",
    frozenset({"json", "text"}): "json",
}


@dataclass
class Expected:
    """What a comparison must find of a table."""

    source_rows: int
    target_rows: int
    missing: int = 0
    extra: int = 0
    changed: int = 0
    differences: Counter[Shown] = field(default_factory=Counter)

    @property
    def result(self) -> str:
        """The table's result."""
        return "INCONSISTENT" if self.differences else "CONSISTENT"


@dataclass(frozen=True)
class Content:
    """What a side has of a table, each value by what it means.

    `ordered`: whether its keys come in one order; None: that is not known here.
    """

    rows: list[tuple[Meaning, ...]]
    ordered: bool | None


def common(table: Table) -> list[Held]:
    """As what each pair of columns is compared."""
    found = []
    for column in table.columns:
        ours, theirs = (entry.held for entry in column.types)
        if "any" in {ours, theirs}:
            found.append(theirs if ours == "any" else ours)
        else:
            found.append(ours if ours == theirs else _MIXED[frozenset({ours, theirs})])
    return found


def read(database: Database, table: Table, side: int) -> Content:
    """The rows of a side."""
    kinds = common(table)
    types = [column.types[side] for column in table.columns]
    raw = _fetched(database, table, types)
    if database.engine == "sqlite":
        rows = [tuple(map(_of_sqlite, row, kinds)) for row in raw]
    else:
        rows = [tuple(map(_meaning, row, types, kinds)) for row in raw]
    keys = [tuple(row[at] for at in table.key) for row in rows]
    ordered: bool | None = len(set(keys)) == len(keys)
    if ordered and any(meaning[0] == "misfit" for key in keys for meaning in key):
        ordered = None
    if database.engine == "sqlite":
        # It puts texts in order as they are written, and values of different types apart.
        own = sorted(range(len(raw)), key=lambda at: [_place_in_sqlite(raw[at][column]) for column in table.key])
        ordered = len(set(keys)) == len(keys) and _rising([[_place(meaning) for meaning in keys[at]] for at in own])
    return Content(rows, ordered)


def _rising(keys: Sequence[Any]) -> bool:
    return all(one < other for one, other in pairwise(keys))


def expected(table: Table, source: Content, target: Content, *, keyed: bool) -> Expected:
    """What must be found. `keyed`: whether rows are brought together by their key."""
    kinds, found = common(table), Expected(len(source.rows), len(target.rows))
    if not keyed:
        here, there = Counter(source.rows), Counter(target.rows)
        for kind, rows in (("missing", here - there), ("extra", there - here)):
            for row, times in rows.items():
                shown = tuple(map(_shown, row, kinds))
                sides = (shown, None) if kind == "missing" else (None, shown)
                found.differences[kind, *sides, frozenset()] += times
        found.missing, found.extra = (here - there).total(), (there - here).total()
        return found
    ours, theirs = ({tuple(row[at] for at in table.key): row for row in side.rows} for side in (source, target))
    for key in ours.keys() | theirs.keys():
        shown = tuple(_shown(meaning, kinds[at]) for meaning, at in zip(key, table.key, strict=True))
        here_row, there_row = ours.get(key), theirs.get(key)
        if there_row is None:
            found.missing += 1
            found.differences["missing", shown, None, frozenset()] += 1
        elif here_row is None:
            found.extra += 1
            found.differences["extra", None, shown, frozenset()] += 1
        elif here_row != there_row:
            found.changed += 1
            pairs = zip(table.columns, here_row, there_row, strict=True)
            names = frozenset(column.name for column, one, other in pairs if one != other)
            found.differences["changed", shown, shown, names] += 1
    return found


def _fetched(database: Database, table: Table, types: Sequence[ColumnType]) -> list[tuple[Any, ...]]:
    names = [column.name for column in table.columns]
    if isinstance(database, PostgresDatabase):
        texts = ", ".join(f"{name}::text" for name in names)
        return database.connection.execute(f"SELECT {texts} FROM {table.name}".encode()).fetchall()
    if isinstance(database, MysqlDatabase):
        # The text of a number of 32 bits has six digits.
        parts = (f"CAST({n} AS DOUBLE)" if t.held == "single" else n for n, t in zip(names, types, strict=True))
        with closing(database.connection.cursor()) as cursor:
            cursor.execute(f"SELECT {', '.join(parts)} FROM {table.name}")
            return list(cursor.fetchall())
    with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"))) as connection:
        return connection.execute(f"SELECT {', '.join(names)} FROM {table.name}").fetchall()


def _meaning(raw: str | bytes | None, column: ColumnType, kind: Held) -> Meaning:
    """What a value of a server's means, of a column that is compared as `kind`."""
    if raw is None:
        return NULL
    if column.engine == "postgres" and column.held == "bytes" and isinstance(raw, str):
        raw = bytes.fromhex(raw.removeprefix("\\x"))
    if column.held in _NUMBERS:
        return _number(_parsed(raw, column), kind, single=column.held == "single")
    if kind == "bytes":
        return "bytes", raw
    if kind == "uuid":
        return _uuid(raw)
    text = raw.decode() if isinstance(raw, bytes) else raw
    if kind in _WITH_DAYS and not text.startswith("0000-00-00") and "-00" in text[4:10]:
        return _impossible_day(text, kind)
    return _MEANINGS[kind](text)


def _impossible_day(text: str, kind: Held) -> Meaning:
    """A day that no calendar has is told by its text."""
    day, clock = text[:10], text[11:]
    whole = f"{clock or '00:00:00'}{'' if '.' in clock else '.'}".ljust(15, "0")
    return "misfit", "t", (day if kind == "date" else f"{day} {whole}").encode()


_WITH_DAYS = ("date", "timestamp", "instant")
_NUMBERS = ("integer", "decimal", "double", "single")


def _parsed(raw: str | bytes, column: ColumnType) -> int | Decimal | float:
    if isinstance(raw, bytes):
        return int.from_bytes(raw, "big")  # MySQL's bits
    if column.declared == "boolean" and column.engine == "postgres":
        return int(raw == "true")
    if column.declared == "bit(8)":
        return int(raw, 2)
    if column.held == "integer":
        return int(raw)
    return Decimal(raw) if column.held == "decimal" else float(raw)


def _number(value: int | Decimal | float, kind: Held, *, single: bool = False) -> Meaning:
    if kind == "single" or (single and isinstance(value, float)):
        # What is beyond all numbers of 32 bits is infinite among them, and so one key with the infinite one.
        value = _as_single(float(value))
    if value != value:  # noqa: PLR0124 (a NaN)
        return "number", "NaN"
    if value in (float("inf"), float("-inf")):
        return "number", "Infinity" if value > 0 else "-Infinity"
    if kind in {"single", "double"}:
        return "number", Fraction(value)
    if isinstance(value, float) and not value.is_integer():
        return "number", Fraction(_digits_of_single(value) if single else repr(value))
    return "number", Fraction(value)


def _as_single(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _digits_of_single(value: float) -> str:
    return next(text for digits in range(1, 10) if _as_single(float(text := f"{value:.{digits}g}")) == value)


def _uuid(raw: Any) -> Meaning:
    if isinstance(raw, bytes):
        return ("uuid", raw.hex()) if len(raw) == 16 else ("misfit", "b", raw)
    digits = raw.lower().removeprefix("{").removesuffix("}").replace("-", "")
    return ("uuid", digits) if re.fullmatch("[0-9a-f]{32}", digits) else ("misfit", "t", raw)


def _json(text: str) -> Meaning:
    try:
        return "json", _said(json.loads(text, parse_int=Decimal, parse_float=Decimal))
    except ValueError:
        return "text", text


def _said(value: Any) -> Any:
    match value:
        case dict():
            return "object", frozenset((name, _said(member)) for name, member in value.items())
        case list():
            return "array", tuple(map(_said, value))
        case Decimal():
            return "number", Fraction(value)
    return type(value).__name__, value


_SPECIAL = {"infinity", "-infinity"}
_BEYOND = re.compile(r"(\d{4,})-(\d\d)-(\d\d)(?: ([\d:.]+)(?:\+00)?)?( BC)?")


def _moment(text: str) -> Meaning:
    """A day and a time of day; years that Python has none of are numbers all the same."""
    if text in _SPECIAL:
        return "special", text
    if text.startswith("0000-00-00"):
        return "special", "0000-00-00"
    found = _BEYOND.fullmatch(text)
    assert found, text
    year, month, day, clock, era = found.groups()
    number = 1 - int(year) if era else int(year)
    return "moment", number, int(month), int(day), _microseconds(clock or "0:0:0")


def _microseconds(clock: str) -> int:
    sign = -1 if clock.startswith("-") else 1
    hours, minutes, *seconds = clock.removeprefix("-").split(":")
    return sign * int((int(hours) * 3600 + int(minutes) * 60) * 10**6 + Fraction((seconds or ["0"])[0]) * 10**6)


_MEANINGS: dict[Held, Callable[[str], Meaning]] = {
    "text": lambda text: ("text", text),
    "json": _json,
    "date": _moment,
    "timestamp": _moment,
    "instant": _moment,
    "time": lambda text: ("time", _microseconds(text)),
}


def _of_sqlite(value: Any, kind: Held) -> Meaning:  # noqa: PLR0911 (one for each kind)
    """What a value of SQLite means where its column is compared as `kind`: what doesn't fit is told by its own type."""
    if value is None:
        return NULL
    misfit: Meaning = {int: ("misfit", "i", str(value)), float: ("misfit", "r", repr(value)),
                       str: ("misfit", "t", value), bytes: ("misfit", "b", value)}[type(value)]  # fmt: skip
    if kind in _NUMBERS:
        return _number(value, kind) if _is_number(value, kind) else misfit
    if kind == "uuid" and isinstance(value, (str, bytes)):
        return _uuid(value)
    if kind == "bytes" or not isinstance(value, str):
        return ("bytes", value) if kind == "bytes" and isinstance(value, bytes) else misfit
    if kind in {"text", "json"}:
        return _MEANINGS[kind](value)
    if kind in {"date", "timestamp"} and re.fullmatch(r"\d{4}-00-\d\d([ T]\d\d:\d\d:\d\d(\.\d+)?)?", value):
        midnight = not value[11:].strip("0:.")
        if not value.startswith("0000-00-00") and (midnight or kind == "timestamp"):
            return _impossible_day(value, kind)
    return _written_moment(value, kind) or ("misfit", "t", value.encode())


def _is_number(value: Any, kind: Held) -> bool:
    match value:
        case int():
            return kind in {"integer", "decimal"} or int(float(value)) == value
        case float():
            return kind != "integer" or (value.is_integer() and -(2**63) <= value < 2**63)
    return False


_FORMS = [f"%Y-%m-%d{between}{clock}" for between in (" ", "T") for clock in ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")]


def _written_moment(text: str, kind: Held) -> Meaning | None:
    if kind == "time":
        return ("time", _microseconds(text)) if re.fullmatch(r"-?\d+:\d\d(:\d\d(\.\d{1,6})?)?", text) else None
    if text in _SPECIAL or re.fullmatch(r"0000-00-00( 00:00:00(\.0+)?)?", text):
        return "special", text[:10] if text.startswith("0") else text
    bare = text.removesuffix("Z") if kind == "instant" else text
    if _BEYOND.fullmatch(text) and ("BC" in text or len(text.partition("-")[0]) > 4):
        return _moment(text)
    for form in ["%Y-%m-%d", *_FORMS]:
        try:
            found = datetime.strptime(bare, form)  # noqa: DTZ007 (all are in UTC)
        except ValueError:
            continue
        clock = (found - found.replace(hour=0, minute=0, second=0, microsecond=0)) // timedelta(microseconds=1)
        # Python takes single digits too; a date has no time of day.
        if len(bare.split("T")[0].split(" ")[0]) != 10 or (kind == "date" and clock):
            return None
        return "moment", found.year, found.month, found.day, clock
    return None


def _place_in_sqlite(value: Any) -> tuple[int, Any]:
    match value:
        case None:
            return 0, 0
        case int() | float():
            return 1, value
        case str():
            return 2, value.encode()
    return 3, value


_RANKS = {"null": 0, "special": 1, "misfit": 9}


def _place(meaning: Meaning) -> tuple[Any, ...]:
    """Where a key stands among others: NULL, values, what doesn't fit."""
    kind, *parts = meaning
    match kind:
        case "special":
            # The least, the second least, the greatest of moments.
            least = ["-infinity", "0000-00-00"]
            return (2, (0, least.index(parts[0]))) if parts[0] in least else (2, (2,))
        case "moment":
            return 2, (1, *parts)
        case "number":
            named = {"-Infinity": (0,), "Infinity": (2,), "NaN": (3,)}
            return 2, named[parts[0]] if parts[0] in named else (1, parts[0])
        case "text":
            return 2, (parts[0].encode(),)
        case "misfit":
            raw = parts[1].encode() if isinstance(parts[1], str) else parts[1]
            return 9, (parts[0], raw)
    return _RANKS.get(kind, 2), tuple(parts)


def _shown(meaning: Meaning, kind: Held) -> str | None:
    """How a value of a key is shown."""
    what, *parts = meaning
    if what == "null":
        return None
    if kind == "json":
        return "JSON"  # Two texts may say the same: which of them is shown is not judged.
    shown: dict[str, Callable[[], str]] = {
        "number": lambda: _shown_number(parts[0], kind),
        "bytes": lambda: _shown_bytes(parts[0]),
        "uuid": lambda: "-".join(re.findall("^.{8}|.{4}(?=.{12})|.{12}$", parts[0])),
        "misfit": lambda: _shown_misfit(parts[0], parts[1]),
        "moment": lambda: _shown_moment(parts, kind),
        "time": lambda: ("-" if parts[0] < 0 else "") + _clock(abs(parts[0])),
    }
    return shown.get(what, lambda: str(parts[0]))()


def _shown_misfit(letter: str, value: str | bytes) -> str:
    if isinstance(value, bytes):
        return value.decode() if letter == "t" else _shown_bytes(value)
    return value


def _shown_number(value: Any, kind: Held) -> str:
    if kind in {"double", "single"}:
        return {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}.get(value) or repr(float(value))
    if isinstance(value, str) or value.denominator == 1:
        return str(value)
    whole, digits = divmod(abs(value) * 10**60, 1)
    assert not digits
    text = str(whole).rjust(61, "0")
    return ("-" if value < 0 else "") + f"{text[:-60]}.{text[-60:].rstrip('0')}"


def _shown_bytes(value: bytes) -> str:
    return f"X'{value.hex().upper()}'"


def _shown_moment(parts: Sequence[int], kind: Held) -> str:
    year, month, day, clock = parts
    era = "" if year > 0 else " BC"
    text = f"{year if year > 0 else 1 - year:04d}-{month:02d}-{day:02d}{era}"
    if kind == "date":
        return text
    return f"{text} {_clock(clock)}{'+00' if kind == 'instant' else ''}"


def _clock(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 10**6)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text
