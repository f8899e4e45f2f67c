"""Servers see no more connections than their number, however many tasks there are: their users may have no more."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg.sql import SQL, Identifier, Literal

from functions.comparer.core import streamed
from functions.comparer.jobs import Job
from functions.comparer.jobs_file import ComparerConfig
from functions.comparer.tasks.life import ALL_LEVELS
from functions.comparer.urls import endpoint_of
from functions.pipeline.drs_models import SUCCESSFUL
from tests.comparer.engines.servers import MYSQL, POSTGRES, Database, mysql_connection, postgres_connection, url_of
from tests.comparer.served import Comparer, served

JOBS = [f"f8688cfa-4e05-406f-a2e6-37a773cjb{number:02d}y" for number in range(3)]
SERVERS = [("postgres", "postgres"), ("postgres", "mysql"), ("mysql", "postgres"), ("mysql", "mysql")]
SECRET = "secret"


@contextmanager
def _postgres_user(name: str, limit: int, databases: list[Database]) -> Iterator[str]:
    role = Identifier(name)
    with closing(postgres_connection(POSTGRES)) as admin:
        admin.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {} CONNECTION LIMIT {}").format(role, SECRET, Literal(limit)))
        try:
            for database in databases:
                database.run(
                    f"GRANT USAGE ON SCHEMA public TO {name}", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"
                )
            yield POSTGRES
        finally:
            for database in databases:
                database.run(f"DROP OWNED BY {name}")
            admin.execute(SQL("DROP ROLE {}").format(role))


@contextmanager
def _mysql_user(name: str, limit: int, databases: list[Database]) -> Iterator[str]:
    with closing(mysql_connection(MYSQL)) as admin, closing(admin.cursor()) as cursor:
        cursor.execute(f"CREATE USER {name} IDENTIFIED BY '{SECRET}' WITH MAX_USER_CONNECTIONS {limit}")
        try:
            for database in databases:
                cursor.execute(f"GRANT ALL ON {_name(database)}.* TO {name}")
            yield MYSQL
        finally:
            cursor.execute(f"DROP USER {name}")


def _name(database: Database) -> str:
    return database.url.rpartition("/")[2].partition("?")[0]


@contextmanager
def limited(pair: tuple[Database, Database], number: int, besides: int = 0) -> Iterator[list[str]]:
    """URLs of both sides, for users who may have `number` connections a server, or one a side, and so many besides."""
    user = f"parity_limited_{uuid4().hex[:8]}"
    with ExitStack() as stack:
        bases = {}
        for engine, made in (("postgres", _postgres_user), ("mysql", _mysql_user)):
            there = [side for side in pair if side.engine == engine]
            if there:
                more = besides if engine == "mysql" else 0
                bases[engine] = stack.enter_context(made(user, max(number, len(there)) + more, there))
        yield [
            url_of(bases[side.engine], _name(side), user=user, password=SECRET) + f"?connections={number}"
            for side in pair
        ]


def _config(urls: list[str], folder: Path) -> ComparerConfig:
    """Several jobs over the same servers."""
    source, target = (endpoint_of(url, folder) for url in urls)
    return ComparerConfig(jobs={job: Job(job, source, target) for job in JOBS}, auth=None)


async def _create(comparer: Comparer, job: str, kind: str, policy: str = "keep") -> list[str]:
    """The objects and one level of data; the ids."""
    info = {"conflict_policy": policy, "compare_type": kind, "compare_mode": "quick_comparison"}
    found = []
    for part, body in (
        ("object", {"object_level_compare_type": "objects"}),
        ("data", {"data_level_compare_info": info}),
    ):
        reply = await comparer.ask("POST", "/create-compare-task", {"job_id": job, **body})
        found.append(str(reply.body[f"{part}_level_compare_create_result"]["compare_task_id"]))
    return found


def _ended(comparer: Comparer, job: str) -> dict[str, tuple[str, str | None]]:
    """How each task has ended, and why."""
    return {task.id: (task.status, task.error) for task in comparer.service._store.tasks(job, ALL_LEVELS)}


@pytest.fixture(autouse=True)
def ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables as small as those of the tests are read in several ranges of keys, each over a connection of its own."""
    monkeypatch.setattr(streamed, "_WORTH_RANGES", 0)


def _fill(pair: tuple[Database, Database]) -> None:
    more = [f"INSERT INTO t SELECT id + {1 << power}, a FROM t" for power in range(14)]
    for side in pair:
        side.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)", "INSERT INTO t VALUES (1, 1)", *more)


@pytest.mark.parametrize(
    ("pair", "number"), [*((pair, 3) for pair in SERVERS), *((pair, 1) for pair in SERVERS[:2])], indirect=["pair"]
)
def test_tasks_of_several_jobs_together_have_no_more_connections_than_the_number(
    pair: tuple[Database, Database], number: int, tmp_path: Path
) -> None:
    _fill(pair)

    async def journey(urls: list[str]) -> None:
        async with served(_config(urls, tmp_path)) as comparer:
            for kind in ("contents", "lines"):
                asked = {job: await _create(comparer, job, kind) for job in JOBS}
                await comparer.service.settle()
                for job, ids in asked.items():
                    found = _ended(comparer, job)
                    assert [found[task] for task in ids] == [(SUCCESSFUL, None)] * 2

    with limited(pair, number) as urls:
        asyncio.run(journey(urls))


@pytest.mark.parametrize("pair", SERVERS, indirect=True)
def test_what_is_cancelled_gives_its_connections_back_before_the_next_one_begins(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    """MySQL has one more for a moment: over another connection alone a statement can be ended."""
    _fill(pair)

    async def journey(urls: list[str]) -> None:
        async with served(_config(urls, tmp_path)) as comparer:
            for _ in range(4):
                for job in JOBS:
                    await _create(comparer, job, "contents", "cancel")
            await comparer.service.settle()
            for job in JOBS:
                found = _ended(comparer, job).values()
                assert {status for status, _ in found} <= {SUCCESSFUL, "CANCELLED"}
                assert {error for _, error in found} == {None}

    with limited(pair, 2, besides=1) as urls:
        asyncio.run(journey(urls))
