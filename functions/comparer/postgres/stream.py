"""Rows of a COPY TO STDOUT in binary form as blocks of canonical rows.

Without TLS the messages are taken from the socket itself: looked at first, decoded where they lie, and received only
then, so that libpq finds all that is not rows (errors, the end) as if it alone had read.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Generator, Iterator, Sequence
from typing import Final

import psycopg
from psycopg import pq

from functions.comparer.core.engine import TableUnreadable
from functions.comparer.postgres.decoding import COPY_DATA, COPY_OUT, PgDecoder
from functions.comparer.postgres.session import Session

_BLOCK: Final = 128 * 1024
_BUFFER: Final = 256 * 1024
_HEAD: Final = 5
# What may come between rows and is none of them: notices, notifications, settings that have changed.
_ASIDE: Final = frozenset(b"NAS")
_PLAIN_SOCKETS: Final = sys.platform != "win32"


def copied(
    session: Session, select: str, decoder: PgDecoder, then: Sequence[str] = (), *, direct: bool = True
) -> Generator[bytes, None, Sequence[pq.abc.PGresult]]:
    """Every row of a SELECT as `decoder` makes them; no block is empty. `direct`: not through libpq if possible.

    `then`: statements that the server runs as soon as it has read the last row, whose results are returned.

    Raises `StatementFailed`, `TableUnreadable`, `Unreadable` and `Stopped`. Closed early it stops the statement.
    """
    session.start("; ".join((f"COPY ({select}) TO STDOUT (FORMAT BINARY)", *then)))
    plain = direct and _PLAIN_SOCKETS and not session.connection.ssl_in_use
    try:
        yield from _taken(session, decoder) if plain else _handed(session, decoder)
        results = session.finished()
    except ValueError as error:
        raise TableUnreadable(f"its rows can't be understood: {error}", damaged=True) from error
    finally:
        session.give_up()
    if decoder.waiting:
        yield decoder.rows()
    return results[len(results) - len(then) :]


def _handed(session: Session, decoder: PgDecoder) -> Iterator[bytes]:
    """By libpq, row by row."""
    begun = session.result()
    if begun is None or begun.status != pq.ExecStatus.COPY_OUT:
        if begun is not None:
            raise session.refused(begun)
        return
    while True:
        try:
            size, data = session.connection.get_copy_data(1)
        except psycopg.Error:
            return  # `finished` tells why.
        if size < 0:
            return
        if size:
            decoder.content(memoryview(data))
            if decoder.waiting >= _BLOCK:
                yield decoder.rows()
        else:
            session.take()


def _taken(session: Session, decoder: PgDecoder) -> Iterator[bytes]:
    """From the socket, as much as is there."""
    with socket.socket(fileno=os.dup(session.connection.socket)) as channel:
        channel.setblocking(False)
        # Only TCP of Linux drops what was looked at without copying it once more.
        dropping = sys.platform == "linux" and channel.family in {socket.AF_INET, socket.AF_INET6}
        view = memoryview(bytearray(_BUFFER))
        while True:
            session.check()
            size = _received(session, channel, view, socket.MSG_PEEK)
            used = decoder.messages(view[:size])
            if used:
                _receive(session, channel, view[:used], socket.MSG_TRUNC if dropping else 0)
            elif size and (view[0] in {COPY_DATA, COPY_OUT} or view[0] in _ASIDE):
                _take_one(session, channel, decoder)
            else:
                return  # The end, in whatever way: libpq reads on.
            if decoder.waiting >= _BLOCK:
                yield decoder.rows()


def _take_one(session: Session, channel: socket.socket, decoder: PgDecoder) -> None:
    """Receive one message, however long, and wait for what of it has not come yet."""
    head = bytearray(_HEAD)
    _receive(session, channel, memoryview(head))
    message = bytearray(1 + int.from_bytes(head[1:], "big"))
    message[:_HEAD] = head
    _receive(session, channel, memoryview(message)[_HEAD:])
    if head[0] not in _ASIDE and decoder.messages(memoryview(message)) != len(message):
        raise ValueError("a message is cut off")


def _receive(session: Session, channel: socket.socket, view: memoryview, flags: int = 0) -> None:
    """Fill the view."""
    while view:
        size = _received(session, channel, view, flags)
        if not size:
            raise session.lost()
        view = view[size:]


def _received(session: Session, channel: socket.socket, view: memoryview, flags: int) -> int:
    """Wait until there is something; how many bytes were received, 0 at the end of all."""
    while True:
        try:
            return channel.recv_into(view, len(view), flags)
        except BlockingIOError:
            session.wait()
        except OSError as error:
            raise session.lost() from error
