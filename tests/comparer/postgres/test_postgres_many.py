"""Many tables: they are looked up and tried together, and each still has its own result; how large new ones are."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from functions.comparer.core.engine import Stop, TableUnreadable
from functions.comparer.core.table import Shape
from functions.comparer.postgres.endpoint import PostgresEndpoint
from tests.comparer.postgres.server import Database, Server, read
from tests.comparer.relayed import relayed

NAMES = [f"t{number:02d}" for number in range(40)]


@pytest.fixture
def many(server: Server) -> Iterator[Database]:
    """A database of many tables, no two alike."""
    with server.database() as database:
        for number, name in enumerate(NAMES):
            columns = ", ".join(f"c{column} varchar({number + 1})" for column in range(number % 4))
            rest = f", {columns}, UNIQUE (c0)" if columns else ""
            database.run(
                f"CREATE TABLE {name} (id int PRIMARY KEY, v numeric(50, {number}) NOT NULL{rest})",
                f"INSERT INTO {name} (id, v) SELECT i, 1 FROM generate_series(1, {number}) AS i",
            )
        yield database


@contextmanager
def account(database: Database, *readable: str) -> Iterator[str]:
    """A role that may read these tables alone."""
    name = f"parity_{uuid.uuid4().hex[:8]}"
    database.run(f"CREATE ROLE {name} LOGIN", f"GRANT SELECT ON {', '.join(readable)} TO {name}")
    try:
        yield name
    finally:
        database.run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def asked(sent: bytes) -> int:
    """How often a client has asked, by what it has sent: simple queries, and extended ones by their Sync."""
    at, found = int.from_bytes(sent[:4], "big"), 0
    while at < len(sent):
        found += sent[at : at + 1] in {b"Q", b"S"}
        at += 1 + int.from_bytes(sent[at + 1 : at + 5], "big")
    return found


def test_a_table_is_asked_about_once_however_many_there_are(many: Database) -> None:
    url = urlsplit(many.server.of(many.name, "sslmode=disable"))
    with relayed(url.hostname or "127.0.0.1", url.port or 5432) as relay:
        place = f"{url.netloc.rpartition('@')[0]}@127.0.0.1:{relay.port}"
        endpoint = PostgresEndpoint.of_url(url._replace(netloc=place).geturl(), os.environ, Path())
        with endpoint.snapshot(many.name, Stop()) as snapshot:
            for name in NAMES:
                snapshot.shape(name)
            for number, name in enumerate(NAMES):
                snapshot.about(name)
                assert len(read(snapshot, name)) == number
    # One for the rows, one for how many there are of a new table; and a few for the database.
    assert sum(map(asked, map(bytes, relay.sent))) <= 2 * len(NAMES) + 30


def test_tables_that_are_looked_up_together_are_as_they_are_alone(many: Database) -> None:
    together: list[Shape] = []
    with many.snapshot() as snapshot:
        together.extend(map(snapshot.shape, NAMES))
    for name, shape in zip(NAMES, together, strict=True):
        with many.snapshot() as snapshot:
            assert snapshot.shape(name) == shape
    assert len(set(together)) == len(NAMES)


def test_of_tables_that_are_tried_together_the_one_that_may_not_be_read_fails_alone_and_by_its_name(
    many: Database,
) -> None:
    hidden = {"t07", "t30"}
    with (
        account(many, *(name for name in NAMES if name not in hidden)) as role,
        many.snapshot(account=role) as snapshot,
    ):
        for number, name in enumerate(NAMES):
            if name in hidden:
                with pytest.raises(TableUnreadable, match=f"permission denied for table {name}"):
                    snapshot.shape(name)
            else:
                assert len(snapshot.shape(name).columns) == 2 + number % 4
        assert len(read(snapshot, "t31")) == 31


def test_of_tables_that_are_tried_together_the_one_that_is_dropped_meanwhile_fails_alone(many: Database) -> None:
    with many.snapshot() as snapshot:
        many.run("DROP TABLE t11")
        for name in NAMES:
            if name == "t11":
                with pytest.raises(TableUnreadable, match=r"t11.* does not exist"):
                    snapshot.shape(name)
            else:
                snapshot.shape(name)


def test_a_table_that_somebody_has_locked_keeps_no_other_from_being_read(many: Database) -> None:
    with many.snapshot("statement_timeout=0.3") as snapshot, many.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE t11 IN ACCESS EXCLUSIVE MODE")
        for name in NAMES:
            if name == "t11":
                with pytest.raises(TableUnreadable, match="timeout") as error:
                    snapshot.shape(name)
                assert error.value.cause == "time"
            else:
                snapshot.shape(name)


def test_nothing_is_locked_once_tables_have_been_looked_up_or_read(many: Database) -> None:
    with many.snapshot() as snapshot:
        for name in NAMES:
            snapshot.shape(name)
            snapshot.about(name)
        assert len(read(snapshot, "t20")) == 20
        snapshot.count("t21")
        held = many.run(
            "SELECT c.relname FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation"
            " WHERE l.pid <> pg_backend_pid() AND c.relname ~ '^t[0-9]'"
        )
    assert held == []


def test_how_many_rows_a_new_table_has_is_guessed_from_its_size(many: Database) -> None:
    many.run(
        "CREATE TABLE fresh (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = off)",
        "INSERT INTO fresh SELECT i, repeat('x', 100) FROM generate_series(1, 100000) AS i",
        "CREATE TABLE p (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (50000) WITH (autovacuum_enabled = off)",
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (50000) TO (100000) WITH (autovacuum_enabled = off)",
        "INSERT INTO p SELECT generate_series(0, 99999)",
        "CREATE TABLE heir (more int) INHERITS (t00)",
        "INSERT INTO heir SELECT i, 1 FROM generate_series(1, 20000) AS i",
    )
    with many.snapshot() as snapshot:
        assert 30_000 < snapshot.about("fresh") < 400_000
        assert 50_000 < snapshot.about("p") < 200_000
        assert snapshot.about("t00") < 5_000
    many.run("ANALYZE fresh", "ANALYZE p1", "ANALYZE p2")
    with many.snapshot() as snapshot:
        assert snapshot.about("fresh") == 100_000
        assert 95_000 < snapshot.about("p") < 105_000


def test_a_new_table_that_may_not_be_read_is_not_guessed_at(many: Database) -> None:
    with account(many, "t01") as role, many.snapshot(account=role) as snapshot:
        with pytest.raises(TableUnreadable, match="permission denied"):
            snapshot.about("t02")
        assert snapshot.about("t01") > 0


def test_a_snapshot_has_as_many_connections_as_it_is_given(many: Database) -> None:
    endpoint = many.endpoint("connections=3")
    assert endpoint.connections == 3
    for given, expected in ((None, 3), (2, 2), (1, 1)):
        with endpoint.snapshot(many.name, Stop(), given) as found:
            assert found.connections == expected
