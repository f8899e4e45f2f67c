"""The closed vocabularies of the DRS comparison API.

Unknown words must be survived: nothing in an answer is validated against these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Level = Literal["objects", "lines", "contents"]

# Status of a comparison task (drs_03_0137, 0242, 0256).
RUNNING: Final = "RUNNING"
WAITING_FOR_RUNNING: Final = "WAITING_FOR_RUNNING"
SUCCESSFUL: Final = "SUCCESSFUL"
FAILED: Final = "FAILED"
CANCELLED: Final = "CANCELLED"
TIMEOUT_INTERRUPT: Final = "TIMEOUT_INTERRUPT"
FULL_DOING: Final = "FULL_DOING"
INCRE_DOING: Final = "INCRE_DOING"
TERMINAL_STATUSES: Final = frozenset({SUCCESSFUL, FAILED, CANCELLED, TIMEOUT_INTERRUPT})
UNFINISHED_STATUSES: Final = frozenset({RUNNING, WAITING_FOR_RUNNING, FULL_DOING, INCRE_DOING})

# Results as words (drs_03_0137). v3 writes ..._NOT_EXIT, v5 ..._NOT_EXIST; both are read, the first is written.
CONSISTENT: Final = "CONSISTENT"
INCONSISTENT: Final = "INCONSISTENT"
COMPARING: Final = "COMPARING"
WAITING_FOR_COMPARISON: Final = "WAITING_FOR_COMPARISON"
FAILED_TO_COMPARE: Final = "FAILED_TO_COMPARE"
TARGET_DB_NOT_EXIT: Final = "TARGET_DB_NOT_EXIT"
TARGET_DB_NOT_EXIST: Final = "TARGET_DB_NOT_EXIST"
CAN_NOT_COMPARE: Final = "CAN_NOT_COMPARE"

# Results of object comparisons as numbers (drs_03_0256, 0257).
OBJECT_INCONSISTENT: Final = 0
OBJECT_CONSISTENT: Final = 2
OBJECT_INCOMPLETE: Final = 3

# Status of a comparison's result file (drs_03_0256).
INIT: Final = "INIT"
EXPORTING: Final = "EXPORTING"
EXPORT_COMPLETE: Final = "EXPORT_COMPLETE"
EXPORT_COMMON_FAILED: Final = "EXPORT_COMMON_FAILED"

# Types of objects (drs_03_0256, 0257).
OBJECT_TYPES: Final = (
    "DB", "TABLE", "VIEW", "EVENT", "ROUTINE", "INDEX", "TRIGGER", "SYNONYM", "FUNCTION", "PROCEDURE", "TYPE", "RULE",
    "DEFAULT_TYPE", "PLAN_GUIDE", "CONSTRAINT", "FILE_GROUP", "PARTITION_FUNCTION", "PARTITION_SCHEME",
    "TABLE_COLLATION", "EXTENSIONS",
)  # fmt: skip

# The type column of the task list: one level has several names (drs_03_0137).
LEVEL_OF_TASK_TYPE: Final[Mapping[str, Level]] = {
    "object_comparison": "objects",
    "object": "objects",
    "objects": "objects",
    "lines": "lines",
    "contents": "contents",
}

JOB_READY: Final = "INCRE_TRANSFER_STARTED"
