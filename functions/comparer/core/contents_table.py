"""Comparing the values of one table: chunk by chunk, each one recorded as soon as it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from functions.comparer.core.engine import Joint, Snapshot, Stop, TableUnreadable, closed
from functions.comparer.core.results import DataResult, RowDifference, TableContents
from functions.comparer.core.shown import Showing, weight
from functions.comparer.core.spilled import METHOD, spilled
from functions.comparer.core.table import Chunk, TablePlan

KEPT_DIFFERENCES = 10_000
"""How many differing rows of a table are kept; beyond, they are counted."""
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


def length(both: Both, plan: TablePlan, table: TableContents) -> int:
    """How many rows both sides have together, in the way in which they will be compared.

    Raises `TableUnreadable`, `Unreadable` and `Stopped`.
    """
    joint = _joint(both, table)
    return joint.length(plan) if joint else both.source.count(plan.table) + both.target.count(plan.table)


def compare_table(
    both: Both,
    plan: TablePlan,
    table: TableContents,
    remarks: Sequence[str],
    stop: Stop,
    compared: Callable[[Sequence[RowDifference]], None],
) -> None:
    """Compare from `table.mark` on and fill `table`; `compared` is called after every part, and at the end.

    `remarks`: what makes the table inconsistent whatever its values are.
    Raises `TableUnreadable`, `Unreadable`, `Stopped`, and `Contradiction`, which must never happen.
    """
    table.source_rows, table.target_rows = table.source_rows or 0, table.target_rows or 0
    showing = Showing(plan, both.source, both.target)
    try:
        with closed(_chunks(both, plan, table, stop)) as chunks:
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
    _end(table, remarks)
    compared(())


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


def _chunks(both: Both, plan: TablePlan, table: TableContents, stop: Stop) -> Iterator[Chunk]:
    room, joint = _room(table), _joint(both, table)
    return joint.chunks(plan, table.mark, room) if joint else spilled(both.source, both.target, plan, room, stop)


def _joint(both: Both, table: TableContents) -> Joint | None:
    return None if table.method == METHOD else both.joint


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


def _end(table: TableContents, remarks: Sequence[str]) -> None:
    messages = list(remarks)
    if table.kept < table.differing:
        messages.append(f"{table.kept:,} of {table.differing:,} differing rows are kept.")
    table.result = DataResult.INCONSISTENT if remarks or table.differing else DataResult.CONSISTENT
    table.message = " ".join(messages) or None
    table.rows_total = table.rows_read
    table.mark = None


def fail(table: TableContents, message: str) -> None:
    """The table has no result, and this is why; what was found of it until then is kept."""
    table.result, table.message, table.mark = DataResult.FAILED, message, None
    table.source_rows = table.target_rows = None
