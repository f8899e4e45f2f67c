"""Where a run is: what is to be done, about how long all of it takes, and how much is over. Pure but for the clock."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.engine_tools import OURS, SCAN, Tool
from tests.benchmarks.engines import ENOUGH

# Wall seconds for a million rows of eight columns on each side, on a machine of two cores with both servers on it.
_MILLION: Final[Mapping[str, float]] = {
    OURS.name: 3, SCAN.name: 1, "pg_comparator": 4, "pg_comparator -u": 4, "pt-table-sync": 12, "reladiff": 15,
    "reladiff, 6 columns": 10, "connectorx + polars": 4,
}  # fmt: skip
_UNKNOWN: Final = 10.0
_START: Final = 1.0
_TRUSTED: Final = 60.0
"""Of how many seconds the pace is believed to be as expected: the first steps tell little."""


@dataclass(frozen=True)
class Job:
    """Something to be measured: its name, about how many seconds it takes, and the lines that it then has to say."""

    name: str
    seconds: float
    run: Callable[[], Iterable[str]]


@dataclass(frozen=True)
class Stage:
    """Jobs on the same ground, which is there as long as they run; about how many seconds it takes to be made."""

    name: str
    seconds: float
    ground: Callable[[], AbstractContextManager[object]]
    jobs: Sequence[Job]
    head: str = ""


def turns(tools: Iterable[Tool], size: int, rounds: int) -> float:
    """About how many seconds some tools take, in turn, on tables of that size."""
    each = {tool: _START + size / 1e6 * _MILLION.get(tool.name, _UNKNOWN) for tool in tools}
    return sum(seconds * _runs(tool, seconds, rounds) for tool, seconds in each.items())


def _runs(tool: Tool, seconds: float, rounds: int) -> int:
    """How often a tool has its turn: one of the others no more after it took long enough."""
    return rounds if tool in {OURS, SCAN} else min(rounds, 1 + int(ENOUGH // seconds))


class Progress:
    """Tells before each step how long the run has taken, and about how long it will take in all at the pace so far."""

    def __init__(
        self, stages: Sequence[Stage], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.expected = sum(stage.seconds + sum(job.seconds for job in stage.jobs) for stage in stages)
        """About how many seconds everything takes, as far as is known before."""
        self._say, self._clock, self._began = say, clock, clock()
        self._over = self._at = 0.0

    def at(self, step: Stage | Job) -> None:
        """Say what begins now; whatever began before is over."""
        self._over += self._at
        self._at = step.seconds
        so_far = self._clock() - self._began
        pace = (so_far + _TRUSTED) / (self._over + _TRUSTED)
        in_all = so_far + (self.expected - self._over) * pace
        self._say(f"[{clock(so_far)} of about {minutes(in_all)}] {step.name}")


def clock(seconds: float) -> str:
    """Minutes and seconds, as a clock shows them."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def minutes(seconds: float) -> str:
    """Whole minutes."""
    return f"{max(1, round(seconds / 60))} min"


def told(stages: Iterable[Stage], progress: Progress) -> Iterator[str]:
    """Run everything, stage by stage, and say what each job has to say as soon as it is known."""
    for stage in stages:
        progress.at(stage)
        with stage.ground():
            if stage.head:
                yield ""
                yield stage.head
            for job in stage.jobs:
                progress.at(job)
                yield from job.run()
