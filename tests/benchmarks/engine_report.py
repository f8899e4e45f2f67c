"""The part `engines`: measures and prints. Takes the better part of an hour with the sizes that it has by itself."""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from tests.benchmarks import engine_lines, engine_tables, engines
from tests.benchmarks.engine_peers import install, peers
from tests.benchmarks.engine_rows import FEW
from tests.benchmarks.engine_servers import Server
from tests.benchmarks.engine_tools import OURS
from tests.benchmarks.table import say


def run(sizes: Sequence[int], rounds: int) -> None:
    """Measure what there is: one engine alone where the other has no server."""
    postgres, mysql = engines.reached(say)
    servers = [server for server in (postgres, mysql) if server]
    found = engines.pairs(postgres, mysql)
    if not servers:
        return
    for server in servers:
        say(server.about())
    installed = install(say)
    missing = {name for pair in found for name in peers(pair.source, pair.target, installed)[1]}
    if missing:
        say(f"not installed: {', '.join(sorted(missing))}")
    with _ending():
        for size in sizes:
            measured = [pair for pair in found if size < max(engines.LARGE) or not pair.returning]
            _large(servers, measured, size, rounds, installed)
        _paths(servers, found, rounds)
        _tables(servers, found)
    _legend()


def _large(
    servers: Sequence[Server], pairs: Sequence[engines.Pair], size: int, rounds: int, installed: frozenset[str]
) -> None:
    say()
    start = time.monotonic()
    with engines.built(servers, size):
        say(f"built {size:,} rows four times on each server in {time.monotonic() - start:.0f} s")
        say(engine_lines.HEAD)
        for pair in pairs:
            cases = {}
            for case in engines.cases(pair, size, rounds, installed):
                cases[case.expected] = case
                for line in case.told():
                    say(line)
            say(engine_lines.flat(cases[FEW], cases[size // 20]))


def _paths(servers: Sequence[Server], pairs: Sequence[engines.Pair], rounds: int) -> None:
    say()
    say(f"ours with the compiled module and without (PARITY_ROWS=plain), {engines.PLAIN_ROWS:,} rows, 20 differences:")
    with engines.built(servers, engines.PLAIN_ROWS):
        for pair in pairs:
            for name, case in engines.paths(pair, rounds).items():
                say(f"  {case.name}, {name}: {case.speed(OURS)}")


def _tables(servers: Sequence[Server], pairs: Sequence[engines.Pair]) -> None:
    say()
    say(f"{engine_tables.TABLES} tables of {engine_tables.TABLE_ROWS:,} rows, identical:")
    with engine_tables.built(servers):
        for pair in pairs:
            found = engine_tables.measure(pair.source, pair.target)
            if found.shot.run is None or found.shot.problem or found.shot.run.differing:
                say(f"  {pair.name}: WRONG: {found.shot.problem or found.shot.run}")
                continue
            each = found.shot.run.seconds / engine_tables.TABLES * 1000
            most = " and ".join(str(number) for number in found.connections)
            say(f"  {pair.name}: {each:.1f} ms per table, {found.shot.run.memory:.0f} MB, at most {most} connections")


def _legend() -> None:
    say()
    say("all: wall time; ours, scan and connectorx + polars without the start of Python and")
    say("imports, the others from start to end. client, servers: CPU seconds. MB: peak")
    say("memory of the client. scan: both servers send all values in binary form, at once,")
    say("and nobody looks at them. The targets are loaded in blocks of 10,000 rows in")
    say("another order. A tool that answers wrongly, or took 20 s in all, runs no more.")
    say("connections: at most so many at once, of each server.")


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
