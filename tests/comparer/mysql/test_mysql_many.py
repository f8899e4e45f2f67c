"""Many tables: they are looked up and tried together, and each still has its own result."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pymysql
import pytest

from functions.comparer.core.engine import Stop, TableUnreadable
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Shape
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.mysql.snapshot import MysqlSnapshot
from functions.comparer.mysql.url import read
from tests.comparer.mysql.servers import (
    Database,
    connected,
    database,
    reading_of,
    rows_of,
    server_url,
    user,
)
from tests.comparer.relayed import relayed

NAMES = [f"t{number:02d}" for number in range(40)]


@pytest.fixture
def many(server: pymysql.Connection) -> Iterator[Database]:
    """A database of many tables, no two alike."""
    with database(server) as made:
        for number, name in enumerate(NAMES):
            columns = "".join(f", c{column} VARCHAR({number + 1}) NOT NULL" for column in range(number % 4))
            rest = f"{columns}, UNIQUE KEY by_c (c0), j JSON" if columns else columns
            made.run(f"CREATE TABLE {name} (id INT PRIMARY KEY, v DECIMAL(60, {number % 30}){rest})")
            if number % 4 == 0:
                made.run(f"INSERT INTO {name} VALUES {', '.join(f'({row}, 1)' for row in range(number + 1))}")
        yield made


def of(account: str, made: Database) -> MysqlEndpoint:
    """The database for an account."""
    url = server_url()
    text = f"mysql://{account}:hunter2@{url.host}:{url.port}/{made.name}?ssl_mode=DISABLED"
    return MysqlEndpoint(read(text, {}, Path()))


def shapes(found: MysqlSnapshot) -> dict[str, Shape]:
    """Of all tables, asked for in order."""
    return {name: found.shape(name) for name in sorted(found.tables())}


def asked(sent: bytes) -> int:
    """How many commands a client has sent: each begins a count of packets."""
    at = found = 0
    while at < len(sent):
        found += sent[at + 3] == 0
        at += 4 + int.from_bytes(sent[at : at + 3], "little")
    return found


def test_a_table_is_asked_about_once_however_many_there_are(many: Database) -> None:
    url = server_url()
    with relayed(url.host, url.port) as relay:
        text = f"mysql://{url.user}@127.0.0.1:{relay.port}/{many.name}?ssl_mode=DISABLED"
        with MysqlEndpoint(read(text, {}, Path())).snapshot(many.name, Stop()) as found:
            assert isinstance(found, MysqlSnapshot)
            assert len(shapes(found)) == len(NAMES)
            for number, name in enumerate(NAMES):
                found.about(name)
                rows = rows_of(found, reading_of(found, name, ("id", "v")))
                assert len(rows) == (0 if number % 4 else number + 1)
    # Prepared, run, forgotten, and its lock given up; and some for the database.
    assert sum(map(asked, map(bytes, relay.sent))) <= 4 * len(NAMES) + 60


def test_tables_that_are_looked_up_together_are_as_they_are_alone(many: Database) -> None:
    with many.snapshot() as found:
        together = shapes(found)
        about = {name: found.about(name) for name in NAMES}
    assert len(set(together.values())) == len(NAMES)
    assert [key.columns for key in together["t33"].keys] == [("id",), ("c0",)]
    assert together["t33"].columns[-1].type.kind is Kind.JSON
    with many.snapshot() as found:
        assert {name: found.shape(name) for name in reversed(NAMES)} == together
        assert {name: found.about(name) for name in NAMES} == about


def test_tables_whose_names_differ_in_case_alone_are_two(own: Database) -> None:
    if own.rows("SELECT @@lower_case_table_names") != [(0,)]:
        pytest.skip("the server has lower_case_table_names, by which `t` and `T` are one table: there can't be two")
    own.run(
        "CREATE TABLE t (id INT PRIMARY KEY, a INT)",
        "CREATE TABLE T (id INT, b TEXT, c JSON)",
        "CREATE TABLE u (id INT PRIMARY KEY)",
    )
    with own.snapshot() as found:
        together = shapes(found)
    alone = {}
    for name in together:
        with own.snapshot() as found:
            alone[name] = found.shape(name)
    assert alone == together
    assert [column.name for column in together["T"].columns] == ["id", "b", "c"]
    assert [column.name for column in together["t"].columns] == ["id", "a"]
    assert (len(together["T"].keys), len(together["t"].keys)) == (0, 1)


def test_of_tables_that_are_tried_together_the_one_that_may_not_be_read_fails_alone_and_by_its_name(
    many: Database,
) -> None:
    grants = [
        f"GRANT {'SELECT (id)' if name == 't30' else 'INSERT' if name == 't07' else 'SELECT'} ON `{many.name}`.{name}"
        for name in NAMES
    ]
    with user(many.connection, "hunter2", *grants) as account, of(account, many).snapshot(many.name, Stop()) as found:
        assert found.tables() == set(NAMES)
        for name in NAMES:
            if name in {"t07", "t30"}:
                with pytest.raises(TableUnreadable, match=f"denied .*{name}"):
                    found.shape(name)
            else:
                assert found.shape(name).columns
        assert found.count("t08") == 9


def test_of_tables_that_are_looked_up_together_the_one_that_is_dropped_meanwhile_fails_alone(many: Database) -> None:
    with many.snapshot() as found:
        assert found.tables() == set(NAMES)
        many.run("DROP TABLE t11")
        for name in NAMES:
            if name == "t11":
                with pytest.raises(TableUnreadable, match="doesn't exist"):  # MySQL's catalog stays as it was
                    found.shape(name)
            else:
                found.shape(name)


def test_a_table_that_somebody_has_locked_keeps_no_other_from_being_read(many: Database) -> None:
    with many.snapshot(statement_timeout=0.3) as found, connected() as holder, holder.cursor() as cursor:
        assert found.tables() == set(NAMES)
        cursor.execute(f"LOCK TABLES `{many.name}`.t11 WRITE")
        for name in NAMES:
            if name == "t11":
                with pytest.raises(TableUnreadable) as caught:
                    found.shape(name)
                assert caught.value.cause == "time"
            else:
                found.shape(name)


def test_nothing_is_locked_once_tables_have_been_looked_up_or_read(many: Database) -> None:
    with many.snapshot() as found:
        shapes(found)
        many.run("SET lock_wait_timeout = 2", *(f"ALTER TABLE {name} ADD COLUMN more INT" for name in NAMES))


def test_a_statement_that_cannot_be_prepared_leaves_the_connection_as_good_as_it_was(many: Database) -> None:
    with (
        user(many.connection, "hunter2", f"GRANT SELECT ON `{many.name}`.*") as account,
        of(account, many).snapshot(many.name, Stop()) as found,
    ):
        assert isinstance(found, MysqlSnapshot)
        gone, there = (reading_of(found, name, ("id", "v")) for name in ("t04", "t08"))
        asking = f"SELECT id FROM information_schema.processlist WHERE user = '{account}'"
        before = many.rows(asking)
        many.run("ALTER TABLE t04 DROP COLUMN v")
        for _ in range(3):
            with pytest.raises(TableUnreadable):
                rows_of(found, gone)
            assert len(rows_of(found, there)) == 9
        assert many.rows(asking) == before


def test_a_stream_that_is_closed_early_leaves_the_connection_to_the_next_one(many: Database) -> None:
    many.run("CREATE TABLE big (id INT PRIMARY KEY, v VARCHAR(4000))")
    many.run("INSERT INTO big SELECT a.id * 37 + b.id, REPEAT('x', 4000) FROM t36 a, t36 b")
    with many.snapshot(connections=1) as found:
        for _ in range(3):
            with closing(found.stream(reading_of(found, "big", ("id", "v")))) as stream:  # type: ignore[type-var]
                next(stream)
            assert len(rows_of(found, reading_of(found, "t08", ("id", "v")))) == 9
        assert len(rows_of(found, reading_of(found, "big", ("id", "v")))) == 37 * 37


def test_a_snapshot_has_as_many_connections_as_it_is_given(own: Database) -> None:
    endpoint = own.endpoint(connections=3)
    assert endpoint.connections == 3
    for given, expected in ((None, 3), (2, 2), (1, 1)):
        with endpoint.snapshot(own.name, Stop(), given) as found:
            assert found.connections == expected
