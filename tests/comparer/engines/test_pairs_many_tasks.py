"""A hundred tasks over real servers, some of them cancelled: no connection, file or thread is left behind."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from functions.comparer.urls import endpoint_of
from tests.comparer.engines.servers import MYSQL, POSTGRES, Database, mysql_connection, postgres_connection, url_of
from tests.comparer.served import config_for, served

TASKS = 100


@contextmanager
def user_of(database: Database) -> Iterator[str]:
    """A user of MySQL's whom nobody else is, by whom its connections are told; the URL for them."""
    name = database.url.rpartition("/")[2]
    with closing(mysql_connection(MYSQL)) as admin, closing(admin.cursor()) as cursor:
        cursor.execute(f"CREATE USER {name} IDENTIFIED BY 'secret'")
        cursor.execute(f"GRANT SELECT ON {name}.* TO {name}")
        yield url_of(MYSQL, name, user=name, password="secret")
        cursor.execute(f"DROP USER {name}")


def connections(database: Database) -> int:
    """How many the server has to this database, or of its user, besides the test's own."""
    name = database.url.rpartition("/")[2]
    if database.engine == "postgres":
        with closing(postgres_connection(POSTGRES)) as admin:
            query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"
            return int(admin.execute(query.encode()).fetchall()[0][0]) - 1
    with closing(mysql_connection(MYSQL)) as admin, closing(admin.cursor()) as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = '{name}'")
        return int(cursor.fetchall()[0][0])


def held() -> tuple[int, list[str]]:
    """How many files this process has open, and its threads but for the event loop's pool."""
    gc.collect()
    files = Path("/proc/self/fd")
    names = [thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    return len([*files.iterdir()]) if files.is_dir() else 0, sorted(names)


@pytest.mark.parametrize("pair", [("postgres", "mysql")], indirect=True)
def test_a_hundred_tasks_leave_no_connection_no_file_and_no_thread_behind(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    for side in pair:
        side.run("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")

    async def journey(target: str) -> None:
        ends = endpoint_of(pair[0].url, tmp_path), endpoint_of(target, tmp_path)
        async with served(config_for(*ends)) as comparer:

            async def run(count: int) -> None:
                for number in range(count):
                    task_id = await comparer.create_contents("cancel")
                    if number % 4 == 3:
                        await comparer.create_contents("cancel")  # and so the one before is cancelled
                    await comparer.service.settle()
                    assert (await comparer.statuses())[task_id] in {"SUCCESSFUL", "CANCELLED"}

            await run(4)  # Until everything is there that is needed once.
            before = held()
            await run(TASKS)
            assert held() == before
            assert list(map(connections, pair)) == [0, 0]

    with user_of(pair[1]) as target:
        asyncio.run(journey(target))
