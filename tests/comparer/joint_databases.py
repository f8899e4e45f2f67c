"""Pairs of SQLite databases, and what is found when SQLite compares them by itself, a few rows at a time."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count as count_up
from pathlib import Path
from typing import Any

import pytest

from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.engine import Stop
from functions.comparer.core.kept import Kept
from functions.comparer.core.plan import plan_of
from functions.comparer.core.results import ContentsResult, RowDifference, TableContents
from functions.comparer.core.table import Chunk, Difference, TablePlan, Value
from functions.comparer.sqlite.crew import Pace
from functions.comparer.sqlite.endpoint import SqliteEndpoint
from functions.comparer.sqlite.file import find
from functions.comparer.sqlite.joint import SqliteJoint, open_joint

# Parts of two rows: the clock says that every part took long.
_ticks = count_up()
SMALL = Pace(2, lambda: float(next(_ticks)))
WHOLE = Pace(10**6, time.monotonic)

VALUES: tuple[object, ...] = (
    None, 0, 1, -1, 1.0, -1.0, 0.5, "", "1", "1.0", "a", "A", "a ", "é", "e\u0301", "a\0b", "a\0c", "\0", b"", b"1",
    2**63 - 1, 2.0**63, -(2**63), -(2.0**63), 2**53, 2.0**53, 2**53 + 1, 225679173340397074, 225679173340397075,
    2.25679173340397075e17, 0.1 + 0.2, 0.3, 1e-15, 2e-15, float("inf"), float("-inf"), "null", "<null>", b"\0", b"a",
    "x" * 5000,
)  # fmt: skip
KINDS = ("", "BLOB", "TEXT", "INTEGER", "REAL", "NUMERIC", "INT COLLATE NOCASE", "TEXT COLLATE NOCASE")

Two = Callable[..., tuple[Path, Path]]


@dataclass
class Found:
    """Everything that was found of a table."""

    method: str
    source_rows: int = 0
    target_rows: int = 0
    missing: int = 0
    extra: int = 0
    changed: int = 0
    differences: list[Difference] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.missing, self.extra, self.changed

    def add(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.source_rows += chunk.source_rows
        self.target_rows += chunk.target_rows
        self.missing += chunk.missing
        self.extra += chunk.extra
        self.changed += chunk.changed
        self.differences.extend(chunk.differences)


def made(path: Path, *statements: str, rows: Sequence[Sequence[object]] = ()) -> Path:
    """A database; `rows` are put into the table `t`."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for statement in statements:
            connection.execute(statement)
        connection.execute("BEGIN")
        for row in rows:
            connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", row)
        connection.execute("COMMIT")
    return path


@pytest.fixture
def two(tmp_path: Path) -> Two:
    def make(
        *statements: str,
        source: Sequence[Sequence[object]] = (),
        target: Sequence[Sequence[object]] = (),
        other: Sequence[str] | None = None,
    ) -> tuple[Path, Path]:
        ours = made(tmp_path / "source.db", *statements, rows=source)
        return ours, made(tmp_path / "target.db", *(statements if other is None else other), rows=target)

    return make


def stored(path: Path, columns: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {columns} FROM t").fetchall()


def planned(source: Path, target: Path, table: str = "t") -> TablePlan:
    stop = Stop()
    with (
        SqliteEndpoint(source).snapshot(source.stem, stop) as ours,
        SqliteEndpoint(target).snapshot(target.stem, stop) as theirs,
    ):
        plan = plan_of(table, ours.shape(table), theirs.shape(table)).plan
    assert plan is not None
    return plan


@contextmanager
def joint(
    source: Path, target: Path, *, most: int = 1, pace: Pace = SMALL, stop: Stop | None = None
) -> Iterator[SqliteJoint]:
    opened = open_joint(find(source), find(target), stop or Stop(), most=most, pace=pace)
    assert opened is not None
    with opened as both:
        assert isinstance(both, SqliteJoint)
        yield both


def compared(
    files: tuple[Path, Path],
    *,
    table: str = "t",
    room: int = 1000,
    most: int = 1,
    pace: Pace = SMALL,
    after: str | None = None,
) -> Found:
    plan = planned(*files, table)
    with joint(*files, most=most, pace=pace) as both:
        assert both.takes(plan)
        found = Found(both.method(plan))
        for chunk in both.chunks(plan, after, room):
            found.add(chunk)
            room -= len(chunk.differences)
        assert room >= 0
        return found


def by_default(files: tuple[Path, Path]) -> tuple[TableContents, list[RowDifference]]:
    """What a comparison of all values finds of the only table, in the way that it chooses."""
    found, kept = ContentsResult(), Kept()
    source, target = map(SqliteEndpoint, files)
    compare_contents(source, target, {}, None, Stop(), found, kept)
    ((database, table),) = [(database, table) for database in found.databases for table in database.tables]
    assert not found.failures
    return table, kept.differences.get((database.source_db, table.table), [])


def drain(items: Iterable[Any], into: Any) -> None:
    """Keep what comes before an error."""
    for item in items:
        into.add(item)


def missing(*key: Value) -> Difference:
    return Difference("missing", key, None)


def extra(*key: Value) -> Difference:
    return Difference("extra", None, key)


def changed(source: Sequence[Value], target: Sequence[Value], *columns: str) -> Difference:
    return Difference("changed", tuple(source), tuple(target), columns)
