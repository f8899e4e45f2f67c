"""Shows the rows of a table that differ: by their key, and for a changed one with the columns that differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.local.rendering import DIM, Screen

_KINDS: Mapping[str, str] = {"missing": "only in source", "extra": "only in target", "changed": "changed"}
_TABLES = 4
"""Tables whose rows are shown in full: all in all no more than a screen."""
_LONGEST_VALUE, _LONGEST_KEY, _MOST_COLUMNS = 40, 120, 6


class RowRoom:
    """How many more rows may be shown: `per_table` of a table, and in all no more than a screen holds."""

    def __init__(self, per_table: int) -> None:
        self._per_table = per_table
        self._left = per_table * _TABLES

    def take(self, wanted: int) -> int:
        """How many of the wanted rows are shown."""
        taken = min(wanted, self._per_table, self._left)
        self._left -= taken
        return taken


def show_rows(screen: Screen, table: Mapping[str, Any], room: RowRoom) -> None:
    """Write the first differing rows that the table's result carries, and how many there are besides."""
    rows: Sequence[Mapping[str, Any]] = table.get("rows") or ()
    shown = rows[: room.take(len(rows))]
    for row in shown:
        kind = _kind(row)
        key = _key(row.get("source_key") or row.get("target_key") or (), table.get("key") or ())
        columns = f": {_columns(row['columns'])}" if row.get("columns") else ""
        screen.line(f"    {_KINDS[kind]:<16}", (key, "bold"), columns, hang=20)
    more = max(table.get("difference_rows") or 0, len(rows)) - len(shown)
    if rows and more:
        screen.line((f"    … and {more:,} more differing rows", DIM))


def told_rows(table: Mapping[str, Any]) -> str:
    """How many rows of a table differ, and in which way where that is known."""
    kinds = [f"{table[name]:,} {told}" for name, told in _COUNTED if table.get(name)]
    if kinds:
        return ", ".join(kinds)
    count = table.get("difference_rows")
    return f"{count:,} row{'s' if count != 1 else ''} differ{'' if count != 1 else 's'}" if count else ""


_COUNTED = (("changed", "changed"), ("missing", "only in source"), ("extra", "only in target"))


def _kind(row: Mapping[str, Any]) -> str:
    if row.get("kind") in _KINDS:
        return str(row["kind"])
    # DRS tells the kind by the sides that have the row.
    if row.get("source_key") and row.get("target_key"):
        return "changed"
    return "missing" if row.get("source_key") else "extra"


def _key(values: Sequence[Any], names: Sequence[str]) -> str:
    shown = ["NULL" if value is None else _short(str(value), _LONGEST_VALUE) for value in values]
    if len(names) == len(shown):
        shown = [f"{name} = {value}" for name, value in zip(names, shown, strict=True)]
    return _short(", ".join(shown), _LONGEST_KEY)


def _columns(names: Sequence[str]) -> str:
    more = len(names) - _MOST_COLUMNS
    return ", ".join(names[:_MOST_COLUMNS]) + (f" and {more} more" if more > 0 else "")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
