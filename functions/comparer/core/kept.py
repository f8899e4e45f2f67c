"""What a value comparison finds, kept in memory: for a comparison that nobody looks at before its end."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from functions.comparer.core.results import DatabaseContents, KeptRow, RowDifference, TableContents
from functions.comparer.core.shown import weight

KEPT_BYTES_IN_ALL: Final = 128_000_000
"""How much the differing rows of all tables may take, by `weight`: as much as those of four tables at their most."""


class Kept:
    """A `Recorder` for one run. `differences`: of each source database and table, in order.

    Of a table it keeps at most `per_table` rows, of all of them `in_all`, those that are found first, and no more than
    take `bytes_in_all`. What it doesn't keep is missing in `differences` alone: every table has counted it.
    """

    def __init__(
        self, per_table: int = sys.maxsize, in_all: int = sys.maxsize, bytes_in_all: int = KEPT_BYTES_IN_ALL
    ) -> None:
        self.differences: dict[tuple[str, str], list[RowDifference]] = {}
        self._per_table = per_table
        self._rows_left = in_all
        self._bytes_left = bytes_in_all

    def earlier(self, database: str, table: str) -> TableContents | None:  # noqa: ARG002 (the protocol's)
        """There is no earlier run."""
        return None

    def kept(self, database: str, table: str) -> Sequence[KeptRow]:  # noqa: ARG002 (the protocol's)
        """There is no earlier run."""
        return ()

    def planned(self, database: DatabaseContents) -> None:
        """The result itself has it all."""

    def begun(self, database: str, table: TableContents) -> None:
        """What may be kept of the table is void, and leaves room for others."""
        void = self.differences.pop((database, table.table), [])
        self._rows_left += len(void)
        self._bytes_left += sum(map(weight, void))

    def compared(self, database: str, table: TableContents, differences: Sequence[RowDifference]) -> None:
        """Keep of new differences what there is room for."""
        place = database, table.table
        fitting = list(self._fitting(differences, self._per_table - len(self.differences.get(place, ()))))
        if fitting:
            self.differences.setdefault(place, []).extend(fitting)

    def ended(self, database: DatabaseContents) -> None:
        """The result itself has it all."""

    def _fitting(self, differences: Sequence[RowDifference], most: int) -> Iterator[RowDifference]:
        for row in differences[: max(0, min(most, self._rows_left))]:
            if self._bytes_left <= 0:
                return
            self._rows_left -= 1
            self._bytes_left -= weight(row)
            yield row
