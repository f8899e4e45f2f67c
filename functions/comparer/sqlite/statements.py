"""The statements that compare a table in two SQLite databases. Pure: text and what to bind.

Values are compared without their columns' preferences (`+x`) and collations; an integer and a real are equal to SQLite
all the same, so that `typeof` is compared where both can be. Every table is called by an alias: a quoted name that
belongs to no column would silently be a string.
"""

# Names can't be bound: all of them are quoted, and everything else in the texts is written here.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from functions.comparer.core.table import Row
from functions.comparer.sqlite.catalog import quoted
from functions.comparer.sqlite.keys import COLLATIONS, Span, is_text, stored
from functions.comparer.sqlite.layout import MOST_COLUMNS, Layout, Side


@dataclass(frozen=True)
class Statement:
    """A statement and what to bind: values, or arrays of numbers."""

    sql: str
    values: tuple[object, ...]


def nth(layout: Layout, side: Side, low: Row | None, number: int, high: Row | None = None) -> Statement:
    """The key of the row with that number (from 1) after `low`, at most `high`; or no row.

    It is given as pairs of types and stored values.
    """
    span = Span(low, high)
    keys = ", ".join(map(_typed, _keys(side, "t")))
    sql = f"SELECT {keys} FROM {side.named('t')} WHERE {_within(layout, side, 't', span)}{_order(layout, side, 't')}"
    return Statement(f"{sql} LIMIT 1 OFFSET {number - 1:d}", _bound(layout, span))


def count(layout: Layout, side: Side, span: Span) -> Statement:
    """How many rows one side has."""
    within = _within(layout, side, "t", span)
    return Statement(f"SELECT count(*) FROM {side.named('t')} WHERE {within}", _bound(layout, span))


def length(side: Side) -> Statement:
    """How many rows the table has, in whatever order: SQLite counts them page by page.

    Without an index to be asked for, a table without a rowid is counted in that which it is.
    """
    return Statement(f"SELECT count(*) FROM {side.schema}.{quoted(side.table)} AS t NOT INDEXED", ())


def weight(layout: Layout, side: Side, span: Span) -> Statement:
    """How many bytes the keys of one side have together, numbers by their digits."""
    size = " + ".join(f"octet_length({key})" for key in _keys(side, "t"))
    within = _within(layout, side, "t", span)
    return Statement(
        f"SELECT CAST(total({size}) AS INTEGER) FROM {side.named('t')} WHERE {within}", _bound(layout, span)
    )


def lengths(side: Side) -> Statement:
    """How many rows the table has, and how many its index. Without WHERE, SQLite counts in any index it likes."""
    plain = f"{side.schema}.{quoted(side.table)} AS t NOT INDEXED"
    return Statement(f"SELECT (SELECT count(*) FROM {plain}), (SELECT count(*) FROM {side.named('t')} WHERE 1)", ())


def tally(layout: Layout, span: Span) -> Statement:
    """How many rows of the source differ, and how many of these the target has under the same key."""
    present = _keys(layout.target, "b")[0]
    return Statement(f"SELECT count(*), count({present}) FROM {_differing(layout, span)}", _bound(layout, span))


def rowids(layout: Layout, span: Span) -> Statement:
    """The rowids of the rows of the source that differ, each with whether the target has it."""
    ours, theirs = _keys(layout.source, "a")[0], _keys(layout.target, "b")[0]
    sql = f"SELECT {ours}, {theirs} IS NOT NULL FROM {_differing(layout, span)}"
    return Statement(sql, _bound(layout, span))


def listing(layout: Layout, span: Span) -> Statement:
    """The rows of the source that differ, in the order of their keys.

    Each is: whether the target has it; the keys of both sides, in pairs of types and stored values; and a text with a 1
    for every column that is equal and a 0 for every other.
    """
    ours, theirs = _keys(layout.source, "a"), _keys(layout.target, "b")
    values = ", ".join(map(_typed, (*ours, *theirs)))
    flags = _balanced(" || ", [f"({_same(layout, at, typed=True)})" for at in range(len(layout.source.columns))])
    order = "" if layout.merged else _order(layout, layout.source, "a")
    sql = f"SELECT {theirs[0]} IS NOT NULL, {values}, {flags} FROM {_differing(layout, span)}{order}"
    return Statement(sql, _bound(layout, span))


def extras(layout: Layout, span: Span, most: int = -1) -> Statement:
    """The keys, in order, that the target alone has: pairs of types and stored values; `most`: of them, -1: all."""
    keys = ", ".join(map(_typed, _keys(layout.target, "b")))
    within = _within(layout, layout.target, "b", span)
    partner = f"SELECT 1 FROM {layout.source.named('a')} WHERE {_matching(layout, 'a', 'b')}"
    sql = f"SELECT {keys} FROM {layout.target.named('b')} WHERE {within} AND NOT EXISTS ({partner})"
    return Statement(f"{sql}{_order(layout, layout.target, 'b')} LIMIT {most:d}", _bound(layout, span))


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
        types = _balanced(" || ", [f"substr(typeof({column}), 1, 1)" for column in columns])
        values = ", ".join(f"{_as_stored(column)} AS {name}" for column, name in zip(columns, names, strict=True))
        within = f"({_except(layout, side, other, Span(None, None))})"
        places = f"{f'temp.carray(?{number})' if chosen else within} AS p"
        place = "p.value" if chosen else "p.k"
        parts.append(
            f"SELECT {sign} AS n, {types} AS types, {values} FROM {places} CROSS JOIN {side.named('t')}"
            f" ON {_keys(side, 't')[0]} = {place}"
        )
    group = ", ".join(f"q.{name}" for name in (*names, "types"))
    columns_shown = ", ".join(f"q.{name}" for name in ("types", *names))
    sql = (
        f"SELECT sum(q.n), {columns_shown} FROM ({' UNION ALL '.join(parts)}) AS q"
        f" GROUP BY {group} HAVING sum(q.n) <> 0 ORDER BY {group}"
    )
    return Statement(sql, chosen or ())


def largest(side: Side, chosen: object) -> Statement:
    """How many bytes the largest of some rows has, numbers by their digits. `chosen`: an array of their rowids.

    SQLite knows the length of a value without reading it.
    """
    size = _balanced(" + ", [f"coalesce(octet_length(t.{quoted(column)}), 0)" for column in side.columns])
    return Statement(f"SELECT max({size}) FROM {_chosen(side)}", (chosen,))


def whole_rows(side: Side, chosen: object | None) -> Statement:
    """Rows as they are stored: a text with the first letter of each type, then the values; texts as their bytes.

    `chosen`: an array of their rowids, whose order is kept; None: all rows.
    """
    columns = [f"t.{quoted(column)}" for column in side.columns]
    types = _balanced(" || ", [f"substr(typeof({column}), 1, 1)" for column in columns])
    values = ", ".join(map(_as_stored, columns))
    rows = f"{side.named('t')} ORDER BY {_keys(side, 't')[0]}" if chosen is None else _chosen(side)
    return Statement(f"SELECT {types}, {values} FROM {rows}", () if chosen is None else (chosen,))


def _chosen(side: Side) -> str:
    return f"temp.carray(?1) AS p CROSS JOIN {side.named('t')} ON {_keys(side, 't')[0]} = p.value"


def _differing(layout: Layout, span: Span) -> str:
    """What stands after FROM (`a` is the source, `b` the target) for the rows of the source that differ."""
    source, target = layout.source.named("a"), layout.target.named("b")
    if layout.merged:
        differing = _except(layout, layout.source, layout.target, span)
        ours, theirs = _keys(layout.source, "a")[0], _keys(layout.target, "b")[0]
        return f"({differing}) AS p CROSS JOIN {source} ON {ours} = p.k LEFT JOIN {target} ON {theirs} = p.k"
    within, missing = _within(layout, layout.source, "a", span), f"{_keys(layout.target, 'b')[0]} IS NULL"
    same = _balanced(" AND ", [_same(layout, at) for at in range(len(layout.source.columns))])
    return (
        f"{source} LEFT JOIN {target} ON {_matching(layout, 'b', 'a')} WHERE {within} AND ({missing} OR NOT ({same}))"
    )


def _except(layout: Layout, side: Side, other: Side, span: Span) -> str:
    """The rowids (`k`) of the rows that the other side doesn't have in the same place: both are read side by side.

    Without LIMIT, SQLite may leave out the ORDER BY, and with it this way of doing it.
    """
    first, second = (_row(layout, table, span) for table in (side, other))
    return f"{first} EXCEPT {second} ORDER BY 1 LIMIT -1"


def _row(layout: Layout, side: Side, span: Span) -> str:
    names = [f"t.{quoted(column)}" for column in side.columns]
    pairs = zip(layout.source.columns, layout.target.columns, strict=True)
    places = [ours in layout.source.key and theirs in layout.target.key for ours, theirs in pairs]
    values = [f"{name} COLLATE BINARY" for name, place in zip(names, places, strict=True) if not place]
    types = [f"typeof({names[at]})" for at in layout.typed]
    if len(values) + len(types) >= MOST_COLUMNS:
        types = [_balanced(" || ", types)]
    chosen = ", ".join((f"{_keys(side, 't')[0]} AS k", *values, *types))
    return f"SELECT {chosen} FROM {side.named('t')} WHERE {_within(layout, side, 't', span)}"


def _same(layout: Layout, at: int, *, typed: bool = False) -> str:
    ours, theirs = (f"{alias}.{quoted(side.columns[at])}" for alias, side in _sides(layout))
    same = f"+{ours} IS +{theirs} COLLATE BINARY"
    return f"{same} AND typeof({ours}) = typeof({theirs})" if typed or at in layout.typed else same


def _sides(layout: Layout) -> tuple[tuple[str, Side], tuple[str, Side]]:
    return ("a", layout.source), ("b", layout.target)


def _matching(layout: Layout, left: str, right: str) -> str:
    """The condition that two rows have the same key; for the side on the left its index is used."""
    sides = dict(_sides(layout))
    pairs = zip(_keys(sides[left], left), _keys(sides[right], right), layout.rules, strict=True)
    return " AND ".join(f"{ours} = {theirs} COLLATE {COLLATIONS[rule]}" for ours, theirs, rule in pairs)


def _within(layout: Layout, side: Side, alias: str, span: Span) -> str:
    """The condition that a row is in the span. The collation is on the right: else no index is used for a row value."""
    keys, conditions, number = _keys(side, alias), [], 1
    for sign, bound in ((">", span.low), ("<=", span.high)):
        if bound is not None:
            places = []
            for value, rule in zip(bound, layout.rules, strict=True):
                place = f"+CAST(?{number} AS TEXT)" if is_text(value) else f"?{number}"
                places.append(f"{place} COLLATE {COLLATIONS[rule]}")
                number += 1
            conditions.append(f"{_together(keys)} {sign} {_together(places)}")
    return " AND ".join(conditions) or "1"


def _together(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _bound(layout: Layout, span: Span) -> tuple[object, ...]:
    return tuple(stored(value, layout.encoding) for value in (*(span.low or ()), *(span.high or ())))


def _order(layout: Layout, side: Side, alias: str) -> str:
    pairs = zip(_keys(side, alias), layout.rules, strict=True)
    return " ORDER BY " + ", ".join(f"{key} COLLATE {COLLATIONS[rule]}" for key, rule in pairs)


def _keys(side: Side, alias: str) -> list[str]:
    return [f"{alias}.{quoted(name)}" for name in side.key]


def _typed(expression: str) -> str:
    return f"typeof({expression}), {_as_stored(expression)}"


def _as_stored(expression: str) -> str:
    """The value, or the bytes of a text: apsw hands out nothing that is not valid UTF-8."""
    return f"CASE typeof({expression}) WHEN 'text' THEN CAST({expression} AS BLOB) ELSE {expression} END"


def _balanced(operator: str, parts: Sequence[str]) -> str:
    """The parts in a row, nested like a tree: SQLite refuses expressions that are deeper than 1000."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"({_balanced(operator, parts[:middle])}{operator}{_balanced(operator, parts[middle:])})"
