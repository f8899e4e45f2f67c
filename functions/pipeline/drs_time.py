"""How a step's time is spent on DRS: results first, names only while there is plenty, and an end before it runs out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import aiohttp

from functions.pipeline.drs_errors import TryLater

OPTIONAL_SECONDS: Final = 10.0
"""With less than this left, what a verdict doesn't need is not asked for any more."""
LEAST_SECONDS: Final = 3.0
"""With less than this left, nothing is asked for any more."""
OUT_OF_TIME: Final = "Parity.OutOfTime"
_KEPT_SECONDS: Final = 2.0  # for whoever asked, to write down what was learnt


class TimeLeft:
    """The time of one step, by ``seconds_left``."""

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        self._seconds_left = seconds_left

    @property
    def is_plenty(self) -> bool:
        """Whether there is time for what a verdict doesn't need."""
        return self._seconds_left() >= OPTIONAL_SECONDS

    def require(self) -> None:
        """Raise ``TryLater``, for nothing has been sent, if there is no time for a call."""
        if self._seconds_left() < LEAST_SECONDS:
            raise TryLater(OUT_OF_TIME, "no time was left to ask DRS; the next step goes on")

    def bounded(self, timeout: float) -> float:
        """The timeout, in seconds, cut so that the step outlives it."""
        return min(timeout, max(self._seconds_left() - _KEPT_SECONDS, 1.0))


def limits(seconds: float, connect: float | None = None) -> aiohttp.ClientTimeout:
    """Limits of one call, its body included; to the second they are, for aiohttp rounds longer ones up."""
    return aiohttp.ClientTimeout(total=seconds, connect=connect, ceil_threshold=math.inf)
