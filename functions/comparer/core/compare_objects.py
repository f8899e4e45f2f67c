"""Object-level comparison: the names of everything that both sides have, type by type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from functions.comparer.core.engine import Endpoint, SideName, Snapshot, Stop, Unreadable, owner_of
from functions.comparer.core.pairs import Pair, pairs_of
from functions.comparer.core.results import ObjectDetail, ObjectResult, ObjectsResult, OnProgress, Progress, TypeResult

# The order in which types are reported; whatever an engine has beyond it follows.
_ORDER = ("DB", "TABLE", "VIEW", "INDEX", "TRIGGER", "ROUTINE", "FUNCTION", "PROCEDURE", "EVENT", "CONSTRAINT")
# Tables and views, and what all those have that aren't hidden.
_TOLD_BY_TABLE = frozenset({"TABLE", "VIEW", "TABLE_COLLATION"})
_SHOWN_TABLES = 3
# Told by what it says, a constraint of which a column is hidden is another one; the index of a hidden one is its own.
_TOLD_BY_CONSTRAINT = frozenset({"CONSTRAINT", "INDEX"})

_Objects = Mapping[str, frozenset[str]]
_NOTHING: _Objects = {}
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class _Seen:
    """What a side says that it has. `hidden_types`: those of which it may have more, and what right would show that.

    `hidden`: the tables and views that it seems to lack, and may only hide. `neutral`: see `Snapshot.objects`.
    """

    objects: _Objects
    hidden_types: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    neutral: bool = False

    def may_lack(self, kind: str) -> bool:
        """Whether objects that it seems to have may be none, or others."""
        return self.neutral and "CONSTRAINT" in self.hidden_types and kind in _TOLD_BY_CONSTRAINT

    def may_have(self, kind: str, names: frozenset[str]) -> frozenset[str]:
        """Of objects that it seems to lack, those that it may have."""
        if kind in self.hidden_types and kind not in _TOLD_BY_TABLE:
            return names
        return frozenset(name for name in names if owner_of(name) in self.hidden) if self.hidden else frozenset()


@dataclass(frozen=True)
class _Read:
    """The objects of one pair as far as they could be read; None: could not be."""

    pair: Pair
    source: _Seen | None
    target: _Seen | None


@dataclass(frozen=True)
class _Side:
    """One side of a pair. What goes wrong is told in `failures`, what it may hide in `remarks`."""

    endpoint: Endpoint
    side: SideName
    name: str
    exists: bool
    stop: Stop
    failures: list[str]
    remarks: list[str]

    def seen(self, *, neutral: bool) -> _Seen | None:
        """All objects by type."""
        if not self.exists:
            return _Seen(_NOTHING)
        found = self._asked(lambda snapshot: _seen(snapshot, neutral=neutral))
        if found and found.hidden_types:
            types = ", ".join(f"{kind} ({right})" for kind, right in sorted(found.hidden_types.items()))
            self._remark(f"the user may not be shown all objects of these types (the right on it that would): {types}")
        return found

    def with_hidden(self, found: _Seen | None, other: _Seen | None) -> _Seen | None:
        """What it has, `found`, with the tables and views of the other side that it may have as well."""
        lacking = _tables(other) - _tables(found)
        if found is None or not self.exists or not lacking:
            return found
        hidden = self._asked(lambda snapshot: snapshot.hidden(lacking))
        if hidden is None:
            return None  # Of a side that can't say what it hides nothing is sure.
        if hidden:
            some, more = sorted(hidden)[:_SHOWN_TABLES], len(hidden) - _SHOWN_TABLES
            named = ", ".join(some) + (f" and {more} more" if more > 0 else "")
            self._remark(f"the user may not read, and so isn't told whether it has: {named}")
        return replace(found, hidden=hidden)

    def _remark(self, text: str) -> None:
        self.remarks.append(f"{self.side} database {self.name!r}: {text}")

    def _asked(self, ask: Callable[[Snapshot], _Answer]) -> _Answer | None:
        self.stop.check()
        try:
            with self.endpoint.snapshot(self.name, self.stop, 1) as snapshot:
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
    """Compare the names of all objects; types that neither side can have any of are left out. Raises `Stopped`.

    `mapping`: source to target database names where they differ. A database that can't be read makes every type
    incomplete unless a difference was found all the same, and is told in `failures`. So does a table that a side may
    have and hide, of the types that it may have objects of, and a type of which a side may hide any object; what is
    hidden is told in `remarks`.
    """
    try:
        pairs = pairs_of(source, target, mapping, stop)
    except Unreadable as error:
        return ObjectsResult((), (str(error),))
    failures: list[str] = []
    remarks: list[str] = []
    neutral = source.engine != target.engine
    read = []
    for done, pair in enumerate(pairs):
        progress(Progress("objects", pair.source, None, done, len(pairs)))
        ours = _Side(source, "source", pair.source, pair.in_source, stop, failures, remarks)
        theirs = _Side(target, "target", pair.target, pair.in_target, stop, failures, remarks)
        here, there = ours.seen(neutral=neutral), theirs.seen(neutral=neutral)
        read.append(_Read(pair, ours.with_hidden(here, there), theirs.with_hidden(there, here)))
    both = set(source.types) & set(target.types)
    either = sorted({*source.types, *target.types}, key=lambda kind: (_rank(kind), kind))
    types = [_databases(pairs), *(_type(kind, read, comparable=kind in both) for kind in either)]
    doubtful = {kind for entry in read for side in (entry.source, entry.target) if side for kind in side.hidden_types}
    told = (t for t in types if t.source_count or t.target_count or t.type in doubtful & both)
    return ObjectsResult(tuple(told), tuple(failures), tuple(remarks))


def _seen(snapshot: Snapshot, *, neutral: bool) -> _Seen:
    return _Seen(snapshot.objects(neutral=neutral), snapshot.hidden_types(), neutral=neutral)


def _rank(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _tables(found: _Seen | None) -> frozenset[str]:
    """What rows are read from."""
    known = found.objects if found else _NOTHING
    return known.get("TABLE", frozenset()) | known.get("VIEW", frozenset())


def _databases(pairs: Sequence[Pair]) -> TypeResult:
    details = tuple(
        _detail(
            pair,
            pair.source if pair.in_source and pair.hidden != "source" else None,
            pair.target if pair.in_target and pair.hidden != "target" else None,
            doubtful=pair.hidden is not None,
        )
        for pair in pairs
    )
    return _summed("DB", details, incomplete=any(pair.hidden for pair in pairs))


def _type(kind: str, read: Sequence[_Read], *, comparable: bool) -> TypeResult:
    details: list[ObjectDetail] = []
    incomplete = not comparable
    for entry in read:
        here, there = entry.source, entry.target
        ours, theirs = (side.objects.get(kind, frozenset()) if side else frozenset() for side in (here, there))
        doubtful = ours | theirs
        if comparable and here and there:
            doubtful = here.may_have(kind, theirs - ours) | there.may_have(kind, ours - theirs)
            if here.may_lack(kind) or there.may_lack(kind):
                doubtful = ours | theirs
            incomplete |= kind in here.hidden_types or kind in there.hidden_types
        incomplete |= here is None or there is None or bool(doubtful)
        details.extend(_pair_details(entry.pair, ours, theirs, doubtful))
    return _summed(kind, tuple(details), incomplete=incomplete)


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
