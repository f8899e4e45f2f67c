"""One connection to a PostgreSQL server in one read-only transaction; whatever it waits for, it can be stopped."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

import psycopg
from psycopg import pq

from functions.comparer.core.engine import Cause, Stop, Stopped, TableUnreadable, Unreadable
from functions.comparer.postgres.addresses import addresses_of
from functions.comparer.postgres.names import text
from functions.comparer.postgres.url import PostgresUrl

_TICK: Final = 0.2
"""For how many seconds nobody looks whether stopping was asked for."""
_CANCEL_SECONDS: Final = 0.7
_DRAIN_SECONDS: Final = 5.0
_LOST_CLASSES: Final = ("08", "57P")
_FAILED: Final = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)
_SELECTOR: Final[type[selectors.BaseSelector]] = getattr(selectors, "PollSelector", selectors.SelectSelector)

_T = TypeVar("_T")
TextRow = tuple[str | None, ...]


class StatementFailed(Exception):
    """The server has refused a statement, and the connection is as good as before. The message is the server's."""

    def __init__(self, message: str, code: str, cause: Cause) -> None:
        super().__init__(message)
        self.code = code
        """SQLSTATE."""
        self.cause: Cause = cause


@contextmanager
def of_database() -> Iterator[None]:
    """Within the block a statement that fails means that the database can't be read."""
    try:
        yield
    except StatementFailed as error:
        raise Unreadable(str(error), error.cause) from error


@contextmanager
def of_table() -> Iterator[None]:
    """Within the block a statement that fails means that one table can't be read."""
    try:
        yield
    except StatementFailed as error:
        raise TableUnreadable(str(error), damaged=True, cause=error.cause) from error


class Session:
    """A connection. It is of one thread at a time. Every method raises `Unreadable` and `Stopped`."""

    def __init__(self, url: PostgresUrl, database: str | None, stop: Stop) -> None:
        """Connect, within the URL's time; `database` None: libpq's default."""
        self.stop = stop
        self._url = url
        self._saved = False
        self._sent = 0.0
        self._closed = False
        stop.check()
        deadline = time.monotonic() + (url.connect_timeout or float("inf"))
        addresses = addresses_of(url.host, stop, deadline) if url.host else ()
        self.connection = pq.PGconn.connect_start(_conninfo(url, database, addresses))
        try:
            self._connected(deadline)
        except BaseException:
            self.close()
            raise

    def _connected(self, deadline: float) -> None:
        state: int = pq.PollingStatus.WRITING
        while state != pq.PollingStatus.OK and self.connection.status != pq.ConnStatus.BAD:
            if not self._ready(write=state == pq.PollingStatus.WRITING):
                self.stop.check()
                if time.monotonic() > deadline:
                    seconds = f"{self._url.connect_timeout:g}"
                    raise Unreadable(f"{self._url.server}: no connection within {seconds} seconds", "connection")
                continue
            state = self.connection.connect_poll()
            if state == pq.PollingStatus.FAILED:
                break
        if self.connection.status == pq.ConnStatus.BAD or state == pq.PollingStatus.FAILED:
            raise Unreadable(f"{self._url.server}: {self._said()}", "connection")
        self.connection.nonblocking = 1

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
        settings = {
            # Without it a policy of a table would leave out rows in silence.
            "row_security": "off",
            "search_path": "",
            # Texts of the same value are the same on every server.
            "client_encoding": "SQL_ASCII" if self.encoding == "SQL_ASCII" else "UTF8",
            "TimeZone": "UTC",
            "DateStyle": "ISO, YMD",
            "IntervalStyle": "iso_8601",
            "extra_float_digits": "1",
            "bytea_output": "hex",
            "lc_monetary": "C",
            "xmlbinary": "base64",
            "standard_conforming_strings": "on",
            # A rare, long statement is ours; times are what the URL says and nothing else.
            "statement_timeout": str(round(self._url.statement_timeout * 1000)),
            "lock_timeout": "0",
            "idle_in_transaction_session_timeout": "0",
            "jit": "off",
        }
        if self.release >= 170000:
            settings["transaction_timeout"] = "0"
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
        self.run("ROLLBACK TO SAVEPOINT parity")

    def rows(self, statement: str, *values: str | None) -> list[TextRow]:
        """All rows of a statement, whose values are texts as well. Raises `StatementFailed` too."""
        self._usable()
        given = [None if value is None else value.encode("utf-8", "surrogateescape") for value in values]
        self._send(lambda: self.connection.send_query_params(_encoded(statement), given))
        result = self.finished()[-1]
        found = range(result.nfields)
        return [tuple(_text(result.get_value(row, at)) for at in found) for row in range(result.ntuples)]

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
        if not self._closed and self._active():
            self._cancel()
        self.close()

    def give_up(self) -> None:
        """Stop what runs and go on as if it had ended; where that takes too long, be of no use any more."""
        if self._closed or not self._active():
            return
        try:
            if not (self._cancel() and self._drained(time.monotonic() + _DRAIN_SECONDS)):
                self.close()
            elif self._saved:
                self.let_go()
        except (Unreadable, StatementFailed, Stopped, psycopg.Error):
            # Whoever gives up has a reason of his own to tell.
            self.close()

    def close(self) -> None:
        """End the connection, and with it the transaction."""
        self._closed = True
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
        with _SELECTOR() as selector:
            selector.register(self.connection.socket, selectors.EVENT_WRITE if write else selectors.EVENT_READ)
            return bool(selector.select(_TICK))

    def _failure(self, result: pq.abc.PGresult) -> Exception:
        field = pq.DiagnosticField
        message = _line(result.error_field(field.MESSAGE_PRIMARY) or result.error_message)
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
        return _line(self.connection.error_message)

    def _cancel(self) -> bool:
        """Ask the server to stop what runs; whether it has taken that in."""
        deadline = time.monotonic() + _CANCEL_SECONDS
        asking = self.connection.cancel_conn()
        try:
            asking.start()
            while (state := asking.poll()) not in {pq.PollingStatus.OK, pq.PollingStatus.FAILED}:
                event = selectors.EVENT_READ if state == pq.PollingStatus.READING else selectors.EVENT_WRITE
                with _SELECTOR() as selector:
                    selector.register(asking.socket, event)
                    left = deadline - time.monotonic()
                    if left <= 0 or not selector.select(left):
                        return False
        except psycopg.Error:
            return False
        finally:
            asking.finish()
        return state == pq.PollingStatus.OK

    def _drained(self, deadline: float) -> bool:
        """Take what still comes and drop it; whether it has ended in time."""
        connection = self.connection
        while time.monotonic() < deadline:
            if connection.is_busy():
                self._ready(write=False)
                connection.consume_input()
                continue
            result = connection.get_result()
            if result is None:
                return True
            if result.status == pq.ExecStatus.COPY_OUT:
                while (size := connection.get_copy_data(1)[0]) >= 0:
                    if size == 0:
                        self._ready(write=False)
                        connection.consume_input()
                        if time.monotonic() >= deadline:
                            return False
        return False


def _conninfo(url: PostgresUrl, database: str | None, addresses: Sequence[str] = ()) -> bytes:
    """What libpq is to know. With several addresses it tries one after the other."""
    given = {
        "host": url.host and ",".join([url.host] * max(1, len(addresses))),
        "hostaddr": ",".join(addresses) or None,
        "port": url.port,
        "user": url.user,
        "dbname": database,
        "password": url.password(),
        "sslmode": url.sslmode,
        "sslrootcert": url.sslrootcert,
        # What comes over the socket must be what libpq reads, or TLS.
        "gssencmode": "disable",
        "client_encoding": "UTF8",
        "fallback_application_name": "parity",
    }
    parts = (f"{name}='{_escaped(str(value))}'" for name, value in given.items() if value is not None)
    return _encoded(" ".join(parts))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _encoded(statement: str) -> bytes:
    return statement.encode("utf-8", "surrogateescape")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def _line(message: bytes) -> str:
    """What libpq or the server says, in one line."""
    return " ".join(message.decode("utf-8", "replace").split())
