"""What a comparison found: plain values, engine-neutral, independent of how they are stored or sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal


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
    """An object-level comparison. `failures` not empty: it has failed, and says of what."""

    types: tuple[TypeResult, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True)
class TableLines:
    """The row counts of one table: 0 on a side where it doesn't exist, None where it can't be read."""

    table: str
    source_rows: int | None
    target_rows: int | None
    result: DataResult
    message: str | None = None


@dataclass
class DatabaseLines:
    """The row counts of one database; filled while the comparison runs."""

    source_db: str
    target_db: str
    result: DataResult = DataResult.WAITING
    tables: list[TableLines] = field(default_factory=list)
    message: str | None = None


@dataclass
class LinesResult:
    """A row comparison; filled while it runs, so that a stopped one keeps what it found."""

    databases: list[DatabaseLines] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What is worth telling although nothing failed."""


@dataclass(frozen=True)
class Progress:
    """How far a comparison is: `done` of `total` databases (objects) or of the tables of `database` (lines)."""

    level: Literal["objects", "lines"]
    database: str
    table: str | None
    done: int
    total: int


OnProgress = Callable[[Progress], None]
