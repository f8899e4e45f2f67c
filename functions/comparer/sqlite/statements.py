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
from functions.comparer.sqlite.expressions import balanced, keys_of, typed
from functions.comparer.sqlite.keys import COLLATIONS, NUMERIC_KINDS, Span, is_text, stored
from functions.comparer.sqlite.layout import MOST_COLUMNS, Layout, Side

# Sums of remainders don't overflow.
_PRIME = 1_000_003


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
    keys = ", ".join(map(typed, keys_of(side, "t")))
    sql = f"SELECT {keys} FROM {side.named('t')} WHERE {_within(layout, side, 't', span)}{_order(layout, side, 't')}"
    return Statement(f"{sql} LIMIT 1 OFFSET {number - 1:d}", _bound(layout, span))


def count(layout: Layout, side: Side, span: Span, most: int | None = None) -> Statement:
    """How many rows one side has, counted no further than `most`; and of rowids a sum, which tells most of them apart.

    The sum is NULL where there is no row.
    """
    number = f"{keys_of(side, 't')[0]} % {_PRIME:d}" if layout.merged else "0"
    found = f"SELECT {number} AS n FROM {side.named('t')} WHERE {_within(layout, side, 't', span)}"
    limited = found if most is None else f"{found} LIMIT {most:d}"
    return Statement(f"SELECT count(*), sum(n) FROM ({limited})", _bound(layout, span))


def misread(layout: Layout, side: Side) -> Statement | None:
    """Whether one side has a key that this release of SQLite takes for another when it looks for it; None: it can't.

    In a column that prefers numbers an older release keeps a number with a NUL after it as the text that it is.
    """
    pairs = zip(keys_of(side, "t"), layout.kinds, strict=True)
    texts = [f"(typeof({key}) = 'text' AND instr({key}, char(0)))" for key, kind in pairs if kind in NUMERIC_KINDS]
    if side.index is None or not texts:
        return None
    return Statement(f"SELECT EXISTS (SELECT 1 FROM {side.named('t')} WHERE {' OR '.join(texts)})", ())


def unpartnered(layout: Layout, span: Span) -> Statement:
    """How many keys of the target the source doesn't have, both read in order side by side."""
    target, source = (_keys_in_order(layout, side, span) for side in (layout.target, layout.source))
    places = ", ".join(str(at) for at, _ in enumerate(layout.rules, start=1))
    return Statement(
        f"SELECT count(*) FROM ({target} EXCEPT {source} ORDER BY {places} LIMIT -1)", _bound(layout, span)
    )


def _keys_in_order(layout: Layout, side: Side, span: Span) -> str:
    keys = ", ".join(_ordered(layout, side, "t"))
    return f"SELECT {keys} FROM {side.named('t')} WHERE {_within(layout, side, 't', span)}"


def length(side: Side) -> Statement:
    """How many rows the table has, in whatever order: SQLite counts them page by page.

    Without an index to be asked for, a table without a rowid is counted in that which it is.
    """
    return Statement(f"SELECT count(*) FROM {side.plain('t')}", ())


def weight(layout: Layout, side: Side, span: Span) -> Statement:
    """How many bytes the keys of one side have together, numbers by their digits."""
    size = " + ".join(f"octet_length({key})" for key in keys_of(side, "t"))
    within = _within(layout, side, "t", span)
    return Statement(
        f"SELECT CAST(total({size}) AS INTEGER) FROM {side.named('t')} WHERE {within}", _bound(layout, span)
    )


def tally(layout: Layout, span: Span) -> Statement:
    """How many rows of the source differ, and how many of these the target has under the same key."""
    present = keys_of(layout.target, "b")[0]
    if layout.merged:
        differing = unmatched(layout, layout.source, layout.target, span)
        rows = f"({differing}) AS p LEFT JOIN {layout.target.named('b')} ON {present} = p.k"
    else:
        rows = _differing(layout, span)
    return Statement(f"SELECT count(*), count({present}) FROM {rows}", _bound(layout, span))


def rowids(layout: Layout, span: Span) -> Statement:
    """The rowids of the rows of the source that differ, each with whether the target has it."""
    differing = unmatched(layout, layout.source, layout.target, span)
    theirs = keys_of(layout.target, "b")[0]
    rows = f"({differing}) AS p LEFT JOIN {layout.target.named('b')} ON {theirs} = p.k"
    return Statement(f"SELECT p.k, {theirs} IS NOT NULL FROM {rows}", _bound(layout, span))


def listing(layout: Layout, span: Span) -> Statement:
    """The rows of the source that differ, in the order of their keys.

    Each is: whether the target has it; whether the target's index, if it is apart, says the key that the row has; the
    keys of both sides, in pairs of types and stored values; and a text with a 1 for every column that is equal and a 0
    for every other.
    """
    ours, theirs = keys_of(layout.source, "a"), keys_of(layout.target, "b")
    values = ", ".join(map(typed, (*ours, *theirs)))
    flags = balanced(" || ", [f"({_same(layout, at, typed=True)})" for at in range(len(layout.source.columns))])
    order = "" if layout.merged else _order(layout, layout.source, _rows(layout.source, "a")[1])
    right = " AND ".join(_entry_is_right(layout.target, "b")) or "1"
    sql = f"SELECT {theirs[0]} IS NOT NULL, {right}, {values}, {flags} FROM {_differing(layout, span)}{order}"
    return Statement(sql, _bound(layout, span))


def extras(layout: Layout, span: Span, most: int = -1) -> Statement:
    """The keys, in order, that the target alone has; `most`: of them, -1: all.

    Each is: whether the row has the key that an index apart from it says; and pairs of types and stored values.
    """
    side = layout.target
    keys = ", ".join(map(typed, keys_of(side, "b")))
    within = _within(layout, side, "b", span)
    partner = f"SELECT 1 FROM {layout.source.named('a')} WHERE {_matching(layout, 'a', 'b')}"
    right = "1"
    if side.rowid is not None:
        said = " AND ".join(_same_keys(side, "r", "b"))
        right = (
            f"EXISTS (SELECT 1 FROM {side.plain('r')} WHERE r.{quoted(side.rowid)} = b.{quoted(side.rowid)} AND {said})"
        )
    sql = f"SELECT {right}, {keys} FROM {side.named('b')} WHERE {within} AND NOT EXISTS ({partner})"
    return Statement(f"{sql}{_order(layout, side, 'b')} LIMIT {most:d}", _bound(layout, span))


def _differing(layout: Layout, span: Span) -> str:
    """What stands after FROM (`a` is the source, `b` the target) for the rows of the source that differ."""
    if layout.merged:
        differing = unmatched(layout, layout.source, layout.target, span)
        ours, theirs = keys_of(layout.source, "a")[0], keys_of(layout.target, "b")[0]
        source, target = layout.source.named("a"), layout.target.named("b")
        return f"({differing}) AS p LEFT JOIN {source} ON {ours} = p.k LEFT JOIN {target} ON {theirs} = p.k"
    found, place = _rows(layout.source, "a")
    places = range(len(layout.source.columns))
    within, missing = _within(layout, layout.source, place, span), f"{keys_of(layout.target, 'b')[0]} IS NULL"
    same = balanced(" AND ", [*_entry_is_right(layout.source, "a"), *(_same(layout, at) for at in places)])
    return f"{found} {_partner(layout)} WHERE {within} AND ({missing} OR NOT ({same}))"


def _entry_is_right(side: Side, alias: str) -> list[str]:
    """The conditions that a row has the key that an index apart from it says."""
    return [] if side.rowid is None else _same_keys(side, alias, f"{alias}_entry")


def _same_keys(side: Side, alias: str, entry: str) -> list[str]:
    pairs = zip(keys_of(side, alias), keys_of(side, entry), strict=True)
    return [f"+{own} IS +{said} COLLATE BINARY" for own, said in pairs]


def _rows(side: Side, alias: str) -> tuple[str, str]:
    """What stands after FROM for whole rows in the order of the key, and the alias of what is in that order.

    An index apart from the rows brings them in order and says nothing else of them: it may be wrong. What it has that
    the table lacks is a row of NULLs.
    """
    if side.rowid is None:
        return side.named(alias), alias
    entry = f"{alias}_entry"
    rowid = quoted(side.rowid)
    return f"{side.named(entry)} LEFT JOIN {side.plain(alias)} ON {alias}.{rowid} = {entry}.{rowid}", entry


def _partner(layout: Layout) -> str:
    """What joins the row of the target with the same key as `a`, if there is one."""
    side, rowid = layout.target, quoted(layout.target.rowid or "")
    if layout.target.rowid is None:
        return f"LEFT JOIN {side.named('b')} ON {_matching(layout, 'b', 'a')}"
    entry = f"LEFT JOIN {side.named('b_entry')} ON {_matching(layout, 'b', 'a', 'b_entry')}"
    return f"{entry} LEFT JOIN {side.plain('b')} ON b.{rowid} = b_entry.{rowid}"


def unmatched(layout: Layout, side: Side, other: Side, span: Span) -> str:
    """A query of the rowids (`k`) of the rows that the other side doesn't have in the same place.

    Both are read side by side. Without LIMIT, SQLite may leave out the ORDER BY, and with it this way of doing it.
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
        types = [balanced(" || ", types)]
    chosen = ", ".join((f"{keys_of(side, 't')[0]} AS k", *values, *types))
    return f"SELECT {chosen} FROM {side.named('t')} WHERE {_within(layout, side, 't', span)}"


def _same(layout: Layout, at: int, *, typed: bool = False) -> str:
    ours, theirs = (f"{alias}.{quoted(side.columns[at])}" for alias, side in _sides(layout))
    same = f"+{ours} IS +{theirs} COLLATE BINARY"
    return f"{same} AND typeof({ours}) = typeof({theirs})" if typed or at in layout.typed else same


def _sides(layout: Layout) -> tuple[tuple[str, Side], tuple[str, Side]]:
    return ("a", layout.source), ("b", layout.target)


def _matching(layout: Layout, left: str, right: str, entry: str | None = None) -> str:
    """The condition that two rows have the same key; of the left one the index is used, as `entry` if it is apart."""
    sides = dict(_sides(layout))
    pairs = zip(keys_of(sides[left], entry or left), keys_of(sides[right], right), layout.rules, strict=True)
    return " AND ".join(f"{ours} = {theirs} COLLATE {COLLATIONS[rule]}" for ours, theirs, rule in pairs)


def _within(layout: Layout, side: Side, alias: str, span: Span) -> str:
    """The condition that a row is in the span. The collation is on the right: else no index is used for a row value."""
    keys, conditions, number = keys_of(side, alias), [], 1
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
    return " ORDER BY " + ", ".join(_ordered(layout, side, alias))


def _ordered(layout: Layout, side: Side, alias: str) -> list[str]:
    pairs = zip(keys_of(side, alias), layout.rules, strict=True)
    return [f"{key} COLLATE {COLLATIONS[rule]}" for key, rule in pairs]
