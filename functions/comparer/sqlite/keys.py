"""Keys of SQLite rows: read with their types, kept as marks, bound again without loss, put in order. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from functions.comparer.core.table import Malformed, Row, Rule, Value

COLLATIONS: dict[Rule, str] = {"exact": "BINARY", "nocase": "NOCASE", "rtrim": "RTRIM"}
"""What SQLite calls the rules of a key."""

Bindable = int | float | bytes | None
NUMERIC_KINDS = frozenset({"INTEGER", "NUMERIC", "REAL"})
"""How SQLite calls columns that prefer numbers (\"Datatypes\", 3.1)."""
# What SQLite takes for a number where a column prefers numbers ("Datatypes", 3): blanks around it don't matter.
_NUMBER = re.compile(rb"[ \t\n\v\f\r]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\v\f\r]*")


@dataclass(frozen=True)
class Span:
    """A part of a table in the order of its key: after `low`, up to and with `high`; None: no bound on that side."""

    low: Row | None
    high: Row | None


def typed(kind: str, stored: Any, encoding: str) -> Value:
    """A value as `typeof` names it, of which a text is given as the bytes that are stored."""
    if kind != "text":
        value: Value = stored
        return value
    try:
        return str(stored, encoding)
    except UnicodeDecodeError:
        return Malformed(encoding, stored)


def typed_row(parts: Sequence[Any], encoding: str) -> Row:
    """A row from pairs of a type and a stored value."""
    return tuple(typed(kind, stored, encoding) for kind, stored in zip(parts[::2], parts[1::2], strict=True))


def stored(value: Value, encoding: str) -> Bindable:
    """What to bind for a value: of a text its bytes, because SQLite mends texts that it has to translate."""
    if isinstance(value, str):
        return value.encode(encoding)
    if isinstance(value, Decimal):
        return number(value)
    return value.raw if isinstance(value, Malformed) else value


def number(value: Decimal) -> int | float:
    """A decimal of another engine as SQLite keeps it."""
    whole = value.is_finite() and value == value.to_integral_value() and -(1 << 63) <= value < 1 << 63
    return int(value) if whole else float(value)


def is_text(value: Value) -> bool:
    """Whether SQLite keeps the value as a text."""
    return isinstance(value, (str, Malformed))


def stays(value: Value, kind: str, encoding: str) -> bool:
    """Whether a value that is compared with a column of that kind remains what it is.

    Only a table whose declaration was altered behind SQLite's back holds others; those can't be the end of a part.
    """
    if isinstance(value, Malformed) and encoding != "utf-8" and len(value.raw) % 2:
        return False  # SQLite would bind it without its last byte.
    if isinstance(value, (int, float)):
        return kind != "TEXT"
    if is_text(value) and kind in NUMERIC_KINDS:
        text = str(value.raw, value.encoding, "replace") if isinstance(value, Malformed) else str(value)
        # Some releases of SQLite see no further than a NUL.
        return _NUMBER.fullmatch(text.partition("\0")[0].encode()) is None
    return value is not None


def mark(key: Row) -> str:
    """A key as a text, from which `unmarked` makes it again, types and all."""
    return json.dumps([_noted(value) for value in key], ensure_ascii=True, separators=(",", ":"))


def _noted(value: Value) -> list[str | int | None]:
    if isinstance(value, Decimal):
        value = number(value)
    match value:
        case int():
            return ["integer", value]
        case float():
            return ["real", value.hex()]
        case str():
            return ["text", value]
        case bytes():
            return ["blob", value.hex()]
        case Malformed():
            return ["malformed", value.encoding, value.raw.hex()]
        case None:
            return ["null"]


def unmarked(text: str) -> Row:
    """The key of a mark. Raises ValueError for what is none."""
    return tuple(_read(note) for note in json.loads(text))


def _read(note: Sequence[str | int]) -> Value:
    match list(note):
        case ["integer", int(number)]:
            return number
        case ["real", str(digits)]:
            return float.fromhex(digits)
        case ["text", str(text)]:
            return text
        case ["blob", str(digits)]:
            return bytes.fromhex(digits)
        case ["malformed", str(encoding), str(digits)]:
            return Malformed(encoding, bytes.fromhex(digits))
        case ["null"]:
            return None
    raise ValueError("it is not a mark of this comparison")


Place = tuple[tuple[int, int | float | bytes, int], ...]
"""Where a key stands among others."""


def place(key: Row, rules: Sequence[Rule], encoding: str) -> Place:
    """Where SQLite puts a key: NULL, numbers, texts, blobs; texts by their bytes under the rule of the key."""
    return tuple(_placed(value, rule, encoding) for value, rule in zip(key, rules, strict=True))


def _placed(value: Value, rule: Rule, encoding: str) -> tuple[int, int | float | bytes, int]:
    match value:
        case None:
            return 0, 0, 0
        case int() | float():
            return 1, value, 0
        case bytes():
            return 3, value, 0
        case Decimal():
            return 1, number(value), 0
    raw = value.raw if isinstance(value, Malformed) else value.encode("utf-8" if rule != "exact" else encoding)
    if rule == "nocase":
        # Of bytes only ASCII letters; and of what follows a NUL only the length counts.
        before, nul, _ = raw.lower().partition(b"\0")
        return 2, before + nul, len(raw)
    return 2, raw.rstrip(b" ") if rule == "rtrim" else raw, 0
