"""The statements on what is left of rows without a key when those that are equal in their places are gone. Pure.

`chosen` is an array of the rowids of such rows.
"""

# Names can't be bound: all of them are quoted, and everything else in the texts is written here.
# ruff: noqa: S608

from __future__ import annotations

from functions.comparer.sqlite.catalog import quoted
from functions.comparer.sqlite.expressions import as_stored, balanced, first_letters, keys_of
from functions.comparer.sqlite.keys import Span
from functions.comparer.sqlite.layout import Layout, Side
from functions.comparer.sqlite.statements import Statement, unmatched


def surplus_rows(layout: Layout, chosen: tuple[object, object] | None) -> Statement:
    """The rows that one side has more often: by how many the source has more, then its types, then its values.

    The types are a text with the first letter of each; texts are given as stored. `chosen`: arrays of the rowids, in
    the source and the target, that need to be looked at; None: all that differ in their places.
    """
    names = [f"c{at}" for at in range(len(layout.source.columns))]
    parts = []
    for number, (side, other, sign) in enumerate(
        ((layout.source, layout.target, "1"), (layout.target, layout.source, "-1")), start=1
    ):
        columns = [f"t.{quoted(column)}" for column in side.columns]
        types = first_letters(columns)
        values = ", ".join(f"{as_stored(column)} AS {name}" for column, name in zip(columns, names, strict=True))
        within = f"({unmatched(layout, side, other, Span(None, None))})"
        places = f"{f'temp.carray(?{number})' if chosen else within} AS p"
        place = "p.value" if chosen else "p.k"
        parts.append(
            f"SELECT {sign} AS n, {types} AS types, {values} FROM {places} CROSS JOIN {side.named('t')}"
            f" ON {keys_of(side, 't')[0]} = {place}"
        )
    group = ", ".join(f"q.{name}" for name in (*names, "types"))
    columns_shown = ", ".join(f"q.{name}" for name in ("types", *names))
    sql = (
        f"SELECT sum(q.n), {columns_shown} FROM ({' UNION ALL '.join(parts)}) AS q"
        f" GROUP BY {group} HAVING sum(q.n) <> 0 ORDER BY {group}"
    )
    return Statement(sql, chosen or ())


def largest(side: Side, chosen: object) -> Statement:
    """How many of some rows can be looked up, and how many bytes the largest has (NULL: none), numbers by their digits.

    `chosen`: an array of their rowids. SQLite knows the length of a value without reading it.
    """
    size = balanced(" + ", [f"coalesce(octet_length(t.{quoted(column)}), 0)" for column in side.columns])
    return Statement(f"SELECT count(*), max({size}) FROM {_chosen(side)}", (chosen,))


def whole_rows(side: Side, chosen: object | None) -> Statement:
    """Rows as they are stored: a text with the first letter of each type, then the values; texts as their bytes.

    `chosen`: an array of their rowids, whose order is kept; None: all rows.
    """
    columns = [f"t.{quoted(column)}" for column in side.columns]
    types = first_letters(columns)
    values = ", ".join(map(as_stored, columns))
    rows = f"{side.named('t')} ORDER BY {keys_of(side, 't')[0]}" if chosen is None else _chosen(side)
    return Statement(f"SELECT {types}, {values} FROM {rows}", () if chosen is None else (chosen,))


def _chosen(side: Side) -> str:
    return f"temp.carray(?1) AS p CROSS JOIN {side.named('t')} ON {keys_of(side, 't')[0]} = p.value"
