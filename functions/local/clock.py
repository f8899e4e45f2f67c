"""Time for the local cloud: the real clock, or a virtual one that stands still until it is moved.

Everything in the local cloud that waits (delays, visibility, schedules, time-outs, TTL) does so through a clock. Work
in progress *holds* the clock, so that virtual time never passes under a running function.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

QUIET_TURNS = 12
"""Turns of the event loop without any work before virtual time may move: loopback sockets need a few."""


class Timer:
    """A callback due at an instant; `recurring` ones do not keep a settling cloud alive."""

    def __init__(self, instant: float, callback: Callable[[], None], *, recurring: bool) -> None:
        self.instant = instant
        self.recurring = recurring
        self.cancelled = False
        self._callback = callback
        self.handle: asyncio.TimerHandle | None = None

    def fire(self) -> None:
        """Run the callback once, unless it was cancelled."""
        if not self.cancelled:
            self.cancelled = True
            self._callback()

    def cancel(self) -> None:
        """Forget the callback; allowed at any time."""
        self.cancelled = True
        if self.handle is not None:
            self.handle.cancel()


class Clock(Protocol):
    """What the local cloud needs from time."""

    def now(self) -> float:
        """Return epoch seconds."""

    def call_at(self, instant: float, callback: Callable[[], None], *, recurring: bool = False) -> Timer:
        """Run `callback` in the event loop when `instant` (epoch seconds) is reached."""

    def hold(self) -> "Hold":
        """Return a new hold: work in progress, from now until it is released."""

    @property
    def busy(self) -> bool:
        """Tell whether any work holds the clock."""

    async def idle(self) -> None:
        """Return once nothing has held the clock for a few turns of the event loop."""


class Hold:
    """One piece of work in progress. Released and taken again while the work only waits for time to pass."""

    def __init__(self, count: Callable[[int], None]) -> None:
        self._count = count
        self._held = False
        self._done = False
        self.take()

    def take(self) -> None:
        """Keep virtual time from passing."""
        if not self._held and not self._done:
            self._held = True
            self._count(1)

    def release(self) -> None:
        """Let virtual time pass as far as this work is concerned."""
        if self._held:
            self._held = False
            self._count(-1)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Release the hold around a wait for time or for somebody else."""
        self.release()
        try:
            yield
        finally:
            self.take()

    def __enter__(self) -> "Hold":
        return self

    def __exit__(self, *_: object) -> None:
        self._done = True
        self.release()


class _Holds:
    def __init__(self) -> None:
        self._holds = 0
        self._activity = 0
        self._released = asyncio.Event()
        self._released.set()

    def _count(self, by: int) -> None:
        self._holds += by
        self._activity += 1
        if self._holds:
            self._released.clear()
        else:
            self._released.set()

    @property
    def busy(self) -> bool:
        return self._holds > 0

    def hold(self) -> Hold:
        return Hold(self._count)

    async def idle(self) -> None:
        quiet, seen = 0, self._activity
        while quiet < QUIET_TURNS:
            await self._released.wait()
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._activity == seen and not self._holds else 0
            seen = self._activity


class RealClock(_Holds):
    """The machine's clock."""

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time()

    def call_at(self, instant: float, callback: Callable[[], None], *, recurring: bool = False) -> Timer:
        """Run `callback` when the machine's clock reaches `instant`."""
        timer = Timer(instant, callback, recurring=recurring)
        timer.handle = asyncio.get_running_loop().call_later(max(0.0, instant - time.time()), timer.fire)
        return timer


class VirtualClock(_Holds):
    """A clock that moves only when told to: by `advance`, or by `Cloud.settle` from due instant to due instant."""

    def __init__(self, start: float = 1_900_000_000.0) -> None:
        super().__init__()
        self._now = start
        self._order = itertools.count()
        self._timers: list[tuple[float, int, Timer]] = []

    def now(self) -> float:
        """Return the virtual epoch seconds."""
        return self._now

    def call_at(self, instant: float, callback: Callable[[], None], *, recurring: bool = False) -> Timer:
        """Run `callback` when virtual time reaches `instant`."""
        timer = Timer(instant, callback, recurring=recurring)
        heapq.heappush(self._timers, (instant, next(self._order), timer))
        return timer

    def next_due(self, *, recurring: bool) -> float | None:
        """Return the next due instant, or None. With `recurring=False`, timers that come back for ever do not count."""
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        due = [t.instant for _, _, t in self._timers if not t.cancelled and (recurring or not t.recurring)]
        if not due:
            return None
        # Recurring timers still fire on the way to a later one.
        return self._timers[0][0]

    def jump(self, instant: float) -> None:
        """Move to `instant` (never backwards) and fire what became due, oldest first."""
        while self._timers and self._timers[0][0] <= instant:
            due, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, due)
            timer.fire()
        self._now = max(self._now, instant)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass, every due instant in turn, waiting for the work that each one causes."""
        end = self._now + seconds
        while True:
            await self.idle()
            due = self.next_due(recurring=True)
            if due is None or due > end:
                break
            self.jump(due)
        self.jump(end)
        await self.idle()


def settle(future: asyncio.Future[None]) -> None:
    """Let whoever waits for `future` go on; twice is no error."""
    if not future.done():
        future.set_result(None)


async def wait_until(clock: Clock, instant: float, *, recurring: bool = False) -> None:
    """Return when `clock` reaches `instant`."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    timer = clock.call_at(instant, lambda: settle(done), recurring=recurring)
    try:
        await done
    finally:
        timer.cancel()
