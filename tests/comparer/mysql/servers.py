"""A real server for tests of the MySQL engine: databases of a test's own, and what the engine reads of them."""

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from functions.comparer.core import cells
from functions.comparer.core.engine import Stop
from functions.comparer.core.kinds import Kind, common
from functions.comparer.core.table import Reading, Row
from functions.comparer.mysql.decoding import PlainMysqlDecoder
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.mysql.snapshot import MysqlSnapshot
from functions.comparer.mysql.stream import Decoding
from functions.comparer.mysql.url import MysqlUrl, read

URL = os.environ.get("PARITY_TEST_MYSQL", "mysql://root@127.0.0.1:3306")


def server_url() -> MysqlUrl:
    """The server of the tests."""
    return read(URL, {}, Path())


def admin() -> pymysql.Connection:
    """A connection that may do everything."""
    url = server_url()
    return pymysql.connect(
        host=url.host,
        port=url.port,
        user=url.user,
        password=url.password,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=5,
        ssl_disabled=True,
        sql_mode="NO_BACKSLASH_ESCAPES,ALLOW_INVALID_DATES",
        init_command="SET time_zone = '+00:00'",
    )


@dataclass(frozen=True)
class Database:
    """A database of a test's own."""

    name: str
    connection: pymysql.Connection

    def run(self, *statements: str) -> None:
        """Run statements in it."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"USE `{self.name}`")
            for statement in statements:
                cursor.execute(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def endless(self) -> None:
        """A view `w` that takes minutes to count, without a row.

        Not one of a single row: MySQL finds that before it knows that nobody wants it, as of LIMIT 0.
        """
        numbers = ", ".join(f"({n})" for n in range(1000))
        self.run("CREATE TABLE d (n INT PRIMARY KEY)", f"INSERT INTO d VALUES {numbers}")
        self.run("CREATE VIEW w AS SELECT a.n FROM d a, d b, d c WHERE a.n + b.n + c.n < 0")

    @property
    def mariadb(self) -> bool:
        return "mariadb" in self.connection.get_server_info().lower()

    def url(self, **options: object) -> str:
        """Its URL."""
        # Getting ready for TLS, which a local server seldom speaks, takes longer than most tests.
        query = "&".join(f"{name}={value}" for name, value in {"ssl_mode": "DISABLED", **options}.items())
        return f"{URL}/{self.name}?{query}"

    def endpoint(self, decoding: Decoding = PlainMysqlDecoder, **options: object) -> MysqlEndpoint:
        return MysqlEndpoint(read(self.url(**options), {}, Path()), decoding=decoding)

    @contextmanager
    def snapshot(
        self, stop: Stop | None = None, decoding: Decoding = PlainMysqlDecoder, **options: object
    ) -> Iterator[MysqlSnapshot]:
        with self.endpoint(decoding, **options).snapshot(self.name, stop or Stop()) as found:
            assert isinstance(found, MysqlSnapshot)
            yield found


@contextmanager
def database(connection: pymysql.Connection) -> Iterator[Database]:
    """A new database, which is dropped at the end."""
    name = f"parity_my_{secrets.token_hex(6)}"
    made = Database(name, connection)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    try:
        yield made
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE `{name}`")


@contextmanager
def user(connection: pymysql.Connection, password: str, *grants: str) -> Iterator[str]:
    """A user of a test's own; grants end with the user that they are for."""
    name = f"parity_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE USER `{name}`@'%%' IDENTIFIED BY %s", (password,))
        for grant in grants:
            cursor.execute(f"{grant} TO `{name}`@'%'")
    try:
        yield name
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP USER `{name}`@'%'")


def reading_of(
    found: MysqlSnapshot, table: str, columns: Sequence[str], kinds: dict[str, Kind] | None = None, key: int = 1
) -> Reading:
    """What is read of some columns, each as its own kind or as `kinds` says."""
    types = {column.name: column.type for column in found.shape(table).columns}
    own = [(kinds or {}).get(name) or common(types[name], types[name]) for name in columns]
    assert all(own)
    return Reading(table, tuple(columns), tuple(kind for kind in own if kind), key)


def rows_of(found: MysqlSnapshot, reading: Reading, after: Row | None = None, upto: Row | None = None) -> list[bytes]:
    """All canonical rows of a reading."""
    return [row for block in found.stream(reading, after, upto) for row in cells.rows_in(block)]


def running(connection: pymysql.Connection, part: str) -> list[int]:
    """The connections that run a statement with this text in it now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE info LIKE %s AND id <> CONNECTION_ID()", (f"%{part}%",)
        )
        return [number for (number,) in cursor.fetchall()]


def stays(connection: pymysql.Connection, part: str, seconds: float = 10.0) -> bool:
    """Whether some connection still runs a statement with this text in it when that time is over."""
    until = time.monotonic() + seconds
    while running(connection, part):
        if time.monotonic() > until:
            return True
    return False


@contextmanager
def connected() -> Iterator[pymysql.Connection]:
    """A connection that may do everything, for the block."""
    with closing(admin()) as connection:
        yield connection
