"""The SELECT that shows a row to people, in SQL that SQLite's own shell runs."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from decimal import Decimal

from functions.comparer.core.table import Malformed, Row, Value
from functions.comparer.sqlite.catalog import quoted
from functions.comparer.sqlite.keys import number

_BYTES = 2000
# What the comment on left out conditions takes at most.
_COMMENT = 80


def statement(table: str, columns: Sequence[str], values: Row, *, encoding: str, foreign: Collection[str] = ()) -> str:
    """A SELECT for the rows with these values, of at most 2000 bytes: the longest conditions give way.

    `encoding`: the database's. `foreign`: the columns that have a collation of another program's.
    """
    head = f"SELECT * FROM {quoted(table)}"  # noqa: S608 (shown, never run)
    conditions = [
        _condition(column, value, encoding, column in foreign) for column, value in zip(columns, values, strict=True)
    ]
    whole = f"{head} WHERE {' AND '.join(conditions)}"
    # As nearly all are. The bound is lower than that of the search, so that both agree.
    if _size(whole) <= _BYTES - _COMMENT - len(conditions) * len(" AND "):
        return whole
    return _shortened(head, conditions)


def _shortened(head: str, conditions: Sequence[str]) -> str:
    room = _BYTES - _COMMENT - _size(head)
    if room < 0:
        return "/* the name of the table is too long to be shown */"
    kept = set()
    for at in sorted(range(len(conditions)), key=lambda at: _size(conditions[at])):
        room -= _size(conditions[at]) + len(" WHERE ")
        if room >= 0:
            kept.add(at)
    if kept:
        head += " WHERE " + " AND ".join(conditions[at] for at in sorted(kept))
    if len(kept) < len(conditions):
        head += f" /* {len(conditions) - len(kept)} of {len(conditions)} conditions are too long and left out */"
    return head


def _condition(column: str, value: Value, encoding: str, foreign: bool) -> str:
    if value is None:
        return f"{quoted(column)} IS NULL"
    text = f"{quoted(column)} = {_literal(number(value) if isinstance(value, Decimal) else value, encoding)}"
    return text + " COLLATE BINARY" if foreign and isinstance(value, str | Malformed) else text


def _literal(value: int | float | str | bytes | Malformed, encoding: str) -> str:
    """A value as it is written in SQL. Of one that is too long to be shown just enough to be too long."""
    match value:
        case int():
            return str(value)
        case float():
            return _real(value)
        case bytes():
            return f"x'{value[:_BYTES].hex()}'"
        case Malformed(raw=raw):
            return f"CAST(x'{raw[:_BYTES].hex()}' AS TEXT)"
        case _ if "\0" in value:
            return f"CAST(x'{value[:_BYTES].encode(encoding).hex()}' AS TEXT)"
        case _:
            return "'" + value[:_BYTES].replace("'", "''") + "'"


def _size(text: str) -> int:
    return len(text.encode())


def _real(value: float) -> str:
    if math.isinf(value):
        return "9e999" if value > 0 else "-9e999"
    text = f"{value:.17g}"
    return text if "." in text or "e" in text else text + ".0"
