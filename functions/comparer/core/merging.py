"""Two streams of canonical rows in the order of their keys become what differs. Pure; the compiled twin is `_rows`."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from functions.comparer.core.cells import cells_of, key_in, placed, rows_in

OVER: Final = 2
"""What a step wants when both sides are at their end."""
ENOUGH: Final = 3
"""What a step wants when it was given room for no more."""

Pair = tuple[bytes | None, bytes | None]
"""A row that differs, as the source and the target have it; None: that side lacks it."""


class OutOfOrder(Exception):
    """A side's keys don't rise from row to row: its order is not that of canonical keys, or a key is there twice.

    Where a merge sees it, `args[0]` is the side: 0 the source, 1 the target.
    """


class Step(NamedTuple):
    """How far a merge has come since the step before.

    `wants`: the side (0, 1) whose rows have run out, or `OVER` or `ENOUGH`. `source_rows` and `target_rows` are those
    passed, of which `missing` are in the source alone, `extra` in the target alone, `changed` in both and different.
    `differences`: as many of them as there was room for, in order. `key`: the cells of the last key that was passed;
    None: none was.
    """

    wants: int
    source_rows: int
    target_rows: int
    missing: int
    extra: int
    changed: int
    differences: list[Pair]
    key: bytes | None


class Merge(Protocol):
    """Two sides that are merged."""

    def give(self, side: int, block: bytes) -> None:
        """More canonical rows of a side; an empty block: it has no more."""
        ...

    def step(self, most: int, room: int) -> Step:
        """Go on for at most so many rows of both sides together, handing out at most `room` differences.

        Raises `OutOfOrder`.
        """
        ...


class PlainMerge:
    """`Merge` in Python alone."""

    def __init__(self) -> None:
        self._rows: list[list[bytes]] = [[], []]  # Of each side those that wait, the next one last.
        self._over = [False, False]
        self._last: list[tuple[tuple[int, bytes], ...] | None] = [None, None]
        self._heads: list[tuple[tuple[int, bytes], ...] | None] = [None, None]

    def give(self, side: int, block: bytes) -> None:
        """See `Merge.give`."""
        if not block:
            self._over[side] = True
            return
        self._rows[side] = [*list(rows_in(block))[::-1], *self._rows[side]]

    def step(self, most: int, room: int) -> Step:
        """See `Merge.step`."""
        found: list[Pair] = []
        passed, missing, changed = [0, 0], 0, 0
        extra = 0
        key: bytes | None = None
        wants = ENOUGH
        while sum(passed) < most:
            short = next((side for side in (0, 1) if not self._rows[side] and not self._over[side]), None)
            if short is not None or not (self._rows[0] or self._rows[1]):
                wants = OVER if short is None else short
                break
            ours, theirs = self._head(0), self._head(1)
            if theirs is None or (ours is not None and ours < theirs):
                pair: Pair = (self._take(0), None)
                missing += 1
            elif ours is None or theirs < ours:
                pair = (None, self._take(1))
                extra += 1
            else:
                pair = (self._take(0), self._take(1))
                changed += pair[0] != pair[1]
            passed[0] += pair[0] is not None
            passed[1] += pair[1] is not None
            key = key_in(pair[0] or pair[1] or b"")
            if pair[0] != pair[1] and len(found) < room:
                found.append(pair)
        return Step(wants, passed[0], passed[1], missing, extra, changed, found, key)

    def _head(self, side: int) -> tuple[tuple[int, bytes], ...] | None:
        """What the next row of a side sorts by; None: there is none."""
        if not self._rows[side]:
            return None
        if self._heads[side] is None:
            head, last = placed(cells_of(key_in(self._rows[side][-1]))), self._last[side]
            if last is not None and head <= last:
                raise OutOfOrder(side)
            self._heads[side] = head
        return self._heads[side]

    def _take(self, side: int) -> bytes:
        self._last[side], self._heads[side] = self._heads[side], None
        return self._rows[side].pop()
