"""Standard output of functions that run in this process: their lines go to a sink, everybody else's where they went."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

_sink: ContextVar[Callable[[str], None] | None] = ContextVar("output_sink", default=None)


class _Router(io.TextIOBase):
    """Stands in for sys.stdout while functions run; each write goes to the writer's own sink, line by line."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind
        self.users = 0

    def write(self, text: str) -> int:
        sink = _sink.get()
        if sink is None:
            return self.behind.write(text)
        token = _sink.set(None)  # the sink may print in turn
        try:
            for line in filter(None, text.splitlines()):  # print() writes its newline by itself
                sink(line)
        finally:
            _sink.reset(token)
        return len(text)

    def flush(self) -> None:
        if _sink.get() is None:
            self.behind.flush()

    def isatty(self) -> bool:
        return self.behind.isatty()


@contextmanager
def routed() -> Iterator[None]:
    """Let `captured` work meanwhile; nests."""
    router = sys.stdout if isinstance(sys.stdout, _Router) else _Router(sys.stdout)
    router.users += 1
    sys.stdout = router
    try:
        yield
    finally:
        router.users -= 1
        if router.users == 0 and sys.stdout is router:
            sys.stdout = router.behind


@contextmanager
def captured(sink: Callable[[str], None]) -> Iterator[None]:
    """Send what this task and its children print to `sink`, one line at a time."""
    token = _sink.set(sink)
    try:
        yield
    finally:
        _sink.reset(token)
