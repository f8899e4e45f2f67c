"""A database on which the user has no right: the server hides it, and so it is never told to be missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.comparer.compare import compare_databases
from functions.comparer.core.engine import Stop, Unreadable
from functions.comparer.core.results import DataResult, ObjectResult
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.mysql.url import read
from tests.comparer.mysql.servers import Database, database, server_url, user
from tests.comparer.mysql.test_mysql_hidden import url


def whole(account: str) -> str:
    """All databases of the server that an account may see."""
    server = server_url()
    return f"mysql://{account}:hunter2@{server.host}:{server.port}?ssl_mode=DISABLED"


def endpoint(address: str) -> MysqlEndpoint:
    return MysqlEndpoint(read(address, {}, Path()))


@pytest.fixture
def other(own: Database) -> Iterator[Database]:
    """A second database; both have the table t."""
    with database(own.connection) as made:
        for each in (own, made):
            each.run("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
        yield made


def test_a_database_that_the_user_may_not_use_cant_be_read(own: Database) -> None:
    with user(own.connection, "hunter2") as account, pytest.raises(Unreadable) as caught:
        endpoint(url(account, own)).names()
    assert f"the user may not use the database {own.name!r}, and so isn't told whether it exists" in str(caught.value)
    assert caught.value.cause == "connection"


def test_who_may_see_all_databases_is_told_that_one_is_missing(own: Database) -> None:
    assert endpoint(own.url()).names() == {own.name}
    with user(own.connection, "hunter2", "GRANT SELECT ON *.*") as account:
        address = url(account, own).replace(own.name, "parity_none")
        assert endpoint(address).names() == frozenset()
        assert endpoint(whole(account)).hidden({"parity_none", own.name}) == frozenset()


def test_of_all_databases_of_a_server_one_may_be_hidden(own: Database, other: Database) -> None:
    with user(own.connection, "hunter2", f"GRANT SELECT ON `{own.name}`.*") as account:
        found = endpoint(whole(account))
        assert own.name in found.names()
        assert other.name not in found.names()
        assert found.hidden({own.name, other.name}) == {other.name}
        with pytest.raises(Unreadable, match="isn't told whether it exists"), found.snapshot(other.name, Stop()):
            pass


def test_who_may_use_all_databases_of_some_name_isnt_told_that_another_is_missing(own: Database) -> None:
    with user(own.connection, "hunter2", "GRANT SELECT ON `parity:%`.*", "GRANT SELECT ON `p% %`.*") as account:
        assert endpoint(whole(account)).hidden({own.name, "parity: none"}) == {own.name}
        with pytest.raises(Unreadable, match="isn't told whether it exists"):
            endpoint(url(account, own)).names()


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_hidden_database_has_failed_rather_than_being_missing(own: Database, other: Database, side: str) -> None:
    grants = [f"GRANT SELECT ON `{each.name}`.*" for each in (own, other)]
    with (
        user(own.connection, "hunter2", *grants) as wide,
        user(own.connection, "hunter2", grants[0]) as narrow,
    ):
        here, there = (narrow, wide) if side == "source" else (wide, narrow)
        found = compare_databases(whole(here), whole(there), contents=True)
    assert found.lines
    assert found.contents
    for level in (found.lines, found.contents):
        assert {each.source_db: each.result for each in level.databases} == {
            own.name: DataResult.CONSISTENT,
            other.name: DataResult.FAILED,
        }
        failed = next(each for each in level.databases if each.source_db == other.name)
        assert failed.trouble == (side, "connection")
    assert found.objects
    types = {entry.type: entry for entry in found.objects.types}
    assert types["TABLE"].result is types["DB"].result is ObjectResult.INCOMPLETE
    counts = types["DB"].source_count, types["DB"].target_count
    assert counts == ((1, 2) if side == "source" else (2, 1))
    assert any(other.name in failure and failure.startswith(side) for failure in found.objects.failures)
    assert not found.differs
