"""What a report is made of: the data of a finished event, or what a direct comparison found. Pure models.

A direct comparison (`parity compare`) has no ids and no DRS tasks, may have counted rows and compared values too
(`contents`), and knows more of a row that differs.
"""

from collections.abc import Mapping
from typing import Any

from functions.pipeline.comparison import RowLine, TableLine
from functions.pipeline.finished_event import DataResults, Finished


class Row(RowLine):
    """A row that differs. `kind`: missing, extra or changed; `columns`: those that differ; literals: keys as in SQL."""

    kind: str | None = None
    columns: tuple[str, ...] = ()
    source_literals: tuple[str, ...] = ()
    target_literals: tuple[str, ...] = ()


class Table(TableLine):
    """A table pair. `key`: the names of its key columns; the counts tell in which way rows differ, where known."""

    rows: tuple[Row, ...] = ()
    key: tuple[str, ...] = ()
    missing: int = 0
    extra: int = 0
    changed: int = 0

    @property
    def name(self) -> str:
        """Where it is in the source."""
        return f"{self.source_db}.{self.source_table}"

    @property
    def target_name(self) -> str:
        """Where it is in the target."""
        return f"{self.target_db or self.source_db}.{self.target_table or self.source_table}"

    @property
    def renamed(self) -> bool:
        """Whether the table has another name in the target; that its database has one is told of the database."""
        return self.target_table not in {"", self.source_table}


class DataLevel(DataResults):
    """What a data level found."""

    tables: tuple[Table, ...] = ()


class Content(Finished):
    """All that a report tells; "" where there is nothing to tell."""

    comparison_id: str = ""
    project_id: str = ""
    job_id: str = ""
    accepted_at: str = ""
    finished_at: str = ""
    source: str = ""
    target: str = ""
    errors: tuple[str, ...] = ()
    data: DataLevel | None = None
    contents: DataLevel | None = None

    @property
    def data_levels(self) -> tuple[DataLevel, ...]:
        """The data levels that were compared, in order."""
        return tuple(level for level in (self.data, self.contents) if level)


def read_content(data: Mapping[str, Any]) -> Content:
    """Read the `data` of a finished event, or a direct comparison. Raises pydantic's ValidationError for neither."""
    return Content.model_validate(data)
