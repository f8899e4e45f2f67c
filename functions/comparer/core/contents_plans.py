"""What is known of tables before a value is compared: plans, reasons, and what an earlier run has found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from functions.comparer.core.canonical import digest
from functions.comparer.core.databases import NOWHERE, Sides, missing_table, reading
from functions.comparer.core.engine import Joint, SideName, Snapshot, Stop, TableUnreadable
from functions.comparer.core.options import Options
from functions.comparer.core.plan import plan_of
from functions.comparer.core.results import DataResult, TableContents
from functions.comparer.core.scattered import METHOD as SCATTERED
from functions.comparer.core.spilled import METHOD
from functions.comparer.core.streamed import METHOD as STREAMED
from functions.comparer.core.table import TablePlan

# What failed may succeed now; and if it fails again, its reason is told again.
_COMPARED = (DataResult.CONSISTENT, DataResult.INCONSISTENT)

_OPTIONS = "+"
"""In a digest of how a table is compared, before what the options say of it."""


@dataclass(frozen=True)
class TableTask:
    """A table of a value comparison. `plan` None: its result is final already.

    `remarks`: what makes it inconsistent whatever its values are. `doubts`: what of it can't be compared, so that it is
    never consistent. `notes`: what else is told of it.
    """

    contents: TableContents
    plan: TablePlan | None = None
    remarks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Means:
    """With what tables are compared: the engine's own way for both sides, if it has one, and the methods allowed.

    `versions`: of the two databases; empty where there is none.
    """

    joint: Joint | None
    methods: Collection[str] | None
    versions: tuple[str, str]
    options: Options

    def method(self, plan: TablePlan) -> str:
        """How a table is compared."""
        if plan.common:
            return STREAMED if plan.key else SCATTERED
        if self.joint and self.joint.takes(plan):
            name = self.joint.method(plan)
            if self.methods is None or name in self.methods:
                return name
        return METHOD


def plan_tables(
    tables: Mapping[str, Sides],
    means: Means,
    earlier: Callable[[str], TableContents | None],
    damaged: list[str],
    stop: Stop,
) -> list[TableTask]:
    """Plan every table; what is damaged is added to `damaged`. Raises `Unreadable` and `Stopped`."""
    tasks = []
    for table, sides in tables.items():
        stop.check()
        found = earlier(table)
        if found is not None and _stands(found, means):
            tasks.append(TableTask(found))
            continue
        try:
            tasks.append(_task(table, sides, means, found, damaged))
        except TableUnreadable as error:
            result = DataResult.FAILED if error.damaged else DataResult.CAN_NOT_COMPARE
            tasks.append(TableTask(TableContents(table, result, str(error), trouble=error.trouble)))
    return tasks


def _task(table: str, sides: Sides, means: Means, earlier: TableContents | None, damaged: list[str]) -> TableTask:
    source, target = sides.source, sides.target
    if source is None or target is None:
        return TableTask(_one_sided(table, sides, damaged))
    with reading("source", table, damaged):
        ours = source.shape(table)
    with reading("target", table, damaged):
        theirs = target.shape(table)
    planned = plan_of(table, ours, theirs, means.options)
    plan = planned.plan
    if plan is None:
        return TableTask(TableContents(table, DataResult.CAN_NOT_COMPARE, " ".join(planned.remarks)))
    key = tuple(plan.columns[place][0] for place in plan.key)
    fresh = TableContents(
        table, key=key, method=means.method(plan), versions=means.versions, plan=_digest(plan, means.options)
    )
    going_on = earlier is not None and _goes_on(earlier, fresh)
    contents = earlier if earlier and going_on else fresh
    contents.message = " ".join((*planned.uncompared, *planned.left_out)) or None
    return TableTask(contents, plan, planned.remarks, planned.uncompared, planned.left_out)


def _stands(earlier: TableContents, means: Means) -> bool:
    """Whether what an earlier run has found of a table is still true: nothing but time has passed since."""
    if earlier.result not in _COMPARED or not all(means.versions) or earlier.versions != means.versions:
        return False
    # What was the same to other options may differ now, and the other way round.
    return earlier.plan.partition(_OPTIONS)[2] == means.options.meaning


def _goes_on(earlier: TableContents, fresh: TableContents) -> bool:
    """Whether what an interrupted run has found of a table still holds, and the rest can be added to it."""
    # Of a server the version stays the same whatever is done to its tables: the plan tells that one was altered.
    ours, theirs = ((found.versions, found.method, found.key, found.plan) for found in (earlier, fresh))
    return ours == theirs and all(fresh.versions) and earlier.mark is not None


def _digest(plan: TablePlan, options: Options) -> str:
    told = digest(repr((plan.columns, plan.kinds, plan.key, plan.rules, plan.common)).encode()).hex()
    return f"{told}{_OPTIONS}{options.meaning}"


def _one_sided(table: str, sides: Sides, damaged: list[str]) -> TableContents:
    def count(snapshot: Snapshot | None, side: SideName) -> int:
        if snapshot is None:
            return 0
        with reading(side, table, damaged):
            return snapshot.count(table)

    source, target = count(sides.source, "source"), count(sides.target, "target")
    if not (sides.source or sides.target):
        return TableContents(table, DataResult.FAILED, NOWHERE, source, target)
    return TableContents(table, DataResult.INCONSISTENT, missing_table(sides.lacking), source, target)
