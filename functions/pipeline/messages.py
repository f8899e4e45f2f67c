"""What a caller asks, and the two messages that travel through the queues: raw bytes in, validated values out.

The request is the webhook's body and the `requests` queue's message; its two level fields are exactly those of
create-compare-task (tables 3 to 7 of that page). Whatever is wrong is told field by field.
"""

import hashlib
import json
import re
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from functions.pipeline.drs_models import DataLevelCompareInfo, JobId, conflicts

Level = Literal["objects", "lines", "contents"]
LEVELS: tuple[Level, ...] = ("objects", "lines", "contents")
MAX_BODY_BYTES = 128 * 1024
#: A queue message is an accepted body with the project and its id filled in, and a few characters escaped.
MAX_MESSAGE_BYTES = 192 * 1024
#: Deeper than any request can be; a parser's own recursion limit is far beyond it.
MAX_DEPTH = 32
VERSION = 1

RequestId = Annotated[str, StringConstraints(strict=True, pattern=r"^[\x21-\x7e]{1,128}$")]


class FieldError(BaseModel, frozen=True):
    """One thing wrong with one field: its dotted path ("" for the body as a whole) and what is allowed."""

    field: str
    message: str


class Invalid(Exception):
    """The message can't become a comparison. `errors` says why, field by field."""

    def __init__(self, *errors: FieldError) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{e.field}: {e.message}" if e.field else e.message for e in errors))


class Request(BaseModel):
    """A caller's request for one DRS job: an object-level and/or a data-level comparison."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    job_id: JobId
    object_level_compare_type: Literal["objects"] | None = None
    data_level_compare_info: DataLevelCompareInfo | None = None
    project_id: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{32}$")] | None = None
    deadline_seconds: Annotated[int, Field(strict=True, ge=60, le=1_209_600)] | None = None
    ready_within_seconds: Annotated[int, Field(strict=True, ge=0, le=1_209_600)] | None = None
    audience: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    labels: (
        Annotated[
            dict[
                Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)],
                Annotated[str, StringConstraints(strict=True, max_length=256)],
            ],
            Field(max_length=20),
        ]
        | None
    ) = None
    request_id: RequestId | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        return {k: v for k, v in data.items() if v not in (None, "")} if isinstance(data, dict) else data

    @property
    def levels(self) -> tuple[Level, ...]:
        """The requested levels, in the order of `LEVELS`."""
        asked: list[Level] = ["objects"] if self.object_level_compare_type else []
        if self.data_level_compare_info:
            asked.append(self.data_level_compare_info.compare_type)
        return tuple(asked)

    @property
    def starts_at(self) -> float | None:
        """When the data-level comparison is to start, in epoch seconds; None means at once."""
        return self.data_level_compare_info.starts_at if self.data_level_compare_info else None


class PollMessage(BaseModel):
    """`{comparison_id, step}` of the `polls` queue. `version` lets the next release read this one's messages."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    comparison_id: Annotated[str, StringConstraints(strict=True, pattern=r"^cmp_[0-9a-f]{32}$")]
    step: Annotated[int, Field(strict=True, ge=0)]
    version: int = VERSION


class Guards(BaseModel):
    """What this deployment allows, beyond the shape of a request. Empty `jobs` allows every DRS job."""

    model_config = ConfigDict(frozen=True)

    projects: tuple[str, ...]
    jobs: tuple[str, ...] = ()
    levels: tuple[str, ...] = LEVELS
    cancel: bool = False


def comparison_id_of(request_id: str) -> str:
    """The comparison that a request id names: asking twice is asking once."""
    return "cmp_" + hashlib.sha256(request_id.encode()).hexdigest()[:32]


def canonical(request: Request) -> str:
    """The request as JSON with nulls dropped and keys sorted: what is stored, sent and hashed."""
    return json_text(request.model_dump(mode="json", exclude_none=True), sort_keys=True)


def json_text(value: Any, *, sort_keys: bool = False) -> str:
    """Compact JSON that every queue and topic takes: the two non-characters that they refuse are escaped."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=sort_keys, separators=(",", ":"))
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def fingerprint(request: Request) -> str:
    """SHA-256 of the validated request without its id: the same id with another fingerprint is a conflict."""
    return hashlib.sha256(canonical(request.model_copy(update={"request_id": None})).encode()).hexdigest()


def parse_json_object(raw: bytes, most: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Read untrusted bytes as one JSON object.

    Raises Invalid for anything else: too large, not UTF-8, not JSON, NaN, nested too deep, or text that no queue takes.
    """
    if len(raw) > most:
        _refuse("", f"the body has {len(raw)} bytes; {most} are allowed")
    try:
        text = raw.decode()
        if _depth(text) > MAX_DEPTH:
            _refuse("", f"nested deeper than {MAX_DEPTH} levels")
        value = json.loads(text, parse_constant=lambda name: _refuse("", f"{name} is not JSON"))
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError as e:
        raise Invalid(FieldError(field="", message="the body must be valid UTF-8 without lone surrogates")) from e
    except ValueError as e:
        raise Invalid(FieldError(field="", message="the body must be JSON")) from e
    if not isinstance(value, dict):
        _refuse("", "the body must be a JSON object")
    return value


def validate_request(body: dict[str, Any], guards: Guards, *, now: float, request_id: str | None = None) -> Request:
    """Check a request's shape and what the deployment allows; returns it with `project_id` and `request_id` filled in.

    `request_id` is the webhook's signed id, and then refused in the body; None reads it from the body (queue).
    Raises Invalid with every field that is wrong.
    """
    if request_id is not None and body.get("request_id") not in (None, ""):
        _refuse("request_id", "not allowed in a webhook's body; the webhook-id header is the request id")
    try:
        request = Request.model_validate(body | ({"request_id": request_id} if request_id is not None else {}))
    except ValidationError as e:
        raise Invalid(*field_errors(e)) from e
    errors = [*_shape_errors(request), *_guard_errors(request, guards), *_start_errors(request, now)]
    if errors:
        raise Invalid(*errors)
    return request.model_copy(update={"project_id": request.project_id or guards.projects[0]})


def request_id_in(body: dict[str, Any]) -> str:
    """The id by which a queue message names itself. Raises Invalid where it doesn't."""
    value = body.get("request_id")
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]{1,128}", value):
        _refuse("request_id", "a queue message needs an idempotency key of 1 to 128 visible ASCII characters")
    return value


def field_errors(error: ValidationError) -> list[FieldError]:
    """pydantic's findings with dotted paths, without the values that were sent."""
    return [
        FieldError(field=".".join(str(p) for p in found["loc"])[:200], message=_plain(found["type"], found["msg"]))
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _plain(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "unknown field"
    if kind == "missing":
        return "required"
    return re.sub(r"^(Value error|Input should be), ?", "", message)


def _shape_errors(request: Request) -> list[FieldError]:
    errors = []
    if request.request_id is None:
        errors.append(FieldError(field="request_id", message="required in a queue message: the idempotency key"))
    if not request.levels:
        message = "nothing to compare: give object_level_compare_type and/or data_level_compare_info"
        errors.append(FieldError(field="object_level_compare_type", message=message))
    found = conflicts("objects" in request.levels, request.data_level_compare_info)
    return errors + [FieldError(field=c.field, message=c.message) for c in found]


def _guard_errors(request: Request, guards: Guards) -> list[FieldError]:
    errors = []
    if request.project_id is not None and request.project_id not in guards.projects:
        errors.append(FieldError(field="project_id", message="not a project that this deployment is configured for"))
    if request.project_id is None and len(guards.projects) != 1:
        message = f"required: this deployment has {len(guards.projects)} projects configured"
        errors.append(FieldError(field="project_id", message=message))
    if guards.jobs and request.job_id not in guards.jobs:
        errors.append(FieldError(field="job_id", message="not among the jobs that this deployment allows"))
    for level in request.levels:
        if level not in guards.levels:
            field = "object_level_compare_type" if level == "objects" else "data_level_compare_info.compare_type"
            allowed = ", ".join(guards.levels)
            errors.append(FieldError(field=field, message=f"{level} is not allowed in this deployment; {allowed} are"))
    data = request.data_level_compare_info
    if data and data.conflict_policy == "cancel" and not guards.cancel:
        message = "cancel is not allowed in this deployment; keep is"
        errors.append(FieldError(field="data_level_compare_info.conflict_policy", message=message))
    return errors


def _start_errors(request: Request, now: float) -> list[FieldError]:
    start = request.starts_at
    if start is not None and start > now + 366 * 86_400:
        message = "more than a year ahead; epoch milliseconds, for example 1608188903063, are expected"
        return [FieldError(field="data_level_compare_info.start_time", message=message)]
    return []


def _depth(text: str) -> int:
    """The deepest nesting of brackets outside strings: found without recursion."""
    deepest = depth = 0
    for bracket in re.findall(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', text):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "]}":
            depth -= 1
    return deepest


def _refuse(field: str, message: str) -> NoReturn:
    raise Invalid(FieldError(field=field, message=message))
