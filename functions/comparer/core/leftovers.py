"""The rows that have not found their equal on the other side: kept on disk, sorted there, and told apart.

A private temporary database, which SQLite deletes by itself. It holds digests, not rows, until it is known which rows
are shown; memory is bounded by its cache.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from functions.comparer.core.engine import Stop, Stopped, TableUnreadable

# A negative cache size is in KiB. The same number bounds what sorting holds in memory.
_SETTINGS = ("PRAGMA journal_mode = OFF", "PRAGMA temp_store = FILE", "PRAGMA cache_size = -16384")
_TABLES = (
    "BEGIN",
    "CREATE TABLE unmatched (key BLOB, side INTEGER, number INTEGER, row BLOB)",
    """CREATE TABLE differing (
        source_number INTEGER, source_row BLOB, target_number INTEGER, target_row BLOB, surplus INTEGER, most INTEGER
    )""",
    """CREATE TABLE shown (
        id INTEGER PRIMARY KEY, surplus INTEGER, number_0 INTEGER, row_0 BLOB, number_1 INTEGER, row_1 BLOB,
        key_0 BLOB, values_0 BLOB, key_1 BLOB, values_1 BLOB
    )""",
)
# `surplus`: how many more rows the source has; 0: one on each side, and they differ.
_TELL_APART = """
    INSERT INTO differing
    SELECT min(CASE side WHEN 0 THEN number END), min(CASE side WHEN 0 THEN row END),
           min(CASE side WHEN 1 THEN number END), min(CASE side WHEN 1 THEN row END),
           sum(1 - 2 * side), max(sum(side), sum(1 - side))
    FROM unmatched GROUP BY key HAVING sum(1 - 2 * side) <> 0 OR min(row) <> max(row)
"""
_COUNTS = """
    SELECT coalesce(sum(max(surplus, 0)), 0), coalesce(sum(max(-surplus, 0)), 0), coalesce(sum(surplus = 0), 0),
           coalesce(max(most), 0)
    FROM differing
"""
# In the order in which they are read: what the source has, then what the target alone has.
_CHOOSE = """
    INSERT INTO shown (surplus, number_0, row_0, number_1, row_1)
    SELECT surplus, source_number, source_row, target_number, target_row FROM differing
    ORDER BY surplus < 0, CASE WHEN surplus < 0 THEN target_number ELSE source_number END LIMIT ?
"""
# By side. A side is read again only for the rows that are shown of it.
_WANTED = (
    "SELECT number_0, id, row_0 FROM shown WHERE surplus >= 0 ORDER BY number_0",
    "SELECT number_1, id, row_1 FROM shown WHERE surplus <= 0 ORDER BY number_1",
)
_KEEP = (
    "UPDATE shown SET key_0 = ?, values_0 = ? WHERE id = ?",
    "UPDATE shown SET key_1 = ?, values_1 = ? WHERE id = ?",
)


class Unmatched(NamedTuple):
    """A row without its equal. `side`: 0 is the source; `number`: its place in the reading; the others are digests."""

    key: bytes
    side: int
    number: int
    row: bytes


class Wanted(NamedTuple):
    """A row that is to be shown: its place in the reading, how to hand it back, and its digest."""

    number: int
    id: int
    row: bytes


class Shown(NamedTuple):
    """What was kept of a row to be shown; `surplus`: how many more of it the source has; 0: the two sides differ."""

    surplus: int
    source_key: bytes | None
    source_values: bytes | None
    target_key: bytes | None
    target_values: bytes | None


@dataclass(frozen=True)
class Counts:
    """How many rows differ. `most`: how many rows at most one side has under a key that differs."""

    missing: int
    extra: int
    changed: int
    most: int


def temporary_database() -> sqlite3.Connection:
    """A private one on disk, in the folder for temporary files (``TMPDIR``); gone when it is closed."""
    return sqlite3.connect("", isolation_level=None)


class Leftovers:
    """The temporary database of one table. Every method raises `TableUnreadable` (as for a full disk) or `Stopped`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, rows: Sequence[Unmatched]) -> None:
        """Keep rows that have not found their equal so far."""
        with _told():
            self._database.executemany("INSERT INTO unmatched VALUES (?, ?, ?, ?)", rows)

    def count(self) -> Counts:
        """Let equal rows cancel out and count what remains. All rows have been added."""
        with _told():
            self._database.execute(_TELL_APART)
            return Counts(*self._database.execute(_COUNTS).fetchone())

    def choose(self, room: int) -> tuple[list[Wanted], list[Wanted]]:
        """Choose up to `room` of the differing keys; the rows to be read again, by side and in reading order."""
        with _told():
            self._database.execute(_CHOOSE, (room,))
            source, target = ([Wanted(*row) for row in self._database.execute(wanted)] for wanted in _WANTED)
        return source, target

    def keep(self, side: int, wanted: Wanted, key: bytes, values: bytes) -> None:
        """Keep of a row that was read again what is needed to show it."""
        with _told():
            self._database.execute(_KEEP[side], (key, values, wanted.id))

    def shown(self) -> Iterator[Shown]:
        """All chosen rows, in a stable order."""
        with _told():
            columns = "surplus, key_0, values_0, key_1, values_1"
            for row in self._database.execute(f"SELECT {columns} FROM shown ORDER BY id"):  # noqa: S608 (constants)
                yield Shown(*row)


@contextmanager
def leftovers(stop: Stop, connect: Callable[[], sqlite3.Connection] = temporary_database) -> Iterator[Leftovers]:
    """A new, empty temporary database for the length of the block."""
    with _told():
        database: Any = connect()
    with closing(database), stop.interrupting(database.interrupt):
        with _told():
            for statement in (*_SETTINGS, *_TABLES):
                database.execute(statement)
        yield Leftovers(database)


def unwritable(reason: str, *, full: bool) -> TableUnreadable:
    """What to raise where temporary files can't be written. `full`: for want of room."""
    reason = "there is no room left on the disk" if full else reason
    message = f"its differences can't be sorted in the folder for temporary files (TMPDIR): {reason}"
    return TableUnreadable(message, damaged=True)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_INTERRUPT:
            raise Stopped from error
        raise unwritable(str(error), full=code == sqlite3.SQLITE_FULL) from error
