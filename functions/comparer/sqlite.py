"""SQLite: a file is a database named by its stem; a folder is its ``*.db`` files. Only read, in one snapshot.

Nothing is created beside the user's files as long as SQLite can do without: a database in WAL mode that nobody has open
is read as it is (``immutable``) and the reading is thrown away should the file change meanwhile.
"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from functions.comparer.engine import Snapshot, Stop, Stopped, TableUnreadable, Unreadable, member
from functions.comparer.sqlite_constraints import checks, foreign_key, key
from functions.comparer.sqlite_shadows import is_own

# Where the file format says that a database is in WAL mode: the bytes 18 and 19 are 2 (SQLite, "Database File Format").
_WAL_VERSIONS = slice(18, 20)
_TRY_SECONDS = 0.25

_TABLES = """
    SELECT t.name, t.type, s.sql
    FROM pragma_table_list AS t LEFT JOIN sqlite_master AS s ON s.type = 'table' AND s.name = t.name
    WHERE t.schema = 'main' AND t.type IN ('table', 'virtual', 'shadow') AND lower(substr(t.name, 1, 7)) <> 'sqlite_'
"""
_OBJECTS = """
    SELECT type, name, tbl_name FROM sqlite_master
    WHERE type IN ('view', 'index', 'trigger') AND lower(substr(name, 1, 7)) <> 'sqlite_'
"""
_REASONS = {
    sqlite3.SQLITE_BUSY: "it is locked by another process",
    sqlite3.SQLITE_LOCKED: "it is locked by another process",
    sqlite3.SQLITE_CORRUPT: "it is corrupt",
    sqlite3.SQLITE_NOTADB: "it is not a SQLite database",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened; a database in WAL mode needs its -wal and -shm files, or a folder"
    " in which they can be made",
    sqlite3.SQLITE_READONLY: "an interrupted write must be rolled back first, and it is opened read-only: open it once"
    " with a program that may write",
    sqlite3.SQLITE_IOERR: "reading it failed",
    sqlite3.SQLITE_PERM: "access is denied",
}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR}


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
        """The stem of the file, or of every ``*.db`` file of the folder."""
        return frozenset(self._files())

    @contextmanager
    def snapshot(self, name: str, stop: Stop) -> Iterator[Snapshot]:
        """Open the file read-only and begin a transaction, which is what the snapshot lasts for."""
        path = self._files().get(name)
        if path is None:
            raise Unreadable(f"{self._path}: there is no database {name!r} any more")
        _require_file(path)
        before = _state(path)
        quiet = _is_quiet_wal(path)
        with closing(_open(path, immutable=quiet)) as connection, stop.interrupting(connection.interrupt):
            self._begin(connection, path, stop)
            yield _SqliteSnapshot(connection, path, stop)
        if quiet and _state(path) != before:
            raise Unreadable(f"{path}: it was changed while it was read; compare again")

    def _files(self) -> dict[str, Path]:
        try:
            if not self._path.exists():
                raise Unreadable(f"{self._path}: there is no such file or folder")
            if not self._path.is_dir():
                return {self._path.stem: self._path}
            return {p.stem: p for p in self._path.iterdir() if p.suffix == ".db"}
        except OSError as error:
            raise Unreadable(f"{self._path}: {error.strerror or type(error).__name__}") from error

    def _begin(self, connection: sqlite3.Connection, path: Path, stop: Stop) -> None:
        tries = max(1, round(self._patience / _TRY_SECONDS))
        for left in reversed(range(tries)):
            stop.check()
            try:
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.Error as error:
                if left and _primary(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                    connection.rollback()
                    stop.wait(_TRY_SECONDS)
                    continue
                raise _unreadable(path, error) from error
            else:
                return


@dataclass(frozen=True)
class _Table:
    kind: str
    sql: str


class _SqliteSnapshot:
    """An open read transaction on one file."""

    def __init__(self, connection: sqlite3.Connection, path: Path, stop: Stop) -> None:
        self._connection = connection
        self._path = path
        self._stop = stop
        self._unspeakable: set[str] = set()
        self._known: Mapping[str, _Table] | None = None

    def objects(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {kind: set() for kind in SqliteEndpoint.types}
        found["TABLE"].update(self.tables())
        for kind, name, table in self._rows(_OBJECTS):
            value = member(self._name(table), self._name(name)) if kind == b"index" else self._name(name)
            found[self._name(kind).upper()].add(value)
        found["CONSTRAINT"].update(self._constraints())
        return {kind: frozenset(values) for kind, values in found.items()}

    def tables(self) -> frozenset[str]:
        return frozenset(self._tables())

    def count(self, table: str) -> int:
        if table in self._unspeakable:
            raise TableUnreadable("its name is not valid UTF-8", damaged=False)
        quoted = table.replace('"', '""')
        known = self._tables().get(table)
        # From the table itself: an index is smaller, but a damaged one has another number of rows.
        how = "" if known is None or known.kind == "virtual" else " NOT INDEXED"
        self._stop.check()
        try:
            statement = f'SELECT count(*) FROM main."{quoted}"{how}'  # noqa: S608 (a name can't be a parameter; it is quoted)
            (rows,) = self._connection.execute(statement).fetchone()
        except sqlite3.Error as error:
            raise self._table_unreadable(error) from error
        return int(rows)

    def _tables(self) -> Mapping[str, _Table]:
        if self._known is None:
            found = {
                self._name(name): _Table(kind.decode(), (sql or b"").decode(errors="replace"))
                for name, kind, sql in self._rows(_TABLES)
            }
            virtual = {name: table.sql for name, table in found.items() if table.kind == "virtual"}
            self._known = {
                name: table
                for name, table in found.items()
                if table.kind != "shadow" or not is_own(name, table.sql, virtual)
            }
        return self._known

    def _table_unreadable(self, error: sqlite3.Error) -> Exception:
        code = _primary(error)
        if code == sqlite3.SQLITE_INTERRUPT:
            return Stopped()
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN}:
            return _unreadable(self._path, error)
        return TableUnreadable(str(error), damaged=code in _DAMAGE)

    def _constraints(self) -> Iterator[str]:
        for name, table in self._tables().items():
            # A virtual table declares none, and one whose module is missing can't even be asked.
            if table.kind != "virtual" and name not in self._unspeakable:
                for constraint in self._constraints_of(name, table.sql):
                    yield member(name, constraint)

    def _constraints_of(self, table: str, ddl: str) -> Iterator[str]:
        columns = self._rows("SELECT name FROM pragma_table_xinfo(?, 'main') WHERE pk > 0 ORDER BY pk", table)
        if columns:
            yield key("PRIMARY KEY", [self._name(name) for (name,) in columns])
        for (index,) in self._rows("SELECT name FROM pragma_index_list(?, 'main') WHERE origin = 'u'", table):
            members = self._rows("SELECT name FROM pragma_index_info(?, 'main') ORDER BY seqno", self._name(index))
            yield key("UNIQUE", [self._name(name) for (name,) in members])
        yield from self._foreign_keys(table)
        yield from checks(ddl)

    def _foreign_keys(self, table: str) -> Iterator[str]:
        statement = """
            SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?, 'main')
            ORDER BY id, seq
        """
        keys: dict[int, list[tuple[str, ...]]] = {}
        for number, *parts in self._rows(statement, table):
            keys.setdefault(number, []).append(tuple(self._name(part or b"") for part in parts))
        return (foreign_key(parts) for parts in keys.values())

    def _rows(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        self._stop.check()
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise _unreadable(self._path, error) from error

    def _name(self, raw: bytes | str) -> str:
        """A name as text. One that is not valid UTF-8 is shown, and remembered as one that no statement can name."""
        if isinstance(raw, str):
            return raw
        try:
            return raw.decode()
        except UnicodeDecodeError:
            shown = raw.decode(errors="backslashreplace")
            self._unspeakable.add(shown)
            return shown


def _open(path: Path, *, immutable: bool) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro" + ("&immutable=1" if immutable else "")
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    connection.text_factory = bytes
    connection.execute("PRAGMA query_only = ON")
    return connection


def _require_file(path: Path) -> None:
    """Opening a pipe or a device may wait forever, so it is not even tried. Raises `Unreadable`."""
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or type(error).__name__}") from error
    if not regular:
        raise Unreadable(f"{path}: it is not a regular file")


def _is_quiet_wal(path: Path) -> bool:
    """Whether the file is in WAL mode and nobody has it open: opening it read-only would leave two files behind."""
    try:
        with path.open("rb") as file:
            wal = file.read(100)[_WAL_VERSIONS] == b"\x02\x02"
        return wal and not path.with_name(path.name + "-wal").exists()
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or type(error).__name__}") from error


def _state(path: Path) -> tuple[int, int, bool]:
    """What changes when somebody writes: its size, its time, and whether a write-ahead log has content."""
    try:
        found = path.stat()
        wal = path.with_name(path.name + "-wal")
        return found.st_size, found.st_mtime_ns, wal.exists() and wal.stat().st_size > 0
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or type(error).__name__}") from error


def _primary(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _unreadable(path: Path, error: sqlite3.Error) -> Exception:
    code = _primary(error)
    if code == sqlite3.SQLITE_INTERRUPT:
        return Stopped()
    return Unreadable(f"{path}: {_REASONS.get(code, str(error))}")
