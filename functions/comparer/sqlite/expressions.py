"""Pieces of statements: the values of a row as they are stored. Pure text.

Names can't be bound: all of them are quoted.
"""

from __future__ import annotations

from collections.abc import Sequence

from functions.comparer.sqlite.catalog import quoted
from functions.comparer.sqlite.layout import Side


def keys_of(side: Side, alias: str) -> list[str]:
    """What brings the rows of one side in order."""
    return [f"{alias}.{quoted(name)}" for name in side.key]


def typed(expression: str) -> str:
    """Two values: the type, and the value as it is stored."""
    return f"typeof({expression}), {as_stored(expression)}"


def as_stored(expression: str) -> str:
    """The value, or the bytes of a text: apsw hands out nothing that is not valid UTF-8."""
    return f"CASE typeof({expression}) WHEN 'text' THEN CAST({expression} AS BLOB) ELSE {expression} END"


def first_letters(columns: Sequence[str]) -> str:
    """A text with the first letter of the type of each column."""
    return balanced(" || ", [f"substr(typeof({column}), 1, 1)" for column in columns])


def balanced(operator: str, parts: Sequence[str]) -> str:
    """The parts in a row, nested like a tree: SQLite refuses expressions that are deeper than 1000."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"({balanced(operator, parts[:middle])}{operator}{balanced(operator, parts[middle:])})"
