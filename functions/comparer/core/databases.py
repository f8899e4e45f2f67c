"""Going through the databases and tables of two endpoints: what is the same for every comparison of data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from functions.comparer.core.allowance import Connections
from functions.comparer.core.engine import (
    Endpoint,
    SideName,
    Snapshot,
    Stop,
    TableUnreadable,
    Trouble,
    Unreadable,
    of_side,
)
from functions.comparer.core.pairs import Pair, pairs_of
from functions.comparer.core.results import DataResult

Scope = Mapping[str, Collection[str] | None]
"""What to compare: source database names, each with its tables; no tables (None) means all of both sides."""

NOWHERE = "The table exists neither in the source nor in the target."

# The first of these that occurs among its tables is a database's result.
_WORST = (DataResult.INCONSISTENT, DataResult.FAILED, DataResult.CAN_NOT_COMPARE)
_SHOWN_FAILURES = 3


@dataclass(frozen=True)
class Ask:
    """What is to be compared. `mapping`: source to target database names where they differ; no `scope`: everything."""

    source: Endpoint
    target: Endpoint
    mapping: Mapping[str, str]
    scope: Scope | None
    stop: Stop


class TableReport(Protocol):
    """What is found of a table, as far as it counts for its database."""

    @property
    def result(self) -> DataResult:
        """The table's result."""
        ...


class Report(Protocol):
    """What is found of a database."""

    result: DataResult
    message: str | None
    trouble: Trouble

    @property
    def tables(self) -> Sequence[TableReport]:
        """What is found of its tables."""
        ...


ReportType = TypeVar("ReportType", bound=Report)


class Found(Protocol[ReportType]):
    """What a comparison finds."""

    databases: list[ReportType]
    failures: list[str]
    remarks: list[str]


@dataclass(frozen=True)
class Sides:
    """The two snapshots of a pair, or those of them that have a table; None: that side lacks it."""

    source: Snapshot | None
    target: Snapshot | None

    @property
    def lacking(self) -> str:
        """The side that lacks what the other one has; empty if both have it."""
        return "" if self.source and self.target else "target" if self.source else "source"


def each_database(
    ask: Ask,
    found: Found[ReportType],
    report_of: Callable[[str, str], ReportType],
    compare: Callable[[Pair, Collection[str] | None, ReportType], Sequence[str]],
    ended: Callable[[ReportType], None] = lambda _: None,
) -> None:
    """Call `compare` for every database that is asked for; it fills the report and returns what of it is damaged.

    A message that it leaves in the report says why not all of the database can have been compared.

    `found.failures` not empty: the comparison has failed, and says of what. What is asked for and doesn't exist is
    reported as such and never consistent. `ended` is called with every report that has its result, again should the
    result change.
    """
    try:
        asked = _asked(ask)
    except Unreadable as error:
        found.failures.append(str(error))
        for name in ask.scope or ():
            report = report_of(name, ask.mapping.get(name, name))
            report.result, report.message, report.trouble = DataResult.FAILED, str(error), error.trouble
            found.databases.append(report)
            ended(report)
        return
    found.databases.extend(report_of(pair.source, pair.target) for pair, _ in asked)
    for (pair, tables), report in zip(asked, found.databases, strict=True):
        report.result = DataResult.COMPARING
        try:
            damaged = compare(pair, tables, report)
        except Unreadable as error:
            report.result, report.message, report.trouble = DataResult.FAILED, str(error), error.trouble
            damaged = [str(error)]
        else:
            partly, result = report.message, _result_of(pair, report.tables)
            report.result = DataResult.CAN_NOT_COMPARE if partly and result is DataResult.CONSISTENT else result
            report.message = _missing_side(pair) or partly
        if not (pair.in_source or pair.in_target):
            found.remarks.append(f"database {pair.source!r}: {report.message}")
        if damaged:
            found.failures.append(f"database {pair.source!r}: {_told(damaged)}")
        ended(report)
    for report in _nothing_is_not_consistent(found.databases):
        ended(report)


def _asked(ask: Ask) -> list[tuple[Pair, Collection[str] | None]]:
    pairs = pairs_of(ask.source, ask.target, ask.mapping, ask.stop)
    if ask.scope is None:
        return [(pair, None) for pair in pairs]
    known = {pair.source: pair for pair in pairs}
    nowhere = {name: Pair(name, ask.mapping.get(name, name), in_source=False, in_target=False) for name in ask.scope}
    return [(known.get(name, nowhere[name]), tables) for name, tables in ask.scope.items()]


@contextmanager
def opened(ask: Ask, pair: Pair, connections: Connections = (1, 1)) -> Iterator[Sides]:
    """Both databases of a pair, over so many connections at most.

    Raises `Unreadable`, as for one that was changed meanwhile although it must not be.
    """
    with ExitStack() as stack:
        ours, theirs = connections
        here: Snapshot | None = None
        there: Snapshot | None = None
        # Both snapshots are taken before anything is read: the two moments are as close as they can be.
        with of_side("source"):
            if pair.in_source:
                here = stack.enter_context(ask.source.snapshot(pair.source, ask.stop, ours))
        with of_side("target"):
            if pair.in_target:
                there = stack.enter_context(ask.target.snapshot(pair.target, ask.stop, theirs))
        yield Sides(here, there)


def tables_of(sides: Sides, asked: Collection[str] | None) -> Mapping[str, Sides]:
    """The tables that are asked for (None: all of both sides), in the order of reporting, and who has or hides them."""
    ours = sides.source.tables() if sides.source else frozenset()
    theirs = sides.target.tables() if sides.target else frozenset()
    names = sorted(ours | theirs) if asked is None else asked
    # What may not be read is not missing: whoever reads it says why it can't be compared.
    ours |= _hidden(sides.source, "source", set(names) - ours)
    theirs |= _hidden(sides.target, "target", set(names) - theirs)
    return {
        name: Sides(sides.source if name in ours else None, sides.target if name in theirs else None) for name in names
    }


def unseen(sides: Sides, asked: Collection[str] | None) -> str | None:
    """Why the tables of `tables_of` may not be all that are asked for; None: they are."""
    if asked is not None:
        return None
    for snapshot, side in ((sides.source, "source"), (sides.target, "target")):
        right = snapshot.hidden_types().get("TABLE") if snapshot else None
        if right:
            return f"The {side} may have more tables: the user is shown all with the right {right} on the database."
    return None


def _hidden(snapshot: Snapshot | None, side: SideName, names: Collection[str]) -> frozenset[str]:
    if snapshot is None or not names:
        return frozenset()
    with of_side(side):
        return snapshot.hidden(names)


@contextmanager
def reading(side: SideName, table: str, damaged: list[str]) -> Iterator[None]:
    """Within the block a table of one side is read: its `TableUnreadable` says so, and damage is noted."""
    try:
        with of_side(side):
            yield
    except TableUnreadable as error:
        if error.damaged:
            damaged.append(f"{side} table {table!r}: {error}")
        told = f"The table can't be read in the {side}: {error}."
        again = TableUnreadable(told, damaged=error.damaged, cause=error.cause)
        again.side = side
        raise again from error


def missing_table(side: str) -> str:
    """What to say of a table that one side lacks."""
    return f"The table is missing in the {side}."


def _missing_side(pair: Pair) -> str | None:
    if not (pair.in_source or pair.in_target):
        return "it exists neither in the source nor in the target"
    if pair.in_source and pair.in_target:
        return None
    return f"The database is missing in the {'target' if pair.in_source else 'source'}."


def _result_of(pair: Pair, tables: Iterable[TableReport]) -> DataResult:
    if not (pair.in_source or pair.in_target):
        return DataResult.FAILED
    if not pair.in_target:
        return DataResult.TARGET_DB_MISSING
    if not pair.in_source:
        return DataResult.INCONSISTENT
    found = {table.result for table in tables}
    return next((result for result in _WORST if result in found), DataResult.CONSISTENT)


def _told(problems: Sequence[str]) -> str:
    more = len(problems) - _SHOWN_FAILURES
    return "; ".join(problems[:_SHOWN_FAILURES]) + (f"; and {more} more" if more > 0 else "")


def _nothing_is_not_consistent(reports: Sequence[ReportType]) -> Iterator[ReportType]:
    """Without a single table anywhere nothing was compared; an empty database beside others is simply equal."""
    if not any(report.tables for report in reports):
        for report in reports:
            if report.result is DataResult.CONSISTENT:
                report.result = DataResult.CAN_NOT_COMPARE
                yield report
