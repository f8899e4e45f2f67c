"""Streams: what comes over the socket beside rows, what ends them, and what is left of the connection then."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from functions.comparer.compare import compare_databases
from functions.comparer.core.cells import rows_in
from functions.comparer.core.engine import Stop, Stopped, TableUnreadable, Unreadable
from functions.comparer.core.kinds import Kind
from functions.comparer.core.options import Options
from functions.comparer.core.table import Reading
from functions.comparer.postgres.decoding import PlainPgDecoder
from functions.comparer.postgres.failures import StatementFailed
from functions.comparer.postgres.session import Session
from functions.comparer.postgres.stream import copied
from functions.comparer.postgres.url import parsed
from tests.comparer.postgres.server import Database, Server, read, reading, values
from tests.comparer.stopping import after, assert_within_a_second, stopped_after

WAYS = pytest.mark.parametrize("direct", [True, False], ids=["from the socket", "by libpq"])
NUMBER = [(int(Kind.INTEGER), "i")]


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[Database]:
    with server.database() as database:
        database.run(
            "CREATE TABLE t (id int PRIMARY KEY, v text)",
            "INSERT INTO t SELECT i, repeat('x', i % 1000) FROM generate_series(1, 3000) AS i",
            "CREATE TABLE other (id int PRIMARY KEY)",
            "INSERT INTO other VALUES (1)",
        )
        yield database


@contextmanager
def session(database: Database, query: str = "", stop: Stop | None = None) -> Iterator[Session]:
    url = parsed(database.server.of(database.name, query), os.environ, Path())
    with closing(Session(url, database.name, stop or Stop())) as session:
        session.begin()
        yield session


def count(blocks: Iterator[bytes]) -> int:
    return sum(1 for block in blocks for _ in rows_in(block))


def numbers(session: Session, select: str, *, direct: bool) -> int:
    return count(copied(session, select, PlainPgDecoder(NUMBER, 0), direct=direct))


@WAYS
def test_rows_of_any_length_come_whole_and_the_connection_goes_on(filled: Database, direct: bool) -> None:
    select = "SELECT i, repeat('ä', i) FROM unnest(ARRAY[0, 1, 200000, 5, 70000, 400000, 2]) AS i"
    columns = [(int(Kind.INTEGER), "i"), (int(Kind.TEXT), "t")]
    with session(filled) as connection:
        blocks = b"".join(copied(connection, select, PlainPgDecoder(columns, 0), direct=direct))
        assert [len(row) - 22 for row in rows_in(blocks)] == [0, 2, 400_000, 10, 140_000, 800_000, 4]
        assert connection.rows("SELECT 1") == [("1",)]
        assert numbers(connection, "SELECT i FROM generate_series(1, 30000) AS i", direct=direct) == 30_000
        assert numbers(connection, "SELECT 1 WHERE false", direct=direct) == 0


@WAYS
def test_a_block_is_never_empty_and_of_some_hundred_kilobytes(filled: Database, direct: bool) -> None:
    with session(filled) as connection:
        blocks = list(
            copied(connection, "SELECT i FROM generate_series(1, 60000) AS i", PlainPgDecoder(NUMBER, 0), direct=direct)
        )
    assert all(blocks)
    assert all(128 * 1024 <= len(block) <= 600_000 for block in blocks[:-1])


@WAYS
@pytest.mark.parametrize("failing", ["1 / (i - 20000)", "i / 0", "none"])
def test_an_error_in_the_middle_is_told_and_the_connection_goes_on(
    filled: Database, direct: bool, failing: str
) -> None:
    with session(filled) as connection:
        with pytest.raises(StatementFailed, match=r"division by zero|does not exist"):
            numbers(connection, f"SELECT {failing} FROM generate_series(1, 40000) AS i", direct=direct)
        assert connection.rows("SELECT 1") == [("1",)]
        assert numbers(connection, "SELECT 1", direct=direct) == 1


@WAYS
def test_what_is_no_row_may_come_between_rows(filled: Database, direct: bool) -> None:
    filled.run(
        """CREATE OR REPLACE FUNCTION noisy(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        IF i % 5000 = 0 THEN
            RAISE WARNING 'noise %', repeat('n', i);
            PERFORM set_config('application_name', i::text, true);
        END IF;
        RETURN i; END $$"""
    )
    with session(filled) as connection:
        connection.run("SET LOCAL client_min_messages = notice")
        assert (
            numbers(connection, "SELECT public.noisy(i) FROM generate_series(1, 20000) AS i", direct=direct) == 20_000
        )


@WAYS
def test_a_stream_that_is_closed_early_leaves_nothing_running_and_a_usable_connection(
    filled: Database, direct: bool
) -> None:
    with session(filled) as connection:
        select = "SELECT generate_series(1, 100000000)"

        def attempt() -> float:
            stream = copied(connection, select, PlainPgDecoder(NUMBER, 0), direct=direct)
            next(stream)
            began = time.monotonic()
            stream.close()
            return time.monotonic() - began

        assert_within_a_second(attempt, most=2)
        assert connection.rows("SELECT 1") == [("1",)]


@WAYS
def test_a_server_that_ends_the_connection_in_the_middle_is_a_lost_connection(filled: Database, direct: bool) -> None:
    with session(filled) as connection:
        stream = copied(
            connection,
            "SELECT generate_series(1, 100000000)",
            PlainPgDecoder(NUMBER, 0),
            direct=direct,
        )
        next(stream)
        filled.run(f"SELECT pg_terminate_backend({connection.connection.backend_pid})")
        with pytest.raises(Unreadable) as error:
            list(stream)
        assert error.value.cause == "connection"
        with pytest.raises(Unreadable):
            connection.rows("SELECT 1")


@WAYS
@pytest.mark.parametrize("select", ["SELECT 1 FROM pg_sleep(60)", "SELECT generate_series(1, 1000000000)"])
def test_stopping_takes_effect_within_a_second_and_the_server_runs_nothing_any_more(
    filled: Database, direct: bool, select: str
) -> None:
    def attempt() -> float:
        stop = Stop()
        with session(filled, stop=stop) as connection:
            pid = connection.connection.backend_pid
            taken = stopped_after(stop, after(0.3), lambda: numbers(connection, select, direct=direct))
        assert eventually(lambda: not filled.run(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"))
        return taken

    assert_within_a_second(attempt)


def connected(database: Database) -> int:
    """How many connections there are, without the one that asks."""
    where = f"datname = '{database.name}' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    ((found,),) = database.run(f"SELECT count(*)::int FROM pg_stat_activity WHERE {where}")
    assert isinstance(found, int)
    return found


def eventually(true: Callable[[], bool]) -> bool:
    """Whether it becomes true in seconds: a server's process ends when it has seen that nobody is there."""
    deadline = time.monotonic() + 10
    while not true():
        if time.monotonic() > deadline:
            return False
    return True


def test_stopping_ends_the_wait_for_a_server_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stop = Stop()
        asking = threading.Timer(0.2, stop.ask)
        asking.start()
        url = parsed(f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/d", {}, Path())
        with pytest.raises(Stopped):
            Session(url, "d", stop)
        asking.join()


def test_a_server_that_does_not_answer_is_given_up_after_the_time_for_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = parsed(f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/d?connect_timeout=0.3", {}, Path())
        with pytest.raises(Unreadable, match=r"within 0\.3 seconds") as error:
            Session(url, "d", Stop())
        assert error.value.cause == "connection"


def test_a_statement_that_takes_longer_than_allowed_says_so_and_the_others_go_on(filled: Database) -> None:
    filled.run(
        "CREATE FUNCTION slow() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 FROM pg_sleep(30)'",
        "CREATE TABLE slow (id int PRIMARY KEY, v int)",
        "INSERT INTO slow VALUES (1, 1)",
    )
    with session(filled, "statement_timeout=0.2") as connection:
        with pytest.raises(StatementFailed) as error:
            numbers(connection, "SELECT public.slow()", direct=True)
        assert error.value.cause == "time"
        assert connection.rows("SELECT 1") == [("1",)]


def test_one_connection_reads_one_stream_at_a_time_and_says_so(filled: Database) -> None:
    with filled.snapshot("connections=1") as snapshot:
        wanted, other = reading(snapshot, "t"), reading(snapshot, "other")
        stream = snapshot.stream(wanted)
        next(stream)
        with pytest.raises(RuntimeError, match="no more than 1 connections"):
            next(iter(snapshot.stream(other)))
        assert "WHERE" in snapshot.statement("t", ("id",), (1,))
        stream.close()  # type: ignore[attr-defined]
        assert len(read(snapshot, "other")) == 1


def test_several_connections_see_the_same_moment(filled: Database) -> None:
    with filled.snapshot("connections=3") as snapshot:
        wanted = reading(snapshot, "t")
        first = snapshot.stream(wanted)
        next(first)
        filled.run("UPDATE t SET v = 'changed'", "DELETE FROM other")
        second = snapshot.stream(wanted, None, (10,))
        assert all(b"changed" not in block for block in second)
        found: list[int] = []
        readers = [threading.Thread(target=lambda: found.append(count(snapshot.stream(wanted)))) for _ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert found == [3000] * 4
        assert count(snapshot.stream(reading(snapshot, "other"))) == 1
        assert connected(filled) == 3
        first.close()  # type: ignore[attr-defined]
    filled.run("INSERT INTO other VALUES (1)")


def test_where_there_are_fewer_connections_than_allowed_those_that_are_there_do(filled: Database) -> None:
    account = f"parity_{filled.name[-8:]}"
    filled.run(f"CREATE ROLE {account} LOGIN CONNECTION LIMIT 1", f"GRANT SELECT ON t TO {account}")
    try:
        with filled.snapshot("connections=3", account=account) as snapshot:
            wanted = reading(snapshot, "t")
            found: list[int] = []
            readers = [threading.Thread(target=lambda: found.append(count(snapshot.stream(wanted)))) for _ in range(3)]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            assert found == [3000] * 3
            first = snapshot.stream(wanted)
            next(first)
            with pytest.raises(RuntimeError, match="no more than 1 connections"):
                next(iter(snapshot.stream(wanted)))
            first.close()  # type: ignore[attr-defined]
    finally:
        filled.run(f"DROP OWNED BY {account}", f"DROP ROLE {account}")


def test_nothing_is_left_open_after_the_end(filled: Database) -> None:
    with filled.snapshot("connections=2") as snapshot:
        left = snapshot.stream(reading(snapshot, "t"))
        next(left)
    assert eventually(lambda: connected(filled) == 0)
    left.close()  # type: ignore[attr-defined]


def test_a_table_is_not_kept_from_its_owner_once_it_has_been_read(filled: Database) -> None:
    filled.run("CREATE TABLE passing (id int PRIMARY KEY)")
    with filled.snapshot() as snapshot:
        assert read(snapshot, "passing") == []
        with filled.connect() as connection:
            connection.execute("SET lock_timeout = '1s'")
            connection.execute("DROP TABLE passing")
        with pytest.raises(TableUnreadable):
            read(snapshot, "passing")


def test_of_many_short_rows_that_come_at_once_and_differ_every_one_is_kept(server: Server) -> None:
    with server.database() as source, server.database() as target:
        for database, rows in ((source, 9_000), (target, 0)):
            database.run("CREATE TABLE t (id int PRIMARY KEY)", f"INSERT INTO t SELECT generate_series(1, {rows})")
        urls = [database.server.of(database.name) for database in (source, target)]
        found = compare_databases(*urls, contents=True, objects=False, lines=False, options=Options(settle=0))
    assert found.contents is not None
    ((table,),) = (database.tables for database in found.contents.databases)
    assert (str(table.result), table.missing, table.kept) == ("INCONSISTENT", 9_000, 9_000)


def test_a_table_without_a_key_is_read_from_its_beginning_wherever_others_read_it(server: Server) -> None:
    with server.database() as database:
        database.run("CREATE TABLE t (id int, v text)", "ALTER TABLE t ALTER v SET STORAGE PLAIN")
        # More than a quarter of what the server keeps in memory, of which the shortest reading is a row.
        ((blocks,),) = database.run("SELECT setting::int / 4 + 100 FROM pg_settings WHERE name = 'shared_buffers'")
        database.run(f"INSERT INTO t SELECT i, repeat('x', 8000) FROM generate_series(1, {blocks}) AS i")
        with database.connect() as other, other.transaction():
            other.execute("DECLARE c CURSOR FOR SELECT id FROM t")
            assert len(other.execute("FETCH 1000 FROM c").fetchall()) == 1000
            with database.snapshot() as snapshot:
                wanted = Reading("t", ("id",), (Kind.INTEGER,), 0)
                assert next(iter(values(snapshot.stream(wanted), wanted.kinds))) == (1,)


def test_a_table_without_a_key_is_read_as_its_rows_lie_also_where_several_processes_would_be_quicker(
    server: Server,
) -> None:
    with server.database() as database:
        for cost in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"):
            database.run(f"ALTER DATABASE {database.name} SET {cost} = 0")
        database.run("CREATE TABLE t (id int)", "INSERT INTO t SELECT generate_series(1, 100000)", "ANALYZE t")
        assert "Gather" in str(database.run("EXPLAIN SELECT id FROM t"))
        with database.snapshot() as snapshot:
            assert read(snapshot, "t") == [(number,) for number in range(1, 100001)]


def test_the_session_can_write_nothing(filled: Database) -> None:
    with session(filled) as connection, pytest.raises(StatementFailed, match="read-only"):
        connection.run("CREATE TABLE x ()")


def test_psycopg_brings_the_cancelling_that_is_used() -> None:
    assert psycopg.capabilities.has_cancel_safe()


@pytest.mark.parametrize("asked", ["stream", "count", "shape"])
def test_whatever_is_asked_of_a_snapshot_can_be_stopped_while_the_server_waits(filled: Database, asked: str) -> None:
    def attempt() -> float:
        stop = Stop()
        with filled.connect() as holder, filled.snapshot(stop=stop) as snapshot:
            wanted = reading(snapshot, "other")
            asks: dict[str, Callable[[], object]] = {
                "stream": lambda: list(snapshot.stream(wanted)),
                "count": lambda: snapshot.count("other"),
                "shape": lambda: snapshot.shape("t"),
            }
            with holder.transaction():
                holder.execute("LOCK TABLE other, t IN ACCESS EXCLUSIVE MODE")
                taken = stopped_after(stop, after(0.2), asks[asked])
                assert eventually(lambda: connected(filled) == 1)
        return taken

    assert_within_a_second(attempt)


def test_names_of_hosts_are_resolved_and_every_address_is_tried(filled: Database) -> None:
    url = parsed(filled.server.of(filled.name).replace("127.0.0.1", "localhost"), os.environ, Path())
    with closing(Session(url, filled.name, Stop())) as connection:
        assert connection.release >= 130000
    nowhere = parsed("postgresql://u@nowhere.invalid/d", {}, Path())
    with pytest.raises(Unreadable, match=r"nowhere\.invalid") as error:
        Session(nowhere, "d", Stop())
    assert error.value.cause == "connection"


def test_a_server_without_tls_is_refused_where_tls_is_asked_for(filled: Database) -> None:
    if filled.run("SHOW ssl") != [("off",)]:
        pytest.skip("the server has TLS")
    with pytest.raises(Unreadable, match="SSL") as error, session(filled, "sslmode=require"):
        pass
    assert error.value.cause == "connection"
