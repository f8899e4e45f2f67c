"""Comparing a table without a key in two SQLite databases, exactly and with every row as often as it is there.

Rows that are equal and lie in the same place cancel out. What is left, mostly nothing, is sorted by its values, which
SQLite does on disk; the memory for that is bounded by its cache.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apsw import carray

from functions.comparer.core.engine import closed
from functions.comparer.core.table import Chunk, Difference
from functions.comparer.sqlite.crew import Pace, Session, in_order
from functions.comparer.sqlite.joined import extra_rows
from functions.comparer.sqlite.keys import Span, typed
from functions.comparer.sqlite.layout import Layout
from functions.comparer.sqlite.parts import Cutter, Part
from functions.comparer.sqlite.statements import extras, rowids, surplus_rows

METHOD = "paired"

# How many rowids are remembered, 8 bytes each; beyond, they are found once more.
_MOST_REMEMBERED = 1_000_000
_CHUNK_DIFFERENCES = 500
_CHUNK_BYTES = 1_000_000
# What the first letters of the types mean.
_TYPES = {"i": "integer", "r": "real", "t": "text", "b": "blob", "n": "null"}


@dataclass(frozen=True)
class _Left:
    """The rowids of the rows of a part that have no equal in their place, on either side."""

    part: Part
    source: array[int]
    target: array[int]


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

    def compare(session: Session, cut: tuple[Span, int | None]) -> _Left:
        began = pace.clock()
        left = _left(session, layout, cutter.counted(session, *cut))
        cutter.took(pace.clock() - began)
        return left

    ours, theirs = array("q"), array("q")
    forgotten = False
    with closed(in_order(sessions, cutter.cut, compare)) as parts:
        for left in parts:
            ours += left.source
            theirs += left.target
            if len(ours) + len(theirs) > remembered:
                forgotten, ours, theirs = True, array("q"), array("q")
            yield Chunk(None, left.part.source_rows, left.part.target_rows)
    if forgotten or ours or theirs:
        yield from _surplus(sessions[0], layout, None if forgotten else (ours, theirs), room)


def _left(session: Session, layout: Layout, part: Part) -> _Left:
    ours, theirs = array("q"), array("q")
    for rowid, present in session.rows(rowids(layout, part.span)):
        ours.append(rowid)
        if present:
            theirs.append(rowid)
    if extra_rows(part, len(ours) - len(theirs)):
        theirs.extend(rowid for _, rowid in session.rows(extras(layout, part.span)))
    return _Left(part, ours, theirs)


def _surplus(
    session: Session, layout: Layout, left: tuple[array[int], array[int]] | None, room: int
) -> Iterator[Chunk]:
    """Every row that one side has more often, as often as it does."""
    batch = _Batch()
    # SQLite takes NULL for an array without members; apsw takes none of these.
    chosen = left and (carray(left[0]) if left[0] else None, carray(left[1]) if left[1] else None)
    for surplus, types, *stored in session.rows(surplus_rows(layout, chosen)):
        batch.count(surplus)
        times = min(abs(surplus), room)
        room -= times
        if times:
            kinds = (_TYPES[letter] for letter in types)
            row = tuple(typed(kind, value, layout.encoding) for kind, value in zip(kinds, stored, strict=True))
            difference = Difference("missing", row, None) if surplus > 0 else Difference("extra", None, row)
            for _ in range(times):
                batch.add(difference)
                if batch.full:
                    yield batch.taken()
    yield batch.taken()


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
        self._bytes += sum(len(value) for value in row if isinstance(value, (str, bytes)))

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
