"""Both sides are in use: a writer changes the source, and the target follows. What really differs is found, no more."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg
import pymysql
import pytest

from functions.comparer.compare import Comparison, compare_databases
from functions.comparer.core.options import Options
from functions.comparer.core.results import DataResult
from tests.comparer.engines.servers import Database, mysql_connection, postgres_connection

SEED = 7
AT_A_TIME = 5
ROWS, WRITES_A_SECOND, BEHIND_SECONDS = 5_000, 200, 0.7
SERVERS = [(source, target) for source in ("postgres", "mysql") for target in ("postgres", "mysql")]
RUNS = [
    pytest.param(("postgres", "mysql"), 10),
    *(pytest.param(pair, 10, marks=pytest.mark.long) for pair in SERVERS),
]
PLANTED = [("changed", ("7",)), ("extra", ("9999999",)), ("missing", ("4999",))]


def fill(database: Database) -> None:
    rows = ", ".join(f"({number}, {number})" for number in range(ROWS))
    database.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)", f"INSERT INTO t VALUES {rows}")


ATTEMPTS = 3


@dataclass
class Replication:
    """Writes to the source as often as said, and the same to the target a little later. `behind`: how much at most."""

    source: Any
    target: Any
    over: threading.Event = field(default_factory=threading.Event)
    written: list[tuple[float, int, int]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    behind: float = 0.0

    def write(self) -> None:
        """Change a row now and then; each change is committed by itself."""
        draw, began = Random(SEED), time.monotonic()
        while not self.over.is_set():
            number, key = len(self.written), draw.randrange(10, ROWS - 10)
            self._run(self.source, f"UPDATE t SET v = {-number} WHERE id = {key}")
            self.written.append((time.monotonic(), number, key))
            self.over.wait(max(0.0, began + (number + 1) / WRITES_A_SECOND - time.monotonic()))

    def follow(self) -> None:
        """Do the same to the target, all that is due in one transaction."""
        done = 0
        while not self.over.is_set():
            due = done
            while due < len(self.written) and self.written[due][0] + BEHIND_SECONDS <= time.monotonic():
                due += 1
            changes = self.written[done:due]
            if changes:
                statements = [f"UPDATE t SET v = {-number} WHERE id = {key}" for _, number, key in changes]
                self._run(self.target, "BEGIN", *statements, "COMMIT")
                self.behind = max(self.behind, time.monotonic() - changes[0][0])
                done = due
            self.over.wait(0.01)

    def _run(self, connection: Any, *statements: str) -> None:
        try:
            for statement in statements:
                connection.cursor().execute(statement)
        except (psycopg.Error, pymysql.Error) as error:
            self.errors.append(error)
            self.over.set()


@contextmanager
def replicating(source: Database, target: Database) -> Iterator[Replication]:
    connect = {"postgres": postgres_connection, "mysql": mysql_connection}
    connections = [connect[side.engine](side.url) for side in (source, target)]
    work = Replication(*connections)
    threads = [threading.Thread(target=run) for run in (work.write, work.follow)]
    for thread in threads:
        thread.start()
    try:
        yield work
    finally:
        work.over.set()
        for thread in threads:
            thread.join()
        for connection in connections:
            connection.close()
    assert not work.errors


def compared(source: Database, target: Database) -> Comparison:
    # The replication is given three times as long as it needs: this machine may be busy.
    options = Options(settle=20, lag=3 * BEHIND_SECONDS)
    return compare_databases(source.url, target.url, objects=False, lines=False, contents=True, options=options)


def attempt(source: Database, target: Database, runs: int) -> tuple[list[Comparison], float]:
    """Compare so often while it is written to; and how far behind the target was at most, in seconds."""
    for side in (source, target):
        side.renew()
        fill(side)
    target.run("UPDATE t SET v = -1 WHERE id = 7", "DELETE FROM t WHERE id = 4999", "INSERT INTO t VALUES (9999999, 1)")
    with replicating(source, target) as work:
        while len(work.written) < 2 * BEHIND_SECONDS * WRITES_A_SECOND and not work.over.is_set():
            work.over.wait(0.05)  # The target is to be as far behind as it will ever be.
        # Runs know nothing of each other, and most of each is waiting.
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            return list(pool.map(lambda _: compared(source, target), range(runs))), work.behind


@pytest.mark.timeout(360)
@pytest.mark.parametrize(("pair", "runs"), RUNS, indirect=["pair"])
def test_exactly_the_planted_differences_are_found_every_time(pair: tuple[Database, Database], runs: int) -> None:
    # Where this machine is too busy for the target to follow in the time that it is given, nothing is shown by it.
    tries = (attempt(*pair, runs) for _ in range(ATTEMPTS))
    results = next((found for found, behind in tries if behind < 3 * BEHIND_SECONDS), None)
    assert results is not None, "this machine is too busy to follow the writer in time"
    healed = 0
    for found in results:
        assert not found.failures
        assert found.contents
        ((table,),) = (database.tables for database in found.contents.databases)
        (rows,) = found.differences.values()
        assert sorted((row.kind, row.source_key or row.target_key) for row in rows) == PLANTED
        assert (table.result, table.differing, table.moving) == (DataResult.INCONSISTENT, 3, 0)
        healed += table.healed
    assert healed > 10 * runs, "nothing moved while it was compared"
