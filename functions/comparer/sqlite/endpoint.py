"""SQLite: a file is a database named by its stem; a folder is its ``*.db`` files. Only read, in one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from functions.comparer.core.engine import Joint, Snapshot, Stop, TableUnreadable, Unreadable
from functions.comparer.core.table import Row, Shape
from functions.comparer.sqlite import rows, shape, shown
from functions.comparer.sqlite.catalog import Catalog
from functions.comparer.sqlite.file import (
    SqliteFile,
    connect,
    find,
    identity,
    locked,
    table_unreadable,
    unreadable,
    version,
)
from functions.comparer.sqlite.joint import open_joint
from functions.comparer.sqlite.names import database_of, databases_in

_TRY_SECONDS = 0.25
_BUILT_IN = {"BINARY", "NOCASE", "RTRIM"}


@dataclass(frozen=True)
class _Opened:
    version: str
    identity: tuple[int, int]


class SqliteEndpoint:
    """The databases of one file or one folder."""

    types = ("TABLE", "VIEW", "INDEX", "TRIGGER", "CONSTRAINT")

    def __init__(self, path: Path, *, patience: float = 5.0) -> None:
        """`patience`: for how many seconds a database that is locked by a writer is tried again."""
        self._path = path
        self._patience = patience

    @property
    def single(self) -> bool:
        """A file is one database, whatever it is called."""
        return not self._path.is_dir()

    def names(self) -> frozenset[str]:
        """The stem of the file, or of every ``.db`` file of the folder (`databases_in`)."""
        return frozenset(self._files())

    @contextmanager
    def snapshot(self, name: str, stop: Stop) -> Iterator[Snapshot]:
        """Open the file read-only and begin a transaction, which is what the snapshot lasts for."""
        path = self._files().get(name)
        if path is None:
            raise Unreadable(f"{self._path}: there is no database {name!r} any more")
        # Before anything is read: a version that is too old only makes a later comparison begin anew.
        opened = _Opened(version(path), identity(path))
        file = find(path)
        with closing(connect(file)) as connection, stop.interrupting(connection.interrupt):
            self._begin(connection, path, stop)
            yield SqliteSnapshot(connection, file, stop, opened)
        if file.identity() != opened.identity:
            raise Unreadable(f"{path}: it was replaced while it was read; compare again")
        _require_quiet(file, opened)

    def _files(self) -> dict[str, Path]:
        try:
            if not self._path.exists():
                raise Unreadable(f"{self._path}: there is no such file or folder")
            if not self._path.is_dir():
                return {database_of(self._path): self._path}
            return databases_in(self._path.iterdir())
        except OSError as error:
            raise Unreadable(f"{self._path}: {error.strerror or type(error).__name__}") from error

    def _begin(self, connection: apsw.Connection, path: Path, stop: Stop) -> None:
        tries = max(1, round(self._patience / _TRY_SECONDS))
        for left in reversed(range(tries)):
            stop.check()
            try:
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
            except apsw.Error as error:
                if left and locked(error):
                    connection.execute("ROLLBACK")
                    stop.wait(_TRY_SECONDS)
                    continue
                raise unreadable(path, error) from error
            else:
                return


class SqliteSnapshot:
    """An open read transaction on one file."""

    def __init__(self, connection: apsw.Connection, file: SqliteFile, stop: Stop, opened: _Opened) -> None:
        self.file = file
        self.stop = stop
        self._connection = connection
        self._opened = opened
        self._catalog = Catalog(connection, file.path, stop)
        self._foreign: dict[tuple[str, tuple[str, ...]], set[str]] = {}

    def objects(self) -> Mapping[str, frozenset[str]]:
        """See `Snapshot.objects`."""
        found: dict[str, set[str]] = {kind: set() for kind in SqliteEndpoint.types}
        found["TABLE"].update(self.tables())
        for kind, name in self._catalog.objects():
            found[kind].add(name)
        return {kind: frozenset(values) for kind, values in found.items()}

    def tables(self) -> frozenset[str]:
        """See `Snapshot.tables`."""
        return frozenset(self._catalog.tables())

    def count(self, table: str) -> int:
        """See `Snapshot.count`."""
        with self._reading():
            statement = f"SELECT count(*) FROM {self._catalog.table(table).source}"  # noqa: S608 (a quoted name)
            ((rows,),) = self._connection.execute(statement)
        return int(rows)

    def version(self) -> str:
        """See `Snapshot.version`: that of the moment when the file was opened, unless it has been replaced.

        Raises `Unreadable` if what has been read so far may be a mixture, because nothing kept writers away.
        """
        if self.file.identity() != self._opened.identity:
            return self.file.version()
        _require_quiet(self.file, self._opened)
        return self._opened.version

    def shape(self, table: str) -> Shape:
        """See `Snapshot.shape`."""
        with self._reading():
            return shape.shape(self._connection, self._catalog.table(table), self._catalog.encoding)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        """See `Snapshot.rows`."""
        with self._reading():
            found = self._catalog.table(table)
            yield from rows.read(self._connection, found, columns, self._catalog.encoding)

    def statement(self, table: str, columns: Sequence[str], values: Row) -> str:
        """See `Snapshot.statement`."""
        chosen = table, tuple(columns)
        if chosen not in self._foreign:
            with self._reading():
                self._foreign[chosen] = {
                    column for column in columns if self._collation(table, column) not in _BUILT_IN
                }
        encoding, foreign = self._catalog.encoding, self._foreign[chosen]
        return shown.statement(table, columns, values, encoding=encoding, foreign=foreign)

    def joint(self, target: Snapshot) -> AbstractContextManager[Joint] | None:
        """See `Snapshot.joint`."""
        return open_joint(self.file, target.file, self.stop) if isinstance(target, SqliteSnapshot) else None

    def _collation(self, table: str, column: str) -> str:
        try:
            return self._connection.column_metadata("main", table, column)[1].upper()
        except UnicodeDecodeError:  # either the collation's name or the type's
            return ""

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self.stop.check()
        try:
            yield
        except apsw.Error as error:
            raise table_unreadable(self.file.path, error) from error
        except UnicodeDecodeError as error:
            # Of values it is caught where they are read.
            raise TableUnreadable("a name in its declaration is not valid UTF-8", damaged=False) from error


def _require_quiet(file: SqliteFile, opened: _Opened) -> None:
    """What was opened because nobody wrote must not have been written to since. Raises `Unreadable`."""
    if file.quiet and file.version() != opened.version:
        raise Unreadable(f"{file.path}: it was changed while it was read; compare again")
