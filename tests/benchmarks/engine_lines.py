"""What the tools needed for one pair of tables, and how it is printed: at most 80 columns, what is wrong said so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from tests.benchmarks.engine_rows import FEW
from tests.benchmarks.engine_tools import OURS, SCAN, Shot, Tool
from tests.benchmarks.measured import Run

HEAD: Final = f"{'seconds (medians)':<23}{'all':>7}{'M rows/s':>9}{'client':>8}{'servers':>8}{'MB':>6}  answer"


@dataclass(frozen=True)
class Case:
    """One pair of tables, how many of their rows differ, and every run of every tool on it; `crossing`: two engines."""

    name: str
    rows: int
    expected: int
    shots: Mapping[Tool, Sequence[Shot]]
    aim: float
    crossing: bool = False

    def seconds(self, tool: Tool) -> float | None:
        """The median of a tool's seconds; None: it never came to an answer."""
        found = [run.seconds for run in self._runs(tool)]
        return median(found) if found else None

    def right(self, tool: Tool) -> bool:
        """Whether every run found what there is to see for this tool."""
        runs = self._runs(tool)
        return len(runs) == len(self.shots[tool]) > 0 and {run.differing for run in runs} == {self._due(tool)}

    def speed(self, tool: Tool) -> str:
        """Rows per second and whether the answer is right, in words."""
        seconds = self.seconds(tool)
        rate = f"{self.rows / seconds / 1e6:.2f} M rows/s, " if seconds else ""
        return rate + self._verdict(tool)

    def best(self) -> Tool | None:
        """The fastest of the others that answers rightly: on all columns, where any engine's own tools could."""
        others = [tool for tool in self.shots if tool not in {OURS, SCAN} and self.right(tool)]
        others = [tool for tool in others if self.crossing or not tool.unseen]
        return min(others, key=lambda tool: self.seconds(tool) or 0.0, default=None)

    def told(self) -> Iterator[str]:
        """A title, a line under `HEAD` for each tool, and the ratios."""
        yield self.name
        for tool in self.shots:
            yield from self._line(tool)
        ours, whole = self.seconds(OURS), [run.whole for run in self._runs(OURS)]
        if ours is None:
            return
        if best := self.best():
            theirs = self.seconds(best) or 0.0
            yield (
                f"  ours / {best.name}: {ours / theirs:.2f}, aim {self.aim:.2f}"
                f" (with the start of Python {median(whole) / theirs:.2f})"
            )
        else:
            yield "  no other tool answers rightly"
        if scan := self.seconds(SCAN):
            yield f"  ours / scan: {ours / scan:.2f}"

    def _line(self, tool: Tool) -> Iterator[str]:
        runs = self._runs(tool)
        if not runs:
            yield f"  {tool.name:<21}{self._verdict(tool)}"
            return
        seconds = median(run.seconds for run in runs)
        servers = [shot.servers for shot in self.shots[tool] if shot.run and shot.servers is not None]
        cells = [f"  {tool.name:<21}{seconds:>7.2f}{self.rows / seconds / 1e6:>9.2f}"]
        cells += [f"{median(run.cpu for run in runs):>8.2f}", f"{median(servers):>8.2f}" if servers else f"{'-':>8}"]
        cells += [f"{max(run.memory for run in runs):>6.0f}  {self._verdict(tool)}"]
        yield "".join(cells)

    def _verdict(self, tool: Tool) -> str:
        if tool is SCAN and not self._problems(tool):
            return ""
        if problems := self._problems(tool):
            return f"{'WRONG: ' if tool is OURS else ''}no answer: {problems[0]}"
        found = sorted({run.differing or 0 for run in self._runs(tool)})
        if self.right(tool):
            return f"{found[0]:,}, right"
        return f"WRONG: {', '.join(f'{number:,}' for number in found)}"

    def _due(self, tool: Tool) -> int:
        return self.expected - (tool.unseen if self.expected == FEW else 0)

    def _runs(self, tool: Tool) -> Sequence[Run]:
        return [shot.run for shot in self.shots.get(tool, ()) if shot.run and not shot.problem]

    def _problems(self, tool: Tool) -> Sequence[str]:
        return [shot.problem for shot in self.shots[tool] if shot.problem]


def flat(few: Case, many: Case) -> str:
    """How much more ours needs where 5 % of the rows differ than where twenty do."""
    ours = few.seconds(OURS), many.seconds(OURS)
    if ours[0] is None or ours[1] is None:
        return "  not to be said how flat ours is: no answer"
    return f"  ours, 5 % changed / 20 differences: {ours[1] / ours[0]:.2f}, aim at most 2"
