"""SQLite files that hold the benchmark's tables: a side to compare from, beside the servers.

SQLite has no decimals and no moments. `num` is declared DECIMAL(14, 4), which SQLite keeps as a double (or a whole
number): with ten digits at most, so that the shortest digits that mean the double are the decimal's own, and ours takes
them for it exactly. `ts` is a text. So both sides hold the same values, in the types that are usual in SQLite.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import apsw

from tests.benchmarks.engine_servers import PREFIX, Address

_COLUMNS: Final = (
    "id INTEGER PRIMARY KEY, big BIGINT NOT NULL, num DECIMAL(14, 4) NOT NULL, dbl DOUBLE NOT NULL, "
    "name VARCHAR(40) NOT NULL, txt TEXT NOT NULL, ts TIMESTAMP NOT NULL, opt INTEGER"
)


class Sqlite:
    """The SQLite files of a folder, each a database."""

    name = "SQLite"
    address = Address.of("sqlite://", 0)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def about(self) -> str:
        version = apsw.sqlite_lib_version()
        return f"SQLite {version}: num as DECIMAL(14, 4), a double of the same digits; ts as text"

    def url(self, database: str) -> str:
        return f"sqlite:///{self._path(database)}"

    def plain(self, database: str) -> str:
        return f"sqlite://{self._path(database)}"

    def create(self, database: str) -> None:
        self._path(database).touch(exist_ok=False)

    def load(self, database: str, path: Path, tables: Sequence[str] = ("t",)) -> None:
        with closing(sqlite3.connect(self._path(database))) as connection, connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            for table in tables:
                connection.execute(f"CREATE TABLE {table} ({_COLUMNS})")
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _values(path))

    def settle(self, database: str) -> None:
        with self._path(database).open("rb") as file:
            os.fsync(file.fileno())

    def doubles(self, database: str, keys: list[int]) -> dict[int, float]:
        with closing(sqlite3.connect(self._path(database))) as connection:
            places = ", ".join("?" * len(keys))
            return dict(connection.execute(f"SELECT id, dbl FROM t WHERE id IN ({places})", keys).fetchall())

    def clear(self) -> None:
        for path in self._folder.glob(f"{PREFIX}*"):
            with suppress(FileNotFoundError):
                path.unlink()

    def processes(self) -> frozenset[int]:
        return frozenset()

    def _path(self, database: str) -> Path:
        return self._folder / f"{database}.db"


def _values(path: Path) -> Iterator[tuple[str | float | None, ...]]:
    with path.open(encoding="ascii") as lines:
        for line in lines:
            key, big, number, double, name, text, moment, nullable = line[:-1].split("\t")
            opt = None if nullable == "\\N" else int(nullable)
            yield int(key), int(big), float(number), float(double), name, text, moment, opt
