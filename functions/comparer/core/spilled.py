"""Comparing a table by reading every row of both sides: for any two engines, orders and encodings, any key or none.

Both sides are read at the same time. Rows that find their equal at the same place, or a little before or after, cancel
out in memory; what is left goes to disk as digests. Then both sides are read once more for the rows that are shown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from functions.comparer.core.canonical import digest, exactly, normal, packed, packed_key, unpacked
from functions.comparer.core.engine import Snapshot, Stop, TableUnreadable, closed
from functions.comparer.core.leftovers import Leftovers, Shown, Unmatched, Wanted, leftovers, temporary_database
from functions.comparer.core.table import Chunk, Difference, Row, TablePlan

METHOD = "spilled"

# Between two looks at whether to stop, and between two signs of life.
_GLANCE_ROWS = 256
_BEAT_ROWS = 16 * _GLANCE_ROWS
# How many rows wait in memory for their equal: about 15 MB.
_WAITING_ROWS = 50_000
_CHUNK_DIFFERENCES = 500
_CHUNK_BYTES = 1_000_000
_VALUE_BYTES = 16  # The size of a digest.


def spilled(
    source: Snapshot,
    target: Snapshot,
    plan: TablePlan,
    room: int,
    stop: Stop,
    temporary: Callable[[], sqlite3.Connection] = temporary_database,
) -> Iterator[Chunk]:
    """Compare a table from its beginning, handing out up to `room` differences at the end. It can't be resumed.

    Raises `TableUnreadable` (also where there is no room for temporary files), `Unreadable` and `Stopped`.
    """
    names = [[pair[side] for pair in plan.columns] for side in (0, 1)]

    def read(side: int) -> Iterator[Row]:
        return (source, target)[side].rows(plan.table, names[side])

    return spilled_rows(read, plan, room, stop, temporary)


def spilled_rows(
    read: Callable[[int], Iterator[Row]],
    plan: TablePlan,
    room: int,
    stop: Stop,
    temporary: Callable[[], sqlite3.Connection] = temporary_database,
) -> Iterator[Chunk]:
    """As `spilled`, whatever the rows are: `read` gives those of the source (0) or the target (1), always the same."""
    with leftovers(stop, temporary) as left:
        yield from _read_both(read, plan, left, stop)
        counts = left.count()
        if plan.key and counts.most > 1:
            raise TableUnreadable("several rows have the same key", damaged=True)
        yield Chunk(None, 0, 0, counts.missing, counts.extra, counts.changed)
        for side, wanted in enumerate(left.choose(room)):
            yield from _read_again(read, side, wanted, plan, left, stop)
        yield from _differences(left.shown(), plan, room)


def _read_both(read: Callable[[int], Iterator[Row]], plan: TablePlan, left: Leftovers, stop: Stop) -> Iterator[Chunk]:
    waiting = _Waiting(plan, left)
    source_rows = target_rows = 0  # since the last sign of life
    with closed(read(0)) as source, closed(read(1)) as target:
        for number, (ours, theirs) in enumerate(zip_longest(source, target)):
            if number % _GLANCE_ROWS == 0:
                stop.check()
                if source_rows + target_rows >= _BEAT_ROWS:
                    yield Chunk(None, source_rows, target_rows)
                    source_rows = target_rows = 0
            source_rows += ours is not None
            target_rows += theirs is not None
            here = None if ours is None else exactly(ours)
            there = None if theirs is None else exactly(theirs)
            if here != there:
                if ours is not None and here is not None:
                    waiting.add(0, number, ours, here)
                if theirs is not None and there is not None:
                    waiting.add(1, number, theirs, there)
    waiting.give_up()
    yield Chunk(None, source_rows, target_rows)


class _Waiting:
    """The rows of both sides that wait in memory for their equal; if they become too many, they go to disk.

    Whichever pairs of equal rows cancel out here, what is left says the same.
    """

    def __init__(self, plan: TablePlan, left: Leftovers) -> None:
        self._plan = plan
        self._left = left
        self._sides: tuple[dict[bytes, Unmatched], dict[bytes, Unmatched]] = {}, {}
        self._others: list[Unmatched] = []  # Further rows with the same key, as a table without a key may have them.

    def add(self, side: int, number: int, row: Row, data: bytes) -> None:
        """A row has been read: `number` is its place, `data` what `exactly` has made of it."""
        found = digest(normal(row, data))
        key = digest(packed_key(row, self._plan)) if self._plan.key else found
        mine, theirs = self._sides[side], self._sides[1 - side]
        other = theirs.get(key)
        if other is not None and other.row == found:
            del theirs[key]
            return
        unmatched = Unmatched(key, side, number, found)
        if key in mine:
            self._others.append(unmatched)
        else:
            mine[key] = unmatched
        if len(mine) + len(theirs) + len(self._others) >= _WAITING_ROWS:
            self.give_up()

    def give_up(self) -> None:
        """Hand everything that waits to the disk."""
        self._left.add([*self._sides[0].values(), *self._sides[1].values(), *self._others])
        for rows in (*self._sides, self._others):
            rows.clear()


def _read_again(
    read: Callable[[int], Iterator[Row]],
    side: int,
    wanted: Sequence[Wanted],
    plan: TablePlan,
    left: Leftovers,
    stop: Stop,
) -> Iterator[Chunk]:
    """Read one side up to the last row that is to be shown, and keep what is needed to show them."""
    if not wanted:
        return
    ahead = iter(wanted)
    following = next(ahead, None)
    with closed(read(side)) as rows:
        for number, row in enumerate(rows):
            if number % _GLANCE_ROWS == 0:
                stop.check()
            if number % _BEAT_ROWS == _BEAT_ROWS - 1:
                yield Chunk(None, 0, 0)
            if following is None:
                return
            if number != following.number:
                continue
            if digest(packed(row)) != following.row:
                break
            key = tuple(row[place] for place in plan.key) if plan.key else row
            left.keep(side, following, exactly(key), b"".join(digest(packed((value,))) for value in row))
            following = next(ahead, None)
    if following is not None:
        raise TableUnreadable("it changed while it was read", damaged=False)


def _differences(shown: Iterator[Shown], plan: TablePlan, room: int) -> Iterator[Chunk]:
    batch: list[Difference] = []
    size = 0
    for row in shown:
        difference = _difference(row, plan)
        times = min(abs(row.surplus) or 1, room)
        room -= times
        for _ in range(times):
            batch.append(difference)
            size += len(row.source_key or b"") + len(row.target_key or b"")
            if len(batch) == _CHUNK_DIFFERENCES or size >= _CHUNK_BYTES:
                yield Chunk(None, 0, 0, differences=tuple(batch))
                batch, size = [], 0
    if batch:
        yield Chunk(None, 0, 0, differences=tuple(batch))


def _difference(row: Shown, plan: TablePlan) -> Difference:
    source = None if row.source_key is None else unpacked(row.source_key)
    target = None if row.target_key is None else unpacked(row.target_key)
    if row.surplus:
        return Difference("missing" if row.surplus > 0 else "extra", source, target)
    ours, theirs = row.source_values or b"", row.target_values or b""
    places = [
        at for at in range(0, len(ours), _VALUE_BYTES) if ours[at : at + _VALUE_BYTES] != theirs[at : at + _VALUE_BYTES]
    ]
    return Difference("changed", source, target, tuple(plan.columns[at // _VALUE_BYTES][0] for at in places))
