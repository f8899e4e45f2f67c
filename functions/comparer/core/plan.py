"""How the values of a table are compared, decided from its two shapes. Pure."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from functions.comparer.core.table import Column, Key, Shape, TablePlan

NOTHING_IN_COMMON = "The two tables have no column in common."

_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True)
class Planned:
    """What can be said of a table before a value is read.

    `plan` None: the table can't be compared, because the sides have no column in common. `missing` and `extra`: the
    columns that the target, or the source, lacks.
    """

    plan: TablePlan | None
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What makes the tables differ whatever their values are, as sentences; or why they can't be compared."""
        if self.plan is None:
            return (NOTHING_IN_COMMON,)
        return (*_lacking(self.missing, "target"), *_lacking(self.extra, "source"))


def plan_of(table: str, source: Shape, target: Shape) -> Planned:
    """Pair the columns by name, ASCII case ignored, and find the best key that both sides have."""
    pairs = dict(_pairs(source.columns, target.columns))
    taken = {column.name for column in pairs.values()}
    missing = tuple(column.name for column in source.columns if column not in pairs)
    extra = tuple(column.name for column in target.columns if column.name not in taken)
    if not pairs:
        return Planned(None, missing, extra)
    names = tuple((ours.name, theirs.name) for ours, theirs in pairs.items())
    key = _shared_key(source.keys, target.keys, dict(names))
    places = {ours: place for place, (ours, _) in enumerate(names)}
    plan = TablePlan(
        table,
        columns=names,
        kinds=tuple((ours.kind, theirs.kind) for ours, theirs in pairs.items()),
        key=tuple(places[name] for name in key.columns) if key else (),
        rules=key.rules if key else (),
    )
    return Planned(plan, missing, extra)


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


def _lacking(names: Sequence[str], side: str) -> Iterator[str]:
    if len(names) == 1:
        yield f"Column {names[0]} is missing in the {side}."
    elif names:
        yield f"Columns {', '.join(names)} are missing in the {side}."
