"""Ratios of medians of paired runs: the variants take turns in one run, so what disturbs one disturbs all."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TypeVar

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class Pairs:
    """Two variants' measurements, one of each per round, in any one unit."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of ours over the median of theirs: below 1, ours is less."""
        return median(self.ours) / median(self.theirs)

    @property
    def middle(self) -> tuple[float, float]:
        """Between which values the middle half of the rounds' own ratios lies: how far the ratio can be trusted."""
        low, _, high = quantiles([a / b for a, b in zip(self.ours, self.theirs, strict=True)], n=4, method="inclusive")
        return low, high


def in_turn(names: Sequence[Name], rounds: int) -> Iterator[Name]:
    """Each name once per round; each round begins with another one."""
    for number in range(rounds):
        start = number % len(names)
        yield from [*names[start:], *names[:start]]


async def alternating(
    rounds: int, ours: Callable[[], Awaitable[float]], theirs: Callable[[], Awaitable[float]]
) -> Pairs:
    """Measure two variants in turn."""
    found: dict[str, list[float]] = {"ours": [], "theirs": []}
    for name in in_turn(("ours", "theirs"), rounds):
        found[name].append(await (ours() if name == "ours" else theirs()))
    return Pairs(tuple(found["ours"]), tuple(found["theirs"]))
