"""Everything the API refuses with: codes, HTTP statuses, and messages in the languages of X-Language.

Codes, statuses and English texts are those of "Error Code" (drs_05_0004) and of the API gateway in front of DRS, whose
bodies also carry the request id.
"""

# ruff: noqa: RUF001 (Chinese sentences have Chinese commas)

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

LANGUAGES = ("en-us", "zh-cn")


def language_of(asked: str | None) -> str:
    """The language that an X-Language header asks for; of those that we don't speak, English."""
    wanted = (asked or "").lower()
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


class _Entry(NamedTuple):
    status: int
    en: str
    zh: str


_NOT_AUTHENTICATED = "Incorrect IAM authentication information: {reason}"
_ENTRIES = {
    "DRS.10000001": _Entry(400, "Failed. {reason}", "失败。{reason}"),
    "DRS.10000010": _Entry(400, "Task not found. Check the task ID.", "任务不存在，请检查任务ID。"),
    "DRS.10000024": _Entry(
        400,
        "Another operation is being performed on the migration task or the migration task is abnormal.",
        "任务正在执行其他操作，或者任务异常。",
    ),
    "DRS.M00004": _Entry(500, "Service is abnormal. Check logs.", "服务异常，请查看日志。"),
    "DRS.M00102": _Entry(403, "Insufficient user permissions.", "用户权限不足。"),
    "DRS.M00201": _Entry(400, "The parameter {field} is empty.", "参数{field}为空。"),
    "DRS.M00202": _Entry(400, "The value of {field} is invalid{reason}.", "参数{field}的值不合法{reason}。"),
    "DRS.M00211": _Entry(400, "The value of Page exceeds the upper limit.", "分页参数超过上限。"),
    "DRS.M00261": _Entry(403, "Invalid project ID.", "项目ID不合法。"),
    "DRS.M00289": _Entry(400, "The task does not exist.", "任务不存在。"),
    "DRS.M00300": _Entry(400, "Invalid request, {reason}", "请求不合法，{reason}"),
    "DRS.M00301": _Entry(400, "There are duplicate {field} in request.", "请求中存在重复的{field}。"),
    "DRS.M00304": _Entry(
        400, "This API cannot be called in the current task status.", "当前任务状态下不允许调用该接口。"
    ),
    "DRS.M00305": _Entry(400, "Parameter error:{reason}", "参数错误：{reason}"),
    "DRS.M00307": _Entry(400, "Only subtasks can invoke this interface.", "仅子任务可以调用该接口。"),
    "APIG.0101": _Entry(
        404, "The API does not exist or has not been published in the environment.", "API不存在或尚未发布到该环境。"
    ),
    "APIG.0201": _Entry(413, "Request entity too large", "请求体过大"),
    "APIG.0301": _Entry(401, _NOT_AUTHENTICATED, "IAM认证信息错误：{reason}"),
}


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal. `field` names a parameter, `reason` says what is allowed or what is wrong; never a secret."""

    code: str
    field: str = ""
    reason: str = ""

    @property
    def status(self) -> int:
        """The HTTP status, where the refusal is the whole answer."""
        return _ENTRIES[self.code].status

    @property
    def of_gateway(self) -> bool:
        """Whether the gateway answers in DRS's place."""
        return self.code.startswith("APIG.")

    def message(self, language: str) -> str:
        """The text in that language; details are English in all of them."""
        entry = _ENTRIES[self.code]
        reason = f": {self.reason}" if self.code == "DRS.M00202" and self.reason else self.reason
        return (entry.zh if language == "zh-cn" else entry.en).format(field=self.field, reason=reason)
