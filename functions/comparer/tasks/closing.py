"""What is shown of the databases and tables that a comparison had not compared when it ended. Pure.

Nothing of an ended task waits or is being compared. A row that differs has been found for good, and its table is
inconsistent, unless it was to be read again before it counts, in data that moves. Any other unfinished table could not
be compared, and says why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from functions.comparer.core.results import DataResult
from functions.pipeline.drs_models import CANCELLED, FAILED, TIMEOUT_INTERRUPT

UNFINISHED: Final = frozenset({DataResult.WAITING, DataResult.COMPARING})
# The first of these that occurs among its tables is a database's result.
_WORST = (DataResult.INCONSISTENT, DataResult.FAILED, DataResult.CAN_NOT_COMPARE)
_HOW = {CANCELLED: "was cancelled", FAILED: "failed", TIMEOUT_INTERRUPT: "took too long and ended"}


def closed_table(table: Mapping[str, Any], status: str) -> Mapping[str, Any]:
    """A table as it is shown of a task that ended so; its `cut_short` says so too. A finished one is left as it is."""
    if table["result"] not in UNFINISHED:
        return table
    how = _HOW.get(status, "ended")
    found = table["missing"] + table["extra"] + table["changed"]
    unsettled = table.get("unsettled", False)
    if table["result"] == DataResult.WAITING:
        told = f"The comparison {how} before this table was compared."
    elif found:
        told = f"The comparison {how} before this table was compared to its end; until then {found:,} differing"
        told += " row was found" if found == 1 else " rows were found"
        told += ", and not read again yet." if unsettled else "."
    else:
        told = f"The comparison {how} before this table was compared to its end."
    result = DataResult.INCONSISTENT if found and not unsettled else DataResult.CAN_NOT_COMPARE
    message = " ".join(filter(None, (table["message"], told)))
    return {**table, "result": str(result), "message": message, "cut_short": status}


def closed_database(database: Mapping[str, Any], tables: Sequence[Mapping[str, Any]], status: str) -> Mapping[str, Any]:
    """A database as it is shown of a task that ended so, with all of its tables closed."""
    found = {table["result"] for table in tables}
    nothing = DataResult.CONSISTENT if tables else DataResult.CAN_NOT_COMPARE
    result = next((result for result in _WORST if result in found), nothing)
    how = _HOW.get(status, "ended")
    told = database["message"] or f"The comparison {how} before this database was compared to its end."
    return {**database, "result": str(result), "message": told, "cut_short": status}


def closed_lines(database: Mapping[str, Any], tables: Collection[str], status: str) -> Mapping[str, Any]:
    """The same of a row comparison, which knows only the results of the tables that it has counted.

    A finished one is left as it is.
    """
    if database["result"] not in UNFINISHED:
        return database
    result = next((result for result in _WORST if result in tables), DataResult.CAN_NOT_COMPARE)
    told = f"The comparison {_HOW.get(status, 'ended')} before this database was compared to its end."
    return {**database, "result": str(result), "message": database["message"] or told, "cut_short": status}
