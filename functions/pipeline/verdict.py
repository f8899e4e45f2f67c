"""The verdict: what people can trust. Pure functions; whatever is uncertain is `incomplete`.

Results are those of `readings`, whichever endpoint and notation they came in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from functions.pipeline.comparison import Verdict
from functions.pipeline.messages import Request

if TYPE_CHECKING:  # a reading is what DRS answered; who only ranks verdicts needn't load how to read it
    from functions.pipeline.readings import Reading

#: Worst first: a found difference outranks everything.
RANK: tuple[Verdict, ...] = (
    "inconsistent",
    "rejected",
    "failed",
    "timed_out",
    "cancelled",
    "superseded",
    "expired",
    "incomplete",
    "consistent",
)


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a comparison from those of its levels."""
    return min(verdicts, key=RANK.index)


def fold(results: Iterable[str], *, compared: bool) -> Verdict:
    """The verdict of a finished DRS task from the results of its items; `compared` says that there was any."""
    found = set(results)
    if "inconsistent" in found:
        return "inconsistent"
    return "consistent" if compared and found == {"consistent"} else "incomplete"


def not_covered(request: Request, reading: Reading) -> list[tuple[str, str | None]]:
    """What was asked for by name and is in no result: (database, table), or (database, None) for a whole one.

    Quick comparison names nothing, so nothing can be missing from it.
    """
    data = request.data_level_compare_info
    if data is None:
        return []
    wanted = [(info.db_name, info.table_name) for info in data.compare_object_infos or ()]
    wanted += [
        (info.db_name, [t.table_name for t in info.table_name_with_token] if info.table_name_with_token else None)
        for info in data.compare_object_infos_with_token or ()
    ]
    tables = {(t.source_db, t.source_table) for t in reading.tables}
    databases = {t.source_db for t in reading.tables} | {d.source_db for d in reading.databases}
    missing: list[tuple[str, str | None]] = []
    for db, names in wanted:
        if names is None:
            missing += [] if db in databases else [(db, None)]
        else:
            missing += [(db, name) for name in names if (db, name) not in tables]
    return missing
