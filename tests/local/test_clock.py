"""The clocks: virtual time moves only when told to, and never under work in progress."""

import asyncio
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.local.clock import RealClock, VirtualClock, wait_until


def test_virtual_time_stands_still_by_itself() -> None:
    clock = VirtualClock(100.0)
    assert clock.now() == clock.now() == 100.0


@given(st.lists(st.integers(0, 1000), max_size=20))
def test_timers_fire_in_the_order_of_their_instants_at_their_instants(instants: list[int]) -> None:
    async def run() -> list[tuple[int, float]]:
        clock, fired = VirtualClock(0.0), []
        for instant in instants:
            clock.call_at(instant, partial(lambda due: fired.append((due, clock.now())), instant))
        await clock.advance(1000)
        assert clock.now() == 1000
        return fired

    assert asyncio.run(run()) == [(instant, float(instant)) for instant in sorted(instants)]


def test_a_cancelled_timer_does_not_fire() -> None:
    async def run() -> None:
        clock, fired = VirtualClock(0.0), []
        clock.call_at(1, lambda: fired.append(1)).cancel()
        await clock.advance(2)
        assert fired == []
        assert clock.next_due(recurring=True) is None

    asyncio.run(run())


def test_recurring_timers_alone_are_nothing_to_wait_for() -> None:
    clock = VirtualClock(0.0)
    clock.call_at(5, lambda: None, recurring=True)
    assert clock.next_due(recurring=False) is None
    assert clock.next_due(recurring=True) == 5
    clock.call_at(9, lambda: None)
    assert clock.next_due(recurring=False) == 5


def test_time_waits_for_work_in_progress() -> None:
    async def run() -> None:
        clock = VirtualClock(0.0)
        hold = clock.hold()
        advancing = asyncio.create_task(clock.advance(10))
        for _ in range(50):
            await asyncio.sleep(0)
        assert clock.now() == 0
        hold.release()
        await advancing
        assert clock.now() == 10

    asyncio.run(run())


def test_work_that_waits_lets_time_pass_and_then_holds_it_again() -> None:
    async def run() -> list[float]:
        clock, seen = VirtualClock(0.0), []

        async def work() -> None:
            with clock.hold() as hold:
                with hold.waiting():
                    await wait_until(clock, 5)
                for _ in range(50):
                    await asyncio.sleep(0)
                seen.append(clock.now())

        task = asyncio.create_task(work())
        await clock.advance(10)
        await task
        return seen

    assert asyncio.run(run()) == [5]


def test_a_finished_hold_cannot_be_taken_again() -> None:
    clock = VirtualClock(0.0)
    with clock.hold() as hold:
        assert clock.busy
    hold.take()
    assert not clock.busy


def test_the_real_clock_fires_what_is_due() -> None:
    async def run() -> None:
        clock = RealClock()
        await asyncio.wait_for(wait_until(clock, clock.now() - 1), 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait_until(clock, clock.now() + 60), 0.01)

    asyncio.run(run())
