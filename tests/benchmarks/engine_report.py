"""The part `engines`: measures and prints. What it found goes to the output, where it is to the errors."""

import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from tests.benchmarks import engine_lines, engine_tables, engines
from tests.benchmarks.engine_asked import Asked
from tests.benchmarks.engine_peers import install, peers
from tests.benchmarks.engine_progress import Job, Progress, Stage, minutes, told, turns
from tests.benchmarks.engine_sqlite import Sqlite
from tests.benchmarks.engine_tools import OURS, SCAN, Tool
from tests.benchmarks.engines import Pair, Target
from tests.benchmarks.table import say, say_where

# About how many seconds: a million rows made once on one side; ours with the compiled module and without it; the many
# tables made on one side, and compared once.
_BUILT, _PLAIN, _TABLES_BUILT, _MANY = 8.0, 6.0, 20.0, 12.0

_LEGEND = (
    "The tools take turns; a line has the medians of n runs. A tool that answers wrongly, or took 20 s in all, has no "
    "more turns, and one that is not done after 600 s is stopped.",
    "wall: the process from start to end. work: without the start of Python and imports, for ours, scan and "
    "connectorx + polars alone. M/s: million rows of each side a second of wall. client, server: CPU seconds. MB: peak "
    "memory of the client. diffs: how many differing rows a tool tells, and whether that is right.",
    "scan, the floor: both servers send all values in binary form, at once, and nobody looks at them; of a SQLite file "
    "the client reads them. Targets are loaded in another order, in blocks of 10,000 rows.",
    "reladiff, 6 columns: without dbl and opt, in which 3 of the 20 differences are. Ours is not measured against it "
    "within one engine, where others compare all. No SQLite: reladiff, pt-table-sync, and pg_comparator, whose "
    "functions for it are in no package.",
)


def run(asked: Asked) -> None:
    """Measure what is asked for and there is: one engine alone where the other has no server."""
    postgres, mysql = engines.reached(say)
    with _ending(), tempfile.TemporaryDirectory(prefix="parity-bench-") as folder:
        found = engines.pairs(postgres, mysql, Sqlite(Path(folder)), asked.pairs)
        if not found:
            say("nothing that was asked for can be measured")
            return
        for side in dict.fromkeys(side for pair in found for side in (pair.source, pair.target)):
            say(side.about())
        installed = install(say)
        known = {pair: peers(pair.source, pair.target, installed) for pair in found}
        if missing := {name for _, names in known.values() for name in names}:
            say(f"not installed: {', '.join(sorted(missing))}")
        stages = _stages({pair: tools for pair, (tools, _) in known.items()}, asked)
        progress = Progress(stages, say_where)
        say(f"rounds: {asked.rounds}; pairs: {', '.join(pair.asked for pair in found)}")
        say(f"about {minutes(progress.expected)}; PARITY_BENCH_PAIRS, _ROWS and _ROUNDS choose a part")
        for line in told(stages, progress):
            say(line)
    say()
    for line in _LEGEND:
        say(line)


def _stages(known: Mapping[Pair, Sequence[Tool]], asked: Asked) -> list[Stage]:
    large = [_large(known, size, asked.rounds) for size in asked.sizes]
    return [*(stage for stage in large if stage.jobs), _paths(list(known), asked.rounds), _tables(list(known))]


def _large(known: Mapping[Pair, Sequence[Tool]], size: int, rounds: int) -> Stage:
    cases: dict[tuple[Pair, Target], engine_lines.Case] = {}

    def measure(pair: Pair, target: Target) -> Iterator[str]:
        case = cases[pair, target] = engines.measure(pair, target, size, rounds, known[pair])
        yield ""
        yield from case.told()
        few = cases.get((pair, engines.FEW))
        if target is engines.MANY and few:
            yield engine_lines.flat(few, case)

    jobs = [
        Job(
            f"{pair.name}, {size:,} rows, {target.name}",
            turns([OURS, SCAN, *tools], size, rounds),
            partial(measure, pair, target),
        )
        for pair, tools in known.items()
        for target in pair.targets(size)
    ]
    pairs = [pair for pair in known if pair.targets(size)]
    return Stage(f"building tables of {size:,} rows", _building(pairs, size), partial(engines.built, pairs, size), jobs)


def _paths(pairs: Sequence[Pair], rounds: int) -> Stage:
    size = engines.PLAIN_ROWS

    def measure(pair: Pair) -> Iterator[str]:
        for name, case in engines.paths(pair, rounds).items():
            yield f"  {case.name}, {name}: {case.speed(OURS)}"

    return Stage(
        f"building tables of {size:,} rows",
        _building(pairs, size),
        partial(engines.built, pairs, size),
        [Job(f"{pair.name}, compiled and not", rounds * _PLAIN, partial(measure, pair)) for pair in pairs],
        f"ours with the compiled module and without it (PARITY_ROWS=plain), {size:,} rows:",
    )


def _tables(pairs: Sequence[Pair]) -> Stage:
    def measure(pair: Pair) -> Iterator[str]:
        found = engine_tables.measure(pair.source, pair.target)
        if found.shot.run is None or found.shot.problem or found.shot.run.differing:
            yield f"  {pair.name}: WRONG: {found.shot.problem or found.shot.run}"
            return
        each = found.shot.run.seconds / engine_tables.TABLES * 1000
        most = " and ".join(str(number) for number in found.connections)
        yield f"  {pair.name}: {each:.1f} ms per table, {found.shot.run.memory:.0f} MB, connections: {most}"

    named = f"{engine_tables.TABLES} tables of {engine_tables.TABLE_ROWS:,} rows"
    return Stage(
        f"building {named}",
        _TABLES_BUILT * (len({pair.source for pair in pairs}) + len({pair.target for pair in pairs})),
        partial(engine_tables.built, pairs),
        [Job(f"{pair.name}, {named}", 2 * _MANY, partial(measure, pair)) for pair in pairs],
        f"{named}, identical; connections: to each server, at once:",
    )


def _building(pairs: Iterable[Pair], size: int) -> float:
    """About how many seconds tables of that size take to be made, once for each source and thrice for each target."""
    made = len({pair.source for pair in pairs}) + 3 * len({pair.target for pair in pairs})
    return size / 1e6 * _BUILT * made


@contextmanager
def _ending() -> Iterator[None]:
    """Have what is asked to end drop its databases first."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
