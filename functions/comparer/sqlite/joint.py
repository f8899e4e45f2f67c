"""Two SQLite databases that SQLite compares by itself: both are open in one connection, or in several of the kind."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial

import apsw

from functions.comparer.core.engine import Joint, Stop, TableUnreadable, Unreadable, closed
from functions.comparer.core.table import Chunk, TablePlan
from functions.comparer.sqlite.crew import Pace, Session, workers
from functions.comparer.sqlite.file import SqliteFile, connect, locked, table_unreadable, unreadable
from functions.comparer.sqlite.joined import METHOD as JOINED
from functions.comparer.sqlite.joined import joined
from functions.comparer.sqlite.keys import Span, unmarked
from functions.comparer.sqlite.layout import SOURCE, TARGET, Layout, Listed, layout, listed
from functions.comparer.sqlite.paired import METHOD as PAIRED
from functions.comparer.sqlite.paired import paired
from functions.comparer.sqlite.parts import FIRST_ROWS
from functions.comparer.sqlite.statements import count, length, misread

# For the caches of all connections together; sorting takes as much as one of them.
_CACHE_KIB = 32_000
_PYTHON_ENCODINGS = {"UTF-8": "utf-8", "UTF-16le": "utf-16-le", "UTF-16be": "utf-16-be"}
_HEADER_BYTES = 100
_TRIES_FOR_A_LOCK = 20
_TRY_SECONDS = 0.25
_PACE = Pace(FIRST_ROWS, time.monotonic)


def open_joint(
    source: SqliteFile,
    target: SqliteFile,
    stop: Stop,
    *,
    most: int | None = None,
    pace: Pace = _PACE,
) -> AbstractContextManager[Joint] | None:
    """Both databases together; None: SQLite can't have them in one connection, as their encodings differ.

    `most`: how many connections work at the same time; None: as many as are worth it. Raises `Unreadable` and
    `Stopped`, as does entering.
    """
    encoding = _encoding(source, stop)
    if encoding != _encoding(target, stop):
        return None
    return _opened(source, target, stop, most or workers(), encoding, pace)


@contextmanager
def _opened(
    source: SqliteFile, target: SqliteFile, stop: Stop, number: int, encoding: str, pace: Pace
) -> Iterator[Joint]:
    files = _Files(source, target)
    with ExitStack() as stack:
        connections = _connected(files, stop, number, stack)
        sessions = [Session(connection, source.path, stop) for connection in connections]
        yield SqliteJoint(files, sessions, encoding, pace)


class SqliteJoint:
    """Both databases in open read transactions that all see the same moment."""

    def __init__(self, files: _Files, sessions: Sequence[Session], encoding: str, pace: Pace) -> None:
        self._files = files
        self._sessions = sessions
        self._encoding = encoding
        self._pace = pace
        self._layouts: dict[TablePlan, Layout | None] = {}
        self._lengths: dict[TablePlan, tuple[int, int]] = {}
        self._tables: Listed | None = None

    def takes(self, plan: TablePlan) -> bool:
        """See `Joint.takes`."""
        found = self._layout(plan)
        return found is not None and not any(self._misread(found))

    def _misread(self, found: Layout) -> Iterator[int]:
        statements = (misread(found, side) for side in (found.source, found.target))
        return (self._sessions[0].number(statement) for statement in statements if statement)

    def method(self, plan: TablePlan) -> str:
        """See `Joint.method`."""
        return JOINED if plan.key else PAIRED

    def length(self, plan: TablePlan) -> int:
        """See `Joint.length`."""
        return sum(self._counted(plan))

    def chunks(self, plan: TablePlan, after: str | None, room: int) -> Iterator[Chunk]:
        """See `Joint.chunks`."""
        found = self._found(plan)
        if plan.key:
            chunks = joined(self._sessions, found, plan, after, room, self._pace, partial(self._counted, plan))
        else:
            chunks = paired(self._sessions, found, room, self._pace)
        passed = [0, 0] if after is None else self._before(found, after)
        with closed(chunks):
            for chunk in chunks:
                self._files.check()
                passed = [passed[0] + chunk.source_rows, passed[1] + chunk.target_rows]
                # One that goes on from a mark is not counted again before its end: it may be interrupted often.
                if after is None:
                    self._check(plan, passed, over=False)
                yield chunk
        self._check(plan, passed, over=True)

    def _before(self, found: Layout, after: str) -> list[int]:
        span = Span(None, unmarked(after))
        counted = [self._sessions[0].row(count(found, side, span)) for side in (found.source, found.target)]
        return [rows for rows, _ in filter(None, counted)]

    def _check(self, plan: TablePlan, passed: Sequence[int], *, over: bool) -> None:
        """Refuse a table whose parts aren't all of it, or more: where rows are out of order, parts end too early."""
        for rows, number in zip(self._counted(plan), passed, strict=True):
            if number > rows or (over and number < rows):
                raise TableUnreadable(f"it has {rows} rows, of which {number} are found by their keys", damaged=True)

    def _counted(self, plan: TablePlan) -> tuple[int, int]:
        """How many rows each side has, as SQLite counts them fastest; they remain so many in one transaction."""
        if plan not in self._lengths:
            found, session = self._found(plan), self._sessions[0]
            self._lengths[plan] = session.number(length(found.source)), session.number(length(found.target))
        return self._lengths[plan]

    def _found(self, plan: TablePlan) -> Layout:
        found = self._layout(plan)
        if found is None:
            raise TableUnreadable("it was altered while it was compared", damaged=False)
        return found

    def _layout(self, plan: TablePlan) -> Layout | None:
        if plan not in self._layouts:
            connection = self._sessions[0].connection
            try:
                if self._tables is None:
                    self._tables = listed(connection)
                self._layouts[plan] = layout(connection, plan, self._encoding, self._tables)
            except apsw.Error as error:
                raise table_unreadable(self._files.source.path, error) from error
        return self._layouts[plan]


class _Files:
    """The two files, and which ones they were when they were opened."""

    def __init__(self, source: SqliteFile, target: SqliteFile) -> None:
        self.source = source
        self.target = target
        self._identities = [file.identity() for file in (source, target)]

    def check(self) -> None:
        """Raise `Unreadable` if the path of one of them names another file by now, or none."""
        for file, identity in zip((self.source, self.target), self._identities, strict=True):
            if file.identity() != identity:
                raise Unreadable(f"{file.path}: it was replaced while it was compared; compare again")


def _connected(files: _Files, stop: Stop, number: int, stack: ExitStack) -> list[apsw.Connection]:
    """Connections that see the same moment: as many as wanted, or one alone where several couldn't be sure of it."""
    first = _connection(files, stop, _TRIES_FOR_A_LOCK, stack)
    connections = [first]
    if number > 1 and _still(first, files):
        with ExitStack() as others:
            try:
                connections += [_connection(files, stop, 1, others) for _ in range(number - 1)]
            except Unreadable:
                # What the first holds remains good whatever keeps the others away, such as a writer that has died.
                return _cached([first])
            if not all(_still(each, files) and _moment(each) == _moment(first) for each in connections):
                return _cached([first])
            stack.push(others.pop_all())
    return _cached(connections)


def _still(connection: apsw.Connection, files: _Files) -> bool:
    """Whether nobody can write as long as the connection reads: it has the lock for that, or the file is immutable.

    In WAL mode writers go on beside readers, and nothing tells of two connections that they began at the same moment.
    """
    sides = ((SOURCE, files.source), (TARGET, files.target))
    return all(file.quiet or _journal(connection, schema) == "delete" for schema, file in sides)


def _journal(connection: apsw.Connection, schema: str) -> str:
    """`wal`, or what a connection that only reads has in any other mode: `delete`."""
    ((mode,),) = connection.execute(f"PRAGMA {schema}.journal_mode")
    return str(mode)


def _moment(connection: apsw.Connection) -> tuple[bytes, ...]:
    """The headers of both files, which count the writes: equal under the lock of the first, unless locks do nothing."""
    return tuple(connection.read(schema, 0, 0, _HEADER_BYTES)[1] for schema in (SOURCE, TARGET))


def _cached(connections: list[apsw.Connection]) -> list[apsw.Connection]:
    for connection in connections:
        for schema in (SOURCE, TARGET):
            connection.execute(f"PRAGMA {schema}.cache_size = -{_CACHE_KIB // 2 // len(connections)}")
    return connections


def _connection(files: _Files, stop: Stop, tries: int, stack: ExitStack) -> apsw.Connection:
    """A connection in a read transaction on both files, tried so often where a writer has locked one."""
    connection = stack.enter_context(closing(connect(files.source)))
    stack.enter_context(stop.interrupting(connection.interrupt))
    file = files.source
    try:
        # Attaching reads the schemas of both: what is wrong with the first must not be said of the second.
        connection.execute(f"PRAGMA {SOURCE}.encoding").fetchall()
        file = files.target
        connection.execute(f"ATTACH ? AS {TARGET}", (file.uri(),))
    except apsw.Error as error:
        raise unreadable(file.path, error) from error
    for left in reversed(range(tries)):
        stop.check()
        file = files.source
        try:
            connection.execute("BEGIN")
            for schema, file in ((SOURCE, files.source), (TARGET, files.target)):  # noqa: B007 (it is told of)
                # A transaction begins with what it reads first.
                connection.execute(f"PRAGMA {schema}.schema_version").fetchall()
        except apsw.Error as error:
            if not (left and locked(error)):
                raise unreadable(file.path, error) from error
            connection.execute("ROLLBACK")
            stop.wait(_TRY_SECONDS)
        else:
            break
    return connection


def _encoding(file: SqliteFile, stop: Stop) -> str:
    """How Python calls the encoding of all texts of the database."""
    stop.check()
    with closing(connect(file)) as connection:
        try:
            ((name,),) = connection.execute("PRAGMA main.encoding")
        except apsw.Error as error:
            raise unreadable(file.path, error) from error
    return _PYTHON_ENCODINGS[name]
