"""Value comparison of databases on servers: ours, the plain scan and every other tool take turns on the same tables.

The servers are those of PARITY_TEST_POSTGRES and PARITY_TEST_MYSQL, one run at a time for each. PARITY_BENCH_ROWS
(numbers with commas between) and PARITY_BENCH_ROUNDS make a run shorter.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
import pymysql

from tests.benchmarks import engine_rows as rows
from tests.benchmarks.engine_lines import Case
from tests.benchmarks.engine_mysql import Mysql
from tests.benchmarks.engine_peers import peers
from tests.benchmarks.engine_postgres import Postgres
from tests.benchmarks.engine_servers import PREFIX, Server
from tests.benchmarks.engine_tools import OURS, SCAN, Shot, Tool, shoot
from tests.benchmarks.pairs import in_turn

LARGE: Final = (1_000_000, 5_000_000)
ROUNDS: Final = 3
ENOUGH: Final = 20.0
"""After how many seconds in all another tool has no more rounds."""

PLAIN_ROWS: Final = 100_000
SOURCE, SAME, FEW, MANY = (PREFIX + name for name in ("source", "same", "few", "many"))


@dataclass(frozen=True)
class Pair:
    """A server to compare from, one to compare with, and the aim: our time as a share of the best other tool's."""

    source: Server
    target: Server
    aim: float
    returning: bool = False
    """Whether it is another pair's way back, which is not measured on the largest tables."""

    @property
    def name(self) -> str:
        """The two engines' names."""
        return f"{self.source.name} - {self.target.name}"

    @property
    def crossing(self) -> bool:
        """Whether the two are different engines."""
        return self.source is not self.target


def asked_rows(environment: Mapping[str, str]) -> tuple[int, ...]:
    """The sizes of tables to measure. Raises ValueError for what is no such number."""
    given = environment.get("PARITY_BENCH_ROWS", "")
    numbers = given.split(",") if given else [str(size) for size in LARGE]
    if not all(number.isdecimal() and int(number) and int(number) % 1_000 == 0 for number in numbers):
        raise ValueError("PARITY_BENCH_ROWS takes multiples of 1000, with commas between")
    return tuple(int(number) for number in numbers)


def asked_rounds(environment: Mapping[str, str]) -> int:
    """How often each tool has its turn. Raises ValueError for what is no such number."""
    given = environment.get("PARITY_BENCH_ROUNDS", str(ROUNDS))
    if not given.isdecimal() or not int(given):
        raise ValueError("PARITY_BENCH_ROUNDS takes a number from 1 on")
    return int(given)


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


def pairs(postgres: Server | None, mysql: Server | None) -> list[Pair]:
    """Every pair that is measured, of the servers that there are."""
    found = [Pair(postgres, postgres, 0.4)] if postgres else []
    found += [Pair(mysql, mysql, 0.5)] if mysql else []
    if postgres and mysql:
        found += [Pair(postgres, mysql, 0.4), Pair(mysql, postgres, 0.4, returning=True)]
    return found


@contextmanager
def built(servers: Sequence[Server], size: int) -> Iterator[None]:
    """On every server the table `t` of so many rows in four databases: the source and its three targets.

    Everything is dropped at the end, and before it begins, as a run that was killed may have left some.
    """
    try:
        for server in servers:
            server.clear()
        with tempfile.TemporaryDirectory(prefix="parity-bench-") as folder:
            ordered, shuffled = Path(folder) / "ordered", Path(folder) / "shuffled"
            rows.write(ordered, shuffled, size)
            for server in servers:
                _build(server, ordered, shuffled, size)
        yield
    finally:
        for server in servers:
            server.clear()


def cases(pair: Pair, size: int, rounds: int, installed: frozenset[str]) -> Iterator[Case]:
    """The three targets of one pair of servers: identical, 20 differences, 5 % changed."""
    others, _ = peers(pair.source, pair.target, installed)
    tools = [OURS, SCAN, *others]
    for name, target, expected in (
        ("identical", SAME, 0), ("20 differences", FEW, rows.FEW), ("5 % changed", MANY, size // 20)
    ):  # fmt: skip
        title = f"{pair.name}, {size:,} rows, {name}"
        shoot(SCAN, pair.source, SOURCE, pair.target, target)  # whoever comes first finds what a scan leaves in memory
        yield Case(title, size, expected, _shots(pair, target, tools, rounds, expected), pair.aim, pair.crossing)


def paths(pair: Pair, rounds: int) -> dict[str, Case]:
    """Ours with its compiled module and without, on a smaller table with 20 differences."""
    found: dict[str, list[Shot]] = {"compiled": [], "plain": []}
    for name in in_turn(list(found), rounds):
        env = {"PARITY_ROWS": "plain"} if name == "plain" else {}
        found[name].append(shoot(OURS, pair.source, SOURCE, pair.target, FEW, env))
    return {
        name: Case(pair.name, PLAIN_ROWS, rows.FEW, {OURS: shots}, pair.aim, pair.crossing)
        for name, shots in found.items()
    }


def _build(server: Server, ordered: Path, shuffled: Path, size: int) -> None:
    for database, path in ((SOURCE, ordered), (SAME, shuffled)):
        server.create(database)
        server.load(database, path)
    due = rows.doubles(size, max(1, size // rows.BLOCK // 10))
    if server.doubles(SAME, list(due)) != due:
        raise RuntimeError(f"{server.name} does not hold the doubles that were loaded")
    server.copy(SAME, FEW)
    server.run(FEW, *rows.few(size))
    server.copy(SAME, MANY)
    server.run(MANY, rows.many())
    for database in (SOURCE, SAME, FEW, MANY):
        server.settle(database)


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
