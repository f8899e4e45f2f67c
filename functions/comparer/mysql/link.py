"""A connection to a server: PyMySQL's, with what it lacks for reading whole tables and for being stopped."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Final

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import DictCursor

from functions.comparer.core.engine import Stop, Unreadable
from functions.comparer.core.hanging_up import hung_up
from functions.comparer.mysql.errors import Trouble, told
from functions.comparer.mysql.url import MysqlUrl

# How long the server's network may be silent until the connection counts as lost, and how that is asked.
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 6))
_RUNS_THE_LAST: Final = (10, 2)
_FOREVER: Final = 31_536_000.0
_ANY_TROUBLE: Final = (*Trouble, Unreadable, RuntimeError, ValueError, LookupError, AssertionError, struct.error)
"""What logging in can raise: PyMySQL trusts a server that is none, and lacks what some ways of logging in need."""
_GLANCE_SECONDS: Final = 0.05
_KILL_SECONDS: Final = 2.0
_PATIENCE_SECONDS: Final = 0.5
"""How long a statement that is killed on the server has time to end by itself."""


class _Orders:
    """Those to one server: they are given over one connection at a time, which is one more than the server's number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unheard = 0

    def give(self, order: Callable[[], None]) -> None:
        """Give one when it has its turn; but not if the server hasn't answered another one meanwhile."""
        before = self._unheard
        with self._lock:
            if self._unheard != before:
                return
            begun = time.monotonic()
            try:
                order()
            except _ANY_TROUBLE:
                self._unheard += time.monotonic() - begun > _KILL_SECONDS / 2


_ORDERS: Final[dict[str, _Orders]] = {}


class Link:
    """A connection of PyMySQL's. All that is not public of it is used here alone: its socket, and its time-out."""

    def __init__(self, connection: pymysql.Connection) -> None:
        self._connection = connection

    @property
    def number(self) -> int:
        """The server's number of the connection."""
        return int(self._connection.thread_id())

    @property
    def mariadb(self) -> bool:
        """Whether the server is MariaDB rather than MySQL."""
        return "mariadb" in str(self._connection.get_server_info()).lower()

    @property
    def runs_the_last(self) -> bool:
        """Whether a statement can be run by being the last that was prepared, before its number is known."""
        release = re.search(r"(\d+)\.(\d+)\.\d+-mariadb", str(self._connection.get_server_info()).lower())
        return release is not None and (int(release[1]), int(release[2])) >= _RUNS_THE_LAST

    @property
    def socket(self) -> socket.socket:
        """What commands that PyMySQL doesn't know are sent over, with TLS if there is any, while it sends none.

        Raises EOFError if the connection is closed.
        """
        found: socket.socket | None = self._connection._sock  # noqa: SLF001 (there is no other way to it)
        if found is None:
            raise EOFError("the connection to the server is closed")
        return found

    def wait(self) -> None:
        """From now on wait for an answer for as long as it takes: logging in was what had a limit."""
        self._connection._read_timeout = None  # noqa: SLF001 (it can't be given for logging in alone)
        self.socket.settimeout(None)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):  # as most systems have
                self.socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def cut(self) -> None:
        """End the connection from another thread: whoever waits for an answer sees its end at once."""
        with contextlib.suppress(OSError, EOFError):
            # What a socket with TLS does by itself would also forget its keys, which are in use.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def run(self, statement: str) -> None:
        """Run a statement that has no rows. Raises what `Trouble` lists."""
        self._connection.query(statement)

    def run_all(self, statements: Sequence[str]) -> None:
        """Run statements in one round trip, up to one that fails; rows are dropped. Raises what `Trouble` lists."""
        with self._connection.cursor() as cursor:
            cursor.execute("; ".join(statements))
            while cursor.nextset():
                pass

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a statement, in which values stand as %s. Raises what `Trouble` lists."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def estimate(self, statement: str) -> int:
        """About how many rows the server would look at for a statement. Raises what `Trouble` lists."""
        with self._connection.cursor(DictCursor) as cursor:
            # In which form it is told otherwise depends on the server and its settings.
            cursor.execute(f"EXPLAIN FORMAT=TRADITIONAL {statement}")
            return sum(int(step["rows"] or 0) for step in cursor.fetchall())

    def close(self) -> None:
        """Close the connection, whatever its state is."""
        try:
            with hung_up(self.socket.fileno()):
                self._connection.close()
        except Trouble:
            with contextlib.suppress(*Trouble):
                self._connection.close()


class Server:
    """Where connections are made."""

    def __init__(self, url: MysqlUrl) -> None:
        self._url = url

    @property
    def name(self) -> str:
        """The server for people, without user and password."""
        host = f"[{self._url.host}]" if ":" in self._url.host else self._url.host
        return f"MySQL server {host}:{self._url.port}"

    def connect(self, stop: Stop) -> Link:
        """Log in. Raises `Unreadable`, and `Stopped` as soon as stopping is asked for."""
        found: list[Link] = []
        failed: list[BaseException] = []
        over, abandoned = threading.Event(), threading.Event()

        def attempt() -> None:
            try:
                found.append(self._connected(self._url.connect_timeout))
            except _ANY_TROUBLE as error:
                failed.append(error)
            finally:
                over.set()
            if abandoned.is_set() and found:
                found[0].close()

        # Names are looked up and servers log in for as long as they like: only another thread can leave them to it.
        threading.Thread(target=attempt, name="mysql login", daemon=True).start()
        try:
            while not over.wait(_GLANCE_SECONDS):
                stop.check()
        except BaseException:
            abandoned.set()
            if over.is_set() and found:
                found[0].close()
            raise
        if found:
            return found[0]
        if failed and isinstance(failed[0], Unreadable):
            raise failed[0]
        reason = told(failed[0]) if failed else "the login has failed"
        raise Unreadable(f"{self.name}: {reason}", "connection") from (failed[0] if failed else None)

    def kill_query(self, number: int) -> None:
        """End the statement that a connection runs, by another one. A server that can't be asked has none."""
        self._order(f"KILL QUERY {number:d}")

    def kill(self, number: int) -> None:
        """End a connection and what it runs, as `kill_query`: nothing that is on its way to it will begin."""
        self._order(f"KILL CONNECTION {number:d}")

    def _order(self, statement: str) -> None:
        def order() -> None:
            with closing(self._connected(_KILL_SECONDS)) as link:
                link.run(statement)

        _ORDERS.setdefault(self.name, _Orders()).give(order)

    def _connected(self, seconds: float) -> Link:
        url = self._url
        connection = pymysql.Connection(
            host=url.host,
            port=url.port,
            user=url.user,
            password=self._password(),  # as bytes: PyMySQL would write a text in Latin-1, or fail and show it
            charset="utf8mb4",
            connect_timeout=seconds or _FOREVER,
            read_timeout=seconds or None,
            write_timeout=None,
            autocommit=True,
            local_infile=False,
            client_flag=CLIENT.MULTI_STATEMENTS,  # all of them are ours
            program_name="parity",
            ssl_disabled=url.ssl_mode == "DISABLED",
            ssl=self._context(),
        )
        link = Link(connection)
        link.wait()
        return link

    def _password(self) -> bytes:
        path = self._url.password_file
        if path is None:
            return self._url.password
        try:
            return path.read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise Unreadable(f"{self.name}: password_file: {error.strerror}", "connection") from error

    def _context(self) -> ssl.SSLContext | None:
        """How TLS is spoken; None: not at all, or only if the server speaks it."""
        if self._url.ssl_mode in {"DISABLED", "PREFERRED"}:
            return None
        try:
            context = ssl.create_default_context(cafile=self._url.ssl_ca)
        except OSError as error:  # ssl.SSLError is one
            raise Unreadable(
                f"{self.name}: ssl_ca: {error.strerror or 'no certificate in it'}", "connection"
            ) from error
        # The certificates that servers make for themselves are not as strict as Python 3.13 wants them.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = self._url.ssl_mode == "VERIFY_IDENTITY"
        context.verify_mode = ssl.CERT_REQUIRED if self._url.verifying else ssl.CERT_NONE
        return context


class Interrupt:
    """Ends a connection and what it runs when stopping is asked for: on the server, then here."""

    def __init__(self, server: Server, link: Link) -> None:
        self._server = server
        self._link = link
        self._running: threading.Thread | None = None

    def __call__(self) -> None:
        """Begin to end it, and come back at once. Asked again, it does so again once the last time is over."""
        if self._running is None or not self._running.is_alive():
            self._running = _begun(self._end)

    def settle(self) -> None:
        """Wait until what was begun is over: no statement is to stay behind."""
        if self._running is not None:
            self._running.join(_KILL_SECONDS + _PATIENCE_SECONDS)

    def _end(self) -> None:
        number = self._link.number
        killing = _begun(lambda: self._server.kill(number))
        killing.join(_PATIENCE_SECONDS)
        self._link.cut()
        killing.join()


def _begun(work: Callable[[], None]) -> threading.Thread:
    """A thread that doesn't keep the process alive."""
    thread = threading.Thread(target=work, name="mysql interrupt", daemon=True)
    thread.start()
    return thread
