"""Letting time pass until something has happened, or nothing more will."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from functions.local.clock import Clock, VirtualClock

LONGEST_SETTLING = 172_800.0
"""Seconds after which what was waited for counts as not happening: two days, longer than any comparison's default."""
PAUSE = 0.01
"""Real seconds between two looks with the real clock."""

Until = Callable[[], bool | Awaitable[bool]]


async def settle(
    clock: Clock,
    until: Until | None,
    *,
    within: float,
    queued: Callable[[], bool],
    check: Callable[[], None],
    story: Callable[[], str],
) -> None:
    """Let time pass until `until` holds, or, without it, until nothing but recurring timers is left.

    `queued` tells whether messages wait, `check` raises if something is broken, `story` tells what happened last.
    Raises TimeoutError if `until` does not hold within `within` seconds, or can no longer come true.
    """
    end = clock.now() + within
    while True:
        await clock.idle()
        check()
        if until is not None and await _holds(until):
            return
        if not await _pass_time(clock, end, recurring=until is not None, queued=queued):
            break
    if until is not None:
        msg = f"what was waited for did not happen within {within:.0f} s; the last hops: {story()}"
        raise TimeoutError(msg)


async def _pass_time(clock: Clock, end: float, *, recurring: bool, queued: Callable[[], bool]) -> bool:
    """Let the next thing happen; False if there is none before `end`."""
    if isinstance(clock, VirtualClock):
        due = clock.next_due(recurring=recurring)
        if due is None or due > end:
            return False
        clock.jump(due)
        return True
    if clock.now() >= end or not (recurring or clock.busy or queued()):
        return False
    await asyncio.sleep(PAUSE)
    return True


async def _holds(until: Until) -> bool:
    found = until()
    return bool(await found) if inspect.isawaitable(found) else bool(found)
