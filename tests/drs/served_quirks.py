"""How the served DRS reads the documentation where that is open, and how it fails."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Quirks:
    """One field per open point of the API: which reading this DRS follows."""

    empty_create: Literal["job_id", "latest"] = "job_id"
    keep_answer: Literal["id", "error", "nothing"] = "id"
    refusals: Literal["http", "embedded"] = "http"
    past_start: Literal["refused", "now"] = "refused"
    before_any: Literal["400", "empty", "no_body"] = "400"
    most_per_page: int = 1000
    beyond_most: Literal["refused", "capped"] = "refused"
    sign: Literal[1, -1] = 1
    calls_allowed: int | None = None
    throttle_header: str | None = None
    families: Literal["both", "a", "b"] = "both"
    ids: Literal["shared", "a", "b"] = "shared"
    """Which family knows a task's id when its results are asked for."""
    forbidden: tuple[int, str] | None = None
    """Status and code for callers without the permission to compare."""


@dataclass(frozen=True)
class Fault:
    """An answer instead of the real one. `after`: the real work is done first, only its answer is replaced.

    `body` None with status 0 drops the connection without an answer; an int `cut` announces the whole body and sends
    only that many bytes.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False
    cut: int | None = None

    @staticmethod
    def lost(*, after: bool = True) -> "Fault":
        """The answer never arrives; by default the work is done."""
        return Fault(0, after=after)

    @staticmethod
    def garbled() -> "Fault":
        """Something that is not HTTP."""
        return Fault(-1)

    @staticmethod
    def drs(code: str, message: str = "refused", status: int = 400) -> "Fault":
        """DRS's own error body."""
        return Fault(status, {"error_code": code, "error_msg": message})

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()
