"""The arithmetic of the benchmarks; nothing here is timed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.benchmarks.pairs import Pairs, alternating, in_turn


def test_a_ratio_is_that_of_the_medians_so_one_disturbed_round_does_not_move_it() -> None:
    assert Pairs((1.0, 2.0, 90.0), (4.0, 4.0, 4.0)).ratio == pytest.approx(0.5)


def test_the_middle_is_that_of_the_rounds_own_ratios() -> None:
    assert Pairs((1.0, 2.0, 3.0, 4.0, 5.0), (1.0, 1.0, 1.0, 1.0, 1.0)).middle == (2.0, 4.0)
    assert Pairs((2.0, 4.0, 8.0), (1.0, 2.0, 4.0)).middle == (2.0, 2.0)


def test_every_variant_runs_once_per_round_and_none_is_always_first() -> None:
    turns = list(in_turn("abc", 3))
    assert [sorted(turns[n : n + 3]) for n in (0, 3, 6)] == [["a", "b", "c"]] * 3
    assert turns[::3] == ["a", "b", "c"]


def test_pairs_stay_together_whoever_goes_first() -> None:
    def counting(values: Iterator[float]) -> Callable[[], Awaitable[float]]:
        async def measure() -> float:
            return next(values)

        return measure

    found = asyncio.run(alternating(3, counting(iter((1.0, 2.0, 3.0))), counting(iter((10.0, 20.0, 30.0)))))
    assert found == Pairs((1.0, 2.0, 3.0), (10.0, 20.0, 30.0))
