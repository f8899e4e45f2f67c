"""Value comparison of SQLite files: Parity, `sqldiff` and the plain scan take turns on the same files."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import ParamSpec, TypeVar

from tests.benchmarks import rows
from tests.benchmarks.measured import Run, measured
from tests.benchmarks.pairs import in_turn

Given = ParamSpec("Given")
Made = TypeVar("Made")

LARGE = (1_000_000, 5_000_000)
ROUNDS = {1_000_000: 5, 5_000_000: 3}
KIND_ROWS = 200_000
KIND_ROUNDS = 3
TABLES, TABLE_ROWS = 500, 1_000
_KINDS = (rows.INTEGER, rows.TEXT, rows.COMPOSITE, rows.CLUSTERED, rows.KEYLESS, rows.SHUFFLED)
HEAD = f"{'seconds (medians)':<27}{'ours':>6}{'sqldiff':>8}{'ratio':>6}{'scan':>6}{'MB':>5}{'its':>5}  how"


@dataclass(frozen=True)
class Line:
    """What the tools needed for one pair of files; no `sqldiff` where it is not installed."""

    name: str
    expected: int
    runs: dict[str, tuple[Run, ...]]

    def of(self, tool: str) -> float | None:
        """The median of a tool's seconds."""
        return median(run.seconds for run in self.runs[tool]) if tool in self.runs else None

    def ratio(self) -> float | None:
        """Ours over sqldiff's, of medians."""
        ours, theirs = self.of("ours"), self.of("sqldiff")
        return None if ours is None or theirs is None else ours / theirs

    def memory(self, tool: str) -> float:
        """The most memory that any run needed, MB."""
        return max(run.memory for run in self.runs[tool])

    def told(self) -> list[str]:
        """A line under `HEAD`, and one more for each tool that found another number of differences."""
        cells = [f"{self.name:<27}", f"{self.of('ours') or 0:>6.2f}"]
        if "sqldiff" in self.runs:
            cells += [f"{self.of('sqldiff'):>8.2f}", f"{self.ratio():>6.2f}"]
        else:
            cells += [f"{'-':>8}", f"{'-':>6}"]
        cells += [f"{self.of('scan'):>6.2f}", f"{self.memory('ours'):>5.0f}"]
        cells += [f"{self.memory('sqldiff'):>5.0f}" if "sqldiff" in self.runs else f"{'-':>5}"]
        return ["".join(cells) + "  " + self.runs["ours"][0].method, *self._wrong()]

    def _wrong(self) -> Iterator[str]:
        for tool in ("ours", "sqldiff"):
            for found in sorted({run.differing or 0 for run in self.runs.get(tool, ())} - {self.expected}):
                verdict = "WRONG: " if tool == "ours" else ""
                yield f"  {verdict}{tool} tells {found:,} differences, not {self.expected:,}"


def large(folder: Path, count: int) -> Iterator[Line]:
    """One table of `count` rows: identical, with 20 differences, with 5 % changed."""
    made = _apart(rows.build, folder / f"rows-{count}", count)
    pairs = (
        ("identical", made.same, 0),
        ("20 differences", made.few, rows.FEW),
        ("5 % changed", made.many, made.changed),
    )
    for name, target, expected in pairs:
        yield _line(f"{count // 1_000_000} M, {name}", made.source, target, expected, ROUNDS[count])
    shutil.rmtree(folder / f"rows-{count}")


def kinds(folder: Path) -> Iterator[Line]:
    """Every way in which the planner can have a table compared, on smaller tables with 20 differences."""
    for number, kind in enumerate(_KINDS):
        made = _apart(rows.build, folder / f"kind-{number}", KIND_ROWS, kind)
        yield _line(kind.name, made.source, made.few, kind.few, KIND_ROUNDS)
        if kind in {rows.INTEGER, rows.SHUFFLED}:
            yield _line(f"{kind.name}, spilled", made.source, made.few, kind.few, KIND_ROUNDS, "spilled")
        shutil.rmtree(folder / f"kind-{number}")


def tables(folder: Path) -> Run:
    """Many small equal tables."""
    return _ours(*_apart(rows.build_many, folder / "tables", TABLES, TABLE_ROWS))


def _apart(build: Callable[Given, Made], *given: Given.args, **named: Given.kwargs) -> Made:
    """Build in another process, whose memory goes with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(build, *given, **named).result()


def _line(name: str, source: Path, target: Path, expected: int, rounds: int, *methods: str) -> Line:
    tools = ["ours", "scan", *(["sqldiff"] if shutil.which("sqldiff") else [])]
    found: dict[str, list[Run]] = {tool: [] for tool in tools}
    _warm(source, target)
    for tool in in_turn(tools, rounds):
        if tool == "ours":
            found[tool].append(_ours(source, target, *methods))
        elif tool == "scan":
            found[tool].append(_probe("scan", source, target))
        else:
            run, output, _ = measured(["sqldiff", "--primarykey", "--table", "t", str(source), str(target)])
            found[tool].append(replace(run, differing=output.count("\n")))
    return Line(name, expected, {tool: tuple(runs) for tool, runs in found.items()})


def _warm(*paths: Path) -> None:
    """Have the files in the system's cache, for whoever comes first."""
    for path in paths:
        with path.open("rb") as file:
            while file.read(1 << 24):
                pass


def _ours(source: Path, target: Path, *methods: str) -> Run:
    return _probe("compare", source, target, *methods)


def _probe(what: str, source: Path, target: Path, *methods: str) -> Run:
    command = [sys.executable, "-m", "tests.benchmarks.value_probe", what, str(source), str(target), *methods]
    run, output, _ = measured(command)
    told = json.loads(output)
    if told.get("failures"):
        raise RuntimeError(f"{source.parent.name}: {told['failures']}")
    return Run(
        told["seconds"], run.whole, run.cpu, run.memory, told.get("differing"), ", ".join(told.get("methods", ()))
    )
