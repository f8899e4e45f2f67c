"""Row comparison: the exact number of rows of every table, on both sides, each side read in one snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from functions.comparer.core.databases import (
    NOWHERE,
    Ask,
    Scope,
    Sides,
    each_database,
    missing_table,
    opened,
    reading,
    tables_of,
    unseen,
)
from functions.comparer.core.engine import Endpoint, SideName, Snapshot, Stop, TableUnreadable, Unreadable
from functions.comparer.core.pairs import Pair
from functions.comparer.core.results import DatabaseLines, DataResult, LinesResult, OnProgress, Progress, TableLines


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
    ask = Ask(source, target, mapping, scope, stop)

    def compare(pair: Pair, asked: Collection[str] | None, report: DatabaseLines) -> Sequence[str]:
        try:
            return _compare_database(ask, pair, asked, report, progress)
        except Unreadable:
            report.tables.clear()
            raise

    each_database(ask, result, DatabaseLines, compare)


def _compare_database(
    ask: Ask, pair: Pair, asked: Collection[str] | None, report: DatabaseLines, progress: OnProgress
) -> list[str]:
    """Fill `report`; returns what of it is damaged."""
    damaged: list[str] = []
    with opened(ask, pair) as both:
        tables = tables_of(both, asked)
        report.message = unseen(both, asked)
        for done, (table, sides) in enumerate(tables.items()):
            ask.stop.check()
            progress(Progress("lines", pair.source, table, done, len(tables)))
            report.tables.append(_compare_table(sides, table, damaged))
    return damaged


def _compare_table(sides: Sides, table: str, damaged: list[str]) -> TableLines:
    if not (sides.source or sides.target):
        return TableLines(table, 0, 0, DataResult.FAILED, NOWHERE)
    try:
        source = _count(sides.source, "source", table, damaged)
        target = _count(sides.target, "target", table, damaged)
    except TableUnreadable as error:
        result = DataResult.FAILED if error.damaged else DataResult.CAN_NOT_COMPARE
        return TableLines(table, None, None, result, str(error), error.trouble)
    if sides.lacking:
        return TableLines(table, source, target, DataResult.INCONSISTENT, missing_table(sides.lacking))
    return TableLines(table, source, target, DataResult.CONSISTENT if source == target else DataResult.INCONSISTENT)


def _count(snapshot: Snapshot | None, side: SideName, table: str, damaged: list[str]) -> int:
    if snapshot is None:
        return 0
    with reading(side, table, damaged):
        return snapshot.count(table)
