"""The comparison: what is known of one accepted request, as it is kept in the ledger between two steps.

Plain data with a version; a release reads what the previous one wrote: unknown fields are ignored, new ones have
defaults.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from functions.pipeline.messages import VERSION, Level, Request

Verdict = Literal[
    "consistent",
    "inconsistent",
    "incomplete",
    "failed",
    "cancelled",
    "timed_out",
    "superseded",
    "rejected",
    "expired",
]
State = Literal["accepted", "polling", "finished"]
Origin = Literal["created", "adopted"]
Result = Literal["consistent", "inconsistent", "incomplete"]


class Stored(BaseModel):
    """What is written to the ledger: a next release may know more fields."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Trouble(Stored):
    """The last thing that went wrong, in DRS's own words; `reason` is ours."""

    code: str
    message: str
    reason: str
    at: float


class Task(Stored):
    """A DRS task of ours: its level, id (`compare_task_id`), and what the last poll saw."""

    level: Level
    task_id: str
    origin: Origin
    began_at: float
    status: str = ""
    #: How many tables it had compared, of how many.
    progress: tuple[int, int] | None = None
    #: Since when, and in how many polls in a row, it could not be found by its id.
    missing_since: float | None = None
    missing_polls: int = 0
    #: When DRS took our wish to cancel it.
    cancelled_at: float | None = None


class Intent(Stored):
    """Written before DRS is asked to create: which tasks the DRS job had, when that was, and what is in doubt since."""

    at: float
    known: tuple[str, ...]
    #: When the first post was made whose effect is still in doubt.
    first_at: float | None = None
    levels: tuple[Level, ...] = ()
    posts: int = 1


class TypeCount(Stored):
    """Objects of one type, counted on both sides, and the names that differ (cut at a limit, the rest counted)."""

    type: str
    source_count: int
    target_count: int
    result: Result
    only_in_source: tuple[str, ...] = ()
    only_in_target: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()
    omitted: int = 0


class RowLine(Stored):
    """One row that differs, by its key on each side that has it; kept only where the deployment includes keys."""

    source_key: tuple[str | None, ...] = ()
    target_key: tuple[str | None, ...] = ()
    source_sql: str | None = None
    target_sql: str | None = None


class TableLine(Stored):
    """One table pair of a data-level comparison."""

    source_db: str
    source_table: str
    target_db: str = ""
    target_table: str = ""
    source_rows: int | None = None
    target_rows: int | None = None
    difference_rows: int | None = None
    result: Result
    message: str | None = None
    rows: tuple[RowLine, ...] = ()
    rows_omitted: int = 0


class DatabaseLine(Stored):
    """Totals of one database of a data-level comparison."""

    source_db: str
    target_db: str = ""
    tables: int = 0
    inconsistent: int = 0
    incomplete: int = 0
    result: Result


class Outcome(Stored):
    """How one level ended: its verdict, and what there is to show for it."""

    level: Level
    verdict: Verdict
    at: float
    task_id: str | None = None
    origin: Origin | None = None
    status: str = ""
    error_code: str | None = None
    error_msg: str | None = None
    retryable: bool = False
    caveats: tuple[str, ...] = ()
    types: tuple[TypeCount, ...] = ()
    databases: tuple[DatabaseLine, ...] = ()
    tables: tuple[TableLine, ...] = ()
    tables_omitted: int = 0
    compared: int = 0
    inconsistent: int = 0
    incomplete: int = 0


class Comparison(Stored):
    """One accepted request on its way to its verdict."""

    version: int = VERSION
    comparison_id: str
    project_id: str
    request: Request
    accepted_at: float
    deadline_at: float
    created_at: float | None = None
    intent: Intent | None = None
    not_ready_since: float | None = None
    tasks: tuple[Task, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    last_trouble: Trouble | None = None
    polls: int = 0
    traceparent: str | None = None
    """The trace that the request belongs to, as its sender named it."""

    @property
    def undecided(self) -> tuple[Level, ...]:
        """Requested levels that have neither a DRS task nor an outcome yet."""
        settled = {t.level for t in self.tasks} | {o.level for o in self.outcomes}
        return tuple(level for level in self.request.levels if level not in settled)

    @property
    def running(self) -> tuple[Task, ...]:
        """DRS tasks without an outcome."""
        done = {o.level for o in self.outcomes}
        return tuple(t for t in self.tasks if t.level not in done)

    def task(self, level: Level) -> Task | None:
        """The DRS task of a level, if there is one."""
        return next((t for t in self.tasks if t.level == level), None)

    def with_task(self, task: Task) -> "Comparison":
        """A copy in which `task` stands for its level."""
        return self.model_copy(update={"tasks": (*(t for t in self.tasks if t.level != task.level), task)})

    def with_outcome(self, outcome: Outcome) -> "Comparison":
        """A copy in which `outcome` is how its level ended."""
        return self.model_copy(update={"outcomes": (*(o for o in self.outcomes if o.level != outcome.level), outcome)})
