"""How the values of a table are compared, decided from its two shapes. Pure."""

from __future__ import annotations

import string
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap

from functions.comparer.core.kinds import Kind, common, orderable
from functions.comparer.core.options import AS_EVER, Options
from functions.comparer.core.table import Column, Key, Shape, TablePlan

NOTHING_IN_COMMON = "The two tables have no column in common."
NOTHING_COMPARABLE = "The two tables have no column that can be compared."

# Not every server can put numbers of 64 bits in the order of those of 32: beyond them it refuses, or has no infinity.
_WIDER_AND_NARROWER = {Kind.DOUBLE, Kind.SINGLE}
_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True)
class Planned:
    """What can be said of a table before a value is read.

    `plan` None: the table can't be compared, because no column of one side can be compared with one of the other.
    `missing` and `extra`: the columns that the target, or the source, lacks. `uncompared`: of columns that both sides
    have, which are not compared and why, as sentences; `left_out`: which were asked to be left out.
    """

    plan: TablePlan | None
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    uncompared: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What makes the tables differ whatever their values are, as sentences; or why they can't be compared."""
        if self.plan is None:
            return (*self.uncompared, *self.left_out, NOTHING_COMPARABLE if self.uncompared else NOTHING_IN_COMMON)
        return (*_lacking(self.missing, "target"), *_lacking(self.extra, "source"))


def plan_of(table: str, source: Shape, target: Shape, options: Options = AS_EVER) -> Planned:
    """Pair the columns by name, ASCII case ignored, and find the best key that both sides have."""
    pairs = dict(_pairs(source.columns, target.columns))
    taken = {column.name for column in pairs.values()}
    missing = tuple(column.name for column in source.columns if column not in pairs)
    extra = tuple(column.name for column in target.columns if column.name not in taken)
    kinds = {ours: common(ours.type, theirs.type, utc=options.utc) for ours, theirs in pairs.items()}
    left_out = [ours for ours in pairs if options.leaves_out(ours, pairs[ours])]
    chosen = {ours: theirs for ours, theirs in pairs.items() if kinds[ours] is not None and ours not in left_out}
    uncompared = tuple(_uncompared(ours, pairs[ours]) for ours in pairs if kinds[ours] is None)
    told = tuple(f"Column {ours.name} was left out, as was asked for." for ours in left_out)
    if not chosen:
        return Planned(None, missing, extra, uncompared, told)
    plan = _plan(table, chosen, {ours: kind for ours, kind in kinds.items() if kind}, source.keys, target.keys, options)
    return Planned(plan, missing, extra, uncompared, told)


def _plan(
    table: str,
    chosen: Mapping[Column, Column],
    kinds: Mapping[Column, Kind],
    ours: Sequence[Key],
    theirs: Sequence[Key],
    options: Options,
) -> TablePlan:
    names = tuple((column.name, other.name) for column, other in chosen.items())
    typed = any(kinds[column] is not Kind.ANY for column in chosen)
    if typed:
        sortable = {
            column.name
            for column, other in chosen.items()
            if orderable(kinds[column]) and {column.type.kind, other.type.kind} != _WIDER_AND_NARROWER
        }
        key = _same_columns(ours, theirs, dict(names), sortable)
    else:
        key = _shared_key(ours, theirs, dict(names))
    places = {name: place for place, (name, _) in enumerate(names)}

    def told(column: Column, other: Column) -> Kind:
        # What names a row is always compared by its value: rows can't be found by a length.
        named = key is not None and column.name in key.columns
        return kinds[column] if named else options.kind(column, other, kinds[column])

    return TablePlan(
        table,
        columns=names,
        kinds=tuple((column.kind, other.kind) for column, other in chosen.items()),
        key=tuple(places[name] for name in key.columns) if key else (),
        rules=key.rules if key else (),
        common=tuple(starmap(told, chosen.items())) if typed else (),
    )


def _pairs(ours: Sequence[Column], theirs: Sequence[Column]) -> Iterator[tuple[Column, Column]]:
    # An engine may have columns that differ in case alone: equal names come first, then what is left.
    exact = {column.name: column for column in theirs}
    names = {column.name for column in ours}
    folded = {_fold(column.name): column for column in reversed(theirs) if column.name not in names}
    for column in ours:
        found = exact.get(column.name) or folded.pop(_fold(column.name), None)
        if found:
            yield column, found


def _fold(name: str) -> str:
    return name.translate(_TO_LOWER)


def _shared_key(ours: Sequence[Key], theirs: Sequence[Key], paired: Mapping[str, str]) -> Key | None:
    # In any order of their columns: what is unique in one order is unique in every other.
    offered = {frozenset(zip(key.columns, key.kinds, key.rules, strict=True)) for key in theirs}
    for key in ours:
        names = [paired.get(name) for name in key.columns]
        if frozenset(zip(names, key.kinds, key.rules, strict=True)) in offered:
            return key
    return None


def _same_columns(
    ours: Sequence[Key], theirs: Sequence[Key], paired: Mapping[str, str], sortable: Collection[str]
) -> Key | None:
    """A key of both sides whatever each calls its types: its values are compared in their canonical form."""
    offered = {frozenset(key.columns) for key in theirs}
    for key in ours:
        if all(name in sortable for name in key.columns) and frozenset(paired[n] for n in key.columns) in offered:
            return key
    return None


def _uncompared(ours: Column, theirs: Column) -> str:
    here, there = ours.type.native or "any type", theirs.type.native or "any type"
    return f"Column {ours.name} was not compared: {here} and {there} have no form in common."


def _lacking(names: Sequence[str], side: str) -> Iterator[str]:
    if len(names) == 1:
        yield f"Column {names[0]} is missing in the {side}."
    elif names:
        yield f"Columns {', '.join(names)} are missing in the {side}."
