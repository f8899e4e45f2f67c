"""A table without a key in data that moves: compared a second time as a whole. What differs both times differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from functions.comparer.core.databases import Sides
from functions.comparer.core.engine import Stop, TableUnreadable, closed
from functions.comparer.core.results import KeptRow, RowDifference, TableContents
from functions.comparer.core.scattered import scattered
from functions.comparer.core.shown import Showing
from functions.comparer.core.table import TablePlan


def compare_again(
    sides: Sides, plan: TablePlan, table: TableContents, kept: Sequence[KeptRow], stop: Stop
) -> tuple[RowDifference, ...]:
    """Compare once more and fill `table` with what is found; returns what is kept of it: as many rows as before.

    `kept`: what the first pass has kept. Raises `TableUnreadable`, `Unreadable` and `Stopped`.
    """
    if sides.source is None or sides.target is None:
        raise TableUnreadable("its database is gone on one side", damaged=True)
    showing, rows = Showing(plan, sides.source, sides.target), list[RowDifference]()
    table.source_rows = table.target_rows = table.missing = table.extra = 0
    with closed(scattered(sides.source, sides.target, plan, len(kept), stop)) as chunks:
        for chunk in chunks:
            table.source_rows += chunk.source_rows
            table.target_rows += chunk.target_rows
            table.missing += chunk.missing
            table.extra += chunk.extra
            rows.extend(map(showing.row, chunk.differences))
    before = Counter(kept)
    now = Counter(KeptRow(row.kind, row.mark) for row in rows if row.mark is not None)
    confirmed = (before & now).total()
    table.healed = before.total() - confirmed
    table.moving = table.differing - confirmed if confirmed < len(rows) else 0
    table.kept = len(rows)
    return tuple(rows)
