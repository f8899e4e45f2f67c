"""A MySQL or MariaDB server that holds the benchmark's tables."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pymysql

from tests.benchmarks.engine_servers import PREFIX, Address

_INSERTED: Final = 1_000
_COLUMNS: Final = (
    "id int PRIMARY KEY, big bigint NOT NULL, num numeric(14, 4) NOT NULL, dbl double NOT NULL, "
    "name varchar(40) NOT NULL, txt text NOT NULL, ts datetime(6) NOT NULL, opt int"
)


class Mysql:
    """A MySQL or MariaDB server, as a user who may create databases."""

    def __init__(self, url: str) -> None:
        self.address = Address.of(url, 3306)
        with self._cursor() as cursor:
            cursor.execute("SELECT version()")
            self.name = "MariaDB" if "MariaDB" in cursor.fetchall()[0][0] else "MySQL"

    def about(self) -> str:
        with self._cursor() as cursor:
            cursor.execute("SELECT version(), @@innodb_buffer_pool_size >> 20, @@innodb_flush_method")
            version, memory, method = cursor.fetchall()[0]
        return f"{self.name} {version.split('-')[0]}, buffer pool {memory} MB, {method}"

    def url(self, database: str) -> str:
        return self.address.url(database, "?ssl_mode=DISABLED" if self.address.here else "")

    def plain(self, database: str) -> str:
        return self.address.url(database)

    def create(self, database: str) -> None:
        self._admin(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")

    def copy(self, source: str, target: str) -> None:
        self.create(target)
        with self._cursor() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [source])
            names = [name for (name,) in cursor.fetchall()]
        statements = ("CREATE TABLE {1}.{2} LIKE {0}.{2}", "INSERT INTO {1}.{2} SELECT * FROM {0}.{2} ORDER BY id")
        self._admin(*(statement.format(source, target, name) for name in names for statement in statements))

    def load(self, database: str, path: Path, tables: Sequence[str] = ("t",)) -> None:
        with self._cursor(database) as cursor:
            for table in tables:
                cursor.execute(f"CREATE TABLE {table} ({_COLUMNS}) ENGINE = InnoDB")
                with path.open() as file:
                    while lines := list(islice(file, _INSERTED)):
                        values = ",".join("('" + line[:-1].replace("\t", "','") + "')" for line in lines)
                        cursor.execute(f"INSERT INTO {table} VALUES " + values.replace("'\\N'", "NULL"))

    def run(self, database: str, *statements: str) -> None:
        with self._cursor(database) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def settle(self, database: str) -> None:
        with self._cursor(database) as cursor:
            cursor.execute("SHOW TABLES")
            names = ", ".join(name for (name,) in cursor.fetchall())
            cursor.execute(f"ANALYZE TABLE {names}")
            cursor.execute(f"FLUSH TABLES {names} FOR EXPORT")  # writes the tables' pages
            cursor.execute("UNLOCK TABLES")

    def doubles(self, database: str, keys: list[int]) -> dict[int, float]:
        with self._cursor(database) as cursor:
            cursor.execute("SELECT id, dbl FROM t WHERE id IN %s", [keys])
            return dict(cursor.fetchall())

    def clear(self) -> None:
        with self._cursor() as cursor:
            cursor.execute("SHOW DATABASES")
            names = [name for (name,) in cursor.fetchall() if name.startswith(PREFIX)]
        self._admin(*(f"DROP DATABASE {name}" for name in names))

    def offers(self, extension: str) -> bool:
        return False

    def processes(self) -> frozenset[int] | None:
        with self._cursor() as cursor:
            cursor.execute("SELECT @@pid_file, @@hostname")
            path, host = cursor.fetchall()[0]
        if host != os.uname().nodename or not Path(path).is_file():
            return None
        return frozenset({int(Path(path).read_text())})

    def _admin(self, *statements: str) -> None:
        with self._cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    @contextmanager
    def _cursor(self, database: str | None = None) -> Iterator[Any]:
        where = self.address
        with (
            pymysql.connect(
                host=where.host,
                port=where.port,
                user=where.user,
                password=where.password,
                database=database,
                ssl_disabled=where.here,
            ) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor
            connection.commit()
