"""How many connections each side of a comparison has; a server's number is that of all comparisons together.

Every side has one, for without it nothing is read; so two sides on one server have two, though its number be one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from functions.comparer.core.engine import Endpoint

Connections = tuple[int, int]
"""How many the source and the target of a comparison have."""


class Wanted(NamedTuple):
    """How many connections there may be to a side's server at a time (None: it has none), and if it can use `many`."""

    server: str | None
    most: int
    many: bool


def wanted(source: Endpoint, target: Endpoint, *, many: bool) -> tuple[Wanted, Wanted]:
    """What the two sides of a comparison need."""
    return Wanted(source.server, source.connections, many), Wanted(target.server, target.connections, many)


def alone(source: Endpoint, target: Endpoint) -> Connections:
    """All that a comparison of values may have that is the only one."""
    ours, theirs = shares(wanted(source, target, many=True))
    return ours, theirs


def numbers(sides: Iterable[Wanted]) -> dict[str, int]:
    """How many connections there may be to each server: of several numbers for one the smallest counts."""
    found: dict[str, int] = {}
    for side in sides:
        if side.server is not None:
            found[side.server] = min(side.most, found.get(side.server, side.most))
    return found


def sides_on(sides: Iterable[Wanted]) -> Counter[str]:
    """How many sides are on each server."""
    return Counter(side.server for side in sides if side.server is not None)


def shares(sides: Sequence[Wanted], left: Mapping[str, int] | None = None) -> list[int]:
    """One for every side, and beyond that as many as it can use of those that are `left` of each server's, in turns.

    `left` None: all of its number that the sides don't have already. What is no server gives all that it has.
    """
    if left is None:
        left = Counter(numbers(sides))
        left.subtract(sides_on(sides))
    given = [side.most if side.many and side.server is None else 1 for side in sides]
    rest = dict(left)
    while True:
        before = list(given)
        for at, side in enumerate(sides):
            if side.many and side.server is not None and rest.get(side.server, 0) > 0:
                given[at] += 1
                rest[side.server] -= 1
        if given == before:
            return given
