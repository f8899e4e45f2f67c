"""Structured logs, one line per invocation at info; the format is `log_line`'s.

What belongs to one invocation (keys, clock, level) is in a context variable, so that concurrent invocations and the
messages of one batch don't mix. A handler notes what it did with `note`; the line is written when the invocation ends.
"""

import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from functions.pipeline.log_line import Record, render

LEVELS = {
    "TRACE": 0,
    "NOTSET": 0,
    "DEBUG": 10,
    "INFO": 20,
    "WARN": 30,
    "WARNING": 30,
    "ERROR": 40,
    "FATAL": 50,
    "CRITICAL": 50,
}
INFO = LEVELS["INFO"]
LEVEL_VARIABLES = ("AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "LOG_LEVEL")
"""The first that is set counts."""
SHORTEST_SECRET = 8
"""Shorter texts aren't concealed: they would punch holes into ordinary words."""


@dataclass
class Lines:
    """What one invocation has told so far; shared by all of its tasks."""

    notes: list[dict[str, Any]] = field(default_factory=list)
    written: bool = False
    """A line at info or above is out."""

    def close(self, **extras: Any) -> None:
        """Write the invocation's line: its one note, or all of them as a list, or just that it is done."""
        if len(self.notes) == 1:
            (note,) = self.notes
            _log.info(note["message"], **{name: note[name] for name in note if name != "message"}, **extras)
        elif self.notes:
            _log.info("invocation.done", **extras, notes=self.notes)
        elif not self.written:
            _log.info("invocation.done", **extras)


@dataclass(frozen=True)
class _Context:
    service: str
    level: int
    now: Callable[[], float]
    keys: Mapping[str, Any] = field(default_factory=dict)
    trace: str | None = None
    lines: Lines = field(default_factory=Lines)


_context: ContextVar[_Context | None] = ContextVar("log_context", default=None)
_concealed: set[str] = set()


def get_logger() -> FilteringBoundLogger:
    """Return the logger; levels and keys are those of the invocation in which it is used."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        _Stdout(),
        processors=[_to_line],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    return logger


@contextmanager
def invocation(
    env: Mapping[str, str], now: Callable[[], float], keys: Mapping[str, Any], trace: str | None
) -> Iterator[Lines]:
    """Give the lines written inside their service, level, clock (epoch seconds), keys and trace header.

    ValueError if a level variable of `env` names no level.
    """
    context = _Context(env.get("POWERTOOLS_SERVICE_NAME", "service_undefined"), _level(env), now, keys, trace)
    token = _context.set(context)
    try:
        yield context.lines
    finally:
        _context.reset(token)


def append(**keys: Any) -> None:
    """Add keys to every further line of this task and of the tasks it starts."""
    context = _current()
    _context.set(replace(context, keys={**context.keys, **keys}))


def note(message: str, **extras: Any) -> None:
    """Say what was done, e.g. `note("comparison.polled", step=3)`: it becomes (part of) the invocation's one line."""
    _current().lines.notes.append({"message": message, **extras})


def conceal(*secrets: str) -> None:
    """Never write any of these texts, wherever they turn up (an error's message, a URL); call it when one is read."""
    _concealed.update(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)


class _Stdout:
    """The stream that is standard output at the moment of writing; Lambda reads it line by line."""

    def write(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")  # in one piece: other threads write too
        sys.stdout.flush()

    debug = info = warning = error = critical = write


def _to_line(_logger: Any, method: str, values: MutableMapping[str, Any]) -> str:
    context = _current()
    level = "WARNING" if method == "warn" else "ERROR" if method == "exception" else method.upper()
    if LEVELS[level] < context.level:
        raise structlog.DropEvent
    context.lines.written |= LEVELS[level] >= INFO
    record = Record(
        level=level,
        location=_location(),
        message=values.pop("event"),
        created=context.now(),
        service=context.service,
        error=_error(values.pop("exc_info", None)),
        keys=context.keys,
        extras=values,
        trace=context.trace,
    )
    return render(record, _concealed)


def _current() -> _Context:
    # Outside of any invocation (while modules load) the process speaks for itself.
    return _context.get() or _Context(
        os.environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined"), _level(os.environ), time.time
    )


def _level(env: Mapping[str, str]) -> int:
    for variable in LEVEL_VARIABLES:
        if name := env.get(variable):
            if name.upper() not in LEVELS:
                raise ValueError(f"{variable} must be one of {', '.join(LEVELS)}")
            return LEVELS[name.upper()]
    return INFO


def _location() -> str:
    frame = inspect.currentframe()
    while frame and (frame.f_globals.get("__name__") or "").startswith((__name__, "structlog")):
        frame = frame.f_back
    return f"{frame.f_code.co_name}:{frame.f_lineno}" if frame else "?:0"


def _error(given: Any) -> BaseException | None:
    match given:
        case BaseException():
            return given
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exception()
        case _:
            return None


_log = get_logger()
