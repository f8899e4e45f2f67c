"""Row comparison: the exact number of rows of every table, on both sides, each side read in one snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from functions.comparer.engine import Endpoint, Snapshot, Stop, TableUnreadable, Unreadable
from functions.comparer.pairs import Pair, pairs_of
from functions.comparer.results import DatabaseLines, DataResult, LinesResult, OnProgress, Progress, TableLines

Scope = Mapping[str, Collection[str] | None]
"""What to compare: source database names, each with its tables; no tables (None) means all of both sides."""

# The first of these that occurs among its tables is a database's result.
_WORST = (DataResult.INCONSISTENT, DataResult.FAILED, DataResult.CAN_NOT_COMPARE)
_SHOWN_FAILURES = 3


@dataclass(frozen=True)
class _Opened:
    """The two snapshots of a pair; None: that side lacks the database."""

    source: Snapshot | None
    target: Snapshot | None


def compare_lines(
    source: Endpoint,
    target: Endpoint,
    mapping: Mapping[str, str],
    scope: Scope | None,
    stop: Stop,
    result: LinesResult,
    progress: OnProgress = lambda _: None,
) -> None:
    """Count the rows of every table in `scope` (None: of all databases) and fill `result`. Raises `Stopped`.

    `result.failures` not empty: the comparison has failed, and says of what. What is asked for and doesn't exist is
    reported as such and never consistent.
    """
    try:
        pairs = pairs_of(source, target, mapping)
    except Unreadable as error:
        result.failures.append(str(error))
        return
    asked = _asked(pairs, mapping, scope)
    result.databases.extend(DatabaseLines(pair.source, pair.target) for pair, _ in asked)
    for (pair, tables), report in zip(asked, result.databases, strict=True):
        report.result = DataResult.COMPARING
        try:
            damaged = _compare_database(source, target, pair, tables, stop, report, progress)
        except Unreadable as error:
            report.tables.clear()
            report.result, report.message = DataResult.FAILED, str(error)
            damaged = [str(error)]
        else:
            report.result = _result_of(pair, report.tables)
            report.message = missing_side(pair)
        if not (pair.in_source or pair.in_target):
            result.remarks.append(f"database {pair.source!r}: {report.message}")
        if damaged:
            result.failures.append(f"database {pair.source!r}: {_told(damaged)}")
    _nothing_is_not_consistent(result)


def _asked(
    pairs: Sequence[Pair], mapping: Mapping[str, str], scope: Scope | None
) -> list[tuple[Pair, Collection[str] | None]]:
    if scope is None:
        return [(pair, None) for pair in pairs]
    known = {pair.source: pair for pair in pairs}
    nowhere = {name: Pair(name, mapping.get(name, name), in_source=False, in_target=False) for name in scope}
    return [(known.get(name, nowhere[name]), tables) for name, tables in scope.items()]


def _compare_database(
    source: Endpoint,
    target: Endpoint,
    pair: Pair,
    asked: Collection[str] | None,
    stop: Stop,
    report: DatabaseLines,
    progress: OnProgress,
) -> list[str]:
    """Fill `report`; returns what of it is damaged."""
    damaged: list[str] = []
    with ExitStack() as open_snapshots:
        # Both snapshots are taken before anything is counted: the two moments are as close as they can be.
        here = open_snapshots.enter_context(source.snapshot(pair.source, stop)) if pair.in_source else None
        there = open_snapshots.enter_context(target.snapshot(pair.target, stop)) if pair.in_target else None
        ours = here.tables() if here else frozenset()
        theirs = there.tables() if there else frozenset()
        tables = sorted(ours | theirs) if asked is None else list(dict.fromkeys(asked))
        for done, table in enumerate(tables):
            stop.check()
            progress(Progress("lines", pair.source, table, done, len(tables)))
            opened = _Opened(here if table in ours else None, there if table in theirs else None)
            report.tables.append(_compare_table(opened, table, damaged))
    return damaged


def _compare_table(opened: _Opened, table: str, damaged: list[str]) -> TableLines:
    if not (opened.source or opened.target):
        return TableLines(table, 0, 0, DataResult.FAILED, "The table exists neither in the source nor in the target.")
    try:
        source = _count(opened.source, "source", table, damaged)
        target = _count(opened.target, "target", table, damaged)
    except TableUnreadable as error:
        result = DataResult.FAILED if error.damaged else DataResult.CAN_NOT_COMPARE
        return TableLines(table, None, None, result, str(error))
    if opened.source is None or opened.target is None:
        side = "source" if opened.source is None else "target"
        return TableLines(table, source, target, DataResult.INCONSISTENT, f"The table is missing in the {side}.")
    return TableLines(table, source, target, DataResult.CONSISTENT if source == target else DataResult.INCONSISTENT)


def _count(snapshot: Snapshot | None, side: str, table: str, damaged: list[str]) -> int:
    if snapshot is None:
        return 0
    try:
        return snapshot.count(table)
    except TableUnreadable as error:
        if error.damaged:
            damaged.append(f"{side} table {table!r}: {error}")
        raise TableUnreadable(f"The table can't be read in the {side}: {error}.", damaged=error.damaged) from error


def _result_of(pair: Pair, tables: Iterable[TableLines]) -> DataResult:
    if not (pair.in_source or pair.in_target):
        return DataResult.FAILED
    if not pair.in_target:
        return DataResult.TARGET_DB_MISSING
    if not pair.in_source:
        return DataResult.INCONSISTENT
    found = {table.result for table in tables}
    return next((result for result in _WORST if result in found), DataResult.CONSISTENT)


def missing_side(pair: Pair) -> str | None:
    """What to say of a database that a side lacks; None: both have it."""
    if not (pair.in_source or pair.in_target):
        return "it exists neither in the source nor in the target"
    if pair.in_source and pair.in_target:
        return None
    return f"The database is missing in the {'target' if pair.in_source else 'source'}."


def _told(problems: Sequence[str]) -> str:
    more = len(problems) - _SHOWN_FAILURES
    return "; ".join(problems[:_SHOWN_FAILURES]) + (f"; and {more} more" if more > 0 else "")


def _nothing_is_not_consistent(result: LinesResult) -> None:
    """Without a single table anywhere nothing was compared; an empty database beside others is simply equal."""
    if not any(report.tables for report in result.databases):
        for report in result.databases:
            if report.result is DataResult.CONSISTENT:
                report.result = DataResult.CAN_NOT_COMPARE
