"""Cutting a table in two SQLite databases into parts, in the order of its key, each small enough for a blink."""

from __future__ import annotations

from dataclasses import dataclass

from functions.comparer.core.engine import TableUnreadable
from functions.comparer.core.table import Row
from functions.comparer.sqlite.crew import Session
from functions.comparer.sqlite.keys import Span, stays, typed_row
from functions.comparer.sqlite.layout import Layout
from functions.comparer.sqlite.layout import Side as Table
from functions.comparer.sqlite.statements import count, nth, weight

# So many rows at first and at most. More are no faster, and what was just read is still in the cache.
FIRST_ROWS = 1_024
_MOST_ROWS = 20_000
_FEWEST_ROWS = 16
# What one part may bring into memory, as all of its rows may differ: of the keys (of both sides) so many bytes, unless
# it is a single row; and so many values, as every row may name all of its columns.
_MOST_BYTES = 2_000_000
_MOST_VALUES = 1_000_000
# How often as many rows as planned the target may have in a part.
_MOST_TIMES = 2
_SHORT_SECONDS, _TOO_LONG_SECONDS = 0.1, 0.3
# A smaller part that takes so much of the time of a larger one is not worth it.
_NO_FASTER = 0.75


@dataclass(frozen=True)
class Side:
    """The rows of one side in a part: how many, and a sum of their rowids if they go by these (else 0)."""

    rows: int
    sum: int


@dataclass(frozen=True)
class Cut:
    """A part that is not counted yet.

    `passed`: how many rows of the source there were on the way to its end; `target`: what the target has; None: not
    known by now.
    """

    span: Span
    passed: int | None
    target: Side | None


@dataclass(frozen=True)
class Part:
    """A part of a table and what each side has in it."""

    span: Span
    source: Side
    target: Side


class Cutter:
    """Cuts a table from the key `low` (None: from its beginning) on, beginning with a part of so many rows.

    `cut` must not be called twice at a time.
    """

    def __init__(self, layout: Layout, low: Row | None, rows: int) -> None:
        self._layout = layout
        self._low = low
        self._rows = rows
        self._over = False
        self._slow: tuple[int, float] | None = None
        self._settled = False

    def cut(self, session: Session) -> Cut | None:
        """The next part; None: there is no more."""
        if self._over:
            return None
        rows = max(1, min(self._rows, _MOST_VALUES // len(self._layout.source.columns)))
        found = self._found(session, rows)
        while rows > 1 and (heavy := self._weight(session, found.span)) > _MOST_BYTES:
            rows = max(1, min(rows // 2, rows * _MOST_BYTES // heavy))
            self._rows = rows  # What follows is mostly alike.
            found = self._found(session, rows)
        self._low, self._over = found.span.high, found.span.high is None
        return found

    def took(self, rows: int, seconds: float) -> None:
        """Let the parts to come be as large as they may be without taking much longer than a blink.

        `rows`: how many were compared in so long.
        """
        if self._slow and rows < self._slow[0] and seconds > _NO_FASTER * self._slow[1]:
            # It is not the rows that take long, as with very many columns, which SQLite has to be told for every part.
            self._rows, self._settled = max(self._rows, self._slow[0]), True
        if not self._settled:
            self._rows = next_rows(self._rows, seconds)
        if seconds > _TOO_LONG_SECONDS:
            self._slow = self._slow or (rows, seconds)

    def counted(self, session: Session, cut: Cut) -> Part:
        """The part with its rows counted as they are compared, whatever was passed on the way to its end."""
        ours = self._count(session, self._layout.source, cut.span)
        if cut.passed not in (None, ours.rows):
            raise TableUnreadable("its rows are not in the order of their keys", damaged=True)
        theirs = cut.target or self._count(session, self._layout.target, cut.span)
        if cut.span.high is not None and not ours.rows + theirs.rows:
            raise TableUnreadable("its rows are not found by their keys", damaged=True)  # They would be cut for ever.
        return Part(cut.span, ours, theirs)

    def _count(self, session: Session, side: Table, span: Span, most: int | None = None) -> Side:
        ((rows, total),) = session.rows(count(self._layout, side, span, most))
        return Side(rows, total or 0)

    def _found(self, session: Session, rows: int) -> Cut:
        """A part of about so many rows, no more than a few times as many on either side."""
        passed, high = self._end(session, self._layout.source, rows)
        span, most = Span(self._low, high), rows if high is None else rows * _MOST_TIMES
        theirs = self._count(session, self._layout.target, span, most + 1)
        if theirs.rows <= most:
            return Cut(span, passed, theirs)
        crowded = self._end(session, self._layout.target, most, high)[1]
        return Cut(span, passed, None) if crowded is None else Cut(Span(self._low, crowded), None, None)

    def _weight(self, session: Session, span: Span) -> int:
        """How many bytes the keys have together, as far as they can be long."""
        layout = self._layout
        if layout.merged:
            return 0
        return sum(session.number(weight(layout, side, span)) for side in (layout.source, layout.target))

    def _end(
        self, session: Session, side: Table, number: int, high: Row | None = None
    ) -> tuple[int | None, Row | None]:
        """The key at which a part may end, and how many rows it is after the beginning; None: there is none."""
        while found := session.row(nth(self._layout, side, self._low, number, high)):
            key = typed_row(found, self._layout.encoding)
            if all(
                stays(value, kind, self._layout.encoding) for value, kind in zip(key, self._layout.kinds, strict=True)
            ):
                return number, key
            number *= 2
        return None, None


def next_rows(rows: int, seconds: float) -> int:
    """How many rows a part may have, after it took so long to compare one while `rows` were allowed."""
    if seconds > _TOO_LONG_SECONDS:
        return max(min(rows, _FEWEST_ROWS), rows // 2)
    return min(_MOST_ROWS, rows * 2) if seconds < _SHORT_SECONDS else rows
