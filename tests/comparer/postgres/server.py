"""A real PostgreSQL server, and databases of a test's own on it."""

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from functions.comparer.core.cells import cells_in, rows_in, values_of
from functions.comparer.core.engine import Snapshot, Stop
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Reading, Row
from functions.comparer.postgres.endpoint import PostgresEndpoint

URL = os.environ.get("PARITY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


class Server:
    """The server that the tests use."""

    def __init__(self) -> None:
        self.url = URL

    def connect(self, database: str | None = None) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of the tests' own, each statement of which is a transaction."""
        return psycopg.connect(self.of(database) if database else self.url, autocommit=True)

    def of(self, database: str, query: str = "", account: str | None = None) -> str:
        """The URL of a database, with parameters, for another account if need be."""
        parts = urlsplit(self.url)
        place = parts.netloc if account is None else f"{account}@{parts.netloc.rpartition('@')[2]}"
        return urlunsplit((parts.scheme, place, f"/{database}", query, ""))

    @contextmanager
    def database(self, *options: str) -> Iterator["Database"]:
        """A new database, dropped at the end."""
        name = f"parity_pg_{uuid.uuid4().hex[:12]}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 {' '.join(options)}")
            try:
                yield Database(self, name)
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Database:
    """A database of a test's own."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements; the rows of the last one."""
        with self.server.connect(self.name) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of the test's own."""
        return self.server.connect(self.name)

    def endpoint(self, query: str = "", account: str | None = None) -> PostgresEndpoint:
        """What is tested."""
        return PostgresEndpoint.of_url(self.server.of(self.name, query, account), os.environ, Path())

    @contextmanager
    def snapshot(self, query: str = "", *, stop: Stop | None = None, account: str | None = None) -> Iterator[Snapshot]:
        """A snapshot of it."""
        with self.endpoint(query, account).snapshot(self.name, stop or Stop()) as snapshot:
            yield snapshot


def reading(snapshot: Snapshot, table: str, *kinds: Kind, key: int | None = None) -> Reading:
    """All columns of a table, those of its first key first; as their own kinds, texts for what has none, or as told."""
    shape = snapshot.shape(table)
    keys = shape.keys[0].columns if shape.keys and key is None else ()
    columns = sorted(shape.columns, key=lambda column: keys.index(column.name) if column.name in keys else len(keys))
    own = tuple(Kind.TEXT if c.type.kind is Kind.OTHER else c.type.kind for c in columns)
    return Reading(table, tuple(c.name for c in columns), kinds or own, len(keys) if key is None else key)


def values(blocks: Iterator[bytes], kinds: Sequence[Kind]) -> list[Row]:
    """The rows of canonical blocks as plain values."""
    return [values_of(cells_in(row), kinds) for block in blocks for row in rows_in(block)]


def read(snapshot: Snapshot, table: str, *kinds: Kind) -> list[Row]:
    """All rows of a table as plain values."""
    wanted = reading(snapshot, table, *kinds)
    return values(snapshot.stream(wanted), wanted.kinds)


def reachable() -> Server:
    """The server, or a skipped test where there is none."""
    try:
        with psycopg.connect(URL, connect_timeout=3):
            return Server()
    except psycopg.OperationalError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL server (PARITY_TEST_POSTGRES): {type(error).__name__}")
