"""SQLite: a file is a database named by its stem; a folder is its ``*.db`` files. Only read, in one snapshot."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import apsw

from functions.comparer.core.engine import Digester, Joint, Snapshot, Stop, TableUnreadable, Unreadable
from functions.comparer.core.table import Reading, Row, Shape
from functions.comparer.sqlite import rows, shape, shown, stream
from functions.comparer.sqlite.catalog import Catalog
from functions.comparer.sqlite.file import (
    SqliteFile,
    built_in,
    connect,
    find,
    locked,
    table_unreadable,
    unreadable,
)
from functions.comparer.sqlite.joint import open_joint
from functions.comparer.sqlite.names import database_of, databases_in

_TRY_SECONDS = 0.25
# Longer than a commit takes from writing the log to telling the others of it.
_COMMIT_SECONDS = 10.0


class SqliteEndpoint:
    """The databases of one file or one folder."""

    engine = "SQLite"
    types = ("TABLE", "VIEW", "INDEX", "TRIGGER", "CONSTRAINT")

    def __init__(self, path: Path, *, patience: float = 5.0, clock: Callable[[], float] = time.time) -> None:
        """`patience`: for how many seconds a database that is locked by a writer is tried again.

        `clock`: the one that the files' times are of, in seconds since 1970.
        """
        self._path = path
        self._patience = patience
        self._clock = clock

    @property
    def single(self) -> bool:
        """A file is one database, whatever it is called."""
        return not self._path.is_dir()

    def names(self, stop: Stop | None = None) -> frozenset[str]:  # noqa: ARG002
        """The stem of the file, or of every ``.db`` file of the folder (`databases_in`)."""
        return frozenset(self._files())

    def hidden(self, names: Collection[str], stop: Stop | None = None) -> frozenset[str]:  # noqa: ARG002
        """See `Endpoint.hidden`: a file is there or not."""
        return frozenset()

    @property
    def server(self) -> None:
        """See `Endpoint.server`."""
        return None

    @property
    def connections(self) -> int:
        """See `Endpoint.connections`."""
        return 1

    @contextmanager
    def snapshot(self, name: str, stop: Stop, connections: int | None = None) -> Iterator[Snapshot]:  # noqa: ARG002
        """Open the file read-only and begin a transaction, which is what the snapshot lasts for."""
        path = self._files().get(name)
        if path is None:
            raise Unreadable(f"{self._path}: there is no database {name!r} any more")
        with ExitStack() as stack:
            connection, file = self._begun(path, stop, stack)
            yield SqliteSnapshot(connection, file, stop, self._version(file))
            # As long as the lock is still held: afterwards a writer may rightly go on.
            file.check()

    def _files(self) -> dict[str, Path]:
        try:
            if not self._path.exists():
                raise Unreadable(f"{self._path}: there is no such file or folder")
            if not self._path.is_dir():
                return {database_of(self._path): self._path}
            return databases_in(self._path.iterdir())
        except OSError as error:
            raise Unreadable(f"{self._path}: {error.strerror or type(error).__name__}") from error

    def _begun(self, path: Path, stop: Stop, stack: ExitStack) -> tuple[apsw.Connection, SqliteFile]:
        """A connection in a read transaction on what has been found, which nobody has written to since."""
        for left in reversed(range(max(1, round(self._patience / _TRY_SECONDS)))):
            stop.check()
            file = find(path)
            with ExitStack() as tried:
                connection = tried.enter_context(closing(connect(file)))
                tried.enter_context(stop.interrupting(connection.interrupt))
                if _begins(connection, file, last=not left):
                    stack.push(tried.pop_all())
                    return connection, file
            stop.wait(_TRY_SECONDS)
        raise AssertionError  # The last try returns or raises.

    def _version(self, file: SqliteFile) -> str:
        """That of what was found, before anything was read: one that is too old only makes a resumption begin anew."""
        logged = file.found.logged
        if not file.live or logged is None or logged < self._clock() - _COMMIT_SECONDS:
            return file.found.version
        # A commit may be in the log already and not in the transaction: the same log would mean other rows later.
        return f"{file.found.version}-{secrets.token_hex(8)}"


def _begins(connection: apsw.Connection, file: SqliteFile, *, last: bool) -> bool:
    """Whether the transaction has begun; it has not if a writer was there, who is an error at the `last` try."""
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        file.check()
    except apsw.Error as error:
        if last or not locked(error):
            raise unreadable(file.path, error) from error
        return False
    except Unreadable:
        if last:
            raise
        return False
    return True


class SqliteSnapshot:
    """An open read transaction on one file."""

    def __init__(self, connection: apsw.Connection, file: SqliteFile, stop: Stop, version: str) -> None:
        self.file = file
        self.stop = stop
        self._connection = connection
        self._version = version
        self._catalog = Catalog(connection, file.path, stop)
        self._foreign: dict[tuple[str, tuple[str, ...]], set[str]] = {}

    def objects(self, *, neutral: bool = False) -> Mapping[str, frozenset[str]]:
        """See `Snapshot.objects`. Constraints are always told by what they say, and their indexes never."""
        found: dict[str, set[str]] = {kind: set() for kind in SqliteEndpoint.types}
        found["TABLE"].update(self.tables())
        for kind, name in self._catalog.objects(neutral=neutral):
            found[kind].add(name)
        return {kind: frozenset(values) for kind, values in found.items()}

    def tables(self) -> frozenset[str]:
        """See `Snapshot.tables`."""
        return frozenset(self._catalog.tables())

    def hidden(self, names: Collection[str]) -> frozenset[str]:  # noqa: ARG002
        """See `Snapshot.hidden`: who reads a file sees all that is in it."""
        return frozenset()

    def hidden_types(self) -> Mapping[str, str]:
        """See `Snapshot.hidden_types`: who reads a file sees all that is in it."""
        return {}

    def count(self, table: str) -> int:
        """See `Snapshot.count`."""
        with self._reading():
            statement = f"SELECT count(*) FROM {self._catalog.table(table).source}"  # noqa: S608 (a quoted name)
            ((rows,),) = self._connection.execute(statement)
        return int(rows)

    def about(self, table: str) -> int:
        """See `Snapshot.about`."""
        return self.count(table)

    def version(self) -> str:
        """See `Snapshot.version`: that of the moment when the snapshot began.

        Raises `Unreadable` if what has been read so far may be a mixture, because nothing kept writers away.
        """
        self.file.check()
        return self._version

    def shape(self, table: str) -> Shape:
        """See `Snapshot.shape`."""
        with self._reading():
            return shape.shape(self._connection, self._catalog.table(table), self._catalog.encoding)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        """See `Snapshot.rows`."""
        with self._reading():
            found = self._catalog.table(table)
            yield from rows.read(self._connection, found, columns, self._catalog.encoding)

    def stream(self, reading: Reading, after: Row | None = None, upto: Row | None = None) -> Iterator[bytes]:
        """See `Snapshot.stream`."""
        with self._reading():
            found = self._catalog.table(reading.table)
            yield from stream.stream(self._connection, found, reading, self._catalog.encoding, after, upto, self.stop)

    @property
    def connections(self) -> int:
        """See `Snapshot.connections`."""
        return 1

    def split(self, reading: Reading, parts: int) -> Sequence[Row]:  # noqa: ARG002 (there is one connection)
        """See `Snapshot.split`."""
        return ()

    def at(self, reading: Reading, keys: Sequence[Row]) -> Iterator[bytes]:
        """See `Snapshot.at`."""
        with self._reading():
            found = self._catalog.table(reading.table)
            yield from stream.at(self._connection, found, reading, self._catalog.encoding, keys, self.stop)

    @property
    def moves(self) -> bool:
        """See `Snapshot.moves`: a reader keeps writers away, or what was read of a file that changed is thrown away."""
        return False

    def digester(self, reading: Reading) -> Digester | None:  # noqa: ARG002
        """See `Snapshot.digester`: there is no server that could save us from reading."""
        return None

    def statement(self, table: str, columns: Sequence[str], values: Row) -> str:
        """See `Snapshot.statement`."""
        chosen = table, tuple(columns)
        if chosen not in self._foreign:
            with self._reading():
                self._foreign[chosen] = {column for column in columns if not built_in(self._collation(table, column))}
        encoding, foreign = self._catalog.encoding, self._foreign[chosen]
        return shown.statement(table, columns, values, encoding=encoding, foreign=foreign)

    def joint(self, target: Snapshot) -> AbstractContextManager[Joint] | None:
        """See `Snapshot.joint`."""
        return open_joint(self.file, target.file, self.stop) if isinstance(target, SqliteSnapshot) else None

    def _collation(self, table: str, column: str) -> str:
        try:
            return self._connection.column_metadata("main", table, column)[1]
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
