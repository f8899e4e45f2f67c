"""What two servers find equal by themselves need not be read: each sends a digest of a range's rows in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from functions.comparer.core.engine import (
    Bounds,
    Digest,
    Digester,
    SideName,
    Snapshot,
    Stop,
    TableUnreadable,
    closed,
    sided,
)
from functions.comparer.core.ranges import at_once
from functions.comparer.core.table import Reading

_NAMES: tuple[SideName, SideName] = ("source", "target")
_TRIED = 8
"""Ranges after which it shows whether this leads anywhere."""


@dataclass(frozen=True)
class Digesters:
    """Those of both sides, whose digests can be compared."""

    sides: tuple[Digester, Digester]

    @property
    def divisible(self) -> bool:
        """Whether a range takes no more than its share."""
        return all(side.divisible for side in self.sides)


def digesters(sides: tuple[Snapshot, Snapshot], readings: tuple[Reading, Reading]) -> Digesters | None:
    """What digests a table on both sides; None: there is no digest that means the same on both."""
    source, target = (side.digester(reading) for side, reading in zip(sides, readings, strict=True))
    if source is None or target is None or source.form != target.form:
        return None
    return Digesters((source, target))


def equal(both: Digesters, ranges: Sequence[Bounds], workers: int, stop: Stop) -> Iterator[tuple[int, int]]:
    """The number of each range whose rows are the same on both sides, and how many they are, as it is found.

    It ends early where too many differ for this to be worth its time. Raises `Unreadable` and `Stopped`.
    """
    shares = [range(first, len(ranges), workers) for first in range(min(workers, len(ranges)))]
    work = [(side, share) for share in shares for side in (0, 1)]

    def digest(item: tuple[int, range]) -> Iterator[tuple[int, Digest]]:
        side, share = item
        found = both.sides[side].of([ranges[number] for number in share])
        with closed(sided(found, _NAMES[side])) as digests:
            yield from zip(share, digests, strict=True)

    waiting: dict[int, Digest] = {}
    seen = differing = 0
    try:
        with closed(at_once(digest, work, len(work), stop)) as found:
            for _, (number, ours) in found:
                theirs = waiting.pop(number, None)
                if theirs is None:
                    waiting[number] = ours
                    continue
                seen += 1
                if ours == theirs and ours.value is not None:
                    yield number, ours.rows
                else:
                    differing += 1
                if seen >= _TRIED and differing * 2 > seen:
                    return
    except TableUnreadable:
        # Whoever reads the rows that are left meets what is behind it, or finds that rows can be read all the same.
        return
