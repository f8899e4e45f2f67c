"""Object-level comparison: the names of everything that both sides have, type by type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from functions.comparer.core.engine import Endpoint, SideName, Snapshot, Stop, Unreadable, owner_of
from functions.comparer.core.pairs import Pair, pairs_of
from functions.comparer.core.results import ObjectDetail, ObjectResult, ObjectsResult, OnProgress, Progress, TypeResult

# The order in which types are reported; whatever an engine has beyond it follows.
_ORDER = ("DB", "TABLE", "VIEW", "INDEX", "TRIGGER", "ROUTINE", "FUNCTION", "PROCEDURE", "EVENT", "CONSTRAINT")
_SHOWN_TABLES = 3

_Objects = Mapping[str, frozenset[str]]
_NOTHING: _Objects = {}
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class _Read:
    """The objects of one pair as far as they could be read; None: could not be.

    `hidden`: the tables and views that a side seems to lack, and may only hide.
    """

    pair: Pair
    source: _Objects | None
    target: _Objects | None
    hidden: tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class _Side:
    """One side of a pair. What goes wrong is told in `failures`."""

    endpoint: Endpoint
    side: SideName
    name: str
    exists: bool
    stop: Stop
    failures: list[str]

    def objects(self, *, neutral: bool) -> _Objects | None:
        """All objects by type."""
        return self._asked(lambda snapshot: snapshot.objects(neutral=neutral)) if self.exists else _NOTHING

    def hidden(self, here: _Objects | None, there: _Objects | None) -> frozenset[str] | None:
        """Of the tables and views that are on the other side alone, those that may be on this one, `here`, as well."""
        lacking = _tables(there) - _tables(here)
        if here is None or not self.exists or not lacking:
            return frozenset()
        return self._asked(lambda snapshot: snapshot.hidden(lacking))

    def told(self, hidden: frozenset[str]) -> str:
        """What to say of tables that may be there."""
        some, more = sorted(hidden)[:_SHOWN_TABLES], len(hidden) - _SHOWN_TABLES
        named = ", ".join(some) + (f" and {more} more" if more > 0 else "")
        return f"{self.side} database {self.name!r}: the user may not read, and so isn't told whether it has: {named}"

    def _asked(self, ask: Callable[[Snapshot], _Answer]) -> _Answer | None:
        self.stop.check()
        try:
            with self.endpoint.snapshot(self.name, self.stop) as snapshot:
                answer = ask(snapshot)
        except Unreadable as error:
            self.failures.append(f"{self.side} database {self.name!r}: {error}")
            return None
        return answer


def compare_objects(
    source: Endpoint,
    target: Endpoint,
    mapping: Mapping[str, str],
    stop: Stop,
    progress: OnProgress = lambda _: None,
) -> ObjectsResult:
    """Compare the names of all objects; types that neither side has any of are left out. Raises `Stopped`.

    `mapping`: source to target database names where they differ. A database that can't be read makes every type
    incomplete unless a difference was found all the same, and is told in `failures`. So does a table that a side may
    have and hide, of the types that it may have objects of; it is told in `remarks`.
    """
    try:
        pairs = pairs_of(source, target, mapping)
    except Unreadable as error:
        return ObjectsResult((), (str(error),))
    failures: list[str] = []
    remarks: list[str] = []
    neutral = source.engine != target.engine
    read = []
    for done, pair in enumerate(pairs):
        progress(Progress("objects", pair.source, None, done, len(pairs)))
        ours = _Side(source, "source", pair.source, pair.in_source, stop, failures)
        theirs = _Side(target, "target", pair.target, pair.in_target, stop, failures)
        read.append(_read(pair, ours, theirs, remarks, neutral=neutral))
    both = set(source.types) & set(target.types)
    either = sorted({*source.types, *target.types}, key=lambda kind: (_rank(kind), kind))
    types = [_databases(pairs), *(_type(kind, read, comparable=kind in both) for kind in either)]
    return ObjectsResult(tuple(t for t in types if t.source_count or t.target_count), tuple(failures), tuple(remarks))


def _rank(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _read(pair: Pair, ours: _Side, theirs: _Side, remarks: list[str], *, neutral: bool) -> _Read:
    here, there = ours.objects(neutral=neutral), theirs.objects(neutral=neutral)
    hidden = ours.hidden(here, there), theirs.hidden(there, here)
    remarks.extend(side.told(names) for side, names in zip((ours, theirs), hidden, strict=True) if names)
    # Of a side that can't say what it hides nothing is sure.
    here, there = (None if names is None else found for found, names in zip((here, there), hidden, strict=True))
    return _Read(pair, here, there, (hidden[0] or frozenset(), hidden[1] or frozenset()))


def _tables(found: _Objects | None) -> frozenset[str]:
    """What rows are read from."""
    known = found or _NOTHING
    return known.get("TABLE", frozenset()) | known.get("VIEW", frozenset())


def _databases(pairs: Sequence[Pair]) -> TypeResult:
    details = tuple(
        _detail(pair, pair.source if pair.in_source else None, pair.target if pair.in_target else None)
        for pair in pairs
    )
    return _summed("DB", details, incomplete=False)


def _type(kind: str, read: Sequence[_Read], *, comparable: bool) -> TypeResult:
    details: list[ObjectDetail] = []
    incomplete = not comparable
    for entry in read:
        here, there = entry.source, entry.target
        ours, theirs = (here or _NOTHING).get(kind, frozenset()), (there or _NOTHING).get(kind, frozenset())
        doubtful = ours | theirs
        if comparable and here is not None and there is not None:
            doubtful = _owned(theirs - ours, entry.hidden[0]) | _owned(ours - theirs, entry.hidden[1])
        incomplete |= here is None or there is None or bool(doubtful)
        details.extend(_pair_details(entry.pair, ours, theirs, doubtful))
    return _summed(kind, tuple(details), incomplete=incomplete)


def _owned(names: frozenset[str], owners: frozenset[str]) -> frozenset[str]:
    """The objects that are one of the owners, or belong to one."""
    return frozenset(name for name in names if owner_of(name) in owners) if owners else frozenset()


def _pair_details(
    pair: Pair, ours: frozenset[str], theirs: frozenset[str], doubtful: frozenset[str]
) -> Sequence[ObjectDetail]:
    return [
        _detail(pair, name if name in ours else None, name if name in theirs else None, doubtful=name in doubtful)
        for name in sorted(ours | theirs)
    ]


def _detail(pair: Pair, source: str | None, target: str | None, *, doubtful: bool = False) -> ObjectDetail:
    result = ObjectResult.CONSISTENT if source is not None and target is not None else ObjectResult.INCONSISTENT
    return ObjectDetail(pair.source, pair.target, source, target, ObjectResult.INCOMPLETE if doubtful else result)


def _summed(kind: str, details: tuple[ObjectDetail, ...], *, incomplete: bool) -> TypeResult:
    if any(detail.result is ObjectResult.INCONSISTENT for detail in details):
        result = ObjectResult.INCONSISTENT
    else:
        result = ObjectResult.INCOMPLETE if incomplete else ObjectResult.CONSISTENT
    source = sum(detail.source is not None for detail in details)
    target = sum(detail.target is not None for detail in details)
    return TypeResult(kind, source, target, result, details)
