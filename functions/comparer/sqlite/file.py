"""A SQLite file: what is known of it before anybody reads it, a connection to it, and its errors told for people.

Nothing is created beside a user's file as long as SQLite can do without: a database in WAL mode that nobody has open is
read as it is (``immutable``), and the reading is thrown away should the file change meanwhile.

The file is only ever opened by SQLite. Closing a descriptor of one's own, or one of another SQLite library in this
process, would drop the locks that the process has on the file; SQLite itself closes late where somebody holds locks.
"""

from __future__ import annotations

import os
import stat
import string
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import apsw

from functions.comparer.core.engine import Stopped, TableUnreadable, Unreadable

# Where the header has what (SQLite, "Database File Format" 1.3): both version bytes are 2 in WAL mode; the counter
# tells two writes apart that happen within one tick of the file system's clock.
_HEADER_BYTES = 100
_WAL_VERSIONS, _CHANGE_COUNTER = slice(18, 20), slice(24, 28)
_FLAGS = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI

_REASONS = {
    apsw.SQLITE_BUSY: "it is locked by another process",
    apsw.SQLITE_LOCKED: "it is locked by another process",
    apsw.SQLITE_CORRUPT: "it is corrupt",
    apsw.SQLITE_NOTADB: "it is not a SQLite database",
    apsw.SQLITE_CANTOPEN: "it can't be opened; a database in WAL mode needs its -wal and -shm files, or a folder"
    " in which they can be made",
    apsw.SQLITE_READONLY: "an interrupted write must be rolled back first, and it is opened read-only: open it once"
    " with a program that may write",
    apsw.SQLITE_IOERR: "reading it failed",
    apsw.SQLITE_PERM: "access is denied",
}
_LOCKED = {apsw.SQLITE_BUSY, apsw.SQLITE_LOCKED}
_BUILT_IN = {"BINARY", "NOCASE", "RTRIM"}
_TO_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_DAMAGE = {apsw.SQLITE_CORRUPT, apsw.SQLITE_NOTADB, apsw.SQLITE_IOERR}


@dataclass(frozen=True)
class State:
    """What tells whether a file has been written to or replaced, of one moment.

    `logged`: when its write-ahead log was written to, in seconds since 1970; None: it has none, or an empty one.
    """

    identity: tuple[int, int]
    version: str
    logged: float | None


@dataclass(frozen=True)
class SqliteFile:
    """A database file. `quiet`: it is in WAL mode and nobody has it open, so that it is read as ``immutable``.

    `live`: it is in WAL mode and somebody has it open, who may change it under a reader's eyes without harm. `found`:
    what it was like when it was found.
    """

    path: Path
    quiet: bool
    live: bool
    found: State

    def uri(self) -> str:
        """What SQLite opens or attaches it by, read-only."""
        return _uri(self.path, immutable=self.quiet)

    def identity(self) -> tuple[int, int]:
        """The device and the inode of the file that the path names now. Raises `Unreadable`."""
        return _identity(_stat(self.path))

    def version(self) -> str:
        """Changes whenever the database is written to or replaced. Raises `Unreadable`."""
        return _state(self.path, header(self.path)).version

    def check(self) -> None:
        """Raise `Unreadable` if what a transaction has read since the file was found may be a mixture.

        Where it is neither quiet nor live a reader's lock keeps everybody out who asks SQLite; a program that copies
        another file over this one doesn't ask.
        """
        if self.identity() != self.found.identity:
            raise Unreadable(f"{self.path}: it was replaced while it was read; compare again")
        if not self.live and self.version() != self.found.version:
            advice = "; if that happens each time, keep a connection to it open meanwhile, or compare a copy"
            changed = f"{self.path}: it was changed while it was read; compare again"
            raise Unreadable(changed + (advice if self.quiet else ""))


def find(path: Path) -> SqliteFile:
    """The file as it is now; nothing stays open. Raises `Unreadable`, as for what is no regular file."""
    head = header(path)
    state = _state(path, head)
    wal = head[_WAL_VERSIONS] == b"\x02\x02"
    logging = wal and _log(path).exists()
    return SqliteFile(path, quiet=wal and not logging, live=logging, found=state)


def _state(path: Path, head: bytes) -> State:
    """`head`: the header. A write-ahead log without content is as good as none: readers make and remove one."""
    found = _stat(path)
    log = _stat_of_log(path)
    counter = head[_CHANGE_COUNTER].hex()
    # The time of writing can be set back, that of the inode's change can't. The log's inode is changed by readers too:
    # SQLite gives the log to the owner of the database whenever root opens it.
    version = f"{found.st_ino}-{_written(found)}-{found.st_ctime_ns}-{counter}"
    logged = f"{log.st_ino}-{_written(log)}" if log else "0"
    return State(_identity(found), f"{version}-{logged}", log.st_mtime if log else None)


def _written(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}"


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def header(path: Path) -> bytes:
    """The first 100 bytes, zeros where the file is shorter; no lock is taken and none is lost. Raises `Unreadable`."""
    # Opening a pipe or a device may wait forever, so it is not even tried.
    if not stat.S_ISREG(_stat(path).st_mode):
        raise Unreadable(f"{path}: it is not a regular file")
    if not os.access(path, os.R_OK):
        raise Unreadable(f"{path}: access is denied")
    try:
        with closing(apsw.Connection(_uri(path, immutable=True), flags=_FLAGS)) as connection:
            return connection.read("main", 0, 0, _HEADER_BYTES)[1]
    except apsw.Error as error:
        raise unreadable(path, error) from error


def connect(file: SqliteFile) -> apsw.Connection:
    """A connection that only reads and never waits for a lock. Raises `Unreadable`."""
    try:
        connection = apsw.Connection(file.uri(), flags=_FLAGS)
    except apsw.Error as error:
        raise unreadable(file.path, error) from error
    connection.collation_needed(_stand_in)
    connection.execute("PRAGMA query_only = ON")
    return connection


def locked(error: apsw.Error) -> bool:
    """Whether trying again later may help."""
    return _primary(error) in _LOCKED


def unreadable(path: Path, error: apsw.Error) -> Exception:
    """What an error says about the whole file: `Stopped` or `Unreadable`."""
    code = _primary(error)
    if code == apsw.SQLITE_INTERRUPT:
        return Stopped()
    return Unreadable(f"{path}: {_REASONS.get(code, str(error))}")


def table_unreadable(path: Path, error: apsw.Error) -> Exception:
    """What an error says about the table that was read: `Stopped`, `Unreadable` or `TableUnreadable`."""
    code = _primary(error)
    if code in {apsw.SQLITE_INTERRUPT, apsw.SQLITE_CANTOPEN, *_LOCKED}:
        return unreadable(path, error)
    return TableUnreadable(str(error), damaged=code in _DAMAGE)


def upper(name: str) -> str:
    """As SQLite writes it in capitals: it knows the letters of ASCII alone."""
    return name.translate(_TO_UPPER)


def built_in(collation: str) -> bool:
    """Whether SQLite has this collation by itself."""
    return upper(collation) in _BUILT_IN


def _stand_in(connection: apsw.Connection, name: str) -> None:
    """Let tables be read that are ordered by a collation of their own program's: a scan never asks how."""
    if built_in(name):
        return  # In a UTF-16 database SQLite asks for these too, before it makes them from its own for UTF-8.

    def compare(_: str, __: str) -> int:
        raise apsw.SQLError(f"no such collation sequence: {name}")

    connection.create_collation(name, compare)


def _uri(path: Path, *, immutable: bool) -> str:
    return f"file:{quote(os.fsencode(path.absolute()))}?mode=ro" + ("&immutable=1" if immutable else "")


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or type(error).__name__}") from error


def _stat_of_log(path: Path) -> os.stat_result | None:
    """None: there is none, or an empty one. A writer removes it when it closes, at any moment."""
    try:
        found = _log(path).stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(f"{_log(path)}: {error.strerror or type(error).__name__}") from error
    return found if found.st_size else None


def _primary(error: apsw.Error) -> int:
    # Errors of apsw's own have no code of SQLite's.
    return int(getattr(error, "result", 0)) & 0xFF
