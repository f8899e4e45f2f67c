"""A real comparer process, killed twenty times while it compares values: nothing is lost, and little is done twice."""

import random
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.comparer.killed import FINAL, Comparer, Kept, kept, serving
from tests.comparer.served import JOB

SEED = 20
KILLS, KILLS_IN_BIG = 20, 6
ATTEMPTS = 3
TABLES = [f"t{number:03}" for number in range(90)]
ROWS, BIG_ROWS = 2500, 600_000
BIG = "z"  # The last one that is compared.


def make_side(path: Path, side: int) -> None:
    """Equal tables, except that every third one differs: the target lacks row 7, has row 0, and row 700 is changed.

    In the big one every thousandth row is missing.
    """
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
    with closing(sqlite3.connect(path)) as connection, connection:
        for place, table in enumerate(TABLES):
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT, value)")
            connection.execute(f"INSERT INTO {table} {numbers} SELECT i, 'name ' || i, i * 1.5 FROM n", [ROWS])
            if side and place % 3 == 0:
                connection.execute(f"DELETE FROM {table} WHERE id = 7")
                connection.execute(f"INSERT INTO {table} VALUES (0, NULL, NULL)")
                connection.execute(f"UPDATE {table} SET value = 1050 WHERE id = 700")
        connection.execute(f"CREATE TABLE {BIG} (id INTEGER PRIMARY KEY, value)")
        connection.execute(f"INSERT INTO {BIG} {numbers} SELECT i, i * 3 FROM n", [BIG_ROWS])
        if side:
            connection.execute(f"DELETE FROM {BIG} WHERE id % 1000 = 0")


def right_answer() -> dict[str, tuple[str, list[Any]]]:
    """The result of every table and its differing rows, as they follow from how the tables are made."""
    differing = [("changed", ["700"], ["700"]), ("extra", None, ["0"]), ("missing", ["7"], None)]
    small = {
        table: ("CONSISTENT", []) if place % 3 else ("INCONSISTENT", differing) for place, table in enumerate(TABLES)
    }
    missing = sorted(("missing", [str(number)], None) for number in range(1000, BIG_ROWS + 1, 1000))
    return {**small, BIG: ("INCONSISTENT", missing)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two databases and a job."""
    for side, name in enumerate(("source", "target")):
        make_side(tmp_path / f"{name}.db", side)
    ends = "\n".join(f'{name} = "sqlite:///{tmp_path / name}.db"' for name in ("source", "target"))
    (tmp_path / "jobs.toml").write_text(f'[jobs."{JOB}"]\n{ends}\n')
    return tmp_path


def warm(comparer: Comparer) -> int:
    """What a process reads before it compares: itself, and what its answers are made of."""
    comparer.ask("GET", f"/{JOB}/compare/none/content-overview")
    comparer.ask("POST", "/create-compare-task", {"job_id": JOB})
    return comparer.bytes_read()


def size(path: Path) -> int:
    """The bytes of a database and its log: what is read to know what it is, and once more to open it."""
    return sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*"))


def until(comparer: Comparer, task_id: str, tables: int, percent: float) -> tuple[int, float]:
    """Ask until it has got as far as that; how far it is."""
    limit = time.monotonic() + 60
    while (shown := comparer.progress(task_id, BIG)) < (tables, percent):
        assert time.monotonic() < limit, shown
    return shown


def assert_nothing_lost(before: Kept, now: Kept) -> None:
    """What was finished still is, as it was; every state has the differences that belong to it."""
    assert now.task.reached >= before.task.reached
    for name, table in before.tables.items():
        if table["result"] in FINAL:
            assert now.tables[name] == table
    if BIG in before.tables and BIG in now.tables:
        assert now.tables[BIG]["rows_read"] >= before.tables[BIG]["rows_read"]
    assert {name: len(found) for name, found in now.differences.items()} == {
        name: table["kept"] for name, table in now.tables.items()
    }


@dataclass
class Killed:
    """A task whose comparer was killed so often: what was kept each time, and how many bytes were read by then."""

    task_id: str
    states: list[Kept]
    start: int
    read: int


def kill(folder: Path, store: Path) -> Killed | None:
    """Kill a comparer again and again; None: it was done before that."""
    draw = random.Random(SEED)
    task_id, done, start, read, states = "", (0, 0.0), 0, 0, list[Kept]()
    for left in reversed(range(KILLS)):
        read -= start + 2 * size(store)
        with serving(folder, store) as comparer:
            if not task_id:
                read -= (start := warm(comparer))
                task_id = comparer.create()
            small = done[0] + draw.randint(1, 3) if left >= KILLS_IN_BIG else len(TABLES)
            seen = until(comparer, task_id, small, done[1] + draw.uniform(0.1, 4) if small == len(TABLES) else 0)
            read += comparer.bytes_read()
        states.append(kept(store, task_id))
        if states[-1].task.status == "SUCCESSFUL":
            return None
        assert states[-1].task.status == "RUNNING"
        done = states[-1].progress(BIG)
        assert done >= seen, "the API has shown what was not kept"
        assert_nothing_lost(states[max(0, len(states) - 2)], states[-1])
    return Killed(task_id, states, start, read)


@pytest.mark.timeout(300)  # Most of it is starting: on a busy machine twenty starts take long.
def test_a_comparer_that_is_killed_twenty_times_loses_no_result_and_finds_the_right_answer(folder: Path) -> None:
    # A machine that is busy with something else may let it get to the end before it can be killed: then once more.
    stores = [folder / f"store{number}.db" for number in range(ATTEMPTS)]
    tries = ((store, killed) for store in stores if (killed := kill(folder, store)))
    store, killed = next(tries, (folder, None))
    assert killed, f"it ended before it could be killed {KILLS} times"
    once = size(folder / "source.db") + size(folder / "target.db")
    states, read = killed.states, killed.read - killed.start - 2 * size(store)
    with serving(folder, store) as comparer:
        until(comparer, killed.task_id, len(TABLES) + 1, 100)
        while comparer.ask("GET", f"/{JOB}/table/compare")["compare_jobs"][0]["status"] == "RUNNING":
            pass
        read += comparer.bytes_read()
    last = kept(store, killed.task_id)
    assert_nothing_lost(states[-1], last)
    assert (last.task.status, last.databases) == ("SUCCESSFUL", ["INCONSISTENT"])
    assert {name: (last.tables[name]["result"], found) for name, found in last.differences.items()} == right_answer()
    assert states[-1].tables[BIG]["mark"], "it was not killed within the big table"
    assert read <= 4 * once, f"{read:,} bytes were read in {KILLS + 1} runs; the databases have {once:,}"
