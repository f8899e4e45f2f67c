"""Many small tables: what each costs, and how many connections a comparison has open at the most."""

import json
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks import engine_rows as rows
from tests.benchmarks.engine_servers import PREFIX, Server, Side
from tests.benchmarks.engine_tools import OURS, PATIENCE, Shot, shoot
from tests.benchmarks.engines import Pair
from tests.benchmarks.measured import measured

TABLES: Final = 500
TABLE_ROWS: Final = 1_000
SOURCE, TARGET = PREFIX + "tables_source", PREFIX + "tables_target"


@dataclass(frozen=True)
class Many:
    """One comparison of two databases of many equal tables, and the most connections that it had to each server."""

    shot: Shot
    connections: tuple[int, ...]


@contextmanager
def built(pairs: Collection[Pair]) -> Iterator[None]:
    """Of every source and of every target a database of many tables, all equal; dropped at the end."""
    sources: Sequence[Side] = list(dict.fromkeys(pair.source for pair in pairs))
    targets: Sequence[Side] = list(dict.fromkeys(pair.target for pair in pairs))
    try:
        for side in (*sources, *targets):
            side.clear()
        with tempfile.TemporaryDirectory(prefix="parity-bench-") as folder:
            path = Path(folder) / "rows"
            rows.write(path, Path(folder) / "shuffled", TABLE_ROWS)
            for database, sides in ((SOURCE, sources), (TARGET, targets)):
                for side in sides:
                    side.create(database)
                    side.load(database, path, tuple(f"t{number:03d}" for number in range(TABLES)))
                    side.settle(database)
        yield
    finally:
        for side in (*sources, *targets):
            side.clear()


def measure(source: Side, target: Server) -> Many:
    """Compare once for the time, and once more while the connections are counted."""
    shot = shoot(OURS, source, SOURCE, target, TARGET)
    ports = dict.fromkeys(str(side.address.port) for side in (source, target) if side.address.port)
    command = [sys.executable, "-m", "tests.benchmarks.engine_probe", "count", source.url(SOURCE), target.url(TARGET)]
    _, output, _ = measured(command, patience=PATIENCE)
    return Many(shot, tuple(json.loads(output)["connections"].get(port, 0) for port in ports))
