"""One connection to a PostgreSQL server in one read-only transaction; whatever it waits for, it can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import psycopg
from psycopg import pq

from functions.comparer.core.engine import Cause, Stop, Stopped, Unreadable
from functions.comparer.postgres.cancelling import cancelled, drained
from functions.comparer.postgres.connecting import connected, hang_up
from functions.comparer.postgres.failures import StatementFailed, in_one_line, of_database
from functions.comparer.postgres.names import text
from functions.comparer.postgres.settings import settings_of
from functions.comparer.postgres.url import PostgresUrl
from functions.comparer.postgres.waiting import TICK, ready

_LOST_CLASSES: Final = ("08", "57P")
_FAILED: Final = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)
LET_GO: Final = "ROLLBACK TO SAVEPOINT parity"
"""Gives up the locks on tables that have been read: as the last of several statements it costs no time of its own."""

_T = TypeVar("_T")
TextRow = tuple[str | None, ...]


class Session:
    """A connection. It is of one thread at a time. Every method raises `Unreadable` and `Stopped`."""

    def __init__(self, url: PostgresUrl, database: str | None, stop: Stop) -> None:
        """Connect, within the URL's time; `database` None: libpq's default."""
        self.stop = stop
        self.connection = connected(url, database, stop)
        self._url = url
        self._saved = False
        self._sent = 0.0
        self._closed = False
        self._closing = threading.Lock()

    @property
    def release(self) -> int:
        """Of the server, as 150004."""
        return self.connection.server_version

    @property
    def encoding(self) -> str:
        """Of the database, as PostgreSQL calls it."""
        return (self.connection.parameter_status(b"server_encoding") or b"").decode()

    @property
    def closed(self) -> bool:
        """Whether it is of no use any more."""
        return self._closed

    def begin(self, snapshot: str | None = None) -> None:
        """Begin the one transaction: read-only, everything as it is now, or as another session's `snapshot` has it.

        Settings are those of the transaction, so that a pooler between us and the server keeps none.
        """
        settings = settings_of(self.release, self.encoding, self._url.statement_timeout)
        chosen = f"SET TRANSACTION SNAPSHOT {text(snapshot)}; " if snapshot else ""
        changes = "; ".join(f"SET LOCAL {name} = {text(value)}" for name, value in settings.items())
        with of_database():
            self.run(f"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; {chosen}{changes}")
            # The first statement that reads is the moment that the transaction sees.
            self.run("SELECT 1; SAVEPOINT parity")
        self._saved = True

    def export(self) -> str:
        """A name by which other sessions see what this one sees, as long as its transaction lasts."""
        with of_database():
            # No subtransaction may do it.
            self._saved = False
            self.run("RELEASE SAVEPOINT parity")
            ((name,),) = self.rows("SELECT pg_catalog.pg_export_snapshot()")
            self.run("SAVEPOINT parity")
            self._saved = True
        if name is None:
            raise AssertionError
        return name

    def let_go(self) -> None:
        """Give up the locks on tables that have been read: nobody waits for us longer than we read."""
        self.run(LET_GO)

    def rows(self, statement: str, *values: str | None) -> list[TextRow]:
        """All rows of a statement, whose values are texts as well. Raises `StatementFailed` too."""
        self._usable()
        given = [None if value is None else value.encode("utf-8", "surrogateescape") for value in values]
        self._send(lambda: self.connection.send_query_params(_encoded(statement), given))
        return rows_of(self.finished()[-1])

    def glance(self, statement: str) -> list[TextRow]:
        """All rows of a statement without values, whose locks are given up at once. Raises `StatementFailed` too."""
        self.start(f"{statement}; {LET_GO}")
        return rows_of(self.finished()[0])

    def run(self, statements: str) -> None:
        """Run statements whose results are of no interest. Raises `StatementFailed` too."""
        self.start(statements)
        self.finished()

    def start(self, statements: str) -> None:
        """Send statements; `finished`, or who reads their rows, takes it from here."""
        self._usable()
        self._send(lambda: self.connection.send_query(_encoded(statements)))

    def finished(self) -> Sequence[pq.abc.PGresult]:
        """Wait for the results of what was sent. Raises `StatementFailed` too."""
        results = []
        while (result := self.result()) is not None:
            results.append(result)
        for result in results:
            if result.status in _FAILED:
                raise self._failure(result)
        return results

    def refused(self, result: pq.abc.PGresult) -> Exception:
        """What to raise for a result that is not what was asked for."""
        while self.result() is not None:
            pass
        return self._failure(result)

    def result(self) -> pq.abc.PGresult | None:
        """Wait for the next result; None: there is no more."""
        while self._asking(self.connection.is_busy):
            self.take()
        return self._asking(self.connection.get_result)

    def wait(self) -> None:
        """Wait until the server has sent something."""
        self.check()
        while not self._ready(write=False):
            self.check()

    def take(self) -> None:
        """Wait until the server has sent something, and let libpq have it."""
        self.wait()
        self._asking(self.connection.consume_input)

    def check(self) -> None:
        """Once stopping was asked for: see that no statement of ours stays behind, and raise `Stopped`."""
        if self.stop.asked:
            self.abandon()
            raise Stopped

    def abandon(self) -> None:
        """Stop what runs at the server, and be of no use any more."""
        heard = self._closed or not self._active() or cancelled(self.connection)
        # Who doesn't hear that we want to stop won't hear that we hang up.
        self.close(wait=heard)

    def give_up(self) -> None:
        """Stop what runs and go on as if it had ended; where that takes too long, be of no use any more."""
        if self._closed or not self._active():
            return
        try:
            if not (cancelled(self.connection) and drained(self.connection)):
                self.close()
            elif self._saved:
                self.let_go()
        except (Unreadable, StatementFailed, Stopped, psycopg.Error):
            # Whoever gives up has a reason of his own to tell.
            self.close()

    def close(self, *, wait: bool = True) -> None:
        """End the connection, and with it the transaction. `wait`: until the server has ended it too."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        if wait:
            hang_up(self.connection)
        else:
            self.connection.finish()

    def lost(self) -> Unreadable:
        """What to raise when the connection has broken."""
        told = self._said()
        self.close()
        return Unreadable(f"{self._url.server}: the connection was lost{': ' + told if told else ''}", "connection")

    def _usable(self) -> None:
        self.check()
        if self._closed:
            raise Unreadable(f"{self._url.server}: the connection was lost", "connection")
        if self._active():
            raise RuntimeError("a statement runs on this connection already")

    def _active(self) -> bool:
        return self.connection.transaction_status == pq.TransactionStatus.ACTIVE

    def _send(self, send: Callable[[], None]) -> None:
        self._sent = time.monotonic()
        self._asking(send)
        while self._asking(self.connection.flush):
            # A server that waits for us to read would never read on.
            self._ready(write=True)
            self._asking(self.connection.consume_input)
            self.check()

    def _asking(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except psycopg.Error as error:
            raise self.lost() from error

    def _ready(self, *, write: bool) -> bool:
        """Whether the connection has become ready within a moment."""
        return ready(self.connection.socket, write=write, seconds=TICK)

    def _failure(self, result: pq.abc.PGresult) -> Exception:
        field = pq.DiagnosticField
        message = in_one_line(result.error_field(field.MESSAGE_PRIMARY) or result.error_message)
        code = (result.error_field(field.SQLSTATE) or b"").decode()
        fatal = result.error_field(field.SEVERITY_NONLOCALIZED) in {b"FATAL", b"PANIC"}
        self.check()
        if fatal or not code or code.startswith(_LOST_CLASSES) or self.connection.status == pq.ConnStatus.BAD:
            self.close()
            return Unreadable(f"{self._url.server}: the connection was lost: {message}", "connection")
        failed = StatementFailed(message, code, self._cause(code))
        if self._saved:
            self.let_go()
        return failed

    def _cause(self, code: str) -> Cause:
        limit = self._url.statement_timeout
        timed_out = code == "57014" and limit and time.monotonic() - self._sent >= limit * 0.9
        return "time" if timed_out else "statement"

    def _said(self) -> str:
        return in_one_line(self.connection.error_message)


def rows_of(result: pq.abc.PGresult) -> list[TextRow]:
    """The rows of a statement, as texts."""
    columns = range(result.nfields)
    return [tuple(_text(result.get_value(row, at)) for at in columns) for row in range(result.ntuples)]


def _encoded(statement: str) -> bytes:
    return statement.encode("utf-8", "surrogateescape")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")
