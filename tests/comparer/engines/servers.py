"""Databases of all three engines to compare: on real servers, each worker's own, made when asked for and dropped.

A server is named by `PARITY_TEST_POSTGRES` and `PARITY_TEST_MYSQL`. Where there is none its tests are skipped with the
reason, and fail with it where `CI` is true.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import psycopg
import pymysql
from pymysql.constants import CLIENT

Engine = Literal["sqlite", "postgres", "mysql"]
ENGINES: tuple[Engine, ...] = ("sqlite", "postgres", "mysql")
PAIRS = [(source, target) for source in ENGINES for target in ENGINES]
"""All ordered pairs."""

POSTGRES = os.environ.get("PARITY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
MYSQL = os.environ.get("PARITY_TEST_MYSQL", "mysql://root@127.0.0.1:3306")
_CONNECT_SECONDS = 5
# Without what makes statements fail that are to put strange values into tables, and with names and texts as in SQL.
MODE = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"

Cells = tuple[Any, ...]
Statement = tuple[str, Cells]
"""A statement for SQLite and what it binds."""


class Database(Protocol):
    """One empty database of an engine."""

    engine: Engine

    @property
    def url(self) -> str:
        """What the comparer is given."""
        ...

    def run(self, *statements: str) -> None:
        """Run statements in the engine's own SQL."""
        ...

    def renew(self) -> None:
        """Make it empty."""
        ...

    def drop(self) -> None:
        """Remove it, and close what is open."""
        ...


def url_of(base: str, name: str, *, user: str | None = None, password: str | None = None) -> str:
    """The URL of another database of the same server, or for another user."""
    parts = urlsplit(base)
    login, at, place = parts.netloc.rpartition("@")
    if user is not None:
        login, at = user + (f":{password}" if password else ""), "@"
    return urlunsplit(SplitResult(parts.scheme, f"{login}{at}{place}", f"/{name}", parts.query, ""))


def postgres_connection(url: str) -> psycopg.Connection[Any]:
    """A connection of a test's own. Moments are texts in UTC."""
    options = "-c TimeZone=UTC -c DateStyle=ISO -c synchronous_commit=off -c client_min_messages=error"
    return psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS, options=options)


def mysql_connection(url: str) -> pymysql.Connection[Any]:
    """A connection of a test's own. Values come as the server writes them: texts, or bytes."""
    parts = urlsplit(url)
    connection = pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/") or None,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=_CONNECT_SECONDS,
        client_flag=CLIENT.MULTI_STATEMENTS,
        init_command=f"SET SESSION sql_mode = '{MODE}', time_zone = '+00:00'",
    )
    connection.decoders = {}
    return connection


@cache
def unavailable(engine: Engine) -> str | None:
    """Why there is no server of this engine; None: there is one."""
    try:
        if engine == "postgres":
            postgres_connection(POSTGRES).close()
        elif engine == "mysql":
            mysql_connection(MYSQL).close()
    except (psycopg.Error, pymysql.Error, OSError) as error:
        name = {"postgres": "PARITY_TEST_POSTGRES", "mysql": "PARITY_TEST_MYSQL"}[engine]
        return f"no {engine} server to test with, {name} names one: {type(error).__name__}: {error}".strip()
    return None


def new_name() -> str:
    """A name that no other test has."""
    return f"parity_pairs_{uuid.uuid4().hex[:12]}"


@dataclass
class SqliteDatabase:
    """A file."""

    path: Path
    engine: Engine = "sqlite"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def run(self, *statements: str) -> None:
        self.execute([(statement, ()) for statement in statements])

    def execute(self, statements: Sequence[Statement]) -> None:
        """Run statements that bind values; a row that can't be is left out."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")
            for statement, values in statements:
                connection.execute(statement, values)

    def renew(self) -> None:
        self.path.unlink(missing_ok=True)
        self.run("PRAGMA user_version = 1")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


@dataclass
class PostgresDatabase:
    """A database of the server; its texts are ordered as people do, not by their bytes, where the server can."""

    name: str = field(default_factory=new_name)
    engine: Engine = "postgres"

    def __post_init__(self) -> None:
        with closing(postgres_connection(POSTGRES)) as admin:
            try:
                admin.execute(
                    f"CREATE DATABASE {self.name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu"
                    " ICU_LOCALE 'en' LOCALE 'C.UTF-8'"
                )
            except psycopg.Error:
                admin.execute(f"CREATE DATABASE {self.name} TEMPLATE template0 ENCODING 'UTF8'")
        self.connection = postgres_connection(self.url)

    @property
    def url(self) -> str:
        return url_of(POSTGRES, self.name)

    def run(self, *statements: str) -> None:
        self.connection.execute("; ".join(statements).encode())

    def renew(self) -> None:
        self.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")

    def drop(self) -> None:
        self.connection.close()
        with closing(postgres_connection(POSTGRES)) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)".encode())


@dataclass
class MysqlDatabase:
    """A schema of the server."""

    name: str = field(default_factory=new_name)
    engine: Engine = "mysql"

    def __post_init__(self) -> None:
        with closing(mysql_connection(MYSQL)) as admin:
            self._send(admin, f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        self.connection = mysql_connection(self.url)

    @property
    def url(self) -> str:
        return url_of(MYSQL, self.name)

    @property
    def mariadb(self) -> bool:
        """Whether the server is MariaDB's."""
        return "mariadb" in self.connection.get_server_info().lower()

    def connections_of(self, user: str) -> list[int]:
        """The numbers of a user's connections."""
        with closing(self.connection.cursor()) as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", (user,))
            return [int(number) for (number,) in cursor.fetchall()]

    def run(self, *statements: str) -> None:
        self._send(self.connection, "; ".join(statements))

    def renew(self) -> None:
        self.run(
            f"DROP DATABASE IF EXISTS {self.name}",
            f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4",
            f"USE {self.name}",
        )

    def drop(self) -> None:
        self.connection.close()
        with closing(mysql_connection(MYSQL)) as admin:
            self._send(admin, f"DROP DATABASE IF EXISTS {self.name}")

    @staticmethod
    def _send(connection: pymysql.Connection[Any], script: str) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(script)
            while cursor.nextset():
                pass


def make(engine: Engine, folder: Path) -> Database:
    """A new database; a file is made in the folder."""
    if engine == "sqlite":
        database = SqliteDatabase(folder / f"{new_name()}.db")
        database.renew()
        return database
    return PostgresDatabase() if engine == "postgres" else MysqlDatabase()
