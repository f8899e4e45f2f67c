"""What the tools needed for one pair of tables, and how it is printed: at most 80 columns, what is wrong said so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from tests.benchmarks.engine_rows import FEW
from tests.benchmarks.engine_tools import OURS, SCAN, Shot, Tool
from tests.benchmarks.measured import Run

HEAD: Final = (
    f"{'seconds, medians':<21}{'n':>3}{'wall':>7}{'work':>7}{'M/s':>6}{'client':>7}{'server':>7}{'MB':>6}  diffs"
)


@dataclass(frozen=True)
class Case:
    """One pair of tables, how many of their rows differ, and every run of every tool on it; `crossing`: two engines."""

    name: str
    rows: int
    expected: int
    shots: Mapping[Tool, Sequence[Shot]]
    aim: float
    crossing: bool = False

    def wall(self, tool: Tool) -> float | None:
        """The median of a tool's seconds from start to end; None: it never came to an answer."""
        found = [run.whole for run in self._runs(tool)]
        return median(found) if found else None

    def work(self, tool: Tool) -> float | None:
        """The same of its work alone, where that is known: without the start of Python and imports."""
        found = [run.seconds for run in self._runs(tool)]
        return median(found) if found else None

    def right(self, tool: Tool) -> bool:
        """Whether every run found what there is to see for this tool."""
        runs = self._runs(tool)
        return len(runs) == len(self.shots[tool]) > 0 and {run.differing for run in runs} == {self._due(tool)}

    def speed(self, tool: Tool) -> str:
        """Rows per second of work and whether the answer is right, in words."""
        seconds = self.work(tool)
        rate = f"{self.rows / seconds / 1e6:.2f} M rows/s, " if seconds else ""
        return rate + self._verdict(tool)

    def best(self) -> Tool | None:
        """The fastest of the others that answers rightly: on all columns, where any engine's own tools could."""
        others = [tool for tool in self.shots if tool not in {OURS, SCAN} and self.right(tool)]
        others = [tool for tool in others if self.crossing or not tool.unseen]
        return min(others, key=lambda tool: self.wall(tool) or 0.0, default=None)

    def told(self) -> Iterator[str]:
        """A title, a table with a line for each tool, and the ratios."""
        yield self.name
        yield HEAD
        for tool in self.shots:
            yield self._line(tool)
        ours, work, scan = self.wall(OURS), self.work(OURS), self.work(SCAN)
        if not ours or not work:
            return
        best = self.best()
        if best and (theirs := self.wall(best)) and (others := self.work(best)):
            ratio = ours / theirs
            yield (
                f"  wall, ours / {best.name} (fastest right one): {ratio:.2f},"
                f" aim {self.aim:.2f}{'' if ratio <= self.aim else ' missed'}"
            )
            parts = [f"work, ours / {best.name}: {work / others:.2f}"]
        else:
            yield "  no other tool answers rightly"
            parts = []
        yield "  " + "; ".join([*parts, *([f"work, ours / scan: {work / scan:.2f}"] if scan else [])])

    def _line(self, tool: Tool) -> str:
        runs, wall, work = self._runs(tool), self.wall(tool), self.work(tool)
        if not wall or not work:
            return f"  {tool.name:<19}{len(self.shots[tool]):>3}  {self._verdict(tool)}"
        servers = [shot.servers for shot in self.shots[tool] if shot.run and shot.servers is not None]
        cells = [f"  {tool.name:<19}{len(runs):>3}{wall:>7.2f}{work:>7.2f}{self.rows / wall / 1e6:>6.2f}"]
        cells += [f"{median(run.cpu for run in runs):>7.2f}", f"{median(servers):>7.2f}" if servers else f"{'-':>7}"]
        cells += [f"{max(run.memory for run in runs):>6.0f}  {self._verdict(tool)}"]
        return "".join(cells)

    def _verdict(self, tool: Tool) -> str:
        if tool is SCAN and not self._problems(tool):
            return "(floor)"
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
    ours = few.work(OURS), many.work(OURS)
    if not ours[0] or not ours[1]:
        return "  not to be said how flat ours is: no answer"
    ratio = ours[1] / ours[0]
    return f"  work, ours, 5 % changed / 20 differences: {ratio:.2f}, aim at most 2{'' if ratio <= 2 else ' missed'}"
