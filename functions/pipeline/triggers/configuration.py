"""The triggers secret: JSON with one entry per source. A source that has no entry, or no key, is closed.

    {"github": {"keys": ["…"]},
     "gitlab-shop": {"kind": "gitlab", "tokens": ["…"], "events": ["Pipeline Hook"], "mapping": {…}},
     "dms": [{"task": "arn:aws:dms:…:task:…", "request": {…}}]}

The name is the last part of the door's path. Only the entry that is asked for is read: a mistake in one closes no
other.
"""

import json
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from functions.pipeline.credentials_text import BadSecret, webhook_keys
from functions.pipeline.messages import field_errors

Kind = Literal["github", "gitlab", "cloudevents", "json"]
DMS, SMN = "dms", "smn"
"""The entries that are no sources of the door: rules for events of AWS DMS, and topics of Huawei's SMN."""

_Proof = Annotated[str, StringConstraints(strict=True, pattern=r"^[\x21-\x7e][\x20-\x7e]{14,510}[\x21-\x7e]$")]
"""A shared secret: nobody guesses 16 characters that a generator made, and an empty one would open the door."""
_Short = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256)]


class Mapping(BaseModel):
    """JMESPath expressions over the payload: whether it is ours, its id, and each field of the request.

    `request` is one expression, or an object whose texts are expressions and whose other values stand for themselves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    request: dict[str, Any] | Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4096)]
    when: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4096)] | None = None
    id: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4096)] | None = None


class Source(BaseModel):
    """One source of the door: how it proves itself, which of its events are ours, where the request is."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: Kind
    keys: Annotated[tuple[_Proof, ...], Field(max_length=8)] = ()
    """What signs, newest first: GitHub's secret, or keys as of Standard Webhooks."""
    tokens: Annotated[tuple[_Proof, ...], Field(max_length=8)] = ()
    """What is sent along as it is: X-Gitlab-Token, or a bearer token."""
    events: Annotated[tuple[_Short, ...], Field(min_length=1, max_length=50)] | None = None
    origins: Annotated[tuple[_Short, ...], Field(max_length=50)] = ()
    mapping: Mapping | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "github" and self.tokens:
            raise ValueError("github signs: it has keys, no tokens")
        if self.kind == "json" and self.mapping is None:
            raise ValueError("json needs a mapping")
        if self.kind == "json" and self.events:
            raise ValueError("json has no event types: leave some out with the mapping's `when`")
        if self.kind != "cloudevents" and self.origins:
            raise ValueError("origins are for cloudevents alone")
        if self.kind != "github":
            webhook_keys(json.dumps({"keys": self.keys}))
        return self

    def signing_keys(self) -> list[bytes]:
        """The keys as bytes: GitHub's is a text, those of Standard Webhooks are base64."""
        if self.kind == "github":
            return [key.encode() for key in self.keys]
        return webhook_keys(json.dumps({"keys": self.keys}))


def source_named(text: str, name: str) -> Source | None:
    """The source of that name in the secret's text, None where there is none.

    Raises BadSecret, naming the entry and the field but no value.
    """
    entry = entries(text).get(name)
    if entry is None or name in (DMS, SMN):
        return None
    if isinstance(entry, dict) and name in get_args(Kind):
        entry = {"kind": name} | entry
    try:
        return Source.model_validate(entry)
    except ValidationError as e:
        raise unreadable(name, e) from None


def entries(text: str) -> dict[str, Any]:
    """The entries of the secret's text; nothing configured is no entry. Raises BadSecret."""
    try:
        document = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise BadSecret("the triggers secret must be JSON") from None
    if not isinstance(document, dict):
        raise BadSecret("the triggers secret must be a JSON object with an entry for each source")
    return document


def unreadable(name: str, error: ValidationError) -> BadSecret:
    """What is wrong with an entry, field by field, without any value."""
    told = "; ".join(
        f"{found.field}: {found.message}" if found.field else found.message for found in field_errors(error)
    )
    return BadSecret(f"entry {name[:64]} of the triggers secret: {told}")
