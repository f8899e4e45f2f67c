"""Value comparison of databases on servers: ours, the plain scan and every other tool take turns on the same tables.

The servers are those of PARITY_TEST_POSTGRES and PARITY_TEST_MYSQL, one run at a time for each; a SQLite file is
compared with each of them. `engine_asked` says how to make a run shorter.
"""

import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
import pymysql

from tests.benchmarks import engine_rows as rows
from tests.benchmarks.engine_asked import LARGE
from tests.benchmarks.engine_lines import Case
from tests.benchmarks.engine_mysql import Mysql
from tests.benchmarks.engine_postgres import Postgres
from tests.benchmarks.engine_servers import PREFIX, Server, Side
from tests.benchmarks.engine_tools import OURS, SCAN, Shot, Tool, shoot
from tests.benchmarks.pairs import in_turn

ENOUGH: Final = 20.0
"""After how many seconds in all another tool has no more rounds."""

PLAIN_ROWS: Final = 100_000
SOURCE = PREFIX + "source"


@dataclass(frozen=True)
class Target:
    """One of the copies that the source is compared with: its database, and how many of so many rows differ."""

    name: str
    database: str
    differing: Callable[[int], int]


SAME: Final = Target("identical", PREFIX + "same", lambda _: 0)
FEW: Final = Target("20 differences", PREFIX + "few", lambda _: rows.FEW)
MANY: Final = Target("5 % changed", PREFIX + "many", lambda size: size // 20)
TARGETS: Final = (SAME, FEW, MANY)


@dataclass(frozen=True)
class Pair:
    """What to compare from, a server to compare with, and the aim: our time as a share of the best other tool's."""

    source: Side
    target: Server
    aim: float
    largest: tuple[Target, ...] = TARGETS
    """What is measured on the largest tables."""

    @property
    def name(self) -> str:
        """The two engines' names."""
        return f"{self.source.name} - {self.target.name}"

    @property
    def asked(self) -> str:
        """As what the pair is asked for."""
        return f"{self.source.address.scheme}-{self.target.address.scheme}"

    @property
    def crossing(self) -> bool:
        """Whether the two are different engines."""
        return self.source is not self.target

    def targets(self, size: int) -> tuple[Target, ...]:
        """What is measured on tables of that size."""
        return TARGETS if size < max(LARGE) else self.largest


def reached(say: Callable[[str], None]) -> tuple[Server | None, Server | None]:
    """PostgreSQL and MySQL or MariaDB, where each answers; says which one doesn't."""
    postgres: Server | None = None
    mysql: Server | None = None
    try:
        postgres = Postgres(os.environ.get("PARITY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres"))
        postgres.about()
    except psycopg.OperationalError:
        postgres = None
        say("no PostgreSQL answers (PARITY_TEST_POSTGRES): not measured")
    try:
        mysql = Mysql(os.environ.get("PARITY_TEST_MYSQL", "mysql://root@127.0.0.1:3306"))
    except pymysql.err.OperationalError:
        say("no MySQL or MariaDB answers (PARITY_TEST_MYSQL): not measured")
    return postgres, mysql


def pairs(postgres: Server | None, mysql: Server | None, sqlite: Side, asked: Collection[str]) -> list[Pair]:
    """The pairs that are asked for, of the servers that there are.

    Of the largest tables PostgreSQL and MySQL are compared in one direction alone, and SQLite on one target.
    """
    found = [Pair(postgres, postgres, 0.4)] if postgres else []
    found += [Pair(mysql, mysql, 0.5)] if mysql else []
    if postgres and mysql:
        found += [Pair(postgres, mysql, 0.4), Pair(mysql, postgres, 0.4, largest=())]
    found += [Pair(sqlite, server, 0.4, largest=(FEW,)) for server in (postgres, mysql) if server]
    return [pair for pair in found if pair.asked in asked]


@contextmanager
def built(pairs: Collection[Pair], size: int) -> Iterator[None]:
    """The table `t` of so many rows: in one database of every source, and in one for each target of every target.

    Everything is dropped at the end, and before it begins, as a run that was killed may have left some.
    """
    sources: Sequence[Side] = list(dict.fromkeys(pair.source for pair in pairs))
    targets = list(dict.fromkeys(pair.target for pair in pairs))
    try:
        for side in (*sources, *targets):
            side.clear()
        with tempfile.TemporaryDirectory(prefix="parity-bench-") as folder:
            ordered, shuffled = Path(folder) / "ordered", Path(folder) / "shuffled"
            rows.write(ordered, shuffled, size)
            for source in sources:
                _load(source, SOURCE, ordered, size)
                source.settle(SOURCE)
            for target in targets:
                _load(target, SAME.database, shuffled, size)
                _change(target, size)
        yield
    finally:
        for side in (*sources, *targets):
            side.clear()


def measure(pair: Pair, target: Target, size: int, rounds: int, others: Sequence[Tool]) -> Case:
    """Ours, the scan and the others, in turn."""
    tools = [OURS, SCAN, *others]
    expected = target.differing(size)
    title = f"{pair.name}, {size:,} rows, {target.name}"
    # Whoever comes first finds what a scan leaves in memory.
    shoot(SCAN, pair.source, SOURCE, pair.target, target.database)
    shots = _shots(pair, target.database, tools, rounds, expected)
    return Case(title, size, expected, shots, pair.aim, pair.crossing)


def paths(pair: Pair, rounds: int) -> dict[str, Case]:
    """Ours with its compiled module and without, on a smaller table with 20 differences."""
    found: dict[str, list[Shot]] = {"compiled": [], "plain": []}
    for name in in_turn(list(found), rounds):
        env = {"PARITY_ROWS": "plain"} if name == "plain" else {}
        found[name].append(shoot(OURS, pair.source, SOURCE, pair.target, FEW.database, env))
    return {
        name: Case(pair.name, PLAIN_ROWS, rows.FEW, {OURS: shots}, pair.aim, pair.crossing)
        for name, shots in found.items()
    }


def _load(side: Side, database: str, path: Path, size: int) -> None:
    side.create(database)
    side.load(database, path)
    due = rows.doubles(size, max(1, size // rows.BLOCK // 10))
    if side.doubles(database, list(due)) != due:
        raise RuntimeError(f"{side.name} does not hold the doubles that were loaded")


def _change(server: Server, size: int) -> None:
    for target, statements in ((FEW, list(rows.few(size))), (MANY, [rows.many()])):
        server.copy(SAME.database, target.database)
        server.run(target.database, *statements)
    for target in TARGETS:
        server.settle(target.database)


def _shots(pair: Pair, target: str, tools: Sequence[Tool], rounds: int, expected: int) -> Mapping[Tool, Sequence[Shot]]:
    """Let the tools take turns; one of the others stops as soon as it answered wrongly, or took long enough."""
    found: dict[str, list[Shot]] = {tool.name: [] for tool in tools}
    known = {tool.name: tool for tool in tools}
    for name in in_turn(list(known), rounds):
        tool, shots = known[name], found[name]
        case = Case("", 0, expected, {tool: shots}, 0.0)
        spent = sum(shot.run.whole for shot in shots if shot.run)
        if tool in {OURS, SCAN} or not shots or (case.right(tool) and spent < ENOUGH):
            shots.append(shoot(tool, pair.source, SOURCE, pair.target, target))
    return {tool: found[tool.name] for tool in tools}
