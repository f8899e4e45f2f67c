"""The SELECT that shows a row to people, in SQL that psql runs under whatever settings it has. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from functions.comparer.core.kinds import Kind
from functions.comparer.core.selecting import STATEMENT_BYTES, select_of
from functions.comparer.core.table import Malformed, Row, Value
from functions.comparer.postgres.columns import PgColumn
from functions.comparer.postgres.names import quoted, text
from functions.comparer.postgres.shape import PgTable

# Types of the server's own that can be asked for by =, and whose texts are read the same under all settings.
_COMPARABLE: Final = frozenset({"inet", "cidr", "macaddr", "macaddr8", "interval", "timetz", "bit", "varbit"})


def statement(table: PgTable, columns: Sequence[str], values: Row) -> str:
    """A SELECT for the rows with these values, of at most 2000 bytes: the longest conditions give way."""
    head = f"SELECT * FROM {table.table.path}"  # noqa: S608 (shown, never run)
    conditions = [_condition(table.columns[name], value) for name, value in zip(columns, values, strict=True)]
    return select_of(head, conditions)


def _condition(column: PgColumn, value: Value) -> str:
    name = quoted(column.name)
    match value:
        case None:
            return f"{name} IS NULL"
        case int() | float() | Decimal():
            return _number(column, name, value)
        case bytes():
            return f"{name} = '\\x{value[:STATEMENT_BYTES].hex()}'"
        case Malformed(raw=raw):
            return f"textsend({name}::text) = '\\x{raw[:STATEMENT_BYTES].hex()}'"
    if "\0" in value:
        return f"{name}::text = E{text(value[:STATEMENT_BYTES]).replace(chr(92), chr(92) * 2)}".replace("\0", "\\000")
    return _text(column, name, value[:STATEMENT_BYTES])


def _number(column: PgColumn, name: str, value: int | float | Decimal) -> str:
    match column.base:
        case "bool" if value in {0, 1}:
            return f"{name} = {str(bool(value)).lower()}"
        case "bit":
            return f"{name} = '{int(value):0{column.bits}b}'"
        case "float4" | "float8":
            # The shortest digits of a number of 32 bits mean another one of 64.
            return (
                f"{name} = '{value!r}'::{column.base}"
                if isinstance(value, float)
                else (f"{name} = '{value}'::{column.base}")
            )
        case "numeric" if isinstance(value, Decimal) and not value.is_finite():
            return f"{name} = '{value}'"
    return f"{name} = {value}"


def _text(column: PgColumn, name: str, value: str) -> str:
    kind, wanted = column.type.kind, text(value)
    if column.base == "json":
        return f"{name}::text = {wanted}"
    if kind is Kind.OTHER and not (column.enum or column.base in _COMPARABLE):
        return f"{name}::text = {wanted}"
    if column.base in {"xml", "citext"}:
        return f"{name}::text = {wanted}"
    return f"{name} = {wanted}"
