"""Following a value comparison while it runs: what it plans, how far it is, and as many differences as are shown."""

import sys
from collections import deque
from collections.abc import Sequence

from functions.comparer.core.kept import Kept
from functions.comparer.core.results import DatabaseContents, DataResult, Progress, RowDifference, TableContents

_NOT_COMPARED = {DataResult.CAN_NOT_COMPARE, DataResult.FAILED}


class Following(Kept):
    """Keeps the differences that will be shown, and what is to be told.

    `most`: how many of a table, `in_all`: of all tables; None: as many as `Kept` keeps. It is filled in the thread of
    the comparison and read in another.
    """

    def __init__(self, most: int | None, in_all: int | None = None) -> None:
        super().__init__(*(sys.maxsize if limit is None else limit for limit in (most, in_all)))
        self._differing: dict[tuple[str, str], int] = {}
        self._total = 0
        self.text = "comparing"
        """What is going on, in one line."""
        self.announced: deque[str] = deque()
        """What can't be compared and why, in lines that nobody has taken yet."""

    def planned(self, database: DatabaseContents) -> None:
        """Announce what can't be compared, before anything is."""
        for table in database.tables:
            partly = table.result is DataResult.WAITING and table.message
            if table.result in _NOT_COMPARED or partly:
                self.announced.append(f"{database.source_db}.{table.table}: {table.message}")

    def begun(self, database: str, table: TableContents) -> None:
        """The table is compared from its beginning."""
        super().begun(database, table)
        self._count((database, table.table), 0)

    def compared(self, database: str, table: TableContents, differences: Sequence[RowDifference]) -> None:
        """Count what differs, and keep what there is room for."""
        self._count((database, table.table), table.differing)
        super().compared(database, table, differences)

    def _count(self, place: tuple[str, str], differing: int) -> None:
        self._total += differing - self._differing.get(place, 0)
        self._differing[place] = differing

    def tell(self, step: Progress) -> None:
        """Take over how far the comparison is."""
        if step.again:
            self.text = f"reading {step.again:,} rows of {step.database} again that differ while both sides are in use"
            return
        if step.table is None and step.level == "contents":
            self.text = (
                f"planning how to compare {step.total:,} table{'s' if step.total != 1 else ''} of {step.database}"
            )
            return
        if step.table is None:
            self.text = f"reading {step.database} ({step.done + 1} of {step.total})"
            return
        where = f"{step.database}.{step.table} ({step.done + 1} of {step.total})"
        if step.level == "lines":
            self.text = f"counting rows of {where}"
            return
        self.text = f"comparing values of {where}"
        if step.rows:
            self.text += f": {step.rows[0]:,} of {step.rows[1]:,} rows, {self._total:,} differing so far"
