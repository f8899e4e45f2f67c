"""What only a server of the API reads or writes: the bodies of the endpoints that no function calls.

Sources: drs_03_0243, 0255, 0258; each class names its page.
"""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from functions.pipeline.drs_models.answers import Answer, Text
from functions.pipeline.drs_models.requests import CompareObjectInfo, CompareObjectInfoWithToken, Request, StartTime

ReportType = Literal["contents", "lines", "random", "objects_comparison", "repair_data"]
_ZONE = re.compile(r"GMT(?:([+-])([0-9]{2}):([0-9]{2}))?")
_FARTHEST = timedelta(hours=14)


def parse_time_zone(value: str | None) -> timezone:
    """The zone of ``GMT+08:00``; None and ``GMT``: UTC. Raises ``ValueError`` for what is none on earth."""
    found = _ZONE.fullmatch(value or "GMT")
    if found:
        sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        if int(minutes or 0) < 60 and offset <= _FARTHEST:
            return timezone(-offset if sign == "-" else offset)
    raise ValueError("it must be GMT or like GMT+08:00, within 14 hours")


def _readable_zone(value: str) -> str:
    parse_time_zone(value)
    return value


class CreateObjectTask(Request):
    """Body of POST object/compare (drs_03_0255); the number of threads is for Cassandra links."""

    compare_task_num: Annotated[int, Field(ge=1)] | None = None


class CreateDataTask(Request):
    """Body of POST table/compare (drs_03_0243)."""

    type: Literal["lines", "contents", "random"]
    start_time: StartTime | None = None
    compare_mode: Literal["quick_comparison"] | None = None
    compare_object: list[CompareObjectInfo] | None = None
    options: dict[str, str | None] | None = None
    compare_object_with_token: list[CompareObjectInfoWithToken] | None = None
    compare_task_num: Annotated[int, Field(ge=1)] | None = None
    compare_transformation_infos: list[dict[str, Any]] | None = None
    proportion_value: float | None = None


class CreatedDataTask(Answer):
    """Answer of POST table/compare (drs_03_0243)."""

    id: Text = None


class ExportRequest(Request):
    """Body of POST compare/result/file, and of the GET that has it in its query, too (drs_03_0258, 0262)."""

    compare_type: ReportType
    compare_job_id: str | None = None
    time_zone: Annotated[str, AfterValidator(_readable_zone)] | None = None
