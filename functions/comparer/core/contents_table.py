"""Comparing the values of one table: chunk by chunk, each one recorded as soon as it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from functions.comparer.core.contents_plans import TableTask
from functions.comparer.core.engine import Joint, SideName, Snapshot, Stop, TableUnreadable, Trouble, closed, of_side
from functions.comparer.core.options import Options
from functions.comparer.core.results import DataResult, RowDifference, TableContents
from functions.comparer.core.scattered import METHOD as SCATTERED
from functions.comparer.core.scattered import scattered
from functions.comparer.core.shown import Showing, weight
from functions.comparer.core.spilled import METHOD as SPILLED
from functions.comparer.core.spilled import spilled
from functions.comparer.core.streamed import METHOD as STREAMED
from functions.comparer.core.streamed import streamed
from functions.comparer.core.table import Chunk, TablePlan

KEPT_DIFFERENCES = 10_000
"""How many differing rows of a table are kept; beyond, they are counted."""
SETTLING = "settling"
"""The mark of a table that has been compared, of which what differs is to be read again."""
KEPT_BYTES = 32_000_000
"""How much they may take, by `weight`: fewer are kept of a table whose rows are long."""


class Contradiction(Exception):
    """What was found of a table can't be true: a defect of this program. The message is for people."""


@dataclass(frozen=True)
class Both:
    """Both databases of a pair, and the engine's own way to compare them, if it has one."""

    source: Snapshot
    target: Snapshot
    joint: Joint | None

    @property
    def moves(self) -> bool:
        """Whether others may write to either side meanwhile."""
        return self.source.moves or self.target.moves


def length(both: Both, plan: TablePlan, table: TableContents) -> int:
    """How many rows both sides have together, about: for progress alone.

    Raises `TableUnreadable`, `Unreadable` and `Stopped`.
    """
    joint = _joint(both, table)
    if joint:
        return joint.length(plan)

    def rows(snapshot: Snapshot, side: SideName) -> int:
        with of_side(side):
            return snapshot.about(plan.table) if plan.common else snapshot.count(plan.table)

    return rows(both.source, "source") + rows(both.target, "target")


def compare_table(
    both: Both,
    plan: TablePlan,
    task: TableTask,
    options: Options,
    stop: Stop,
    compared: Callable[[Sequence[RowDifference]], None],
) -> None:
    """Compare from the mark of `task.contents` on and fill it; `compared` is called after every part, and at the end.

    Where the data moves, and rows that differ can be read again, the table then has the mark `SETTLING` and no result.
    Raises `OutOfOrder`, `TableUnreadable`, `Unreadable`, `Stopped`, and `Contradiction`, which must never happen.
    """
    table = task.contents
    table.source_rows, table.target_rows = table.source_rows or 0, table.target_rows or 0
    table.unsettled = bool(table.method in {STREAMED, SCATTERED} and both.moves and options.settle)
    showing = Showing(plan, both.source, both.target)
    try:
        with closed(_chunks(both, plan, table, options, stop)) as chunks:
            for chunk in chunks:
                stop.check()
                new = list(_kept(chunk, showing, table))
                _add(table, chunk)
                compared(new)
    except TableUnreadable:
        _check_snapshots(both)  # What looks like damage may be what a writer has done meanwhile.
        raise
    _check_snapshots(both)
    _check(table)
    if table.unsettled and table.kept:
        table.mark = SETTLING
    else:
        end(task)
    compared(())


def begin_unordered(table: TableContents) -> None:
    """The table's keys can't be put in one order, as where one side has a key twice: its rows become a multiset."""
    table.method, table.key, table.mark = SCATTERED, (), None
    table.source_rows = table.target_rows = None
    table.missing = table.extra = table.changed = table.kept = table.kept_bytes = table.rows_read = 0


def _check_snapshots(both: Both) -> None:
    """An engine that can't hold its snapshot against writers says so here: the table has no result then."""
    both.source.version()
    both.target.version()


def _room(table: TableContents) -> int:
    """How many rows more are kept at most."""
    return KEPT_DIFFERENCES - table.kept if table.kept_bytes < KEPT_BYTES else 0


def _kept(chunk: Chunk, showing: Showing, table: TableContents) -> Iterator[RowDifference]:
    for difference in chunk.differences:
        if not _room(table):
            return
        row = showing.row(difference)
        table.kept += 1
        table.kept_bytes += weight(row)
        yield row


def _chunks(both: Both, plan: TablePlan, table: TableContents, options: Options, stop: Stop) -> Iterator[Chunk]:
    room, joint = _room(table), _joint(both, table)
    if joint:
        return joint.chunks(plan, table.mark, room)
    match table.method:
        case "streamed":
            return streamed(both.source, both.target, plan, table.mark, room, stop, options)
        case "scattered":
            return scattered(both.source, both.target, plan, room, stop)
    return spilled(both.source, both.target, plan, room, stop)


def _joint(both: Both, table: TableContents) -> Joint | None:
    return None if table.method in {SPILLED, STREAMED, SCATTERED} else both.joint


def _add(table: TableContents, chunk: Chunk) -> None:
    table.source_rows = (table.source_rows or 0) + chunk.source_rows
    table.target_rows = (table.target_rows or 0) + chunk.target_rows
    table.rows_read = table.source_rows + table.target_rows
    table.rows_total = max(table.rows_total, table.rows_read)
    table.missing += chunk.missing
    table.extra += chunk.extra
    table.changed += chunk.changed
    table.mark = chunk.mark


def _check(table: TableContents) -> None:
    """Never silently: what doesn't add up must not be believed."""
    source, target = (table.source_rows or 0) - table.missing, (table.target_rows or 0) - table.extra
    if source != target or not table.changed <= source:
        raise Contradiction(
            f"{table.source_rows} rows without {table.missing} missing ones can't be the same as"
            f" {table.target_rows} rows without {table.extra} extra ones, with {table.changed} changed ones"
        )
    if table.kept > table.differing or (_room(table) and table.kept < table.differing):
        raise Contradiction(f"{table.kept} of {table.differing} differing rows are kept")


def end(task: TableTask) -> None:
    """Give the table its result: all of it has been compared."""
    table = task.contents
    messages = [*task.remarks, *task.doubts, *task.notes]
    if table.kept < table.differing:
        messages.append(f"{table.kept:,} of {table.differing:,} differing rows are kept.")
    if table.healed:
        messages.append(f"{table.healed:,} that differed at first agree by now.")
    if table.moving:
        messages.append(f"{table.moving:,} of those that differ had not stayed as they are for long enough at the end.")
    if table.unread:
        messages.append(f"{table.unread:,} of those that differ were not read again, and may agree by now.")
    if task.remarks or table.differing > table.moving + table.unread:
        table.result = DataResult.INCONSISTENT
    else:
        doubtful = task.doubts or table.moving or table.unread
        table.result = DataResult.CAN_NOT_COMPARE if doubtful else DataResult.CONSISTENT
    table.message = " ".join(messages) or None
    table.rows_total = table.rows_read
    table.mark, table.unsettled = None, False


def fail(table: TableContents, message: str, trouble: Trouble = None) -> None:
    """The table has no result, and this is why; what was found of it until then is kept."""
    table.result, table.message, table.mark, table.trouble = DataResult.FAILED, message, None, trouble
    table.source_rows = table.target_rows = None
