"""Answers of the two seeds and of the endpoints with a job in their path: tolerant, and omitting what is absent.

Sources: drs_03_0136, 0242, 0246-0249, 0256, 0257; each class names its page.
"""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _whole_number(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    try:
        number = None if value is None or isinstance(value, bool) else float(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return number if number is not None and isfinite(number) else None


def _truth(value: Any) -> bool | None:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _text(value: Any) -> Any:
    return None if value == "" else value


Text = Annotated[str | None, BeforeValidator(_text)]
"""A string; ``""`` is absent, a number becomes its digits."""
Count = Annotated[int | None, BeforeValidator(_whole_number)]
"""A whole number, perhaps in a string; what can't be read as one is absent."""
Number = Annotated[float | None, BeforeValidator(_number)]
"""A number, perhaps in a string; what can't be read as one is absent."""
Truth = Annotated[bool | None, BeforeValidator(_truth)]


class Answer(BaseModel):
    """A response body or a part of one: everything is optional, unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, defer_build=True)

    def wire(self) -> dict[str, Any]:
        """The JSON object to send; absent fields and sections are left out."""
        return self.model_dump(mode="json", exclude_none=True)


class ErrorBody(Answer):
    """DRS's and the gateway's error; the gateway adds ``request_id``."""

    error_code: Text = None
    error_msg: Text = None
    request_id: Text = None


class Section(Answer):
    """A part of an answer that can carry an error of its own."""

    error_code: Text = None
    error_msg: Text = None


class CreateResult(Section):
    """Table 9: the created task of one level, or why there is none."""

    compare_task_id: Text = None


class CreateComparisonTaskAnswer(Section):
    """Table 8 of drs_03_0136. Status 200 says nothing: look at both parts and at the top-level error."""

    job_id: Text = None
    object_level_compare_create_result: CreateResult | None = None
    data_level_compare_create_result: CreateResult | None = None


class ObjectTypeCount(Answer):
    """Table 4 of drs_03_0256: the objects of one type. ``status``: 0 inconsistent, 2 consistent, 3 incomplete."""

    type: Text = None
    source_count: Count = None
    target_count: Count = None
    status: Count = None


class ObjectOverview(Section):
    """Answer of GET object/compare (drs_03_0256): always the *latest* object-level task. Times are UTC ISO."""

    create_time: Text = None
    start_time: Text = None
    status: Text = None
    export_status: Text = None
    report_remain_seconds: Count = None
    compare_job_id: Text = None
    compare_result: list[ObjectTypeCount] | None = None
    database_info: dict[str, Any] | None = None


class ObjectDetail(Answer):
    """One object on both sides (drs_03_0257); a side that lacks it has no value."""

    source_db_name: Text = None
    target_db_name: Text = None
    source_db_value: Text = None
    target_db_value: Text = None
    status: Count = None
    error_message: Text = None


class ObjectDetailPage(Section):
    """Answer of GET object/compare/{type} (drs_03_0257)."""

    count: Count = None
    compare_detail: list[ObjectDetail] | None = None


class DataTask(Answer):
    """A data-level task (drs_03_0242). Times are UTC ISO."""

    id: Text = None
    type: Text = None
    options: dict[str, Any] | None = None
    start_time: Text = None
    end_time: Text = None
    status: Text = None
    export_status: Text = None
    report_remain_seconds: Count = None
    compare_job_tag: dict[str, Any] | None = None
    proportion_value: Text = None
    database_info: dict[str, Any] | None = None


class DataTaskPage(Section):
    """Answer of GET table/compare (drs_03_0242)."""

    count: Count = None
    compare_jobs: list[DataTask] | None = None


class DatabaseOverview(Answer):
    """drs_03_0246 (``source_db_name``) and drs_03_0248 (``source_db``): one database, the result as a number."""

    source_db_name: Text = None
    target_db_name: Text = None
    source_db: Text = None
    target_db: Text = None
    status: Count = None
    compare_num: Count = None
    compare_end_num: Count = None
    data_inconsistent_num: Count = None
    uncomparable_num: Count = None


class LineOverviewPage(Section):
    """Answer of line-overview (drs_03_0246)."""

    total_count: Count = None
    data_compare_overview_infos: list[DatabaseOverview] | None = None


class ContentOverviewPage(Section):
    """Answer of content-overview (drs_03_0248)."""

    total_count: Count = None
    content_compare_result_infos: list[DatabaseOverview] | None = None


class TableDetail(Answer):
    """drs_03_0247 (rows: ``status`` is the result) and drs_03_0249 (values: two booleans are)."""

    source_db: Text = None
    target_db: Text = None
    source_table_name: Text = None
    source_row_num: Count = None
    target_table_name: Text = None
    target_row_num: Count = None
    difference_row_num: Count = None
    line_compare_result: Truth = None
    content_compare_result: Truth = None
    message: Text = None
    status: Count = None
    complete_shard_count: Count = None
    total_shard_count: Count = None
    progress: Number = None
    compare_line_config_filter: Text = None


class LineDetailPage(Section):
    """Answer of line-detail (drs_03_0247)."""

    total_count: Count = None
    table_line_compare_result_infos: list[TableDetail] | None = None


class ContentDetailPage(Section):
    """Answer of content-detail (drs_03_0249); its list has the same name as the overview's."""

    total_count: Count = None
    content_compare_result_infos: list[TableDetail] | None = None


class JobState(Answer):
    """One job of batch-status: its state, or its own error."""

    id: Text = None
    status: Text = None
    error_code: Text = None
    error_message: Text = None
    error_msg: Text = None


class BatchStatusAnswer(Section):
    """Answer of batch-status."""

    results: list[JobState] | None = None
    count: Count = None
