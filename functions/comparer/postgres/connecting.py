"""Connecting to a server, within the time that the URL says and no longer than anybody wants it; and hanging up."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg
from psycopg import pq

from functions.comparer.core.engine import Stop, Unreadable
from functions.comparer.core.hanging_up import hung_up
from functions.comparer.postgres.addresses import addresses_of
from functions.comparer.postgres.failures import in_one_line
from functions.comparer.postgres.url import PostgresUrl
from functions.comparer.postgres.waiting import TICK, ready


def connected(url: PostgresUrl, database: str | None, stop: Stop) -> pq.abc.PGconn:
    """A connection that never blocks; `database` None: libpq's default. Raises `Unreadable` and `Stopped`."""
    stop.check()
    deadline = time.monotonic() + (url.connect_timeout or float("inf"))
    addresses = addresses_of(url.host, stop, deadline) if url.host else ()
    connection = pq.PGconn.connect_start(conninfo(url, database, addresses))
    try:
        _finish(connection, url, stop, deadline)
    except BaseException:
        connection.finish()
        raise
    connection.nonblocking = 1
    return connection


def _finish(connection: pq.abc.PGconn, url: PostgresUrl, stop: Stop, deadline: float) -> None:
    state: int = pq.PollingStatus.WRITING
    while connection.status != pq.ConnStatus.BAD and state != pq.PollingStatus.FAILED:
        if ready(connection.socket, write=state == pq.PollingStatus.WRITING, seconds=TICK):
            state = connection.connect_poll()
            if state == pq.PollingStatus.OK:
                return
        stop.check()
        if time.monotonic() > deadline:
            raise Unreadable(f"{url.server}: no connection within {url.connect_timeout:g} seconds", "connection")
    raise Unreadable(f"{url.server}: {in_one_line(connection.error_message)}", "connection")


def hang_up(connection: pq.abc.PGconn) -> None:
    """End a connection, whatever its state is; one that is ended already has no socket."""
    try:
        with hung_up(connection.socket):
            connection.finish()
    except (psycopg.Error, OSError):
        connection.finish()


def conninfo(url: PostgresUrl, database: str | None, addresses: Sequence[str] = ()) -> bytes:
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
    return " ".join(parts).encode("utf-8", "surrogateescape")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
