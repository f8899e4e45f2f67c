"""How many connections all comparisons of this process have to one server together.

Every side of a comparison has one, for without it nothing is read; what is left of a server's number is shared out.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from functions.comparer.core.engine import Endpoint


class Wanted(NamedTuple):
    """How many connections there may be to a side's server at a time (None: it has none), and if it can use `many`."""

    server: str | None
    most: int
    many: bool


class Allowance:
    """What is in use of each server's number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = Counter[str | None]()

    @contextmanager
    def taken(self, *sides: Endpoint, many: bool) -> Iterator[list[int]]:
        """For the block, how many connections each side of a comparison gets: one, unless it can use `many`."""
        wanted = [Wanted(side.server, side.connections, many) for side in sides]
        with self._lock:
            given = shares(wanted, self._used)
            taken = Counter[str | None]()
            for side, number in zip(wanted, given, strict=True):
                taken[side.server] += number
            self._used += taken
        try:
            yield given
        finally:
            with self._lock:
                self._used -= taken


CONNECTIONS: Final = Allowance()
"""Those of this process."""


def shares(wanted: Sequence[Wanted], used: Mapping[str | None, int]) -> list[int]:
    """One for every side, and of what is left of its server's number as many as it can use, sides taking turns."""
    given = [1] * len(wanted)
    left: dict[str | None, int] = {}
    for side in wanted:  # Of two numbers for one server the smaller one counts.
        left[side.server] = min(side.most, left.get(side.server, side.most))
    for server in left:
        left[server] -= used.get(server, 0) + sum(side.server == server for side in wanted)
    while True:
        before = list(given)
        for at, side in enumerate(wanted):
            if left[side.server] > 0 and side.many:
                given[at] += 1
                left[side.server] -= 1
        if given == before:
            return given
