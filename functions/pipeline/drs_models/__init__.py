"""What travels between a client and the DRS comparison API, field by field.

Requests are strict: an unknown field is an error, and ``null``, ``""`` and absent mean the same. Answers are tolerant:
unknown fields are ignored, every field may be missing or ``null``, whole numbers may arrive as strings, and a word that
we don't know is kept as it came. Both know how to be sent: ``wire()`` leaves out whatever is absent, as DRS does.

Sources: "Creating a Comparison Task" and "Querying the Overview of an Object Comparison Task" of the DRS API reference
(drs_03_0136, drs_03_0256), and their neighbours in the same reference; each class names its page.

A function loads only the modules whose names it uses: building models takes time that a cold start has to wait for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functions.pipeline.drs_models.answers import (
        Answer,
        BatchStatusAnswer,
        ContentDetailPage,
        ContentOverviewPage,
        Count,
        CreateComparisonTaskAnswer,
        CreateResult,
        DatabaseOverview,
        DataTask,
        DataTaskPage,
        ErrorBody,
        JobState,
        LineDetailPage,
        LineOverviewPage,
        ObjectDetail,
        ObjectDetailPage,
        ObjectOverview,
        ObjectTypeCount,
        Section,
        TableDetail,
        Text,
        Truth,
    )
    from functions.pipeline.drs_models.identity import (
        Auth,
        AuthDomain,
        AuthIdentity,
        AuthPassword,
        AuthScope,
        AuthTokenRequest,
        AuthUser,
    )
    from functions.pipeline.drs_models.requests import (
        BatchStatusRequest,
        CompareObjectInfo,
        CompareObjectInfoWithToken,
        Conflict,
        CreateComparisonTask,
        DataLevelCompareInfo,
        JobId,
        Name,
        PageRequest,
        QueryCompareResult,
        Request,
        TableWithToken,
        conflicts,
    )
    from functions.pipeline.drs_models.results import (
        ContentDetail,
        ContentDetails,
        ContentDiff,
        ContentDiffs,
        ContentOverview,
        ContentResults,
        LineDetail,
        LineDetails,
        LineOverview,
        LineResults,
        ListedTask,
        ObjectResultDetail,
        ObjectResultOverview,
        ObjectResults,
        QueryCompareResultAnswer,
        TaskList,
    )
    from functions.pipeline.drs_models.times import (
        epoch_ms,
        iso_utc,
        parse_start_time,
        parse_time,
    )
    from functions.pipeline.drs_models.words import (
        CAN_NOT_COMPARE,
        CANCELLED,
        COMPARING,
        CONSISTENT,
        EXPORT_COMMON_FAILED,
        EXPORT_COMPLETE,
        EXPORTING,
        FAILED,
        FAILED_TO_COMPARE,
        FULL_DOING,
        INCONSISTENT,
        INCRE_DOING,
        INIT,
        JOB_READY,
        LEVEL_OF_TASK_TYPE,
        OBJECT_CONSISTENT,
        OBJECT_INCOMPLETE,
        OBJECT_INCONSISTENT,
        OBJECT_TYPES,
        RUNNING,
        SUCCESSFUL,
        TARGET_DB_NOT_EXIST,
        TARGET_DB_NOT_EXIT,
        TERMINAL_STATUSES,
        TIMEOUT_INTERRUPT,
        UNFINISHED_STATUSES,
        WAITING_FOR_COMPARISON,
        WAITING_FOR_RUNNING,
        Level,
    )

__all__ = [
    "CANCELLED",
    "CAN_NOT_COMPARE",
    "COMPARING",
    "CONSISTENT",
    "EXPORTING",
    "EXPORT_COMMON_FAILED",
    "EXPORT_COMPLETE",
    "FAILED",
    "FAILED_TO_COMPARE",
    "FULL_DOING",
    "INCONSISTENT",
    "INCRE_DOING",
    "INIT",
    "JOB_READY",
    "LEVEL_OF_TASK_TYPE",
    "OBJECT_CONSISTENT",
    "OBJECT_INCOMPLETE",
    "OBJECT_INCONSISTENT",
    "OBJECT_TYPES",
    "RUNNING",
    "SUCCESSFUL",
    "TARGET_DB_NOT_EXIST",
    "TARGET_DB_NOT_EXIT",
    "TERMINAL_STATUSES",
    "TIMEOUT_INTERRUPT",
    "UNFINISHED_STATUSES",
    "WAITING_FOR_COMPARISON",
    "WAITING_FOR_RUNNING",
    "Answer",
    "Auth",
    "AuthDomain",
    "AuthIdentity",
    "AuthPassword",
    "AuthScope",
    "AuthTokenRequest",
    "AuthUser",
    "BatchStatusAnswer",
    "BatchStatusRequest",
    "CompareObjectInfo",
    "CompareObjectInfoWithToken",
    "Conflict",
    "ContentDetail",
    "ContentDetailPage",
    "ContentDetails",
    "ContentDiff",
    "ContentDiffs",
    "ContentOverview",
    "ContentOverviewPage",
    "ContentResults",
    "Count",
    "CreateComparisonTask",
    "CreateComparisonTaskAnswer",
    "CreateResult",
    "DataLevelCompareInfo",
    "DataTask",
    "DataTaskPage",
    "DatabaseOverview",
    "ErrorBody",
    "JobId",
    "JobState",
    "Level",
    "LineDetail",
    "LineDetailPage",
    "LineDetails",
    "LineOverview",
    "LineOverviewPage",
    "LineResults",
    "ListedTask",
    "Name",
    "ObjectDetail",
    "ObjectDetailPage",
    "ObjectOverview",
    "ObjectResultDetail",
    "ObjectResultOverview",
    "ObjectResults",
    "ObjectTypeCount",
    "PageRequest",
    "QueryCompareResult",
    "QueryCompareResultAnswer",
    "Request",
    "Section",
    "TableDetail",
    "TableWithToken",
    "TaskList",
    "Text",
    "Truth",
    "conflicts",
    "epoch_ms",
    "iso_utc",
    "parse_start_time",
    "parse_time",
]

_MODULES = ("words", "times", "requests", "answers", "results", "identity")


def __getattr__(name: str) -> Any:
    """Find a name in the first module that defines it."""
    if name in __all__:
        for module in _MODULES:
            found = vars(import_module(f"{__name__}.{module}"))
            if name in found:
                return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
