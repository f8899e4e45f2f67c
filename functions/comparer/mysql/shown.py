"""The SELECT that shows a row to people, in SQL that every client of MySQL and MariaDB runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from functions.comparer.core.kinds import Kind
from functions.comparer.core.selecting import STATEMENT_BYTES, select_of
from functions.comparer.core.table import Malformed, Row, Value
from functions.comparer.mysql import labels
from functions.comparer.mysql.columns import Described, quoted, selected
from functions.comparer.mysql.literals import double_literal, nearest, real_day, text_literal

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENTS: Final = {Kind.DATE: "DATE", Kind.TIME: "TIME", Kind.TIMESTAMP: "TIMESTAMP"}


def statement(schema: str, table: str, columns: Mapping[str, Described], chosen: Sequence[str], values: Row) -> str:
    """A SELECT for the rows with these values, of at most 2000 bytes: the longest conditions give way.

    `columns`: those of the table by name. `chosen`: the columns that the values are of.
    """
    head = f"SELECT * FROM {quoted(schema)}.{quoted(table)}"  # noqa: S608 (shown, never run)
    conditions = [_condition(columns.get(name), name, value) for name, value in zip(chosen, values, strict=True)]
    return select_of(head, conditions)


def _as_held(column: Described, value: Value) -> Value:
    """What the column's own value is compared with, where it was handed out as another one."""
    match value:
        case str() if column.data_type == "set":
            return labels.as_declared(value, column.column_type)
        case Malformed(raw=labels.NO_LABEL) if column.data_type == "enum":
            return 0
    return value


def _condition(column: Described | None, name: str, value: Value) -> str:
    own = column.quoted if column else quoted(name)
    kind = column.type.kind if column else Kind.ANY
    value = _as_held(column, value) if column else value
    match value:
        case None:
            return f"{own} IS NULL"
        case bytes():
            return f"{own} = X'{value[:STATEMENT_BYTES].hex()}'"
        case Malformed(raw=raw):
            held = selected(column) if column and column.partial else own
            return f"{held} = X'{raw[:STATEMENT_BYTES].hex()}'"
        case str():
            return (
                _of_text(column, own, value[:STATEMENT_BYTES])
                if column
                else f"{own} = {text_literal(value[:STATEMENT_BYTES])}"
            )
    if kind in {Kind.DOUBLE, Kind.SINGLE}:
        return f"{own} = {double_literal(nearest(kind is Kind.SINGLE, value))}"
    return f"{own} = {value:f}" if isinstance(value, Decimal) else f"{own} = {value!r}"


def _of_text(column: Described, own: str, value: str) -> str:  # noqa: PLR0911 (one for each kind)
    kind = column.type.kind
    match kind:
        case Kind.BYTES if _UUID.fullmatch(value):
            return f"{own} = X'{value.replace('-', '')}'"
        case Kind.TEXT if _UUID.fullmatch(value):
            return f"LOWER({own}) = '{value}'"
        case Kind.INSTANT if real_day(value):
            # Whatever time zone the client's session has.
            return f"UNIX_TIMESTAMP({own}) = {_since_1970(value)}"
        case Kind.DATE | Kind.TIMESTAMP if real_day(value):
            return f"{own} = {_MOMENTS[kind]}'{value}'"
        case Kind.TIME:
            return f"{own} = TIME'{value}'"
        case Kind.DATE | Kind.TIMESTAMP | Kind.INSTANT:
            # A strict session takes no literal of a day that doesn't exist.
            return f"CAST({own} AS CHAR) LIKE '{value.rstrip('0').rstrip('.') if '.' in value else value}%'"
        case Kind.TEXT if not column.byte_ordered and column.type.lob is False:
            literal = text_literal(value)
            return f"{own} = {literal} AND CAST(CONVERT({own} USING utf8mb4) AS BINARY) = {literal}"
        case Kind.TEXT if column.byte_ordered:
            return f"{own} = {text_literal(value)}"
        case Kind.TEXT | Kind.JSON:
            return f"CAST(CONVERT({own} USING utf8mb4) AS BINARY) = {text_literal(value)}"
    return f"{selected(column)} = {text_literal(value)}"


def _since_1970(value: str) -> str:
    elapsed = datetime.fromisoformat(value) - _EPOCH
    return f"{elapsed.days * 86_400 + elapsed.seconds}.{elapsed.microseconds:06d}"
