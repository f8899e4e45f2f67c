"""The event loop of a journey: what pauses for a moment between two calls does not wait for it.

A virtual clock moves what the local cloud waits for; the few milliseconds by which the functions space their calls to
DRS belong to the event loop. Where nothing else is to be done, this one calls them over instead of sleeping.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

SHORT = 0.05
"""Seconds: longer waits are time-outs of something outside this loop, and last as long as they say."""

Result = TypeVar("Result")
Ready = list[tuple[selectors.SelectorKey, int]]


class _Unwaiting(selectors.DefaultSelector):
    """Looks instead of waiting, where the wait would be short; counts the seconds that it left out."""

    left_out = 0.0

    def select(self, timeout: float | None = None) -> Ready:
        if timeout is None or not 0 < timeout <= SHORT:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.left_out += timeout
        return ready


class JourneyLoop(asyncio.SelectorEventLoop):
    """A loop whose time runs ahead of the machine's by the pauses that it left out."""

    def __init__(self) -> None:
        self._unwaiting = _Unwaiting()
        super().__init__(self._unwaiting)

    def time(self) -> float:
        """Monotonic seconds, with what was left out."""
        return super().time() + self._unwaiting.left_out


def travel(journey: Coroutine[Any, Any, Result]) -> Result:
    """Run a journey to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=JourneyLoop) as runner:
        return runner.run(journey)
