"""Request bodies: strict, so that a slip is told by its field's name before anything is sent.

Source: tables 3-7 of "Creating a Comparison Task" (drs_03_0136), and drs_03_0137.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from functions.pipeline.drs_models.times import parse_start_time


def _without_blanks(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: entry for key, entry in value.items() if entry is not None and entry != ""}
    return value


def _readable_start(value: str) -> str:
    parse_start_time(value)
    return value


def _not_a_dot_segment(value: str) -> str:
    if value in {".", ".."}:
        raise ValueError("must not be '.' or '..'")
    return value


class Request(BaseModel):
    """A request body: unknown fields are refused; ``null``, ``""`` and absent are the same."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, value: Any) -> Any:
        return _without_blanks(value)

    def wire(self) -> dict[str, Any]:
        """The JSON object to send; absent fields are left out."""
        return self.model_dump(mode="json", exclude_none=True)


JobId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$"), AfterValidator(_not_a_dot_segment)]
"""A DRS job's id: 1-64 visible ASCII characters. It looks like a UUID and isn't one."""

Name = Annotated[str, StringConstraints(min_length=1)]
StartTime = Annotated[str, AfterValidator(_readable_start)]


class CompareObjectInfo(Request):
    """Table 5: one database; no ``table_name`` means all its tables."""

    db_name: Name
    table_name: Annotated[list[Name], Field(min_length=1)] | None = None


class TableWithToken(Request):
    """Table 7: one table and, optionally, the range of tokens to compare (Cassandra disaster recovery only)."""

    table_name: Name
    min_token: str | None = None
    max_token: str | None = None


class CompareObjectInfoWithToken(Request):
    """Table 6: one database, its tables with tokens (Cassandra disaster recovery only)."""

    db_name: Name
    table_name_with_token: Annotated[list[TableWithToken], Field(min_length=1)] | None = None


class DataLevelCompareInfo(Request):
    """Table 4: what data to compare, how, when, and what to do with an unfinished data-level task of the job."""

    conflict_policy: Literal["cancel", "keep"]
    compare_type: Literal["lines", "contents"]
    compare_mode: Literal["quick_comparison"] | None = None
    start_time: StartTime | None = None
    compare_object_infos: list[CompareObjectInfo] | None = None
    compare_object_infos_with_token: list[CompareObjectInfoWithToken] | None = None

    @property
    def starts_at(self) -> float | None:
        """Epoch seconds of the start; ``None``: at once."""
        return parse_start_time(self.start_time)


class CreateComparisonTask(Request):
    """Table 3 of drs_03_0136. Both levels empty is allowed here: DRS then only lists."""

    job_id: JobId
    object_level_compare_type: Literal["objects"] | None = None
    data_level_compare_info: DataLevelCompareInfo | None = None


class Conflict(NamedTuple):
    """A field that contradicts another, and what is allowed instead."""

    field: str
    message: str


def conflicts(objects: bool, data: DataLevelCompareInfo | None) -> tuple[Conflict, ...]:
    """What tables 3 and 4 forbid although each field is right by itself; empty: nothing.

    ``objects``: whether an object-level comparison is asked for.
    """
    if data is None:
        return ()
    found = []
    where = "data_level_compare_info."
    if objects and data.compare_type == "contents":
        found.append(Conflict(where + "compare_type", "'contents' can't be combined with an object-level comparison"))
    if data.compare_object_infos and data.compare_object_infos_with_token:
        message = "must be left out where compare_object_infos is given"
        found.append(Conflict(where + "compare_object_infos_with_token", message))
    elif not (data.compare_object_infos or data.compare_object_infos_with_token or data.compare_mode):
        message = "must name at least one database unless compare_mode is 'quick_comparison'"
        found.append(Conflict(where + "compare_object_infos", message))
    return tuple(found)


class QueryCompareResult(Request):
    """Body of query-compare-result (drs_03_0137); pages count from 1."""

    job_id: JobId
    object_level_compare_id: str | None = None
    line_compare_id: str | None = None
    content_compare_id: str | None = None
    current_page: Annotated[int, Field(ge=1)]
    per_page: Annotated[int, Field(ge=1)]


class PageRequest(Request):
    """Which page of a batch answer."""

    cur_page: int = 1
    per_page: Annotated[int, Field(ge=0, le=100)] = 5


class BatchStatusRequest(Request):
    """Body of batch-status: DRS jobs whose state is wanted."""

    jobs: Annotated[list[str], Field(min_length=1)]
    page_req: PageRequest | None = None
