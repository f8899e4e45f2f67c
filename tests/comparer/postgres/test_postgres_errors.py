"""What goes wrong with a table or a server: told with its reason, never with a secret, and the others go on."""

import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from functions.comparer.core.engine import Stop, TableUnreadable, Unreadable
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Reading
from functions.comparer.postgres.endpoint import PostgresEndpoint
from tests.comparer.postgres.server import Database, read, reading


@contextmanager
def role(database: Database) -> Iterator[str]:
    """A role that may read what is granted to it, and no more."""
    name = f"parity_{uuid.uuid4().hex[:8]}"
    database.run(f"CREATE ROLE {name} LOGIN")
    try:
        yield name
    finally:
        database.run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def two_tables(database: Database) -> None:
    for name in ("a", "b"):
        database.run(
            f"DROP TABLE IF EXISTS {name}",
            f"CREATE TABLE {name} (id int PRIMARY KEY, v text)",
            f"INSERT INTO {name} SELECT i, 'v' FROM generate_series(1, 100) AS i",
        )


def failed(error: pytest.ExceptionInfo[TableUnreadable]) -> tuple[bool, str]:
    return error.value.damaged, error.value.cause


def test_a_table_dropped_meanwhile_fails_and_the_others_go_on(database: Database) -> None:
    two_tables(database)
    with database.snapshot() as snapshot:
        wanted = reading(snapshot, "a")
        database.run("DROP TABLE a")
        for ask in (
            lambda: snapshot.count("a"),
            lambda: list(snapshot.stream(wanted)),
            lambda: list(snapshot.at(wanted, [(1,)])),
        ):
            with pytest.raises(TableUnreadable, match="does not exist") as error:
                ask()
            assert failed(error) == (True, "statement")
        assert len(read(snapshot, "b")) == 100


@pytest.mark.parametrize(
    "change",
    [
        "TRUNCATE a",
        "ALTER TABLE a ALTER v TYPE int USING 1",
        "DROP TABLE a; CREATE TABLE a (id int PRIMARY KEY, v text)",
        "ALTER TABLE a DROP COLUMN v",
        "ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a; ALTER TABLE c RENAME TO b",
    ],
)
def test_a_table_changed_meanwhile_fails_instead_of_looking_empty(database: Database, change: str) -> None:
    two_tables(database)
    with database.snapshot() as snapshot:
        wanted = reading(snapshot, "a")
        database.run(change)
        with pytest.raises(TableUnreadable) as error:
            list(snapshot.stream(wanted))
        assert failed(error) == (True, "statement")
        if "DROP COLUMN" not in change:
            with pytest.raises(TableUnreadable, match="while it was compared"):
                snapshot.count("a")


def test_a_partition_that_is_taken_away_meanwhile_is_noticed(database: Database) -> None:
    database.run(
        "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)",
        "INSERT INTO p SELECT i FROM generate_series(1, 19) AS i",
    )
    with database.snapshot() as snapshot:
        assert {"p"} <= snapshot.tables() <= {"p", "a", "b"}
        assert snapshot.count("p") == 19
        database.run("ALTER TABLE p DETACH PARTITION p2")
        with pytest.raises(TableUnreadable, match="while it was compared"):
            snapshot.count("p")


def test_a_table_that_may_not_be_read_fails_and_the_others_go_on(database: Database) -> None:
    two_tables(database)
    with role(database) as account:
        database.run(f"GRANT SELECT ON b TO {account}")
        with database.snapshot(account=account) as snapshot:
            for ask in (snapshot.count, snapshot.shape):
                with pytest.raises(TableUnreadable, match="permission denied for table a") as error:
                    ask("a")
                assert failed(error) == (True, "statement")
            assert snapshot.count("b") == len(read(snapshot, "b")) == 100


def test_rows_that_a_policy_hides_are_not_left_out_in_silence(database: Database) -> None:
    two_tables(database)
    with role(database) as account:
        database.run(
            f"GRANT SELECT ON a, b TO {account}",
            "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY half ON a USING (id < 50)",
        )
        with database.snapshot(account=account) as snapshot:
            with pytest.raises(TableUnreadable, match="row-level security"):
                snapshot.count("a")
            assert snapshot.count("b") == 100


def test_a_server_that_ends_the_connection_makes_the_database_unreadable(database: Database) -> None:
    two_tables(database)
    with database.snapshot() as snapshot:
        wanted = reading(snapshot, "a")
        database.run(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database.name}'"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        for ask in (lambda: list(snapshot.stream(wanted)), lambda: snapshot.count("b"), snapshot.objects):
            with pytest.raises(Unreadable, match="lost") as error:
                ask()
            assert error.value.cause == "connection"
            assert not str(error.value).endswith(".")  # It becomes a part of a sentence.
        assert {"a", "b"} <= snapshot.tables()


def test_a_server_that_hangs_up_is_told_without_a_full_stop_of_its_own() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as rude:

        def hang_up() -> None:
            for _ in range(3):  # The database is asked, and two others that may know whether there is one.
                with rude.accept()[0] as connection:
                    connection.recv(1024)

        hanging_up = threading.Thread(target=hang_up)
        hanging_up.start()
        url = f"postgresql://me@127.0.0.1:{rude.getsockname()[1]}/shop?sslmode=disable"
        with pytest.raises(Unreadable, match=r"[^.]$") as error:
            PostgresEndpoint.of_url(url, {}, Path()).names()
        hanging_up.join()
    assert error.value.cause == "connection"


def test_a_time_limit_ends_one_table_alone(database: Database) -> None:
    two_tables(database)
    with database.snapshot("statement_timeout=0.3") as snapshot:
        wanted = reading(snapshot, "a")
        with database.connect() as holder, holder.transaction():
            holder.execute("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(TableUnreadable, match="timeout") as error:
                list(snapshot.stream(wanted))
            assert failed(error) == (True, "time")
        assert len(read(snapshot, "b")) == 100


def test_a_column_that_is_of_another_type_now_fails(database: Database) -> None:
    two_tables(database)
    with database.snapshot() as snapshot, pytest.raises(TableUnreadable, match="of type text now") as error:
        list(snapshot.stream(Reading("a", ("id", "v"), (Kind.INTEGER, Kind.INTEGER), 1)))
    assert error.value.damaged


def test_rows_are_told_apart_by_the_types_of_their_columns_alone(database: Database) -> None:
    two_tables(database)
    with database.snapshot() as snapshot, pytest.raises(TableUnreadable, match="types"):
        snapshot.rows("a", ("id",))


def test_a_database_that_does_not_exist_has_no_name_and_one_that_does_is_single(database: Database) -> None:
    assert database.endpoint().names() == {database.name}
    assert database.endpoint().single
    missing = Database(database.server, f"{database.name}_missing")
    assert missing.endpoint().names() == frozenset()
    with pytest.raises(Unreadable, match="does not exist") as error, missing.snapshot():
        pass
    assert error.value.cause == "connection"


def test_without_a_database_all_of_the_server_are_there_that_are_not_its_own(database: Database) -> None:
    two_tables(database)
    endpoint = Database(database.server, "").endpoint()
    assert not endpoint.single
    names = endpoint.names()
    assert database.name in names
    assert not names & {"template0", "template1"}
    with endpoint.snapshot(database.name, Stop()) as snapshot:
        assert "a" in snapshot.tables()
