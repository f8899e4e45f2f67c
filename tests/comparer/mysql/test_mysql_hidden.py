"""A table on which the user has no right at all: the server hides it, and so it is never told to be missing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from functions.comparer.compare import Comparison, compare_databases
from functions.comparer.core.engine import Stop, TableUnreadable
from functions.comparer.core.results import DataResult, ObjectResult
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.mysql.snapshot import MysqlSnapshot
from functions.comparer.mysql.url import read
from tests.comparer.mysql.servers import Database, server_url, user
from tests.comparer.mysql.test_mysql_many import asked
from tests.comparer.relayed import relayed


def url(account: str, own: Database, port: int | None = None) -> str:
    """The database for an account."""
    server = server_url()
    return f"mysql://{account}:hunter2@{server.host}:{port or server.port}/{own.name}?ssl_mode=DISABLED"


@contextmanager
def seen_by(account: str, own: Database, port: int | None = None) -> Iterator[MysqlSnapshot]:
    """What an account sees of the database."""
    with MysqlEndpoint(read(url(account, own, port), {}, Path())).snapshot(own.name, Stop()) as found:
        assert isinstance(found, MysqlSnapshot)
        yield found


@pytest.fixture
def limited(own: Database) -> Iterator[str]:
    """A user who may read the table a, and could read `gone`; there are b and a view too."""
    own.run(
        "CREATE TABLE a (id INT PRIMARY KEY)",
        "CREATE TABLE b (id INT PRIMARY KEY)",
        "CREATE TABLE gone (id INT PRIMARY KEY)",
        "CREATE VIEW v AS SELECT id FROM b",
        "INSERT INTO a VALUES (1)",
        "INSERT INTO b VALUES (1)",
    )
    grants = [f"GRANT SELECT ON `{own.name}`.{table}" for table in ("a", "gone")]
    with user(own.connection, "hunter2", *grants) as account:
        own.run("DROP TABLE gone")
        yield account


def file(path: Path, *tables: str) -> str:
    """A database of SQLite with these tables, each of which has one row."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in tables:
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)")
            connection.execute(f"INSERT INTO {table} VALUES (1)")
    return str(path)


def compared(source: str, target: str, *, tables: tuple[str, ...] = ()) -> Comparison:
    return compare_databases(source, target, contents=True, tables=tables)


def test_only_what_the_user_might_read_if_it_existed_is_known_not_to(limited: str, own: Database) -> None:
    with seen_by(limited, own) as found:
        assert found.tables() == {"a"}
        assert found.hidden({"b", "v", "gone", "x" * 80, ""}) == {"b", "v"}
        for ask in (found.shape, found.count):
            with pytest.raises(TableUnreadable, match="may not read it") as caught:
                ask("b")
            assert caught.value.damaged
        assert found.count("a") == 1


def test_from_who_may_read_the_whole_database_nothing_is_hidden(own: Database) -> None:
    own.run("CREATE TABLE a (id INT PRIMARY KEY)")
    with (
        user(own.connection, "hunter2", f"GRANT SELECT ON `{own.name}`.*") as account,
        seen_by(account, own) as found,
    ):
        assert found.hidden({f"t{number}" for number in range(10_000)}) == frozenset()


def test_that_thousands_may_be_hidden_takes_a_few_hundred_round_trips_to_see(limited: str, own: Database) -> None:
    names = {f"t{number}" for number in range(3_000)}
    server = server_url()
    with relayed(server.host, server.port) as relay, seen_by(limited, own, relay.port) as found:
        assert found.hidden(names) == names
    assert sum(map(asked, map(bytes, relay.sent))) < 600


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("tables", [(), ("a", "b", "gone")])
def test_a_hidden_table_has_failed_rather_than_being_missing(
    limited: str, own: Database, tmp_path: Path, side: str, tables: tuple[str, ...]
) -> None:
    here, there = file(tmp_path / "other.db", "a", "b", "gone"), url(limited, own)
    found = compared(*((there, here) if side == "source" else (here, there)), tables=tables)
    assert found.lines
    assert found.contents
    for level in (found.lines, found.contents):
        results = {table.table: table for table in level.databases[0].tables}
        assert {name: table.result for name, table in results.items()} == {
            "a": DataResult.CONSISTENT,
            "b": DataResult.FAILED,
            "gone": DataResult.INCONSISTENT,
        }
        assert results["b"].trouble == (side, "statement")
        assert f"can't be read in the {side}: the user may not read it" in str(results["b"].message)
        assert results["gone"].message == f"The table is missing in the {side}."


def test_a_hidden_table_and_what_belongs_to_it_are_objects_that_nobody_can_compare(limited: str, own: Database) -> None:
    found = compare_databases(own.url(), url(limited, own), lines=False)
    assert found.objects
    types = {entry.type: entry for entry in found.objects.types}
    for name, consistent, hidden in (
        ("TABLE", ["a"], ["b"]),
        ("VIEW", [], ["v"]),
        ("INDEX", ["`a`.`PRIMARY`"], ["`b`.`PRIMARY`"]),
    ):
        assert types[name].result is ObjectResult.INCOMPLETE
        by_result = {result: [d.source for d in types[name].details if d.result is result] for result in ObjectResult}
        assert by_result == {
            ObjectResult.CONSISTENT: consistent,
            ObjectResult.INCOMPLETE: hidden,
            ObjectResult.INCONSISTENT: [],
        }
    assert types["TABLE_COLLATION"].result is ObjectResult.INCOMPLETE
    types_told, tables_told = found.remarks
    assert types_told.startswith(f"target database {own.name!r}: the user may not be shown all objects of these types")
    assert "INDEX (SELECT)" in types_told
    assert tables_told == f"target database {own.name!r}: the user may not read, and so isn't told whether it has: b, v"
    assert not found.failures


def test_a_table_that_is_missing_for_sure_stays_a_difference_beside_hidden_ones(
    limited: str, own: Database, tmp_path: Path
) -> None:
    found = compared(file(tmp_path / "other.db", "a", "b", "gone"), url(limited, own))
    assert found.objects
    assert {entry.result for entry in found.objects.types if entry.type == "TABLE"} == {ObjectResult.INCONSISTENT}
