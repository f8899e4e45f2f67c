"""Comparing a table in two SQLite databases by its key: part by part, in the order of the key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from functions.comparer.core.engine import TableUnreadable, closed
from functions.comparer.core.table import Chunk, Difference, Malformed, Row, TablePlan
from functions.comparer.sqlite.crew import Pace, Session, in_order
from functions.comparer.sqlite.keys import Place, Span, mark, place, stays, typed_row, unmarked
from functions.comparer.sqlite.layout import Layout
from functions.comparer.sqlite.parts import Cut, Cutter, Part
from functions.comparer.sqlite.statements import count, extras, listing, tally, unpartnered

METHOD = "joined"
CONTRADICTION = "its index and its rows contradict each other"


def joined(
    sessions: Sequence[Session],
    layout: Layout,
    plan: TablePlan,
    after: str | None,
    room: int,
    pace: Pace,
    rows: Callable[[], tuple[int, int]],
) -> Iterator[Chunk]:
    """Compare a table with a key from a mark on, handing out up to `room` differences in the order of the key.

    `rows` counts the rows of each side. Raises `TableUnreadable`, `Unreadable` and `Stopped`.
    """
    _check_indexes(sessions[0], layout, rows)
    run = _Run(layout, plan, room)
    cutter = Cutter(layout, None if after is None else unmarked(after), pace.rows)

    def compare(session: Session, cut: Cut) -> Chunk:
        began = pace.clock()
        part = cutter.counted(session, cut)
        chunk = run.compare(session, part)
        cutter.took(part.source.rows, pace.clock() - began)
        return chunk

    with closed(in_order(sessions, cutter.cut, compare)) as chunks:
        for chunk in chunks:
            kept = chunk.differences[: run.room]
            run.room -= len(kept)
            yield replace(chunk, differences=kept)


@dataclass
class _Run:
    """`room`: how many differences are still wanted; while other parts are compared, there may be less by then."""

    layout: Layout
    plan: TablePlan
    room: int
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def compare(self, session: Session, part: Part) -> Chunk:
        """Compare one part."""
        room = self.room
        if room:
            missing, changed, found = self._list(session, part.span, room)
        else:
            ((differing, changed),) = session.rows(tally(self.layout, part.span))
            missing, found = differing - changed, []
        extra = extra_rows(part, missing)
        if not self.layout.merged and session.number(unpartnered(self.layout, part.span)) != extra:
            raise TableUnreadable(CONTRADICTION, damaged=True)
        if extra and room:
            found += self._extras(session, part.span, room)
            # Both are in order; only a shorter list than all of them is needed.
            found = sorted(found, key=self._place)[:room]
        high = part.span.high
        return Chunk(
            mark=None if high is None else mark(high),
            source_rows=part.source.rows,
            target_rows=part.target.rows,
            missing=missing,
            extra=extra,
            changed=changed,
            differences=tuple(found),
        )

    def _list(self, session: Session, span: Span, room: int) -> tuple[int, int, list[Difference]]:
        found: list[Difference] = []
        missing = changed = 0
        # What is left open when something is raised would keep the connection from being used again.
        with closed(session.rows(listing(self.layout, span))) as rows:
            for present, right, *parts in rows:
                if not right:
                    raise TableUnreadable(CONTRADICTION, damaged=True)
                changed += present
                missing += not present
                if len(found) < room:
                    found.append(self._difference(bool(present), parts))
        return missing, changed, found

    def _difference(self, present: bool, parts: Sequence[object]) -> Difference:
        *values, equal = parts
        half = len(values) // 2
        if not present:
            return Difference("missing", self._alone(values[:half]), None)
        columns = self._columns(str(equal))
        if not columns:
            raise TableUnreadable(CONTRADICTION, damaged=True)
        ours, theirs = self._alone(values[:half]), typed_row(values[half:], self.layout.encoding)
        if self._apart(ours, theirs):
            raise TableUnreadable(CONTRADICTION, damaged=True)
        return Difference("changed", ours, theirs, columns)

    def _columns(self, flags: str) -> tuple[str, ...]:
        """The columns that differ; most rows of a table differ in the same ones, which are kept once."""
        if flags not in self.named:
            pairs = zip(self.plan.columns, flags, strict=True)
            self.named[flags] = tuple(pair[0] for pair, flag in pairs if flag == "0")
        return self.named[flags]

    def _apart(self, ours: Row, theirs: Row) -> bool:
        """Whether keys that were found to be equal are not; of malformed texts only SQLite knows."""
        if ours == theirs or any(isinstance(value, Malformed) for value in (*ours, *theirs)):
            return False
        one, other = (place(key, self.layout.rules, self.layout.encoding) for key in (ours, theirs))
        return one != other

    def _extras(self, session: Session, span: Span, room: int) -> list[Difference]:
        with closed(session.rows(extras(self.layout, span, room))) as rows:
            return [Difference("extra", None, self._alone(self._believed(*row))) for row in rows]

    def _believed(self, right: int, *parts: object) -> Sequence[object]:
        """What an index says of a row that nothing else is known of."""
        if not right:
            raise TableUnreadable(CONTRADICTION, damaged=True)
        return parts

    def _alone(self, parts: Sequence[object]) -> Row:
        """A key that was looked for on the other side: SQLite finds only what a column of its type can hold."""
        key = typed_row(parts, self.layout.encoding)
        if self.layout.merged and None in key:
            raise TableUnreadable(CONTRADICTION, damaged=True)
        if not all(
            stays(value, kind, self.layout.encoding) for value, kind in zip(key, self.layout.kinds, strict=True)
        ):
            raise TableUnreadable("a value of its key is none that its column would hold", damaged=False)
        return key

    def _place(self, difference: Difference) -> Place:
        key = difference.source_key or difference.target_key or ()
        return place(key, self.layout.rules, self.layout.encoding)


def _check_indexes(session: Session, layout: Layout, rows: Callable[[], tuple[int, int]]) -> None:
    """Refuse an index that doesn't have every row: what it lacks would be called missing or extra."""
    for at, side in enumerate((layout.source, layout.target)):
        if side.rowid is not None:
            ((entries, _),) = session.rows(count(layout, side, Span(None, None)))
            number = rows()[at]
            if number != entries:
                raise TableUnreadable(f"it has {number} rows that its index says are {entries}", damaged=True)


def extra_rows(part: Part, missing: int) -> int:
    """How many rows of a part the target alone has. Raises `TableUnreadable` where that can't be true."""
    extra = part.target.rows - (part.source.rows - missing)
    # The same number of rows, each of them found on the other side: unless one was found twice, they are the same.
    if extra < 0 or (not extra and not missing and part.source.sum != part.target.sum):
        raise TableUnreadable(CONTRADICTION, damaged=True)
    return extra
