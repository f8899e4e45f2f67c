"""AWS DMS tells EventBridge that a task changed its state; the rules in the triggers secret say which DRS job that is.

    "dms": [{"task": "arn:aws:dms:eu-west-1:123456789012:task:SHOP*",
             "request": {"job_id": "…", "object_level_compare_type": "objects"}}]

`task` is matched against the event's resources, `events` against its event type; the first rule that fits counts.
Sources: AWS DMS user guide, "Working with Amazon EventBridge events and notifications" (classic: a replication task;
serverless: a replication, whose resource is a replication config). EventBridge keeps an event's id when it tries again.
"""

import re
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from functions.pipeline.messages import MAX_MESSAGE_BYTES, FieldError, Invalid, parse_json_object
from functions.pipeline.triggers.configuration import DMS, entries, unreadable
from functions.pipeline.triggers.delivery import NotForUs, request_id_of, within

STOPPED = ("REPLICATION_TASK_STOPPED", "REPLICATION_STOPPED")
"""What a task that has ended tells, classic and serverless; a full load that ends is one, with the reason beside it."""

_Pattern = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=512)]


class Rule(BaseModel):
    """Which events of which tasks ask for which comparison; patterns have `*`, `?` and `[…]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    task: _Pattern
    events: Annotated[tuple[_Pattern, ...], Field(min_length=1, max_length=50)] = STOPPED
    message: _Pattern = "*"
    """Against `detailMessage`, for example `*FULL_LOAD_ONLY_FINISHED*`."""
    request: dict[str, Any]

    def fits(self, event: dict[str, Any]) -> bool:
        """Whether this rule is about that event."""
        resources = event.get("resources")
        return (
            any(_matches(one, self.task) for one in (resources if isinstance(resources, list) else ()))
            and any(_matches(within(event, "detail", "eventType"), pattern) for pattern in self.events)
            and _matches(within(event, "detail", "detailMessage") or "", self.message)
        )


_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(Annotated[tuple[Rule, ...], Field(max_length=1_000)])


def rules(text: str) -> tuple[Rule, ...]:
    """The rules in the triggers secret's text; none configured is none. Raises BadSecret."""
    try:
        return _RULES.validate_python(entries(text).get(DMS) or [])
    except ValidationError as e:
        raise unreadable(DMS, e) from None


def read_event(text: str) -> dict[str, Any]:
    """An event of EventBridge as its queue has it. Raises Invalid: then it can never be worked on."""
    event = parse_json_object(text.encode("utf-8", "surrogatepass"), MAX_MESSAGE_BYTES)
    event_id = event.get("id")
    if not isinstance(event_id, str) or not re.fullmatch(r"[!-~]{1,100}", event_id):
        raise Invalid(FieldError(field="id", message="required: EventBridge's id of the event"))
    return event


def translated(event: dict[str, Any], known: tuple[Rule, ...]) -> dict[str, Any]:
    """The message for the requests queue that an event asks for. Raises NotForUs."""
    for rule in known:
        if rule.fits(event):
            return {**rule.request, "request_id": request_id_of(DMS, event["id"])}
    kind = str(within(event, "detail", "eventType"))[:64]
    raise NotForUs(f"No rule asks for a comparison on {kind} of this task.")


def _matches(value: Any, pattern: str) -> bool:
    return isinstance(value, str) and fnmatchcase(value, pattern)
