"""One invocation of a function, from the event to its outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from functions.local.clock import Hold
from functions.local.resources import Function

Kind = Literal["ok", "error", "timeout", "crash", "init_error"]
LogSink = Callable[[str, str], None]
"""Takes (logical id of the function, one line)."""


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended; `payload` is what the function returned, or the error as Lambda reports it."""

    kind: Kind
    payload: Any = None

    @property
    def ok(self) -> bool:
        """Tell whether the function returned."""
        return self.kind == "ok"


def ended(kind: Kind, function: Function) -> Outcome:
    """Return the outcome of an invocation whose environment was ended, in Lambda's words."""
    if kind == "timeout":
        return Outcome(kind, {"errorType": "Sandbox.Timedout", "errorMessage": f"timed out after {function.timeout} s"})
    return Outcome(kind, {"errorType": "Runtime.ExitError", "errorMessage": "the environment was ended"})


@dataclass
class Invocation:
    """An invocation under way; `deadline` in epoch seconds, `calls` counts its HTTP calls."""

    function: Function
    number: int
    request_id: str
    event: Any
    trace: str
    deadline: float
    hold: Hold
    cold: bool
    calls: int = 0
    die: Callable[[Kind], None] = field(default=lambda _: None)
    """Ends the environment at once, as the given kind of outcome."""

    def next_call(self) -> int:
        """Count one more HTTP call; return its number, from 1."""
        self.calls += 1
        return self.calls


@dataclass(frozen=True)
class Hop:
    """What a watcher is told of an invocation: when (epoch seconds), which function, what came in, how it ended.

    `number` counts the function's invocations from 1; `chain` the invocations of this function in the message loop that
    this one belongs to; `outcome` is an Outcome's kind, or `recursion` where Lambda stopped the loop instead.
    """

    at: float
    function: str
    number: int
    source: str
    event: Any
    outcome: str
    payload: Any
    chain: int
    seconds: float
    calls: int = 0
    keys: Mapping[str, Any] = field(default_factory=dict)
