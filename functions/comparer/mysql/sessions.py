"""The connections of one snapshot: each reads only, in UTC, and sees the data as they were when it began."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pymysql

from functions.comparer.core.engine import Stop
from functions.comparer.core.hanging_up import all_ended
from functions.comparer.core.kinds import Kind
from functions.comparer.mysql.errors import INTERRUPTED, Trouble, database_error, number_of
from functions.comparer.mysql.link import Interrupt, Link, Server
from functions.comparer.mysql.stream import Decoding, Incoming, Result
from functions.comparer.mysql.url import MysqlUrl

_FOR_ALL: Final = (
    "sql_mode = 'NO_BACKSLASH_ESCAPES'",  # besides, no mode that changes what is read
    "sql_quote_show_create = 1",  # names of rights are told as they are quoted
    "time_zone = '+00:00'",
    "net_write_timeout = 3600",  # for how long a side may wait while the other one is read
    "wait_timeout = 2147483",
    "max_sort_length = 16384",  # more bytes than the longest key has
    "sql_select_limit = 18446744073709551615",
    "sql_big_selects = 1",
)
# From 8.0.3 on MySQL knows how many rows a table had up to a day ago, unless it is told not to. It alone reads this.
_FRESH: Final = " /*!80003 , information_schema_stats_expiry = 0 */"
_BEGIN: Final = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    "SAVEPOINT parity",
)
# Lets go of the locks that keep others from altering the tables that have been read.
_LET_GO: Final = "ROLLBACK TO SAVEPOINT parity"


class Session:
    """A connection with a transaction of its own."""

    def __init__(self, server: Server, url: MysqlUrl, stop: Stop) -> None:
        """Nothing is opened yet."""
        self._server = server
        self._url = url
        self._stop = stop
        self._stack = ExitStack()
        self._link: Link | None = None
        self._interrupt: Interrupt | None = None
        self._result: Result | None = None
        self._incoming: Incoming | None = None
        self._holding = False

    def open(self) -> None:
        """Connect. Raises `Unreadable` and `Stopped`."""
        link = self._server.connect(self._stop)
        self._stack.callback(link.close)
        interrupt = Interrupt(self._server, link)
        self._stack.callback(interrupt.settle)
        self._stack.enter_context(self._stop.interrupting(interrupt))
        self._link, self._interrupt = link, interrupt
        self._run([f"SET SESSION {', '.join(self._settings(link))}{_FRESH}"])

    def begin(self) -> None:
        """Begin the transaction. Raises `Unreadable` and `Stopped`."""
        self._run(_BEGIN)

    def close(self) -> None:
        """End the connection."""
        self._link = None
        self._result = self._incoming = None
        self._stack.close()

    def glance(self, statements: Sequence[str]) -> None:
        """Run statements whose rows are of no interest, in one round trip; the first that fails is the last.

        What one has locked is let go before the next one runs. Raises what `Trouble` lists.
        """
        self._holding = True
        self._connected.run_all([step for statement in statements for step in (statement, _LET_GO)])
        self._holding = False

    @property
    def usable(self) -> bool:
        """Whether it is connected."""
        return self._link is not None

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a statement, in which values stand as %s. Raises what `Trouble` lists."""
        self._holding = True
        return self._connected.rows(statement, *values)

    @property
    def mariadb(self) -> bool:
        """Whether the server is MariaDB rather than MySQL. Raises EOFError."""
        return self._connected.mariadb

    def estimate(self, statement: str) -> int:
        """About how many rows the server would look at. Raises what `Trouble` lists."""
        self._holding = True
        return self._connected.estimate(statement)

    def blocks(
        self, statement: str, kinds: Sequence[tuple[Kind, bool]], key: int, decoding: Decoding
    ) -> Iterator[bytes]:
        """The rows of a statement as canonical rows; see `Result.blocks`. Raises what `Trouble` lists."""
        self._holding = True
        if self._incoming is None or not self._incoming.as_new:
            self._incoming = Incoming(self._connected)
        self._result = Result(self._connected, self._incoming)
        yield from self._result.blocks(statement, kinds, key, decoding)

    def settle(self) -> None:
        """Make it ready for whatever is read next; if that can't be, it is closed."""
        if self._stop.asked or not self.usable:
            self.close()
            return
        try:
            self._end_result()
            if self._holding:
                self._let_go()
                self._holding = False
        except Trouble:
            self.close()

    def _end_result(self) -> None:
        result, self._result = self._result, None
        if result is None:
            return
        if not result.over:
            self._server.kill_query(self._connected.number)
            if not result.drain():
                raise EOFError("the statement can't be ended")
        result.forget()

    def _let_go(self) -> None:
        try:
            self._connected.run(_LET_GO)
        except pymysql.MySQLError as error:
            if number_of(error) != INTERRUPTED:
                raise
            self._connected.run(_LET_GO)  # What was to end the statement before came too late for it.

    def _settings(self, link: Link) -> Iterator[str]:
        yield from _FOR_ALL
        seconds = self._url.statement_timeout
        if link.mariadb:
            yield f"max_statement_time = {seconds:f}"
            yield "idle_transaction_timeout = 0"
            yield "idle_readonly_transaction_timeout = 0"
        else:
            yield f"max_execution_time = {round(seconds * 1000)}"

    def _run(self, statements: Sequence[str]) -> None:
        try:
            for statement in statements:
                self._stop.check()
                self._connected.run(statement)
        except Trouble as error:
            raise database_error(self._server.name, error, asked=self._stop.asked) from error

    @property
    def _connected(self) -> Link:
        if self._link is None:
            raise EOFError("the connection to the server is closed")
        return self._link


class Sessions:
    """The connections of one snapshot."""

    def __init__(self, make: Callable[[], Session], count: int) -> None:
        self._all = [make() for _ in range(count)]
        self._idle = list(reversed(self._all))

    @property
    def most(self) -> int:
        """How many there are."""
        return len(self._all)

    def open(self) -> None:
        """Connect, then begin all transactions one right after the other. Raises `Unreadable` and `Stopped`."""
        for session in self._all:
            session.open()
        for session in self._all:
            session.begin()

    def close(self) -> None:
        """End all connections."""
        all_ended([session.close for session in self._all])

    @contextmanager
    def taken(self) -> Iterator[Session]:
        """One that is idle, for as long as the block lasts. Raises `Unreadable` and `Stopped`."""
        try:
            session = self._idle.pop()
        except IndexError:
            raise RuntimeError(
                f"all {len(self._all)} connections are in use: a stream has to be closed before something else is read"
            ) from None
        try:
            if not session.usable:
                session.open()
                session.begin()
            yield session
        finally:
            session.settle()
            self._idle.append(session)
