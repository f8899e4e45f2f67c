"""A running service that compares any two engines: the official client's walk, and what can go wrong with a server."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkdrs import v3
from pydantic import SecretStr

from functions.comparer.compare import Comparison, compare_databases
from functions.comparer.core.options import Options
from functions.comparer.core.results import Progress
from functions.comparer.jobs import Job
from functions.comparer.jobs_file import AuthConfig, ComparerConfig
from functions.comparer.urls import endpoint_of
from tests.comparer.engines.servers import (
    MYSQL,
    PAIRS,
    POSTGRES,
    Database,
    Engine,
    MysqlDatabase,
    PostgresDatabase,
    SqliteDatabase,
    new_name,
    url_of,
)
from tests.comparer.official_walk import SOURCE, TARGET, Walk
from tests.comparer.served import JOB, PROJECT, Clock, Comparer, serve_and, served

SECRET = "s3cr3t-Pa55"
AUTH = AuthConfig(project_ids=[PROJECT], access_keys={"AKEXAMPLE": SecretStr("s3cret")})
AT_ONCE = Options(settle=0)
# A pair of each server on each side; what the other side is makes no difference to what goes wrong on one.
WITH_A_SERVER: list[tuple[Engine, Engine]] = [
    ("postgres", "sqlite"), ("sqlite", "postgres"), ("mysql", "postgres"), ("postgres", "mysql"),
]  # fmt: skip


def name_of(database: Database) -> str:
    """What the comparer calls the database."""
    return database.path.stem if isinstance(database, SqliteDatabase) else getattr(database, "name")  # noqa: B009


def config(source: str, target: str, auth: AuthConfig | None = None) -> ComparerConfig:
    ends = [endpoint_of(url, Path.cwd(), {}) for url in (source, target)]
    return ComparerConfig(jobs={JOB: Job(JOB, ends[0], ends[1], options=AT_ONCE)}, auth=auth)


@pytest.mark.filterwarnings(r"ignore:Method '\w+' of DrsClient is deprecated:DeprecationWarning")
@pytest.mark.parametrize("pair", PAIRS, ids="-".join, indirect=True)
def test_the_client_walks_all_sixteen_endpoints(pair: tuple[Database, Database]) -> None:
    source, target = pair
    source.run(*SOURCE)
    target.run(*TARGET)

    async def journey() -> None:
        async with served(config(source.url, target.url, AUTH), clock=Clock(time.time())) as comparer:
            loop = asyncio.get_running_loop()

            def settle() -> None:
                asyncio.run_coroutine_threadsafe(comparer.service.settle(), loop).result(60)

            def steps() -> None:
                credentials = BasicCredentials("AKEXAMPLE", "s3cret", PROJECT)
                builder = v3.DrsClient.new_builder().with_credentials(credentials)
                drs = builder.with_endpoints([comparer.service.url]).build()
                Walk(drs, settle, name_of(source), name_of(target)).everywhere()

            await asyncio.to_thread(steps)

    asyncio.run(journey())


def unreachable(engine: Engine) -> str:
    """A URL at which nobody listens."""
    scheme = {"postgres": "postgresql", "mysql": "mysql"}[engine]
    return f"{scheme}://someone:{SECRET}@127.0.0.1:1/shop?connect_timeout=2"


def refused(engine: Engine) -> str:
    """A URL of a user that the server doesn't let in."""
    base = POSTGRES if engine == "postgres" else MYSQL
    return url_of(base, "postgres" if engine == "postgres" else "mysql", user=new_name(), password=SECRET)


def absent(engine: Engine) -> str:
    """A URL of a database that the server doesn't have."""
    return url_of(POSTGRES if engine == "postgres" else MYSQL, new_name())


def with_fault(pair: tuple[Database, Database], fault: Callable[[Engine], str]) -> tuple[str, str]:
    """The URLs of the pair, that of the first server replaced."""
    at = 0 if pair[0].engine != "sqlite" else 1
    urls = [database.url for database in pair]
    urls[at] = fault(pair[at].engine)
    return urls[0], urls[1]


of_servers = pytest.mark.parametrize("pair", WITH_A_SERVER, ids="-".join, indirect=True)


@of_servers
@pytest.mark.parametrize("fault", [unreachable, refused])
def test_a_server_that_lets_nobody_in_fails_the_task_and_the_service_goes_on(
    pair: tuple[Database, Database], fault: Callable[[Engine], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for database in pair:
        database.run("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    seen: list[str] = []

    async def steps(comparer: Comparer) -> None:
        created = await comparer.create(object_level_compare_type="objects")
        await comparer.service.settle()
        await comparer.create_contents()
        await comparer.service.settle()
        statuses = await comparer.statuses()
        assert set(statuses.values()) == {"FAILED"}
        overview = await comparer.overview()
        assert overview["status"] == "FAILED"
        seen.extend(map(str, (created, statuses, overview, await comparer.results())))
        for task_id in statuses:
            seen.append(str(comparer.service._store.task(task_id)))

    serve_and(config(*with_fault(pair, fault)), steps)
    seen += [record.getMessage() for record in caplog.records]
    assert not [text for text in seen if SECRET in text]


@of_servers
@pytest.mark.parametrize("fault", [unreachable, refused])
def test_a_comparison_here_and_now_says_why_nobody_is_let_in(
    pair: tuple[Database, Database], fault: Callable[[Engine], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    urls = with_fault(pair, fault)
    found = compare_databases(*urls, contents=True)
    assert len(found.failures) >= 1
    assert not found.complete
    assert not found.differs
    texts = [*found.failures, repr(found), *(repr(endpoint_of(url, Path.cwd(), {})) for url in urls)]
    assert not [text for text in [*texts, caplog.text] if SECRET in text]


@of_servers
def test_a_database_that_does_not_exist_is_said_to_be_missing(pair: tuple[Database, Database]) -> None:
    for database in pair:
        database.run("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    found = compared(*with_fault(pair, absent))
    assert found.differs
    assert found.contents
    (report,) = found.contents.databases
    side = "source" if pair[0].engine != "sqlite" else "target"
    assert report.message == f"The database is missing in the {side}."


def compared(source: str, target: str, happens: Callable[[Progress], None] = lambda _: None) -> Comparison:
    return compare_databases(
        source, target, objects=False, lines=False, contents=True, options=AT_ONCE, progress=happens
    )


def results(found: Comparison) -> dict[str, str]:
    assert found.contents
    (database,) = found.contents.databases
    return {table.table: str(table.result) for table in database.tables}


def messages(found: Comparison) -> dict[str, str | None]:
    assert found.contents
    (database,) = found.contents.databases
    return {table.table: table.message for table in database.tables}


@pytest.mark.parametrize("pair", PAIRS, ids="-".join, indirect=True)
def test_a_table_that_one_side_lacks_is_told_and_the_others_are_compared(pair: tuple[Database, Database]) -> None:
    source, target = pair
    for database in pair:
        database.run("CREATE TABLE shared (id INTEGER PRIMARY KEY)", "INSERT INTO shared VALUES (1)")
    source.run("CREATE TABLE ours (id INTEGER PRIMARY KEY)", "INSERT INTO ours VALUES (1), (2)")
    target.run("CREATE TABLE theirs (id INTEGER PRIMARY KEY)")
    found = compared(source.url, target.url)
    assert not found.failures
    assert results(found) == {"shared": "CONSISTENT", "ours": "INCONSISTENT", "theirs": "INCONSISTENT"}
    assert messages(found) == {
        "shared": None,
        "ours": "The table is missing in the target.",
        "theirs": "The table is missing in the source.",
    }
    assert found.contents
    (entry,) = [table for table in found.contents.databases[0].tables if table.table == "ours"]
    assert (entry.source_rows, entry.target_rows) == (2, 0)


@contextmanager
def somebody(database: Database, *readable: str) -> Iterator[str]:
    """A URL of a user who may read these tables alone."""
    name = new_name()
    if isinstance(database, PostgresDatabase):
        database.run(
            f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'",
            f"GRANT USAGE ON SCHEMA public TO {name}",
            *(f"GRANT SELECT ON {table} TO {name}" for table in readable),
        )
        remove = f"DROP OWNED BY {name}; DROP ROLE {name}"
    else:
        assert isinstance(database, MysqlDatabase)
        database.run(
            f"CREATE USER '{name}'@'%' IDENTIFIED BY '{SECRET}'",
            # All names are seen, but not all rows.
            f"GRANT INSERT ON {database.name}.* TO '{name}'@'%'",
            *(f"GRANT SELECT ON {database.name}.{table} TO '{name}'@'%'" for table in readable),
        )
        remove = f"DROP USER '{name}'@'%'"
    try:
        yield url_of(database.url, name_of(database), user=name, password=SECRET)
    finally:
        database.run(remove)


@of_servers
def test_a_table_that_may_not_be_read_fails_and_the_others_are_compared(
    pair: tuple[Database, Database], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for database in pair:
        make_three(database)
    at = 0 if pair[0].engine != "sqlite" else 1
    urls = [database.url for database in pair]
    with somebody(pair[at], "a", "c") as urls[at]:
        found = compared(urls[0], urls[1])
    assert results(found) == {"a": "CONSISTENT", "b": "FAILED_TO_COMPARE", "c": "CONSISTENT"}
    assert found.failures
    assert SECRET not in repr(found) + caplog.text


def make_three(database: Database) -> None:
    """The tables a, b and c."""
    for table in "abc":
        database.run(
            f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, v INTEGER)", f"INSERT INTO {table} VALUES (1, 1), (2, 2)"
        )


@dataclass
class Once:
    """Does something when the comparison is at the table."""

    table: str
    action: Callable[[], None]
    done: list[str] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        if progress.table == self.table and not self.done:
            self.done.append(self.table)
            self.action()


CHANGES: dict[str, str | dict[Engine, str]] = {
    "dropped": "DROP TABLE c",
    "altered": "ALTER TABLE c DROP COLUMN v",
    "of another type": {"postgres": "ALTER TABLE c ALTER v TYPE text", "mysql": "ALTER TABLE c MODIFY v text"},
}


@of_servers
@pytest.mark.parametrize("change", CHANGES)
def test_a_table_that_is_changed_meanwhile_fails_and_the_others_are_compared(
    pair: tuple[Database, Database], change: str
) -> None:
    for database in pair:
        make_three(database)
    at = 0 if pair[0].engine != "sqlite" else 1
    statement = CHANGES[change]
    sql = statement if isinstance(statement, str) else statement[pair[at].engine]
    patience = "SET lock_timeout = '10s'" if pair[at].engine == "postgres" else "SET lock_wait_timeout = 10"
    meanwhile = Once("a", lambda: pair[at].run(patience, sql))
    found = compared(pair[0].url, pair[1].url, meanwhile)
    assert meanwhile.done
    assert results(found) == {"a": "CONSISTENT", "b": "CONSISTENT", "c": "FAILED_TO_COMPARE"}
    assert found.failures


def end_connections(database: Database, user: str) -> None:
    """End every connection of the user's."""
    if isinstance(database, PostgresDatabase):
        database.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'")
    else:
        assert isinstance(database, MysqlDatabase)
        for number in database.connections_of(user):
            database.run(f"KILL CONNECTION {number}")


@of_servers
def test_a_server_that_ends_the_connection_in_the_middle_fails_what_is_left_and_keeps_what_is_done(
    pair: tuple[Database, Database],
) -> None:
    for database in pair:
        make_three(database)
    at = 0 if pair[0].engine != "sqlite" else 1
    urls = [database.url for database in pair]
    with somebody(pair[at], "a", "b", "c") as urls[at]:
        user = urlsplit(urls[at]).username or ""
        meanwhile = Once("b", lambda: end_connections(pair[at], user))
        found = compared(urls[0], urls[1], meanwhile)
        again = compared(urls[0], urls[1])
    assert meanwhile.done
    assert results(found) == {"a": "CONSISTENT", "b": "FAILED_TO_COMPARE", "c": "FAILED_TO_COMPARE"}
    assert found.contents
    troubles = {table.trouble for table in found.contents.databases[0].tables if table.table != "a"}
    assert troubles == {("source" if at == 0 else "target", "connection")}
    assert set(results(again).values()) == {"CONSISTENT"}
