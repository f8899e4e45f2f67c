"""Comparing a table by its key on any two engines: both sides come as canonical rows in one order and are merged.

Nothing but what waits to be merged is held, and how long it takes doesn't depend on how many rows differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

from functions.comparer.core.alike import Alike
from functions.comparer.core.cells import cells_in, cells_of, key_in, values_of
from functions.comparer.core.compiled import merge
from functions.comparer.core.digested import Digesters, digesters, equal
from functions.comparer.core.engine import Bounds, Snapshot, Stop, closed, sided
from functions.comparer.core.kinds import Kind
from functions.comparer.core.merging import ENOUGH, OVER, Pair, Step
from functions.comparer.core.options import Options
from functions.comparer.core.packing import key_cells
from functions.comparer.core.ranges import Range, at_once, joined, marked, unmarked
from functions.comparer.core.table import Chunk, Difference, DifferenceKind, Reading, Row, TablePlan

METHOD = "streamed"

_CHUNK_ROWS = 50_000
"""Of both sides together, between two marks."""
_CHUNK_DIFFERENCES = 2_000
"""From which on a part is handed out; it has no more besides than the blocks that were being merged."""
_WORTH_RANGES = 200_000
"""Rows from which on a table is cut into ranges."""
_WORTH_DIGESTS = 5_000
"""Rows from which on the servers are asked for digests first."""
_DIGEST_ROWS = 10_000
_MOST_DIGESTS = 500
"""Ranges that are digested: few enough for a mark to tell what is left of them."""
_ALL = 1 << 62


@dataclass(frozen=True)
class Layout:
    """Where the columns of a plan stand in canonical rows: those of the key first. `places`: positions in the plan."""

    plan: TablePlan
    places: tuple[int, ...]

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """Of the cells."""
        return tuple(self.plan.common[place] for place in self.places)

    @property
    def readings(self) -> tuple[Reading, Reading]:
        """What the source reads, and what the target."""
        pairs = [self.plan.columns[place] for place in self.places]
        ours, theirs = tuple(ours for ours, _ in pairs), tuple(theirs for _, theirs in pairs)
        table, key = self.plan.table, len(self.plan.key)
        return Reading(table, ours, self.kinds, key), Reading(table, theirs, self.kinds, key)

    def bounds(self, part: Range) -> Bounds:
        """Between which keys a range lies."""
        low, high = (None if cells is None else self.key_of(cells) for cells in (part.low, part.high))
        return low, high

    def key_of(self, cells: bytes) -> Row:
        """The key's values."""
        return values_of(cells_of(cells), self.kinds[: len(self.plan.key)])

    def cells_of(self, key: Row) -> bytes:
        """The key's cells, of values as `key_of` makes them."""
        return key_cells(key, self.kinds[: len(self.plan.key)])

    def alike(self, options: Options) -> Alike:
        """What makes two rows the same."""
        return Alike(self.kinds, self.tolerances(options))

    def tolerances(self, options: Options) -> dict[int, Decimal]:
        """By position in a row."""
        names = [self.plan.columns[place][0] for place in self.places]
        given = {at: options.tolerance(self.plan.table, name) for at, name in enumerate(names)}
        return {at: tolerance for at, tolerance in given.items() if tolerance and at >= len(self.plan.key)}

    def difference(self, pair: Pair, columns: Sequence[int]) -> Difference:
        """What is told of a pair of rows; `columns`: of two rows, the positions at which they differ."""
        row = pair[0] or pair[1] or b""
        key = self.key_of(key_in(row)) if self.plan.key else values_of(cells_in(row), self.kinds)
        mark = key_in(row).hex() if self.plan.key else None
        # Rows that are brought together by a key have the same one.
        ours, theirs = (None if side is None else key for side in pair)
        names = tuple(self.plan.columns[self.places[at]][0] for at in columns)
        kind: DifferenceKind = "extra" if ours is None else "missing" if theirs is None else "changed"
        return Difference(kind, ours, theirs, names, mark)


def layout_of(plan: TablePlan) -> Layout:
    """Key first, then the rest in the order of the plan."""
    return Layout(plan, (*plan.key, *(place for place in range(len(plan.columns)) if place not in plan.key)))


def streamed(
    source: Snapshot, target: Snapshot, plan: TablePlan, after: str | None, room: int, stop: Stop, options: Options
) -> Iterator[Chunk]:
    """Compare a table with a key from a mark on, handing out up to `room` differences.

    Ranges of a large table that both servers find equal by themselves are not read. Where both sides take several
    connections, what is left is compared in several ranges of its keys at a time; the differences are in the order of
    the keys within each. Raises `OutOfOrder` where a side can't keep the order, `TableUnreadable`, `Unreadable` and
    `Stopped`.
    """
    layout, workers = layout_of(plan), min(source.connections, target.connections)
    rows = source.about(plan.table)
    digests = digesters((source, target), layout.readings) if rows >= _WORTH_DIGESTS else None
    ranges = unmarked(after) if after is not None else _cut(source, layout, _parts(rows, workers, digests))
    if digests is not None and (digests.divisible or after is None):
        with closed(_agreeing(layout, digests, ranges, workers, stop)) as chunks:
            yield from chunks
    ranges = joined(ranges, workers)

    def compare(part: Range) -> Iterator[Part]:
        return _range(layout, source, target, part, room, stop, options)

    with closed(_found(compare, ranges, workers, stop)) as parts:
        for number, part in parts:
            ranges[number] = part.range
            room -= len(part.differences)
            yield part.chunk(marked(ranges))


def _parts(rows: int, workers: int, digests: Digesters | None) -> int:
    """Into how many ranges a table of about so many rows is cut."""
    if digests is not None and digests.divisible:
        return max(1, min(rows // _DIGEST_ROWS, _MOST_DIGESTS))
    return workers if rows >= _WORTH_RANGES else 1


def _cut(source: Snapshot, layout: Layout, parts: int) -> list[Range]:
    ends = [layout.cells_of(key) for key in source.split(layout.readings[0], parts)] if parts > 1 else []
    return [Range(low, high) for low, high in pairwise([None, *ends, None])]


def _agreeing(layout: Layout, digests: Digesters, ranges: list[Range], workers: int, stop: Stop) -> Iterator[Chunk]:
    """Let the servers find ranges with equal rows, which are over then; all in one where a part would take as long."""
    spans = ranges if digests.divisible else [Range(None, None)]
    with closed(equal(digests, [layout.bounds(span) for span in spans], workers, stop)) as found:
        for number, rows in found:
            over = slice(number, number + 1) if digests.divisible else slice(None)
            ranges[over] = [replace(part, over=True) for part in ranges[over]]
            yield Chunk(marked(ranges), source_rows=rows, target_rows=rows)


def _found(
    compare: Callable[[Range], Iterator[Part]], ranges: Sequence[Range], workers: int, stop: Stop
) -> Iterator[tuple[int, Part]]:
    """What is found in each range, with its number."""
    if len(ranges) > 1:
        yield from at_once(compare, ranges, workers, stop)
    elif ranges:
        with closed(compare(ranges[0])) as parts:
            for part in parts:
                yield 0, part


def _range(
    layout: Layout, source: Snapshot, target: Snapshot, part: Range, room: int, stop: Stop, options: Options
) -> Iterator[Part]:
    """Compare the rest of one range of keys."""
    low, high = layout.bounds(part)
    with (
        closed(sided(source.stream(layout.readings[0], low, high), "source")) as ours,
        closed(sided(target.stream(layout.readings[1], low, high), "target")) as theirs,
    ):
        yield from _merged(layout, part, (ours, theirs), room, stop, options)


def _merged(
    layout: Layout, span: Range, sides: tuple[Iterator[bytes], Iterator[bytes]], room: int, stop: Stop, options: Options
) -> Iterator[Part]:
    merging, alike = merge(), layout.alike(options)
    part = Part(layout, alike, span)
    while True:
        stop.check()
        step = merging.step(_CHUNK_ROWS - part.rows, _ALL if alike.lax else room)
        room -= part.add(step, room)
        if step.wants in {0, 1}:
            merging.give(step.wants, next(sides[step.wants], b""))
        if step.wants in {OVER, ENOUGH} or len(part.differences) >= _CHUNK_DIFFERENCES:
            yield part
            part = Part(layout, alike, part.range)
        if step.wants == OVER:
            return


class Part:
    """What has been found in a range since its last part. `range`: what of it is left."""

    def __init__(self, layout: Layout, alike: Alike, span: Range) -> None:
        self._layout = layout
        self._alike = alike
        self._source = self._target = self._missing = self._extra = self._changed = 0
        self.range = span
        self.differences: list[Difference] = []

    @property
    def rows(self) -> int:
        """How many have been passed, of both sides together."""
        return self._source + self._target

    def add(self, step: Step, room: int) -> int:
        """Add a step; how many differences of it were kept."""
        self._source += step.source_rows
        self._target += step.target_rows
        self._missing += step.missing
        self._extra += step.extra
        self._changed += step.changed
        self.range = replace(self.range, low=step.key or self.range.low, over=step.wants == OVER)
        kept = 0
        for pair in step.differences:
            ours, theirs = pair
            columns = self._alike.differing(ours, theirs) if ours is not None and theirs is not None else None
            if columns == ():
                self._changed -= 1
            elif kept < room:
                self.differences.append(self._layout.difference(pair, columns or ()))
                kept += 1
        return kept

    def chunk(self, mark: str | None) -> Chunk:
        """All of it."""
        return Chunk(
            mark,
            source_rows=self._source,
            target_rows=self._target,
            missing=self._missing,
            extra=self._extra,
            changed=self._changed,
            differences=tuple(self.differences),
        )
