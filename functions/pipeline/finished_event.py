"""The finished event as its readers see it: what `events` writes, read with everything optional that may be cut.

Pure models. Chat, reports and outbound webhooks read the event and nothing else.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from functions.pipeline.comparison import DatabaseLine, Origin, TableLine, TypeCount, Verdict
from functions.pipeline.messages import Level

LevelVerdict = Verdict | Literal["not_requested"]


class _Read(BaseModel):
    """A next release may write more fields."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class DrsTask(_Read):
    """A DRS task of the comparison and how it ended."""

    level: Level
    compare_task_id: str
    origin: Origin
    status: str | None = None
    verdict: Verdict | None = None


class Objects(_Read):
    """Object counts per type; `types_omitted`: how many types were cut."""

    types: tuple[TypeCount, ...] = ()
    types_omitted: int = 0


class Totals(_Read):
    """How many tables were compared, how many of them differ, and how many could not be compared."""

    compared: int = 0
    inconsistent: int = 0
    incomplete: int = 0


class DataResults(_Read):
    """What a data-level comparison found; the `omitted` numbers count what was cut from the lists."""

    level: Level
    totals: Totals = Totals()
    databases: tuple[DatabaseLine, ...] = ()
    databases_omitted: int = 0
    tables: tuple[TableLine, ...] = ()
    tables_omitted: int = 0


class Finished(_Read):
    """The data of `parity.comparison.finished.v1`. Times are ISO 8601 in UTC; durations in seconds.

    `left_out`: `tables` or `databases`, all but those that the request names; `reasons`: why a level ended that has
    compared nothing to the end, in DRS's words. Both are None in events of a release before them.
    """

    comparison_id: str
    request_id: str | None = None
    project_id: str
    job_id: str
    audience: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    accepted_at: str
    deadline_at: str | None = None
    verdict: Verdict
    summary: str
    levels: dict[Level, LevelVerdict]
    left_out: tuple[str, ...] | None = None
    reasons: dict[Level, str] | None = None
    drs_tasks: tuple[DrsTask, ...] = ()
    caveats: tuple[str, ...] = ()
    started_at: str | None = None
    finished_at: str
    duration_seconds: float = 0
    steps: int = 0
    polls: int = 0
    error_code: str | None = None
    error_msg: str | None = None
    retryable: bool | None = None
    next_step: str | None = None
    objects: Objects | None = None
    data: DataResults | None = None


class FinishedEvent(_Read):
    """The CloudEvent; `id` is the same in every copy of it."""

    id: str
    source: str
    type: Literal["parity.comparison.finished.v1"]
    subject: str
    time: str
    traceparent: str | None = None
    data: Finished


def read_finished(event: dict[str, Any] | str | bytes) -> FinishedEvent:
    """Read a finished event, parsed or as its JSON text. Raises pydantic's ValidationError for anything else."""
    if isinstance(event, dict):
        return FinishedEvent.model_validate(event)
    return FinishedEvent.model_validate_json(event)
