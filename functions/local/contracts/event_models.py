"""The events as their readers see them. `events` and `delivery_failed` write them; a test proves that these fit."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from functions.local.contracts.written import (
    Audience,
    ComparisonId,
    Count,
    JobId,
    Labels,
    ProjectId,
    RequestId,
    Time,
    Written,
)
from functions.pipeline.comparison import DatabaseLine, Origin, RowLine, TypeCount, Verdict
from functions.pipeline.destinations import Name
from functions.pipeline.messages import FieldError, Level
from functions.pipeline.summary import LeftOut
from functions.pipeline.trace_context import PATTERN

LevelVerdict = Verdict | Literal["not_requested"]
Caveats = tuple[str, ...]
Attribute = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,256}$")]


class EventTask(Written):
    """A DRS task of the comparison."""

    level: Level
    compare_task_id: str
    origin: Origin
    """Whether this comparison created it, or found it already there and took it over."""
    status: str | None
    """The status that DRS gave it last."""
    verdict: Verdict | None
    """How it ended; null as long as it has not."""


class EventObjects(Written):
    """Object counts per type."""

    types: tuple[TypeCount, ...]
    types_omitted: Count
    """How many types were cut to keep the event small."""


class EventTable(Written):
    """One pair of tables."""

    source_db: str
    source_table: str
    target_db: str
    target_table: str
    source_rows: int | None = None
    target_rows: int | None = None
    difference_rows: int | None = None
    result: Literal["consistent", "inconsistent", "incomplete"]
    message: str | None = None
    """Why it could not be compared, in DRS's words."""
    rows: tuple[RowLine, ...] | None = None
    """Rows that differ; only where the deployment includes keys."""
    rows_omitted: Count | None = None


class EventTotals(Written):
    """How many tables were compared, how many of them differ, and how many could not be compared."""

    compared: Count
    inconsistent: Count
    incomplete: Count


class EventData(Written):
    """What a data-level comparison found. The `omitted` numbers count what was cut to keep the event small."""

    level: Level
    totals: EventTotals
    databases: tuple[DatabaseLine, ...]
    databases_omitted: Count
    tables: tuple[EventTable, ...]
    tables_omitted: Count


class Levels(Written):
    """The verdict of each level."""

    objects: LevelVerdict
    lines: LevelVerdict
    contents: LevelVerdict


class Comparison(Written):
    """What every event of a comparison says of it."""

    comparison_id: ComparisonId
    request_id: RequestId
    """The idempotency key: the `webhook-id` header, or the queue message's `request_id`."""
    project_id: ProjectId
    job_id: JobId
    audience: Audience | None = None
    labels: Labels
    accepted_at: Time
    deadline_at: Time
    """When the comparison expires unless it has ended."""
    caveats: Caveats | None = None
    """What to keep in mind; `truncated`: lists were cut to keep the event small."""


class StartedData(Comparison):
    """The DRS tasks of a comparison exist."""

    drs_tasks: tuple[EventTask, ...]


class FinishedData(Comparison):
    """The verdict of a comparison, and what there is to show for it."""

    verdict: Verdict
    summary: str
    """One sentence for people, which also says what was not compared."""
    levels: Levels
    left_out: tuple[LeftOut, ...] | None = None
    """What the request left out that names what it wants: all other tables, or all other databases."""
    reasons: dict[Level, str] | None = None
    """Why a level ended that has compared nothing to the end, in DRS's words."""
    drs_tasks: tuple[EventTask, ...]
    started_at: Time | None = None
    """When the DRS tasks were there; left out where none ever was."""
    finished_at: Time
    duration_seconds: float
    """From acceptance to verdict."""
    steps: Count
    polls: Count
    error_code: str | None = None
    error_msg: str | None = None
    retryable: bool | None = None
    """Whether the same request, sent again with a new id, may end better."""
    next_step: str | None = None
    """What to do now, for people."""
    objects: EventObjects | None = None
    data: EventData | None = None


class InvalidData(Written):
    """Why a queue message can't become a comparison, field by field."""

    request_id: RequestId
    job_id: Attribute | None = None
    project_id: ProjectId | None = None
    audience: Attribute | None = None
    errors: Annotated[tuple[FieldError, ...], Field(max_length=50)]
    retryable: Literal[False]
    next_step: str
    caveats: Caveats | None = None


class DeliveryFailedData(Written):
    """Which destination will never have which verdict, and why."""

    comparison_id: str
    request_id: str | None = None
    project_id: str
    job_id: str
    audience: str | None = None
    labels: dict[str, str]
    verdict: Verdict
    event_id: str
    """The id of the finished event."""
    destination: Name
    channel: str
    """Its kind: `slack`, `webhook`, …"""
    reason: Annotated[str, StringConstraints(max_length=500)]
    """For people, and free of secrets."""
    attempts: Annotated[int, Field(ge=1)]
    first_attempt_at: Time
    failed_at: Time
    test: Literal[True] | None = None
    """Whether it was an event that was made to try the destinations."""
    next_step: str
    caveats: Caveats | None = None


class Envelope(Written):
    """A CloudEvent 1.0 in structured JSON, at most 64 KiB."""

    specversion: Literal["1.0"]
    id: Annotated[str, StringConstraints(min_length=1)]
    """The same in every copy of the event."""
    source: Annotated[str, StringConstraints(pattern=r"^urn:parity:")]
    """`urn:parity:<project_id>`."""
    subject: str
    """The comparison id."""
    time: Time
    datacontenttype: Literal["application/json"]
    traceparent: Annotated[str | None, StringConstraints(pattern=PATTERN)] = None
    """The trace that the request came with (W3C Trace Context), where it came with one."""


class StartedEvent(Envelope):
    """The DRS tasks of a comparison exist. At least once; not sent if every part was refused."""

    type: Literal["parity.comparison.started.v1"]
    data: StartedData


class FinishedEvent(Envelope):
    """The verdict of a comparison: exactly one per comparison by id, delivered at least once."""

    type: Literal["parity.comparison.finished.v1"]
    data: FinishedData


class InvalidEvent(Envelope):
    """A queue message that can't become a comparison but names itself."""

    type: Literal["parity.request.invalid.v1"]
    data: InvalidData


class DeliveryFailedEvent(Envelope):
    """A destination will never have a verdict; one per finished event and destination by id."""

    type: Literal["parity.delivery.failed.v1"]
    data: DeliveryFailedData
