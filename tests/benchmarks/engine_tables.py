"""Many small tables: what each costs, and how many connections a comparison has open at the most."""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks import engine_rows as rows
from tests.benchmarks.engine_servers import PREFIX, Server
from tests.benchmarks.engine_tools import OURS, Shot, shoot

TABLES: Final = 500
TABLE_ROWS: Final = 1_000
SOURCE, TARGET = PREFIX + "tables_source", PREFIX + "tables_target"
_PAUSE: Final = 0.02


@dataclass(frozen=True)
class Many:
    """One comparison of two databases of many equal tables, and the most connections that each server had for it."""

    shot: Shot
    connections: tuple[int, ...]


@contextmanager
def built(servers: Sequence[Server]) -> Iterator[None]:
    """On every server two equal databases of many tables; dropped at the end."""
    try:
        for server in servers:
            server.clear()
        with tempfile.TemporaryDirectory(prefix="parity-bench-") as folder:
            path = Path(folder) / "rows"
            rows.write(path, Path(folder) / "shuffled", TABLE_ROWS)
            for server in servers:
                server.create(SOURCE)
                server.load(SOURCE, path, tuple(f"t{number:03d}" for number in range(TABLES)))
                server.copy(SOURCE, TARGET)
                server.settle(SOURCE)
                server.settle(TARGET)
        yield
    finally:
        for server in servers:
            server.clear()


def measure(source: Server, target: Server) -> Many:
    """Compare once for the time, and once more while the connections are counted."""
    shot = shoot(OURS, source, SOURCE, target, TARGET)
    servers = list(dict.fromkeys((source, target)))
    most = [0] * len(servers)
    done = threading.Event()
    counting = threading.Thread(target=_count, args=(servers, most, done))
    counting.start()
    try:
        shoot(OURS, source, SOURCE, target, TARGET)
    finally:
        done.set()
        counting.join()
    return Many(shot, tuple(most))


def _count(servers: Sequence[Server], most: list[int], done: threading.Event) -> None:
    before = [server.connections() for server in servers]
    while not done.wait(_PAUSE):
        for place, server in enumerate(servers):
            most[place] = max(most[place], len(server.connections() - before[place]))
