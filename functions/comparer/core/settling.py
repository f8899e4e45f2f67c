"""Rows that differ in data that moves are read again, with growing delay, before they count.

While both sides are in use, a row that was written a moment ago differs until the replication has brought it over. So
what differs is read again, by its key, on both sides at their newest. What agrees by then has healed. What stays just
as it is on both sides, for longer than the replication can be behind, differs for good. Whatever is left when there is
no time for more still moves. A table without a key is compared once more as a whole (`settling_whole`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from functions.comparer.core.alike import Alike
from functions.comparer.core.canonical import digest
from functions.comparer.core.cells import cells_of, key_in, placed, rows_in
from functions.comparer.core.contents_plans import TableTask
from functions.comparer.core.databases import Ask, Sides, opened
from functions.comparer.core.engine import Snapshot, Stop, TableUnreadable, closed, sided
from functions.comparer.core.merging import Pair as RowPair
from functions.comparer.core.options import Options
from functions.comparer.core.pairs import Pair
from functions.comparer.core.results import KeptRow, RowDifference
from functions.comparer.core.settling_whole import compare_again
from functions.comparer.core.shown import Showing
from functions.comparer.core.streamed import Layout, layout_of
from functions.comparer.core.table import Reading, TablePlan

_FIRST_DELAY: Final = 1.0
_BATCH: Final = 500
"""Keys that are asked for at once."""
_Looks = tuple[bytes | None, bytes | None]
"""What a row looks like on both sides: digests; None: it isn't there."""


@dataclass
class _Row:
    """A row that differed when it was last read. `since`: when it was first seen to look as it does."""

    looks: _Looks
    since: float
    difference: RowDifference
    confirmed: bool = False


@dataclass
class Unsettled:
    """A table that has been compared. `kept`: its rows that differ and are kept.

    Filled by `settle`: the counts of its `task.contents`, the `differences` that are left, in the order of the keys,
    and the `error` that ended the reading of this table alone.
    """

    task: TableTask
    plan: TablePlan
    kept: Sequence[KeptRow]
    differences: tuple[RowDifference, ...] = ()
    error: TableUnreadable | None = None
    rows: dict[bytes, _Row | None] = field(default_factory=dict)
    compared_again: bool = False

    @property
    def whole(self) -> bool:
        """Whether its rows can't be looked up one by one."""
        return not self.plan.key


def settle(
    ask: Ask,
    pair: Pair,
    tables: Sequence[Unsettled],
    options: Options,
    clock: Callable[[], float],
    tell: Callable[[int], None],
) -> None:
    """Read what differs again until it has healed, is confirmed, or `options.settle` seconds are over.

    These begin when all of it has been read again once.

    `tell` is told how many rows are read again, whenever they are.

    Raises `Unreadable` and `Stopped`.
    """
    for entry in tables:
        entry.rows = {} if entry.whole else {bytes.fromhex(row.mark): None for row in entry.kept}
    begun, until, delay = clock(), math.inf, _FIRST_DELAY
    while True:
        tell(sum(map(_pending, tables)))
        with opened(ask, pair) as sides:
            for entry in tables:
                if not entry.whole:
                    _read_again(sides, entry, options, clock)
                elif clock() - begun >= options.lag and not entry.compared_again:
                    _compare_again(sides, entry, ask.stop)
        # However long the first reading takes: what was read once alone is never confirmed.
        until = min(until, clock() + options.settle)
        left = until - clock()
        if left <= 0 or not any(map(_pending, tables)):
            break
        ask.stop.wait(min(delay, left))
        delay *= 2
    for entry in tables:
        if not entry.whole:
            _sum_up(entry)
        elif not entry.compared_again:
            entry.task.contents.moving = entry.task.contents.differing


def _pending(entry: Unsettled) -> int:
    """How many rows have to be read again."""
    if entry.error is not None:
        return 0
    if entry.whole:
        return 0 if entry.compared_again else len(entry.kept)
    return sum(row is None or not row.confirmed for row in entry.rows.values())


def _compare_again(sides: Sides, entry: Unsettled, stop: Stop) -> None:
    entry.compared_again = True
    try:
        entry.differences = compare_again(sides, entry.plan, entry.task.contents, entry.kept, stop)
    except TableUnreadable as error:
        entry.error = error


def _read_again(sides: Sides, entry: Unsettled, options: Options, clock: Callable[[], float]) -> None:
    source, target = sides.source, sides.target
    pending = [key for key, row in entry.rows.items() if row is None or not row.confirmed]
    if entry.error is not None or not pending:
        return
    if source is None or target is None:
        entry.error = TableUnreadable("its database is gone on one side", damaged=True)
        return
    try:
        layout = layout_of(entry.plan)
        alike, showing = layout.alike(options), Showing(entry.plan, source, target)
        for start in range(0, len(pending), _BATCH):
            keys = pending[start : start + _BATCH]
            ours, theirs = (_found(side, layout, number, keys) for number, side in enumerate((source, target)))
            for key in keys:
                row = (ours.get(key), theirs.get(key))
                _note(entry, key, row, _columns(alike, row), layout, showing, options, clock())
    except TableUnreadable as error:
        entry.error = error


def _found(side: Snapshot, layout: Layout, number: int, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    reading: Reading = layout.readings[number]
    rows = side.at(reading, [layout.key_of(key) for key in keys])
    with closed(sided(rows, "target" if number else "source")) as blocks:
        return {key_in(row): row for block in blocks for row in rows_in(block)}


def _columns(alike: Alike, row: RowPair) -> tuple[int, ...] | None:
    """The positions at which a row differs, none if it agrees; None: one side alone has it."""
    ours, theirs = row
    if ours is None and theirs is None:
        return ()
    return None if ours is None or theirs is None else alike.differing(ours, theirs)


def _note(
    entry: Unsettled,
    key: bytes,
    row: RowPair,
    columns: tuple[int, ...] | None,
    layout: Layout,
    showing: Showing,
    options: Options,
    now: float,
) -> None:
    if columns == ():
        del entry.rows[key]
        return
    ours, theirs = row
    looks = (None if ours is None else digest(ours), None if theirs is None else digest(theirs))
    before = entry.rows[key]
    if before is None or before.looks != looks:
        entry.rows[key] = _Row(looks, now, showing.row(layout.difference(row, columns or ())))
    elif now - before.since >= options.lag:
        before.confirmed = True


def _sum_up(entry: Unsettled) -> None:
    """Count what is left: of the rows that were kept, those that still differ; all others as they were found."""
    if entry.error is not None:
        return
    table = entry.task.contents
    left = sorted(entry.rows.items(), key=lambda item: placed(cells_of(item[0])))
    rows = [row for _, row in left if row is not None]
    table.healed += len(entry.kept) - len(rows)
    table.moving = sum(not row.confirmed for row in rows)
    entry.differences = tuple(row.difference for row in rows)
    counts = Counter(missing=table.missing, extra=table.extra, changed=table.changed)
    counts.subtract(row.kind for row in entry.kept)
    counts.update(row.difference.kind for row in rows)
    table.missing, table.extra, table.changed = counts["missing"], counts["extra"], counts["changed"]
    table.kept = len(rows)
    table.unread = table.differing - table.kept
    table.target_rows = (table.source_rows or 0) - table.missing + table.extra
