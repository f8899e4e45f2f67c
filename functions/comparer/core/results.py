"""What a comparison found: plain values, engine-neutral, independent of how they are stored or sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal, NamedTuple, Protocol

from functions.comparer.core.engine import Trouble
from functions.comparer.core.table import DifferenceKind


class ObjectResult(IntEnum):
    """The result for a type of objects or one object, numbered as in drs_03_0256."""

    INCONSISTENT = 0
    CONSISTENT = 2
    INCOMPLETE = 3


class DataResult(StrEnum):
    """The result for a database or a table, worded as in drs_03_0137."""

    CONSISTENT = "CONSISTENT"
    INCONSISTENT = "INCONSISTENT"
    WAITING = "WAITING_FOR_COMPARISON"
    COMPARING = "COMPARING"
    FAILED = "FAILED_TO_COMPARE"
    CAN_NOT_COMPARE = "CAN_NOT_COMPARE"
    TARGET_DB_MISSING = "TARGET_DB_NOT_EXIT"  # sic: v3 of the API writes it so


@dataclass(frozen=True)
class ObjectDetail:
    """One object. A side that lacks it has no value; the database names are given all the same."""

    source_db: str
    target_db: str
    source: str | None
    target: str | None
    result: ObjectResult


@dataclass(frozen=True)
class TypeResult:
    """All objects of one type. The counts are of what could be read."""

    type: str
    source_count: int
    target_count: int
    result: ObjectResult
    details: tuple[ObjectDetail, ...]

    @property
    def differences(self) -> int:
        """How many objects differ."""
        return sum(detail.result is ObjectResult.INCONSISTENT for detail in self.details)


@dataclass(frozen=True)
class ObjectsResult:
    """An object-level comparison. `failures` not empty: it has failed, and says of what. `remarks`: as elsewhere."""

    types: tuple[TypeResult, ...]
    failures: tuple[str, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableLines:
    """The row counts of one table: 0 on a side where it doesn't exist, None where it can't be read, see `trouble`."""

    table: str
    source_rows: int | None
    target_rows: int | None
    result: DataResult
    message: str | None = None
    trouble: Trouble = None


@dataclass
class DatabaseLines:
    """The row counts of one database; filled while the comparison runs."""

    source_db: str
    target_db: str
    result: DataResult = DataResult.WAITING
    tables: list[TableLines] = field(default_factory=list)
    message: str | None = None
    trouble: Trouble = None


@dataclass
class LinesResult:
    """A row comparison; filled while it runs, so that a stopped one keeps what it found."""

    databases: list[DatabaseLines] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What is worth telling although nothing failed."""


@dataclass
class TableContents:
    """The values of one table; filled while they are compared.

    `rows_read` of `rows_total` (both sides together) tells how far it is. `missing`, `extra` and `changed` count rows;
    `kept` of them have been handed to the recorder, which take about `kept_bytes` in memory. `mark`, `versions` (of
    both databases) and `plan` (a digest of how the table is compared) are what a later run needs to go on. `healed`:
    rows that differed at first and agree by now; `moving`: of those that differ, how many had not stayed as they are
    for long enough when they were read for the last time; `unread`: how many were never read again, because they
    weren't kept. `unsettled`: what differs is to be read again before it counts. `trouble`: which side couldn't be
    read, and why.
    """

    table: str
    result: DataResult = DataResult.WAITING
    message: str | None = None
    source_rows: int | None = None
    target_rows: int | None = None
    missing: int = 0
    extra: int = 0
    changed: int = 0
    kept: int = 0
    rows_read: int = 0
    rows_total: int = 0
    key: tuple[str, ...] = ()
    method: str = ""
    mark: str | None = None
    versions: tuple[str, str] = ("", "")
    plan: str = ""
    kept_bytes: int = 0
    healed: int = 0
    moving: int = 0
    unread: int = 0
    unsettled: bool = False
    trouble: Trouble = None

    @property
    def differing(self) -> int:
        """How many rows differ, found so far."""
        return self.missing + self.extra + self.changed

    @property
    def finished(self) -> bool:
        """Whether the result is final."""
        return self.result not in {DataResult.WAITING, DataResult.COMPARING}


@dataclass
class DatabaseContents:
    """The values of one database; filled while they are compared."""

    source_db: str
    target_db: str
    result: DataResult = DataResult.WAITING
    tables: list[TableContents] = field(default_factory=list)
    message: str | None = None
    trouble: Trouble = None


@dataclass
class ContentsResult:
    """A value comparison; filled while it runs, so that a stopped one keeps what it found."""

    databases: list[DatabaseContents] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What is worth telling although nothing failed."""


@dataclass(frozen=True)
class RowDifference:
    """A row that differs, ready to be shown: keys as texts (NULL: None), and the statements that show it.

    Without a key the whole row is the key. A side without the row has neither key nor statement. The literals are the
    keys as they are written in SQL, so that values of different types differ; long ones are shortened. `mark`: by which
    the row is found again; None: it can't be.
    """

    kind: DifferenceKind
    source_key: tuple[str | None, ...] | None
    target_key: tuple[str | None, ...] | None
    source_sql: str | None
    target_sql: str | None
    columns: tuple[str, ...] = ()
    source_literals: tuple[str, ...] | None = None
    target_literals: tuple[str, ...] | None = None
    mark: str | None = None


class KeptRow(NamedTuple):
    """A row that differed: how, and the mark by which it is found again."""

    kind: DifferenceKind
    mark: str


class Recorder(Protocol):
    """Where a value comparison puts what it finds, as soon as it is found, and learns what an earlier run has found."""

    def earlier(self, database: str, table: str) -> TableContents | None:
        """What an earlier, interrupted run has found of this table of the source database."""
        ...

    def kept(self, database: str, table: str) -> Sequence[KeptRow]:
        """The rows that earlier runs have kept of this table, if they can be found again."""
        ...

    def planned(self, database: DatabaseContents) -> None:
        """All tables are known, those that can't be compared by their reason; no value has been read yet."""
        ...

    def begun(self, database: str, table: TableContents) -> None:
        """The table is compared from its beginning: what may be kept of its differences is void."""
        ...

    def compared(self, database: str, table: TableContents, differences: Sequence[RowDifference]) -> None:
        """A part of the table has been compared, or the table has ended: `table` as it is now, new differences."""
        ...

    def ended(self, database: DatabaseContents) -> None:
        """The database has its result."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far a comparison is: `done` of `total` databases (objects) or of the tables of `database` (lines, contents).

    Without a table the tables of `database` are about to be planned (contents).

    `rows`: of the table's rows on both sides together, how many have been read and how many there are (contents).
    `again`: all tables have been compared, and so many rows that differ are being read again.
    """

    level: Literal["objects", "lines", "contents"]
    database: str
    table: str | None
    done: int
    total: int
    rows: tuple[int, int] | None = None
    again: int = 0


OnProgress = Callable[[Progress], None]
