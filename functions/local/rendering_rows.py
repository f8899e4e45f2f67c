"""Shows the rows of a table that differ: by their key, and for a changed one with the columns that differ."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from functions.local.rendering import DIM, Screen

_KINDS: Mapping[str, str] = {"missing": "only in source", "extra": "only in target", "changed": "changed"}
_LONGEST_VALUE, _LONGEST_KEY, _MOST_COLUMNS = 40, 120, 6
ROWS = 5
"""Differing rows that are shown of a table, if nobody says otherwise."""
ROWS_IN_ALL = 20
"""And of all tables: no more than a screen."""


class RowRoom:
    """How many more rows may be shown: `per_table` of a table, `in_all` of all tables (None: as many as there are).

    `others`: the options that show more.
    """

    def __init__(self, per_table: int = ROWS, in_all: int | None = ROWS_IN_ALL, others: str = "--json") -> None:
        self._per_table = per_table
        self._left = in_all
        self._others = others
        self._tables_left_out = 0

    def take(self, there: int, wanted: int) -> int:
        """How many of a table's rows are shown: `there` are, `wanted` would be shown if there were no end of room."""
        taken = min(there, self._per_table)
        if self._left is not None:
            taken = min(taken, self._left)
            self._left -= taken
        self._tables_left_out += bool(wanted and self._per_table and not taken)
        return taken

    def show_left_out(self, screen: Screen) -> None:
        """Write of how many tables no row was shown, for there were too many."""
        if count := self._tables_left_out:
            noun = "tables" if count != 1 else "table"
            screen.line((f"  rows of {count:,} more {noun} are not shown; {self._others}", DIM))


def show_rows(screen: Screen, table: Mapping[str, Any], room: RowRoom) -> None:
    """Write the first differing rows that the table's result carries, and how many there are besides."""
    rows: Sequence[Mapping[str, Any]] = table.get("rows") or ()
    # Those of a direct comparison for which nobody had room are counted alone.
    shown = rows[: room.take(len(rows), len(rows) + (table.get("rows_omitted") or 0))]
    for row, key in zip(shown, _keys(shown, table.get("key") or ()), strict=True):
        columns = f": {_columns(row['columns'])}" if row.get("columns") else ""
        screen.line(f"    {_KINDS[_kind(row)]:<16}", (key, "bold"), columns, hang=20)
    more = max(table.get("difference_rows") or 0, len(rows)) - len(shown)
    if shown and more:
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


def _keys(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """The keys of rows in so many words that no two different ones look alike."""
    # Where only texts are known, 1 and '1' are one; their statements are two.
    whole = _apart([_key(row, names) for row in rows], [_condition(row) for row in rows])
    short = [_shortened(text, _LONGEST_KEY) for text in whole]
    digests = [f"{text} #{sha256(key.encode()).hexdigest()[:8]}" for text, key in zip(short, whole, strict=True)]
    return _apart(short, digests)


def _apart(told: Sequence[str], finer: Sequence[str]) -> list[str]:
    """What is told, and of those that look alike but aren't the finer words."""
    meant = defaultdict[str, set[str]](set)
    for text, words in zip(told, finer, strict=True):
        meant[text].add(words)
    return [words if words and len(meant[text]) > 1 else text for text, words in zip(told, finer, strict=True)]


def _key(row: Mapping[str, Any], names: Sequence[str]) -> str:
    shown = row.get("source_literals") or row.get("target_literals")
    if not shown:
        values = row.get("source_key") or row.get("target_key") or ()
        shown = ["NULL" if value is None else _shortened(str(value), _LONGEST_VALUE) for value in values]
    if len(names) == len(shown):
        shown = [f"{name} = {value}" for name, value in zip(names, shown, strict=True)]
    return ", ".join(shown)


def _condition(row: Mapping[str, Any]) -> str:
    statement = str(row.get("source_sql") or row.get("target_sql") or "")
    return statement.partition(" WHERE ")[2] or statement


def _columns(names: Sequence[str]) -> str:
    more = len(names) - _MOST_COLUMNS
    return ", ".join(names[:_MOST_COLUMNS]) + (f" and {more} more" if more > 0 else "")


def _shortened(text: str, most: int) -> str:
    """A text of at most so many characters: what is too much is left out in the middle."""
    if len(text) <= most:
        return text
    end = (most - 1) // 3
    return f"{text[: most - 1 - end]}…{text[-end:]}"
