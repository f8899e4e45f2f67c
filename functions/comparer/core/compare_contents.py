"""Value comparison: every missing, extra and changed row of every table, exactly, each side read in one snapshot.

First all tables are planned, then they are compared one by one. What is found goes to the recorder at once, so that an
interrupted comparison keeps it and a later one goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from functions.comparer.core.allowance import Connections, alone
from functions.comparer.core.contents_plans import Means, TableTask, plan_tables
from functions.comparer.core.contents_table import (
    SETTLING,
    Both,
    Contradiction,
    begin_unordered,
    compare_table,
    end,
    fail,
    length,
)
from functions.comparer.core.databases import Ask, Scope, Sides, each_database, opened, tables_of, unseen
from functions.comparer.core.engine import Endpoint, Stop, TableUnreadable, Trouble, Unreadable
from functions.comparer.core.merging import OutOfOrder
from functions.comparer.core.options import AS_EVER, Options
from functions.comparer.core.pairs import Pair
from functions.comparer.core.results import (
    ContentsResult,
    DatabaseContents,
    DataResult,
    KeptRow,
    OnProgress,
    Progress,
    Recorder,
    RowDifference,
    TableContents,
)
from functions.comparer.core.settling import Unsettled, settle
from functions.comparer.core.streamed import METHOD as STREAMED
from functions.comparer.core.table import TablePlan
from functions.comparer.core.tolerating import Tolerated


def compare_contents(
    source: Endpoint,
    target: Endpoint,
    mapping: Mapping[str, str],
    scope: Scope | None,
    stop: Stop,
    result: ContentsResult,
    recorder: Recorder,
    progress: OnProgress = lambda _: None,
    *,
    methods: Collection[str] | None = None,
    options: Options = AS_EVER,
    connections: Connections | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Compare the values of every table in `scope` (None: of all databases) and fill `result`. Raises `Stopped`.

    `result.failures` not empty: the comparison has failed, and says of what. What is asked for and doesn't exist is
    reported as such and never consistent. `methods`: those an engine may use by itself; None: all that it has.
    `connections`: how many each side has; None: all that it may have if nothing else is compared.
    `clock`: in seconds, by which rows that moved are read again.
    """
    ask = Ask(source, target, mapping, scope, stop)
    tolerated = Tolerated(options)
    connections = connections or alone(source, target)

    def compare(pair: Pair, asked: Collection[str] | None, report: DatabaseContents) -> Sequence[str]:
        run = _Run(ask, report, recorder, progress, options, connections, [], tolerated)
        try:
            run.database(pair, asked, methods)
            run.settle(pair, clock)
        except Unreadable as error:
            _fail_unfinished(report, error)
            tolerated.unsure = True
            raise
        return run.damaged

    each_database(ask, result, DatabaseContents, compare, recorder.ended)
    result.remarks.extend(tolerated.remarks())


@dataclass(frozen=True)
class _Run:
    """The comparison of one database. `damaged`: what of it is found to be; `unsettled`: what is to be read again."""

    ask: Ask
    report: DatabaseContents
    recorder: Recorder
    progress: OnProgress
    options: Options
    connections: Connections
    damaged: list[str]
    tolerated: Tolerated
    unsettled: list[Unsettled] = field(default_factory=list)

    def database(self, pair: Pair, asked: Collection[str] | None, methods: Collection[str] | None) -> None:
        """Compare all tables. Raises `Unreadable` and `Stopped`; the tables that are done then keep their results."""
        with opened(self.ask, pair, self.connections) as sides, _both(sides) as both:
            means = Means(both.joint if both else None, methods, _versions(both), self.options)
            tables = tables_of(sides, asked)
            self.report.message = unseen(sides, asked)
            self.progress(Progress("contents", self.report.source_db, None, 0, len(tables)))
            tasks = plan_tables(tables, means, self._earlier, self.damaged, self.ask.stop)
            _check_sides(sides)
            self.report.tables.extend(task.contents for task in tasks)
            self.recorder.planned(self.report)
            for done, task in enumerate(tasks):
                self.ask.stop.check()
                self._tell(task.contents, done)
                if both and task.plan:
                    self._table(both, task, task.plan, done)
                    self.tolerated.saw(task.plan, by_key=task.contents.method == STREAMED)
                elif task.contents.plan:
                    # An earlier run has compared it, and only the result is known.
                    self.tolerated.unsure = True

    def settle(self, pair: Pair, clock: Callable[[], float]) -> None:
        """Read again what differed in data that moves, and give those tables their results. Raises as `database`."""
        if not self.unsettled:
            return

        def tell(rows: int) -> None:
            tables = len(self.report.tables)
            self.progress(Progress("contents", self.report.source_db, None, tables, tables, again=rows))

        settle(self.ask, pair, self.unsettled, self.options, clock, tell)
        for entry in self.unsettled:
            table = entry.task.contents
            if entry.error is not None:
                self._unreadable(table, entry.error)
                continue
            end(entry.task)
            self.recorder.begun(self.report.source_db, table)
            self.recorder.compared(self.report.source_db, table, entry.differences)

    def _table(self, both: Both, task: TableTask, plan: TablePlan, done: int) -> None:
        """Compare one table; what is wrong with it alone becomes its result."""
        table = task.contents
        try:
            kept = self._compared(both, task, plan, done)
        except OutOfOrder:
            begin_unordered(table)
            self._table(both, task, replace(plan, key=(), rules=()), done)
            return
        except TableUnreadable as error:
            self._unreadable(table, error)
            return
        except Contradiction as error:
            self._failed(table, f"The comparison of the table contradicts itself: {error}.", damaged=True)
            return
        if table.mark == SETTLING:
            self.unsettled.append(Unsettled(task, plan, kept))

    def _compared(self, both: Both, task: TableTask, plan: TablePlan, done: int) -> list[KeptRow]:
        """Compare one table, and return the rows that differ and are kept."""
        table, database = task.contents, self.report.source_db
        kept = [] if table.mark is None else list(self.recorder.kept(database, table.table))

        def compared(new: Sequence[RowDifference]) -> None:
            kept.extend(KeptRow(row.kind, row.mark) for row in new if row.mark is not None)
            self.recorder.compared(database, table, new)
            self._tell(table, done)

        table.result = DataResult.COMPARING
        if table.mark is None:
            table.rows_total = length(both, plan, table)
            self.recorder.begun(database, table)
        if table.mark != SETTLING:
            compare_table(both, plan, task, self.options, self.ask.stop, compared)
        return kept

    def _unreadable(self, table: TableContents, error: TableUnreadable) -> None:
        told = f"The table can't be compared: {error}."
        self._failed(table, told, damaged=error.damaged, trouble=error.trouble)

    def _failed(self, table: TableContents, message: str, *, damaged: bool, trouble: Trouble = None) -> None:
        fail(table, message, trouble)
        if damaged:
            self.damaged.append(f"table {table.table!r}: {message}")
        self.recorder.compared(self.report.source_db, table, ())

    def _earlier(self, table: str) -> TableContents | None:
        return self.recorder.earlier(self.report.source_db, table)

    def _tell(self, table: TableContents, done: int) -> None:
        rows = table.rows_read, table.rows_total
        self.progress(Progress("contents", self.report.source_db, table.table, done, len(self.report.tables), rows))


@contextmanager
def _both(sides: Sides) -> Iterator[Both | None]:
    """Both databases together; None where a side lacks it."""
    if sides.source is None or sides.target is None:
        yield None
        return
    with sides.source.joint(sides.target) or nullcontext() as joint:
        yield Both(sides.source, sides.target, joint)


def _versions(both: Both | None) -> tuple[str, str]:
    return (both.source.version(), both.target.version()) if both else ("", "")


def _check_sides(sides: Sides) -> None:
    """Raise `Unreadable` where a plan may be made of what a writer had half done: a table that seems to be missing."""
    for side in (sides.source, sides.target):
        if side is not None:
            side.version()


def _fail_unfinished(report: DatabaseContents, error: Unreadable) -> None:
    for table in report.tables:
        if not table.finished:
            fail(table, f"The database can't be read any more: {error}.", error.trouble)
