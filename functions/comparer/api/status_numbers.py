"""Results of databases and tables as the numbers of drs_03_0246 to 0248: of the true ones, the one that says most.

The pages number what a word can't say: which side lacks a database or a table, which one couldn't be read. Words and
numbers never contradict: what is CONSISTENT is 2, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from functions.comparer.core.databases import NOWHERE, missing_table
from functions.comparer.core.engine import Trouble
from functions.comparer.core.results import DataResult
from functions.comparer.tasks.found import FoundDatabase, FoundTable, is_final
from functions.comparer.tasks.stored import Task
from functions.pipeline.drs_models import CANCELLED, TIMEOUT_INTERRUPT

NUMBERS: Final = frozenset({0, *range(2, 24), 27})
"""All that the pages know."""

_FAILED = 4
_CANCELLED = 7
_TIMED_OUT = 27
_WORDS: Mapping[DataResult, int] = {
    DataResult.INCONSISTENT: 0,
    DataResult.CONSISTENT: 2,
    DataResult.FAILED: _FAILED,
    DataResult.CAN_NOT_COMPARE: _FAILED,
    DataResult.COMPARING: 5,
    DataResult.WAITING: 6,
    DataResult.TARGET_DB_MISSING: 22,
}
# What the comparing says of a table that isn't simply equal or different, by how its message begins.
_OF_TABLES = (
    (missing_table("source"), 11),
    (missing_table("target"), 12),
    (NOWHERE, 13),
    # How it is told of a table that a release compared which did not keep the trouble.
    ("The table can't be read in the source:", 18),
    ("The table can't be read in the target:", 19),
)
_TROUBLES: Mapping[Trouble, int] = {
    ("source", "connection"): 14,
    ("target", "connection"): 15,
    ("source", "time"): 16,
    ("target", "time"): 17,
    ("source", "statement"): 18,
    ("target", "statement"): 19,
}
_OF_DATABASES = (
    ("it exists neither in the source nor in the target", 20),
    ("The database is missing in the source.", 21),
    # How it is told of a database that a release compared which did not keep it (store_schema).
    ("The database is missing in the source, or", 21),
    ("The database is missing in the target.", 22),
)
_SOURCE_EMPTY, _TARGET_EMPTY, _BOTH_EMPTY = 8, 9, 10


def number_of_table(table: FoundTable, task: Task) -> int:
    """What has become of one table."""
    if table.result is DataResult.CONSISTENT:
        return _WORDS[table.result]
    known = _unfinished(table, task) or _TROUBLES.get(table.trouble) or _said(table.message, _OF_TABLES)
    return known or _WORDS[table.result]


def number_of_database(database: FoundDatabase, tables: Sequence[FoundTable], task: Task) -> int:
    """What has become of one database, whose tables these are."""
    if database.result is DataResult.CONSISTENT:
        return _WORDS[database.result]
    return (
        _unfinished(database, task)
        or _TROUBLES.get(database.trouble)
        or _said(database.message, _OF_DATABASES)
        or _emptiness(database, tables, task)
        or _WORDS[database.result]
    )


def _unfinished(found: FoundTable | FoundDatabase, task: Task) -> int | None:
    """What wasn't compared to its end and has no difference: it gets no result, once its task has ended."""
    if task.ended_at is None or found.result is DataResult.INCONSISTENT:
        return None
    if is_final(found.result) and found.cut_short is None:
        return None
    return {CANCELLED: _CANCELLED, TIMEOUT_INTERRUPT: _TIMED_OUT}.get(task.status, _FAILED)


def _said(message: str | None, sayings: Sequence[tuple[str, int]]) -> int | None:
    return next((number for saying, number in sayings if message and message.startswith(saying)), None)


def _emptiness(database: FoundDatabase, tables: Sequence[FoundTable], task: Task) -> int | None:
    """Which side has no table at all, where all tables were looked at."""
    if task.scope is not None and task.scope.get(database.source_db) is not None:
        return None
    if database.result is DataResult.CAN_NOT_COMPARE and not tables:
        return _BOTH_EMPTY
    lacking = {_said(table.message, _OF_TABLES) for table in tables}
    if database.result is not DataResult.INCONSISTENT or len(lacking) != 1:
        return None
    return {11: _SOURCE_EMPTY, 12: _TARGET_EMPTY}.get(lacking.pop() or 0)
