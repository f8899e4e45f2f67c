"""What the comparer's store keeps: tasks, their findings by part, their result files. Plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from functions.comparer.core.engine import Trouble

Level = Literal["objects", "lines", "contents"]
Item = tuple[str, Mapping[str, Any]]
"""One finding: the part of the result that it belongs to, and a JSON object."""


@dataclass(frozen=True)
class Task:
    """A comparison task. Times are epoch seconds; `start_at` is when it may start, `started_at` when it did.

    `scope`: source database names, each with its tables or None for all of them; None: every database. `options`: as
    they were asked for. `attempts`: runs that were begun since the task last got further; `reached`: how far it ever
    got, in a measure of its recorder's; `spent`: for how many seconds earlier runs of a task that goes on have run.
    """

    id: str
    job_id: str
    level: Level
    status: str
    created_at: float
    start_at: float
    started_at: float | None = None
    ended_at: float | None = None
    error: str | None = None
    scope: Mapping[str, list[str] | None] | None = None
    attempts: int = 0
    options: Mapping[str, str] | None = None
    reached: int = 0
    spent: float = 0

    @property
    def goes_on(self) -> bool:
        """Whether a run that is interrupted is gone on with where it stopped; other levels begin anew."""
        return self.level == "contents"


@dataclass(frozen=True)
class Report:
    """The result file of a task. Times are epoch seconds; `expires_at` None: not made yet. `name`: the file's."""

    task_id: str
    status: str
    asked_at: float
    expires_at: float | None
    error: str | None
    name: str


def trouble_of(body: Mapping[str, Any]) -> Trouble:
    """Which side of a kept database or table couldn't be read and why; releases before kept nothing of it."""
    found = body.get("trouble")
    return None if found is None else (found[0], found[1])


# The parts of a result, as they are kept: one row per type and object, one per database and table.
TYPES = "types"
DATABASES = "databases"


def objects_part(kind: str) -> str:
    """The part that holds the objects of one type."""
    return f"objects/{kind}"


def tables_part(database: str) -> str:
    """The part that holds the tables of one source database."""
    return f"tables/{database}"


def differences_part(database: str, table: str) -> str:
    """The part that holds the rows that differ in one table of one source database."""
    return "differences/" + json.dumps([database, table])
