"""Creating at DRS without creating twice: pure decisions over what the DRS job has and what was asked.

Create is not idempotent and takes no token of the caller. So the ids that the job already has are written down first;
after a doubt, a task that is new, of the wanted level and nobody else's is the one that our request made.
"""

from collections.abc import Iterable
from typing import Literal

from functions.pipeline.comparison import Comparison, Intent
from functions.pipeline.drs import DrsTask
from functions.pipeline.messages import Level, Request
from functions.pipeline.readings import Reading

#: How long a created task may take to show in DRS's lists before it counts as not created; seconds.
SHOWS_WITHIN_SECONDS = 60.0
#: How far DRS's clock may be behind ours when it stamps a task's creation; seconds.
_SKEW_SECONDS = 900.0
Next = Literal["post", "look"]


def next_move(intent: Intent, now: float) -> Next:
    """After a doubt: look again for what may have been created, or, when it would long show, post again."""
    return "post" if now - intent.at >= SHOWS_WITHIN_SECONDS else "look"


def candidates(comparison: Comparison, intent: Intent, tasks: Iterable[DrsTask]) -> dict[Level, list[DrsTask]]:
    """Tasks that our request may have made, oldest first, for each level that has none yet."""
    new = [
        t
        for t in tasks
        if t.task_id not in intent.known and (t.created_at is None or t.created_at >= intent.at - _SKEW_SECONDS)
    ]
    new.sort(key=lambda t: t.created_at or 0)
    return {level: [t for t in new if t.level == level] for level in comparison.undecided}


def same_objects(request: Request, reading: Reading | None) -> bool:
    """Whether what a data-level task compares doesn't contradict what was asked for.

    A task that has no results yet contradicts nothing; what it compared is checked again when it has ended.
    """
    data = request.data_level_compare_info
    if reading is None or data is None or data.compare_mode == "quick_comparison":
        return True
    tables: dict[str, set[str] | None] = {}
    for info in data.compare_object_infos or ():
        tables[info.db_name] = None if info.table_name is None else set(info.table_name)
    for with_token in data.compare_object_infos_with_token or ():
        named = with_token.table_name_with_token
        tables[with_token.db_name] = None if named is None else {t.table_name for t in named}
    return all(d.source_db in tables for d in reading.databases) and all(
        t.source_db in tables and _within(t.source_table, tables[t.source_db]) for t in reading.tables
    )


def _within(table: str, allowed: set[str] | None) -> bool:
    return allowed is None or table in allowed
