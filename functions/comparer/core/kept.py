"""What a value comparison finds, kept in memory: for a comparison that nobody looks at before its end."""

from __future__ import annotations

from collections.abc import Sequence

from functions.comparer.core.results import DatabaseContents, RowDifference, TableContents


class Kept:
    """A `Recorder` for one run. `differences`: of each source database and table, in order."""

    def __init__(self) -> None:
        self.differences: dict[tuple[str, str], list[RowDifference]] = {}

    def earlier(self, database: str, table: str) -> TableContents | None:  # noqa: ARG002 (the protocol's)
        """There is no earlier run."""
        return None

    def planned(self, database: DatabaseContents) -> None:
        """The result itself has it all."""

    def begun(self, database: str, table: TableContents) -> None:
        """What may be kept of the table is void."""
        self.differences.pop((database, table.table), None)

    def compared(self, database: str, table: TableContents, differences: Sequence[RowDifference]) -> None:
        """Keep new differences."""
        if differences:
            self.differences.setdefault((database, table.table), []).extend(differences)

    def ended(self, database: DatabaseContents) -> None:
        """The result itself has it all."""
