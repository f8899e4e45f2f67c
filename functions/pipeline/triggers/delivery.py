"""What a source sends and what becomes of it: the values that pass between the door and the adapters."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.pipeline.messages import FieldError, Invalid, parse_json_object

MAX_DELIVERY_BYTES = 512 * 1024
"""Beyond a request's limit: a forge describes repository, pipeline and jobs around the few fields that matter here."""
_SHORT_ID = re.compile(r"(?!sha256:)[!-~]{1,63}", re.ASCII)


class NotForUs(Exception):
    """An authentic delivery that asks for no comparison: acknowledged, and logged with this sentence."""


class Unsupported(Exception):
    """A content type that the source's adapter doesn't read; the message names those that it does."""


@dataclass(frozen=True)
class Delivery:
    """One HTTP request: header names in lower case, the body as it was sent."""

    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value without the space around it, "" where it is missing."""
        return self.headers.get(name, "").strip()

    def content_type(self) -> str:
        """The media type in lower case, without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Unsupported for another content type, Invalid for anything else."""
        if self.content_type() != "application/json":
            raise Unsupported("The body must be JSON, with content-type: application/json.")
        return parse_json_object(self.body, MAX_DELIVERY_BYTES)


@dataclass(frozen=True)
class Occurrence:
    """What an authentic delivery tells: the type of the event, the sender's id of it, and the whole of it as JSON."""

    event: str
    delivery_id: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """The request that was found, not judged yet.

    `place` is where it lies in the payload, "" for a mapped one; `expressions` are what a mapping takes each field
    from; `own_id` stands in for the sender's id of the event.
    """

    request: dict[str, Any]
    place: str = ""
    expressions: Mapping[str, str] = field(default_factory=dict)
    own_id: str | None = None

    def told(self, errors: tuple[FieldError, ...]) -> tuple[FieldError, ...]:
        """Errors of the request as errors of the payload: whoever sent that has to find the field."""
        return tuple(FieldError(field=self._path(e.field), message=self._message(e)) for e in errors)

    def _path(self, name: str) -> str:
        return ".".join(part for part in (self.place, name) if part)

    def _message(self, error: FieldError) -> str:
        expression = self.expressions.get(error.field.partition(".")[0])
        return f"{error.message} (mapped from {expression})" if expression else error.message


def request_in(value: Any, place: str) -> Asked:
    """The request at `place` of a payload: an object, or an object as JSON text. Raises Invalid."""
    if isinstance(value, dict):
        return Asked(value, place)
    if not isinstance(value, str):
        raise Invalid(FieldError(field=place, message="required: the request, an object or one as JSON text"))
    try:
        return Asked(parse_json_object(value.encode("utf-8", "surrogatepass")), place)
    except Invalid as e:
        told = tuple(FieldError(field=place, message=f"as JSON text: {error.message}") for error in e.errors)
        raise Invalid(*told) from e


def request_id_of(source: str, delivery_id: str) -> str:
    """The request id of a delivery: told twice is asked once, and no two sources can mean the same request."""
    if _SHORT_ID.fullmatch(delivery_id):
        return f"{source}:{delivery_id}"
    return f"{source}:sha256:{hashlib.sha256(delivery_id.encode('utf-8', 'surrogatepass')).hexdigest()}"[:128]


def within(value: Any, *names: str) -> Any:
    """What lies at a path of names, None where there is nothing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
