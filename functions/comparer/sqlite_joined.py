"""Comparing a table in two SQLite databases by its key: part by part, in the order of the key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from functions.comparer.engine import TableUnreadable
from functions.comparer.sqlite_crew import Session, in_order
from functions.comparer.sqlite_keys import Place, Span, mark, place, typed_row, unmarked
from functions.comparer.sqlite_layout import Layout
from functions.comparer.sqlite_parts import Cutter, Part
from functions.comparer.sqlite_statements import extras, listing, tally
from functions.comparer.table import Chunk, Difference, TablePlan

METHOD = "joined"


def joined(
    sessions: Sequence[Session],
    layout: Layout,
    plan: TablePlan,
    after: str | None,
    room: int,
    clock: Callable[[], float],
) -> Iterator[Chunk]:
    """Compare a table with a key from a mark on, handing out up to `room` differences in the order of the key.

    Raises `TableUnreadable`, `Unreadable` and `Stopped`.
    """
    run = _Run(layout, plan, room)
    cutter = Cutter(layout, None if after is None else unmarked(after))

    def compare(session: Session, cut: tuple[Span, int | None]) -> Chunk:
        began = clock()
        chunk = run.compare(session, cutter.counted(session, *cut))
        cutter.took(clock() - began)
        return chunk

    for chunk in in_order(sessions, cutter.cut, compare):
        kept = chunk.differences[: run.room]
        run.room -= len(kept)
        yield replace(chunk, differences=kept)


@dataclass
class _Run:
    """`room`: how many differences are still wanted; while other parts are compared, there may be less by then."""

    layout: Layout
    plan: TablePlan
    room: int

    def compare(self, session: Session, part: Part) -> Chunk:
        """Compare one part."""
        room = self.room
        if room:
            missing, changed, found = self._list(session, part.span, room)
        else:
            differing, changed = session.row(tally(self.layout, part.span)) or (0, 0)
            missing, found = differing - changed, []
        extra = extra_rows(part, missing)
        if extra and room:
            found += self._extras(session, part.span, room)
            # Both are in order; only a shorter list than all of them is needed.
            found = sorted(found, key=self._place)[:room]
        high = part.span.high
        return Chunk(
            mark=None if high is None else mark(high),
            source_rows=part.source_rows,
            target_rows=part.target_rows,
            missing=missing,
            extra=extra,
            changed=changed,
            differences=tuple(found),
        )

    def _list(self, session: Session, span: Span, room: int) -> tuple[int, int, list[Difference]]:
        rows = session.rows(listing(self.layout, span))
        found: list[Difference] = []
        missing = changed = 0
        for present, *parts in rows:
            changed += present
            missing += not present
            if len(found) < room:
                found.append(self._difference(bool(present), parts))
        return missing, changed, found

    def _difference(self, present: bool, parts: Sequence[object]) -> Difference:
        *values, equal = parts
        half = len(values) // 2
        ours = typed_row(values[:half], self.layout.encoding)
        if not present:
            return Difference("missing", ours, None)
        columns = (pair[0] for pair, flag in zip(self.plan.columns, str(equal), strict=True) if flag == "0")
        return Difference("changed", ours, typed_row(values[half:], self.layout.encoding), tuple(columns))

    def _extras(self, session: Session, span: Span, room: int) -> list[Difference]:
        rows = session.rows(extras(self.layout, span, room))
        return [Difference("extra", None, typed_row(row, self.layout.encoding)) for row in islice(rows, room)]

    def _place(self, difference: Difference) -> Place:
        key = difference.source_key or difference.target_key or ()
        return place(key, self.layout.rules, self.layout.encoding)


def extra_rows(part: Part, missing: int) -> int:
    """How many rows of a part the target alone has. Raises `TableUnreadable` where that can't be true."""
    extra = part.target_rows - (part.source_rows - missing)
    if extra < 0:
        raise TableUnreadable("its index and its rows contradict each other", damaged=True)
    return extra
