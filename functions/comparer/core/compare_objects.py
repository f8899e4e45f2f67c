"""Object-level comparison: the names of everything that both sides have, type by type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from functions.comparer.core.engine import Endpoint, Stop, Unreadable
from functions.comparer.core.pairs import Pair, pairs_of
from functions.comparer.core.results import ObjectDetail, ObjectResult, ObjectsResult, OnProgress, Progress, TypeResult

# The order in which types are reported; whatever an engine has beyond it follows.
_ORDER = ("DB", "TABLE", "VIEW", "INDEX", "TRIGGER", "ROUTINE", "FUNCTION", "PROCEDURE", "EVENT", "CONSTRAINT")
_NOTHING: Mapping[str, frozenset[str]] = {}


@dataclass(frozen=True)
class _Read:
    """The objects of one pair as far as they could be read; None: could not be."""

    pair: Pair
    source: Mapping[str, frozenset[str]] | None
    target: Mapping[str, frozenset[str]] | None


def compare_objects(
    source: Endpoint,
    target: Endpoint,
    mapping: Mapping[str, str],
    stop: Stop,
    progress: OnProgress = lambda _: None,
) -> ObjectsResult:
    """Compare the names of all objects; types that neither side has any of are left out. Raises `Stopped`.

    `mapping`: source to target database names where they differ. A database that can't be read makes every type
    incomplete unless a difference was found all the same, and is told in `failures`.
    """
    try:
        pairs = pairs_of(source, target, mapping)
    except Unreadable as error:
        return ObjectsResult((), (str(error),))
    failures: list[str] = []
    read = []
    for done, pair in enumerate(pairs):
        progress(Progress("objects", pair.source, None, done, len(pairs)))
        read_side = partial(_objects, stop=stop, neutral=source.engine != target.engine)
        here = read_side(source, pair.source, pair.in_source, _teller(failures, "source", pair.source))
        there = read_side(target, pair.target, pair.in_target, _teller(failures, "target", pair.target))
        read.append(_Read(pair, here, there))
    both = set(source.types) & set(target.types)
    either = sorted({*source.types, *target.types}, key=lambda kind: (_rank(kind), kind))
    types = [_databases(pairs), *(_type(kind, read, comparable=kind in both) for kind in either)]
    return ObjectsResult(tuple(t for t in types if t.source_count or t.target_count), tuple(failures))


def _rank(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _teller(failures: list[str], side: str, name: str) -> Callable[[Unreadable], None]:
    return lambda error: failures.append(f"{side} database {name!r}: {error}")


def _objects(
    endpoint: Endpoint, name: str, exists: bool, failed: Callable[[Unreadable], None], *, stop: Stop, neutral: bool
) -> Mapping[str, frozenset[str]] | None:
    stop.check()
    if not exists:
        return _NOTHING
    try:
        with endpoint.snapshot(name, stop) as snapshot:
            found = snapshot.objects(neutral=neutral)
    except Unreadable as error:
        failed(error)
        return None
    return found


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
        incomplete |= here is None or there is None
        names = (here or _NOTHING).get(kind, frozenset()), (there or _NOTHING).get(kind, frozenset())
        doubtful = not comparable or here is None or there is None
        details.extend(_pair_details(entry.pair, *names, doubtful=doubtful))
    return _summed(kind, tuple(details), incomplete=incomplete)


def _pair_details(
    pair: Pair, ours: frozenset[str], theirs: frozenset[str], *, doubtful: bool
) -> Sequence[ObjectDetail]:
    return [
        _detail(pair, name if name in ours else None, name if name in theirs else None, doubtful=doubtful)
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
