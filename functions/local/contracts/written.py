"""What models of written messages share: messages that functions put together themselves, described for their readers.

A field whose default is None is left out where there is nothing to say; one that may be None without a default is
written as null. Whatever else stands here is always written.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Written(BaseModel):
    """A JSON object that Parity writes; its fields are described by the text below each."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


Time = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"),
    Field(json_schema_extra={"format": "date-time"}),
]
"""ISO 8601 in UTC, milliseconds."""

ComparisonId = Annotated[str, StringConstraints(pattern=r"^cmp_[0-9a-f]{32}$")]
ProjectId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
JobId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$")]
RequestId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
Audience = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Labels = Annotated[dict[str, Annotated[str, StringConstraints(max_length=256)]], Field(max_length=20)]
Count = Annotated[int, Field(ge=0)]
