"""Many small tables: what each costs, and how many connections a comparison has open at the most."""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks import engine_rows as rows
from tests.benchmarks.engine_servers import PREFIX, Server
from tests.benchmarks.engine_tools import OURS, PATIENCE, Shot, shoot
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
    ports = dict.fromkeys(str(server.address.port) for server in (source, target))
    command = [sys.executable, "-m", "tests.benchmarks.engine_probe", "count", source.url(SOURCE), target.url(TARGET)]
    _, output, _ = measured(command, patience=PATIENCE)
    return Many(shot, tuple(json.loads(output)["connections"].get(port, 0) for port in ports))
