"""Creating at DRS without creating twice: pure decisions over what the DRS job has and what was asked.

Create is not idempotent and takes no token of the caller. So the ids that the job already has are written down first;
after a doubt, a task that is new, made at that time, of a doubted level and over nothing else than was asked is the one
that our request made.
"""

from collections.abc import Iterable
from typing import Literal

from functions.pipeline.comparison import Comparison, Intent
from functions.pipeline.drs import DrsTask
from functions.pipeline.drs_models import TERMINAL_STATUSES
from functions.pipeline.messages import Level, Request
from functions.pipeline.readings import Reading

#: How long a created task may take to show in DRS's lists before it counts as not created; seconds.
SHOWS_WITHIN_SECONDS = 60.0
#: How far DRS's clock may be from ours, and how long our request may be on its way; seconds.
_SKEW_SECONDS = 60.0
_UNDER_WAY_SECONDS = 60.0
_SAME_CLOCK_SECONDS = 2.0
Next = Literal["post", "look"]
Scope = Literal["proven", "unproven", "foreign"]


def next_move(intent: Intent, now: float) -> Next:
    """After a doubt: look again for what may have been created, or, when it would long show, post again."""
    return "post" if now - intent.at >= SHOWS_WITHIN_SECONDS else "look"


def known_ids(tasks: Iterable[DrsTask], intent: Intent | None, now: float) -> tuple[str, ...]:
    """The ids to write down before posting: those that may be kept instead, or mistaken for ours later.

    Long finished ones are neither, and a job may have thousands of them.
    """
    near = now - 2 * _SKEW_SECONDS
    kept = {
        t.task_id for t in tasks if t.status not in TERMINAL_STATUSES or t.created_at is None or t.created_at >= near
    }
    return tuple(sorted(kept | set(intent.known if intent else ())))


def candidates(
    comparison: Comparison, intent: Intent, tasks: Iterable[DrsTask], now: float
) -> dict[Level, list[DrsTask]]:
    """Tasks that our request may have made, nearest in time first, for each level that is in doubt.

    One that seems older than our request may be so because clocks differ: it counts only when ours would long show.
    """
    doubted = [level for level in comparison.undecided if level in intent.levels]
    slack = _SKEW_SECONDS if next_move(intent, now) == "post" else _SAME_CLOCK_SECONDS
    new = [t for t in tasks if t.task_id not in intent.known and _made_then(comparison.request, intent, t, slack)]
    new.sort(key=lambda t: _UNDER_WAY_SECONDS if t.created_at is None else abs(t.created_at - intent.at))
    return {level: [t for t in new if t.level == level] for level in doubted}


def _made_then(request: Request, intent: Intent, task: DrsTask, slack: float) -> bool:
    """Whether a task was created when we asked; some lists show a scheduled task's start instead."""
    if task.created_at is None:
        return True
    starts = request.starts_at if task.level != "objects" else None
    scheduled = starts is not None and abs(task.created_at - starts) <= _SKEW_SECONDS
    first = intent.first_at or intent.at
    return scheduled or first - slack <= task.created_at <= intent.at + _UNDER_WAY_SECONDS + _SKEW_SECONDS


def scope(request: Request, reading: Reading | None) -> Scope:
    """Whether a data-level task compared what was asked for.

    `foreign`: it shows something that wasn't. `proven`: tables were asked for by name, and it shows nothing else; what
    is missing from it shows by itself. `unproven`: a whole database, or everything, was asked for, and what it shows
    may be a part of that; so is a task that shows nothing yet.
    """
    asked = _asked(request)
    if asked is None or reading is None:
        return "unproven"
    if any(d.source_db not in asked for d in reading.databases):
        return "foreign"
    if any(not within(request, t.source_db, t.source_table) for t in reading.tables):
        return "foreign"
    named = all(tables is not None for tables in asked.values())
    return "proven" if named and (reading.tables or reading.databases) else "unproven"


def within(request: Request, db: str, table: str) -> bool:
    """Whether a table was asked for, by its name or with its database or with everything."""
    asked = _asked(request)
    if asked is None:
        return True
    tables = asked.get(db, set())
    return tables is None or table in tables


def _asked(request: Request) -> dict[str, set[str] | None] | None:
    """Tables by source database (None: all of them), or None for everything (quick comparison)."""
    data = request.data_level_compare_info
    if data is None or not (data.compare_object_infos or data.compare_object_infos_with_token):
        return None
    asked: dict[str, set[str] | None] = {}
    named: list[tuple[str, list[str] | None]] = [(i.db_name, i.table_name) for i in data.compare_object_infos or ()]
    for info in data.compare_object_infos_with_token or ():
        with_token = info.table_name_with_token
        named.append((info.db_name, None if with_token is None else [t.table_name for t in with_token]))
    for db, tables in named:
        before = asked.get(db, set())
        asked[db] = None if tables is None or before is None else before | set(tables)
    return asked
