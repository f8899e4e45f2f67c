"""A PostgreSQL server that holds the benchmark's tables."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psycopg

from tests.benchmarks.engine_servers import PREFIX, Address

_CHUNK: Final = 1 << 20
_COLUMNS: Final = (
    "id int, big bigint NOT NULL, num numeric(14, 4) NOT NULL, dbl double precision NOT NULL, "
    "name varchar(40) NOT NULL, txt text NOT NULL, ts timestamp(6) NOT NULL, opt int"
)


class Postgres:
    """A PostgreSQL server, as a user who may create databases."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self.address = Address.of(url, 5432)
        self._url = self.address.url(self.address.database or "postgres")

    def about(self) -> str:
        with psycopg.connect(self._url) as connection:
            found = connection.execute("SELECT current_setting('server_version'), current_setting('shared_buffers')")
            version, memory = found.fetchall()[0]
        return f"PostgreSQL {version.split()[0]}, shared buffers {memory}"

    def url(self, database: str) -> str:
        return self.address.url(database, "?sslmode=disable" if self.address.here else "")

    def plain(self, database: str) -> str:
        return self.address.url(database)

    def create(self, database: str) -> None:
        self._admin(f"CREATE DATABASE {database}")
        if self.offers("pgcmp"):
            self.run(database, "CREATE EXTENSION pgcmp")  # pg_comparator needs it

    def copy(self, source: str, target: str) -> None:
        self._admin(f"CREATE DATABASE {target} TEMPLATE {source}")

    def load(self, database: str, path: Path, tables: Sequence[str] = ("t",)) -> None:
        with psycopg.connect(self.url(database)) as connection:
            for table in tables:
                connection.execute(f"CREATE TABLE {table} ({_COLUMNS})")
                with path.open("rb") as file, connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    while chunk := file.read(_CHUNK):
                        copy.write(chunk)
                connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (id)")

    def run(self, database: str, *statements: str) -> None:
        with psycopg.connect(self.url(database)) as connection:
            for statement in statements:
                connection.execute(statement)

    def settle(self, database: str) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
            with suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute("CHECKPOINT")

    def doubles(self, database: str, keys: list[int]) -> dict[int, float]:
        with psycopg.connect(self.url(database)) as connection:
            return dict(connection.execute("SELECT id, dbl FROM t WHERE id = ANY(%s)", [keys]).fetchall())

    def clear(self) -> None:
        with psycopg.connect(self._url) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
            names = [name for (name,) in found.fetchall()]
        for name in names:
            self._admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def offers(self, extension: str) -> bool:
        with psycopg.connect(self._url) as connection:
            asked = "SELECT FROM pg_available_extensions WHERE name = %s"
            return connection.execute(asked, [extension]).rowcount > 0

    def processes(self) -> frozenset[int] | None:
        with psycopg.connect(self._url) as connection:
            stat = Path(f"/proc/{connection.info.backend_pid}/stat")
            found = stat.read_text() if self.address.here and stat.exists() else ""
        return frozenset({int(found.rsplit(")", 1)[1].split()[1])}) if "(postgres)" in found else None

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement)
