"""What the HTTP doors answer. The handlers put these together; a test proves that the models fit."""

from typing import Annotated, Any, Literal

from pydantic import Field

from functions.local.contracts.event_models import FinishedEvent
from functions.local.contracts.written import ComparisonId, Count, JobId, ProjectId, RequestId, Time, Written
from functions.pipeline.comparison import Origin, State, Verdict
from functions.pipeline.forecast import Would
from functions.pipeline.messages import FieldError, Level, Request

StatusUrl = Annotated[str, Field(pattern=r"^/comparisons/cmp_[0-9a-f]{32}$")]


class Accepted(Written):
    """The request is safely stored; also where it was before, under the same id."""

    comparison_id: ComparisonId
    status_url: StatusUrl
    """Where to ask for the comparison, relative to the API."""


class LeftAlone(Written):
    """A delivery that is authentic and asks for no comparison: acknowledged, and nothing was stored."""

    accepted: Literal[False]
    reason: str


class Handshake(Written):
    """The origin that may deliver (CloudEvents web hooks); each delivery still has to prove itself."""

    allowed: str


class Short(Written):
    """A comparison in a list."""

    comparison_id: ComparisonId
    project_id: ProjectId
    job_id: JobId
    state: State
    verdict: Verdict | None = None
    """There once the state is `finished`."""
    accepted_at: Time
    finished_at: Time | None = None


class ShownTask(Written):
    """A DRS task as the last poll saw it."""

    level: Level
    compare_task_id: str
    origin: Origin
    status: str | None = None
    tables_compared: Count | None = None
    tables: Count | None = None


class Trouble(Written):
    """The last thing that went wrong, in DRS's own words."""

    code: str
    message: str
    at: Time


class Full(Short):
    """All that is known of one comparison."""

    request: Request
    deadline_at: Time
    next_poll_at: Time | None = None
    steps: Count
    polls: Count
    drs_tasks: tuple[ShownTask, ...]
    cancel_requested_at: Time | None = None
    last_trouble: Trouble | None = None
    event: FinishedEvent | None = None
    """The finished event, once there is one."""


class Comparisons(Written):
    """A page of comparisons, newest first."""

    comparisons: tuple[Short, ...]
    next: str | None
    """What to ask with for the next page; null on the last one."""


class Problem(Written):
    """A refusal as a problem document (RFC 9457)."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    errors: Annotated[tuple[FieldError, ...], Field(min_length=1, max_length=50)] | None = None
    """What is wrong, field by field."""


class GatewayRefusal(Written):
    """What API Gateway answers by itself, before any function."""

    message: str


class Forecast(Written):
    """What would become of one level, and why."""

    would: Would
    why: str


class Forecasts(Written):
    """What would become of each level that is asked for."""

    objects: Forecast | None = None
    lines: Forecast | None = None
    contents: Forecast | None = None


class Known(Written):
    """The comparison that this request id already has."""

    state: State
    verdict: Verdict | None


class DrsRequest(Written):
    """The call that would create the DRS tasks, without what identifies Parity."""

    method: Literal["POST"]
    url: str
    project_id: ProjectId
    body: dict[str, Any]


class JobTask(Written):
    """A comparison task of the DRS job."""

    compare_task_id: str
    level: Level | None
    status: str | None
    created_at: Time | None
    comparison_id: ComparisonId | None
    """The comparison of Parity's that it belongs to."""


class DrsNow(Written):
    """What the DRS job is doing, as far as DRS could be asked."""

    reachable: bool
    reason: str | None
    message: str | None
    until: Time | None
    job_status: str | None
    refusal: str | None
    unfinished_tasks: tuple[JobTask, ...] | None
    latest_object_task: JobTask | None
    creating_now: ComparisonId | None
    comparing_objects_now: ComparisonId | None


class DryRun(Written):
    """What would be sent to DRS, and what would become of it now. A forecast, no promise."""

    dry_run: Literal[True]
    would: Would | Literal["repeat", "conflict"]
    summary: str
    comparison_id: ComparisonId
    request_id: RequestId
    known: Known | None
    deadline_at: Time
    levels: Forecasts
    drs_request: DrsRequest
    drs: DrsNow
