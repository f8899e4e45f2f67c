"""Which database of the source corresponds to which one of the target."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import chain, count

from functions.comparer.core.engine import Endpoint, SideName, Stop, of_side


@dataclass(frozen=True)
class Pair:
    """Two databases that should be equal; a side that lacks it has the name that it should have there.

    `hidden`: the side that may have it and doesn't tell. No two pairs have the same `source`: whatever is found is
    known by it.
    """

    source: str
    target: str
    in_source: bool
    in_target: bool
    hidden: SideName | None = None


def pairs_of(
    source: Endpoint, target: Endpoint, mapping: Mapping[str, str], stop: Stop | None = None
) -> tuple[Pair, ...]:
    """Every database of either side, once. Raises `Unreadable` and, where there is a `stop`, `Stopped`.

    Two single databases belong together whatever their names are, unless the mapping speaks of them. Where one doesn't
    exist the other has no counterpart.
    """
    with of_side("source"):
        ours = source.names(stop)
    with of_side("target"):
        theirs = target.names(stop)
    # What may be there isn't missing: whoever opens it is told why that isn't known.
    origin = {there: here for here, there in mapping.items()}
    with of_side("source"):
        hidden_here = source.hidden({origin.get(name, name) for name in theirs} - ours, stop)
    with of_side("target"):
        hidden_there = target.hidden({mapping.get(name, name) for name in ours} - theirs, stop)
    ours, theirs = ours | hidden_here, theirs | hidden_there
    if source.single and target.single and ours and theirs and not set(mapping) & ours:
        (left,), (right,) = ours, theirs
        return (Pair(left, right, in_source=True, in_target=True),)
    return tuple(
        replace(
            pair, hidden="source" if pair.source in hidden_here else "target" if pair.target in hidden_there else None
        )
        for pair in match(ours, theirs, mapping)
    )


def match(ours: Collection[str], theirs: Collection[str], mapping: Mapping[str, str]) -> tuple[Pair, ...]:
    """Pair by the mapping (source name to target name), then by equal names; what is left has no counterpart.

    A database of the target alone whose name in the source is another pair's is called ``name (target)`` there.
    """
    origin = {there: here for here, there in mapping.items()}
    found = []
    for here in sorted(ours):
        there = mapping.get(here, here)
        taken = origin.get(there, here) != here
        found.append(Pair(here, there, in_source=True, in_target=there in theirs and not taken))
    paired = {pair.target for pair in found if pair.in_target}
    names = set(ours)
    # Those that the mapping speaks of first: it says that the name is theirs.
    for there in sorted(set(theirs) - paired, key=lambda name: (name not in origin, name)):
        here = _free(origin.get(there, there), there, names)
        names.add(here)
        found.append(Pair(here, there, in_source=False, in_target=True))
    return (*found[: len(ours)], *sorted(found[len(ours) :], key=lambda pair: pair.target))


def _free(name: str, there: str, taken: Collection[str]) -> str:
    """The name, or else one after the target's that nobody has."""
    others = (f"{there} (target{f' {number}' if number > 1 else ''})" for number in count(1))
    return next(free for free in chain([name], others) if free not in taken)
