"""How soon something ends that is asked to stop."""

import threading
import time
from collections.abc import Callable

import pytest

from functions.comparer.core.engine import Stop, Stopped

ATTEMPTS = 3


def after(seconds: float) -> Callable[[], bool]:
    """Is true once so much time has passed."""
    return lambda: threading.Event().wait(seconds) or True


def stopped_after(stop: Stop, is_time: Callable[[], bool], work: Callable[[], object]) -> float:
    """How long `work` goes on after stopping was asked for, which is done when it is time."""
    asked: list[float] = []

    def ask() -> None:
        while not is_time():
            pass
        asked.append(time.monotonic())
        stop.ask()

    asking = threading.Thread(target=ask)
    asking.start()
    with pytest.raises(Stopped):
        work()
    ended = time.monotonic()
    asking.join()
    return ended - asked[0]


def assert_within_a_second(attempt: Callable[[], float], *, most: float = 1) -> None:
    """Attempt it up to three times, each tells its seconds: a busy machine makes one late, a fault all of them."""
    taken: list[float] = []
    while len(taken) < ATTEMPTS:
        taken.append(attempt())
        assert taken[-1] >= 0, "it ended before it was asked to"
        if taken[-1] < most:
            return
    raise AssertionError(taken)
