"""What goes wrong at a server is told as what it is, never with the password, and one table's trouble is its own."""

import socket
import threading
import traceback
from contextlib import closing
from pathlib import Path

import pytest

from functions.comparer.core import cells
from functions.comparer.core.engine import Stop, TableUnreadable, Unreadable
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.mysql.url import read
from tests.comparer.mysql.servers import Database, connected, reading_of, rows_of, server_url, user

PASSWORD = "hünter2-€"


def endpoint(**changed: str) -> MysqlEndpoint:
    """The server of the tests, with another user, password, host, port or database."""
    url = server_url()
    parts = {"user": url.user, "password": "", "host": url.host, "port": str(url.port), "rest": "", **changed}
    text = "mysql://{user}:{password}@{host}:{port}/{rest}".format(**parts)
    return MysqlEndpoint(read(text, {}, Path()))


def told(caught: pytest.ExceptionInfo[BaseException]) -> str:
    """All that a log would show of an error."""
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("password", ["hunter2", "hünter2-€"])
def test_a_refused_login_is_told_without_the_password(password: str) -> None:
    with pytest.raises(Unreadable, match=r"^MySQL server .*Access denied") as caught:
        endpoint(user="nobody-here", password=password).names()
    assert caught.value.cause == "connection"
    assert password not in told(caught)
    assert "hunter2" not in told(caught)


def test_a_host_that_is_not_there_is_told() -> None:
    with pytest.raises(Unreadable, match=r"nowhere\.invalid") as caught:
        endpoint(host="nowhere.invalid").names()
    assert caught.value.cause == "connection"


def test_a_server_that_never_answers_is_given_up_after_the_time_that_the_url_says() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute, pytest.raises(Unreadable) as caught:
        endpoint(host="127.0.0.1", port=str(mute.getsockname()[1]), rest="?connect_timeout=0.3").names()
    assert caught.value.cause == "connection"


def test_what_is_no_server_of_mysql_is_told() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as stranger:

        def speak() -> None:
            with stranger.accept()[0] as connection:
                connection.sendall(b"\x05\0\0\0hello")

        speaking = threading.Thread(target=speak)
        speaking.start()
        with pytest.raises(Unreadable, match="doesn't answer as") as caught:
            endpoint(host="127.0.0.1", port=str(stranger.getsockname()[1])).names()
        speaking.join()
    assert caught.value.cause == "connection"


@pytest.mark.usefixtures("server")
def test_a_file_with_the_password_is_read_and_one_that_is_missing_is_told(tmp_path: Path, own: Database) -> None:
    (tmp_path / "secret").write_bytes((PASSWORD + "\n").encode())
    with user(own.connection, PASSWORD, f"GRANT SELECT ON `{own.name}`.*") as name:
        url = server_url()
        text = f"mysql://{name}@{url.host}:{url.port}?password_file="
        assert own.name in MysqlEndpoint.of_url(text + "secret", {}, tmp_path).names()
        with pytest.raises(Unreadable, match="password_file: No such file"):
            MysqlEndpoint.of_url(text + "missing", {}, tmp_path).names()


@pytest.mark.usefixtures("server")
def test_a_database_that_does_not_exist_is_none_of_the_names() -> None:
    found = endpoint(rest="parity_never_made")
    assert found.single
    assert found.names() == frozenset()
    with (
        pytest.raises(Unreadable, match="no database 'parity_never_made'") as caught,
        found.snapshot("parity_never_made", Stop()),
    ):
        raise AssertionError
    assert caught.value.cause == "connection"


def test_the_names_are_those_of_all_databases_but_the_servers_own(own: Database) -> None:
    names = endpoint().names()
    assert own.name in names
    assert not names & {"mysql", "information_schema", "performance_schema", "sys"}
    assert own.endpoint().names() == {own.name}


def test_a_table_that_may_not_be_read_is_damaged_and_the_others_go_on(own: Database) -> None:
    own.run(
        "CREATE TABLE a (id INT PRIMARY KEY)", "CREATE TABLE b (id INT PRIMARY KEY, v INT)", "INSERT INTO a VALUES (1)"
    )
    grants = f"GRANT SELECT ON `{own.name}`.a", f"GRANT INSERT ON `{own.name}`.b"
    with (
        user(own.connection, "hunter2", *grants) as name,
        endpoint(user=name, password="hunter2").snapshot(own.name, Stop()) as found,
    ):
        assert found.tables() == {"a", "b"}
        for ask in (found.shape, found.count):
            with pytest.raises(TableUnreadable, match="denied") as caught:
                ask("b")
            assert caught.value.damaged
            assert caught.value.cause == "statement"
            assert "hunter2" not in told(caught)
        assert found.count("a") == 1


def test_a_table_with_a_column_that_may_not_be_read_is_damaged_rather_than_compared_without_it(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY, v INT, secret INT)")
    with (
        user(own.connection, "hunter2", f"GRANT SELECT (id, v) ON `{own.name}`.t") as name,
        endpoint(user=name, password="hunter2").snapshot(own.name, Stop()) as found,
        pytest.raises(TableUnreadable, match="denied") as caught,
    ):
        found.shape("t")
    assert caught.value.damaged


@pytest.mark.parametrize("change", ["DROP TABLE t", "ALTER TABLE t DROP COLUMN v"])
def test_a_table_that_is_dropped_or_altered_meanwhile_is_damaged_and_the_others_go_on(
    own: Database, change: str
) -> None:
    own.run(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT)",
        "CREATE TABLE u (id INT PRIMARY KEY)",
        "INSERT INTO t VALUES (1, 1)",
    )
    with own.snapshot() as found:
        reading = reading_of(found, "t", ("id", "v"))
        assert len(rows_of(found, reading)) == 1
        own.run("SET lock_wait_timeout = 2", change)  # Nothing that is over holds a lock.
        with pytest.raises(TableUnreadable) as caught:
            rows_of(found, reading)
        assert caught.value.damaged
        assert rows_of(found, reading_of(found, "u", ("id",))) == []


def test_a_snapshot_stays_as_it_was_when_it_began_on_each_of_its_connections(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    with own.snapshot(connections=2) as found:
        own.run("INSERT INTO t VALUES (2)")
        reading = reading_of(found, "t", ("id",))
        with closing(found.stream(reading)) as one, closing(found.stream(reading)) as other:  # type: ignore[type-var]
            assert next(one) == next(other) == cells.row_of([cells.integer(1)], 1)
    with own.snapshot() as found:
        assert found.count("t") == 2


def test_one_connection_reads_one_thing_at_a_time_and_says_so(own: Database) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    with own.snapshot(connections=1) as found:
        reading = reading_of(found, "t", ("id",))
        with closing(found.stream(reading)) as stream:  # type: ignore[type-var]
            next(stream)
            with pytest.raises(RuntimeError, match="has to be closed"):
                found.count("t")
        assert found.count("t") == 1


def numbered(own: Database, rows: int) -> None:
    """A table (id, v) of so many rows of about a kilobyte."""
    own.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(1000))", "CREATE TABLE d (n INT PRIMARY KEY)")
    own.run(f"INSERT INTO d VALUES {', '.join(f'({n})' for n in range(100))}")
    own.run(
        "INSERT INTO t SELECT a.n * 10000 + b.n * 100 + c.n, REPEAT('x', 1000) FROM d a, d b, d c"
        f" WHERE a.n * 10000 + b.n * 100 + c.n < {rows}"
    )


def test_a_killed_connection_is_the_databases_trouble(own: Database) -> None:
    numbered(own, 10_000)
    with own.snapshot() as found:
        stream = found.stream(reading_of(found, "t", ("id", "v")))
        next(stream)
        with connected() as other, other.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE info LIKE %s AND id <> CONNECTION_ID()",
                (f"%{own.name}%",),
            )
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL CONNECTION {number}")
        with pytest.raises(Unreadable) as caught:
            list(stream)
        assert caught.value.cause == "connection"


def test_a_statement_that_takes_longer_than_allowed_is_told_as_that_and_the_others_go_on(own: Database) -> None:
    own.endless()
    with own.snapshot(statement_timeout=0.3) as found:
        for work in (lambda: found.count("w"), lambda: list(found.stream(reading_of(found, "w", ("n",), key=0)))):
            with pytest.raises(TableUnreadable) as caught:
                work()
            assert caught.value.cause == "time"
        assert found.count("d") == 1000
