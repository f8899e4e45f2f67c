"""Cutting a table in two SQLite databases into parts, in the order of its key, each small enough for a blink."""

from __future__ import annotations

from dataclasses import dataclass

from functions.comparer.core.table import Row
from functions.comparer.sqlite.crew import Session
from functions.comparer.sqlite.keys import Span, stays, typed_row
from functions.comparer.sqlite.layout import Layout, Side
from functions.comparer.sqlite.statements import count, nth

# So many rows at first and at most. More are no faster, and what was just read is still in the cache; rows may be huge.
FIRST_ROWS = 1_024
_MOST_ROWS = 20_000
_FEWEST_ROWS = 16
_SHORT_SECONDS, _TOO_LONG_SECONDS = 0.1, 0.3


@dataclass(frozen=True)
class Part:
    """A part of a table and how many rows each side has in it."""

    span: Span
    source_rows: int
    target_rows: int


class Cutter:
    """Cuts a table from the key `low` (None: from its beginning) on, beginning with a part of so many rows.

    `cut` must not be called twice at a time.
    """

    def __init__(self, layout: Layout, low: Row | None, rows: int) -> None:
        self._layout = layout
        self._low = low
        self._rows = rows
        self._over = False

    def cut(self, session: Session) -> tuple[Span, int | None] | None:
        """The next part, and how many rows the source has in it, if that is known by now; None: there is no more."""
        if self._over:
            return None
        known: int | None
        known, high = self._end(session, self._layout.source)
        if high is None:
            known, high = None, self._end(session, self._layout.target)[1]
        span = Span(self._low, high)
        self._low, self._over = high, high is None
        return span, known

    def took(self, seconds: float) -> None:
        """Let the parts to come be as large as they may be without taking much longer than a blink."""
        self._rows = next_rows(self._rows, seconds)

    def counted(self, session: Session, span: Span, known: int | None) -> Part:
        """The part with its rows counted."""
        layout = self._layout
        ours = session.number(count(layout, layout.source, span)) if known is None else known
        return Part(span, ours, session.number(count(layout, layout.target, span)))

    def _end(self, session: Session, side: Side) -> tuple[int, Row | None]:
        """The key at which a part may end, and how many rows it is after the beginning; None: there is none."""
        number = self._rows
        while found := session.row(nth(self._layout, side, self._low, number)):
            key = typed_row(found, self._layout.encoding)
            if all(
                stays(value, kind, self._layout.encoding) for value, kind in zip(key, self._layout.kinds, strict=True)
            ):
                return number, key
            number *= 2
        return number, None


def next_rows(rows: int, seconds: float) -> int:
    """How many rows a part may have, after it took so long to compare one while `rows` were allowed."""
    if seconds > _TOO_LONG_SECONDS:
        return max(min(rows, _FEWEST_ROWS), rows // 2)
    return min(_MOST_ROWS, rows * 2) if seconds < _SHORT_SECONDS else rows
