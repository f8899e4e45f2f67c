"""Comparing a table without a key in two SQLite databases, exactly and with every row as often as it is there.

Rows that are equal and lie in the same place cancel out. What is left, mostly nothing, is sorted by its values, which
SQLite does on disk; the memory for that is bounded by its cache, but for the rows that it holds: it merges dozens at a
time. Where one of what is left is large, only digests are sorted.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import apsw
from apsw import carray

from functions.comparer.core.engine import TableUnreadable, closed
from functions.comparer.core.leftovers import unwritable
from functions.comparer.core.spilled import spilled_rows
from functions.comparer.core.table import Chunk, Difference, Malformed, Row, TablePlan
from functions.comparer.sqlite.crew import Pace, Session, in_order
from functions.comparer.sqlite.joined import CONTRADICTION, extra_rows
from functions.comparer.sqlite.keys import typed
from functions.comparer.sqlite.layout import Layout, Side
from functions.comparer.sqlite.parts import Cut, Cutter, Part
from functions.comparer.sqlite.statements import Statement, extras, rowids
from functions.comparer.sqlite.surplus import largest, surplus_rows, whole_rows

METHOD = "paired"

# How many rowids are remembered, 8 bytes each; beyond, they are found once more.
_MOST_REMEMBERED = 1_000_000
_CHUNK_DIFFERENCES = 500
_CHUNK_BYTES = 1_000_000
_VALUE_BYTES = 40  # What a value takes beside its text.
# A row of more bytes is not given to SQLite to sort.
_LARGE_BYTES = 16_000
# How SQLite says that a temporary file can't be written; it writes no other.
_NOT_WRITTEN = {apsw.SQLITE_FULL, apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_GETTEMPPATH}
# What the first letters of the types mean.
_TYPES = {"i": "integer", "r": "real", "t": "text", "b": "blob", "n": "null"}


@dataclass(frozen=True)
class _Left:
    """The rowids of the rows of a part that have no equal in their place, on either side; and if one is `large`."""

    part: Part
    source: array[int]
    target: array[int]
    large: bool


_Rowids = tuple["array[int]", "array[int]"]


def paired(
    sessions: Sequence[Session],
    layout: Layout,
    room: int,
    pace: Pace,
    remembered: int = _MOST_REMEMBERED,
) -> Iterator[Chunk]:
    """Compare a table by its rows, handing out up to `room` differences in the order of their values.

    The differences come with the last chunks. None has a mark. Raises `TableUnreadable`, `Unreadable` and `Stopped`.
    """
    cutter = Cutter(layout, None, pace.rows)

    def compare(session: Session, cut: Cut) -> _Left:
        began = pace.clock()
        part = cutter.counted(session, cut)
        left = _left(session, layout, part)
        cutter.took(part.source.rows, pace.clock() - began)
        return left

    ours, theirs = array("q"), array("q")
    forgotten = large = False
    with closed(in_order(sessions, cutter.cut, compare)) as parts:
        for left in parts:
            ours += left.source
            theirs += left.target
            large = large or left.large
            if len(ours) + len(theirs) > remembered:
                forgotten, ours, theirs = True, array("q"), array("q")
            yield Chunk(None, left.part.source.rows, left.part.target.rows)
    if forgotten or ours or theirs:
        find = _surplus_large if large else _surplus
        yield from find(sessions[0], layout, None if forgotten else (ours, theirs), room)


def _left(session: Session, layout: Layout, part: Part) -> _Left:
    ours, theirs = array("q"), array("q")
    for rowid, present in session.rows(rowids(layout, part.span)):
        ours.append(rowid)
        if present:
            theirs.append(rowid)
    if extra_rows(part, len(ours) - len(theirs)):
        theirs.extend(rowid for _, _, rowid in session.rows(extras(layout, part.span)))
    sides = (layout.source, ours), (layout.target, theirs)
    sizes = [_largest(session, side, found) for side, found in sides if found]
    return _Left(part, ours, theirs, large=max(sizes, default=0) > _LARGE_BYTES)


def _largest(session: Session, side: Side, rowids: array[int]) -> int:
    """How many bytes the largest of some rows has. Raises `TableUnreadable` if one can't be looked up."""
    ((found, size),) = session.rows(largest(side, carray(rowids)))
    if found != len(rowids):
        raise TableUnreadable(CONTRADICTION, damaged=True)
    return int(size)


def _surplus_large(session: Session, layout: Layout, left: _Rowids | None, room: int) -> Iterator[Chunk]:
    """As `_surplus`, row by row, in the order in which they lie."""

    def read(side: int) -> Iterator[Row]:
        table = (layout.source, layout.target)[side]
        return _whole(session, table, None if left is None else left[side], layout.encoding)

    names = tuple(zip(layout.source.columns, layout.target.columns, strict=True))
    plan = TablePlan(layout.source.table, names, kinds=(), key=(), rules=())
    with closed(spilled_rows(read, plan, room, session.stop)) as chunks:
        for chunk in chunks:
            yield replace(chunk, source_rows=0, target_rows=0)  # They are counted already.


def _whole(session: Session, side: Side, chosen: array[int] | None, encoding: str) -> Iterator[Row]:
    if chosen is None or chosen:
        for types, *stored in session.rows(whole_rows(side, None if chosen is None else carray(chosen))):
            yield _row(types, stored, encoding)


def _row(types: str, stored: Sequence[object], encoding: str) -> Row:
    return tuple(typed(_TYPES[letter], value, encoding) for letter, value in zip(types, stored, strict=True))


def _surplus(session: Session, layout: Layout, left: _Rowids | None, room: int) -> Iterator[Chunk]:
    """Every row that one side has more often, as often as it does."""
    batch = _Batch()
    # SQLite takes NULL for an array without members; apsw takes none of these.
    chosen = left and (carray(left[0]) if left[0] else None, carray(left[1]) if left[1] else None)
    for surplus, types, *stored in _sorted(session, surplus_rows(layout, chosen)):
        batch.count(surplus)
        times = min(abs(surplus), room)
        room -= times
        if times:
            row = _row(types, stored, layout.encoding)
            difference = Difference("missing", row, None) if surplus > 0 else Difference("extra", None, row)
            for _ in range(times):
                batch.add(difference)
                if batch.full:
                    yield batch.taken()
    yield batch.taken()


def _sorted(session: Session, statement: Statement) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement that sorts: all that is ever written is what SQLite puts aside for that."""
    try:
        yield from session.rows(statement)
    except TableUnreadable as error:
        code = getattr(error.__cause__, "extendedresult", 0)
        if code not in _NOT_WRITTEN:
            raise
        raise unwritable(str(error), full=code == apsw.SQLITE_FULL) from error


class _Batch:
    """What has been found since the last chunk: so few differences that they take little memory, however long."""

    def __init__(self) -> None:
        self._missing = self._extra = self._bytes = 0
        self._differences: list[Difference] = []

    def count(self, surplus: int) -> None:
        """Count a row that the source has so many times more often; less than none: the target."""
        self._missing += max(surplus, 0)
        self._extra += max(-surplus, 0)

    def add(self, difference: Difference) -> None:
        """Keep a row that has been counted."""
        self._differences.append(difference)
        row = difference.source_key or difference.target_key or ()
        texts = (value.raw if isinstance(value, Malformed) else value for value in row)
        self._bytes += _VALUE_BYTES * len(row) + sum(len(text) for text in texts if isinstance(text, (str, bytes)))

    @property
    def full(self) -> bool:
        """Whether it should be taken now."""
        return len(self._differences) >= _CHUNK_DIFFERENCES or self._bytes >= _CHUNK_BYTES

    def taken(self) -> Chunk:
        """All of it as a chunk; then it is empty."""
        chunk = Chunk(None, 0, 0, self._missing, self._extra, 0, tuple(self._differences))
        self._missing = self._extra = self._bytes = 0
        self._differences = []
        return chunk
