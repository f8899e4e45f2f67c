"""A comparer of real servers, killed twenty times while it compares values: no result is lost, the answer is right."""

import random
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.comparer.engines.servers import PAIRS, Database
from tests.comparer.killed import FINAL, Comparer, Kept, kept, serving
from tests.comparer.served import JOB

SEED, KILLS, ATTEMPTS = 20, 20, 3
TABLES = [f"t{number:03}" for number in range(110)]
ROWS, BIG_ROWS, BIG = 200, 60_000, "z"
USUAL = ("postgres", "mysql")
_DIGITS = " UNION ALL ".join(f"SELECT {digit} AS n" for digit in range(10))
_PLACES = {place: f"p{place}" for place in range(5)}
_COUNTED = (
    f"SELECT 1 + {' + '.join(f'{10**place} * {name}.n' for place, name in _PLACES.items())} AS i"
    f" FROM {', '.join(f'({_DIGITS}) AS {name}' for name in _PLACES.values())}"
)
NUMBERS = {
    "mysql": f"SELECT * FROM ({_COUNTED}) AS m WHERE i <= {{0}}",
    "postgres": "SELECT i FROM generate_series(1, {0}) AS g (i)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0}) SELECT i FROM n",
}
"""How each engine counts; MySQL goes through all numbers of five digits."""


def make_side(database: Database, side: int) -> None:
    """Equal tables; in every third the target lacks row 7 and has row 700 changed. Of the big one 1 % is missing."""
    numbers = NUMBERS[database.engine]
    statements = []
    for place, table in enumerate(TABLES):
        statements += [
            f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, value INTEGER)",
            f"INSERT INTO {table} SELECT i, i * 2 FROM ({numbers.format(ROWS)}) AS n",
        ]
        if side and place % 3 == 0:
            statements += [f"DELETE FROM {table} WHERE id = 7", f"UPDATE {table} SET value = 1 WHERE id = 70"]
    statements += [
        f"CREATE TABLE {BIG} (id INTEGER PRIMARY KEY, value INTEGER)",
        f"INSERT INTO {BIG} SELECT i, i * 3 FROM ({numbers.format(BIG_ROWS)}) AS n",
    ]
    if side:
        statements.append(f"DELETE FROM {BIG} WHERE id % 100 = 0")
    database.run(*statements)


def right_answer() -> dict[str, tuple[str, list[Any]]]:
    differing = [("changed", ["70"], ["70"]), ("missing", ["7"], None)]
    small = {
        table: ("CONSISTENT", []) if place % 3 else ("INCONSISTENT", differing) for place, table in enumerate(TABLES)
    }
    missing = sorted(("missing", [str(number)], None) for number in range(100, BIG_ROWS + 1, 100))
    return {**small, BIG: ("INCONSISTENT", missing)}


def until(comparer: Comparer, task_id: str, tables: int, percent: float) -> None:
    """Ask until it has got as far as that."""
    limit = time.monotonic() + 60
    while (shown := comparer.progress(task_id, BIG)) < (tables, percent):
        assert time.monotonic() < limit, shown


def assert_nothing_lost(before: Kept, now: Kept) -> None:
    for name, table in before.tables.items():
        if table["result"] in FINAL:
            assert now.tables[name] == table
    for name, found in now.differences.items():
        assert len(found) == now.tables[name]["kept"]
    assert now.tables[BIG]["rows_read"] >= before.tables[BIG]["rows_read"]


def kill(folder: Path, store: Path, database: str) -> list[Kept] | None:
    """Kill a comparer again and again; None: it was done before that, as where this test has to wait for its turn."""
    draw, task_id, states = random.Random(SEED), "", list[Kept]()
    for _ in range(KILLS):
        with serving(folder, store) as comparer:
            task_id = task_id or comparer.create()
            done = states[-1].progress(BIG)[0] if states else 0
            # Three interruptions without progress would end the task. Those that differ are not done until they settle.
            until(comparer, task_id, done + draw.randint(1, 2), 0)
        states.append(kept(store, task_id, database))
        if states[-1].task.status != "RUNNING":
            assert states[-1].task.status == "SUCCESSFUL"
            return None
    return states


CASES = [pytest.param(pair, marks=() if pair == USUAL else pytest.mark.long) for pair in PAIRS if pair[0] != "sqlite"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("pair", CASES, indirect=True)
def test_a_comparer_of_servers_that_is_killed_twenty_times_finds_the_right_answer(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    for side, database in enumerate(pair):
        make_side(database, side)
    ends = "\n".join(f'{name} = "{side.url}"' for name, side in zip(("source", "target"), pair, strict=True))
    (tmp_path / "jobs.toml").write_text(f'[jobs."{JOB}"]\n{ends}\nsettle_seconds = 2\nlag_seconds = 1\n')
    for attempt in range(ATTEMPTS):
        store, name = tmp_path / f"store{attempt}.db", pair[0].url.rpartition("/")[2]
        states = kill(tmp_path, store, name)
        if states:
            break
    else:
        pytest.fail(f"it was done before it was killed {KILLS} times, {ATTEMPTS} times in a row")
    for before, now in pairwise(states):
        assert_nothing_lost(before, now)
    task_id = states[0].task.id
    with serving(tmp_path, store) as comparer:
        while comparer.ask("GET", f"/{JOB}/table/compare")["compare_jobs"][0]["status"] == "RUNNING":
            pass
    last = kept(store, task_id, name)
    assert_nothing_lost(states[-1], last)
    assert (last.task.status, last.databases) == ("SUCCESSFUL", ["INCONSISTENT"])
    assert {table: (last.tables[table]["result"], rows) for table, rows in last.differences.items()} == right_answer()
