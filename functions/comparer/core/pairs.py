"""Which database of the source corresponds to which one of the target."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from functions.comparer.core.engine import Endpoint


@dataclass(frozen=True)
class Pair:
    """Two databases that should be equal; a side that lacks it has the name that it should have there."""

    source: str
    target: str
    in_source: bool
    in_target: bool


def pairs_of(source: Endpoint, target: Endpoint, mapping: Mapping[str, str]) -> tuple[Pair, ...]:
    """Every database of either side, once. Raises `Unreadable`.

    Two single databases belong together whatever their names are, unless the mapping speaks of them.
    """
    ours, theirs = source.names(), target.names()
    if source.single and target.single and not set(mapping) & ours:
        (left,), (right,) = ours, theirs
        return (Pair(left, right, in_source=True, in_target=True),)
    return match(ours, theirs, mapping)


def match(ours: Collection[str], theirs: Collection[str], mapping: Mapping[str, str]) -> tuple[Pair, ...]:
    """Pair by the mapping (source name to target name), then by equal names; what is left has no counterpart."""
    origin = {there: here for here, there in mapping.items()}
    found = []
    for here in sorted(ours):
        there = mapping.get(here, here)
        taken = origin.get(there, here) != here
        found.append(Pair(here, there, in_source=True, in_target=there in theirs and not taken))
    paired = {pair.target for pair in found if pair.in_target}
    alone = sorted(set(theirs) - paired)
    return (*found, *(Pair(origin.get(there, there), there, in_source=False, in_target=True) for there in alone))
