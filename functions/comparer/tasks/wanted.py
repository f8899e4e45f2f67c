"""What is asked for when tasks are created, and what becomes of it. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from functions.comparer.tasks.stored import Level


@dataclass(frozen=True)
class DataWanted:
    """A data-level comparison that is asked for. `start_at` None: at once. `cancel`: an unfinished one gives way.

    `options`: what else was asked for, to be told with the task.
    """

    level: Level
    scope: Mapping[str, list[str] | None] | None
    start_at: float | None
    cancel: bool
    options: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Created:
    """The ids of what was created; `kept`: the unfinished data-level task because of which nothing was."""

    objects: str | None = None
    data: str | None = None
    kept: str | None = None
