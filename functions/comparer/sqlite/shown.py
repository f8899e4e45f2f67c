"""The SELECT that shows a row to people, in SQL that SQLite's own shell runs."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from decimal import Decimal

from functions.comparer.core.selecting import STATEMENT_BYTES, select_of
from functions.comparer.core.table import Malformed, Row, Value
from functions.comparer.sqlite.catalog import quoted
from functions.comparer.sqlite.keys import number


def statement(table: str, columns: Sequence[str], values: Row, *, encoding: str, foreign: Collection[str] = ()) -> str:
    """A SELECT for the rows with these values, of at most 2000 bytes: the longest conditions give way.

    `encoding`: the database's. `foreign`: the columns that have a collation of another program's.
    """
    head = f"SELECT * FROM {quoted(table)}"  # noqa: S608 (shown, never run)
    conditions = [
        _condition(column, value, encoding, column in foreign) for column, value in zip(columns, values, strict=True)
    ]
    return select_of(head, conditions)


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
            return f"x'{value[:STATEMENT_BYTES].hex()}'"
        case Malformed(raw=raw):
            return f"CAST(x'{raw[:STATEMENT_BYTES].hex()}' AS TEXT)"
        case _ if "\0" in value:
            return f"CAST(x'{value[:STATEMENT_BYTES].encode(encoding).hex()}' AS TEXT)"
        case _:
            return "'" + value[:STATEMENT_BYTES].replace("'", "''") + "'"


def _real(value: float) -> str:
    if math.isinf(value):
        return "9e999" if value > 0 else "-9e999"
    text = f"{value:.17g}"
    return text if "." in text or "e" in text else text + ".0"
