"""Reading a result in the binary protocol over a connection that is idle, and leaving it idle again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from functions.comparer.core.kinds import Kind
from functions.comparer.mysql import protocol
from functions.comparer.mysql.decoding import MysqlDecoder
from functions.comparer.mysql.errors import Lost, Misread
from functions.comparer.mysql.link import Link
from functions.comparer.mysql.wire import WHOLE, packet_at

_BUFFER_BYTES: Final = 256 * 1024
_BLOCK_BYTES: Final = 128 * 1024
_DRAIN_SECONDS: Final = 2.0

Decoding = Callable[[Sequence[tuple[int, int, bool]], int], MysqlDecoder]
"""What makes a decoder of columns and the number of those of the key, as `mysql_decoder`."""


class Incoming:
    """What a server sends over a connection, in one buffer that is as large as the largest row so far."""

    def __init__(self, link: Link) -> None:
        self._socket = link.socket
        self._buffer = bytearray(_BUFFER_BYTES)
        self._begin = self._end = 0

    def more(self) -> None:
        """Wait for more bytes. Raises `Lost` and OSError."""
        if self._begin == self._end:
            self._begin = self._end = 0
        elif self._end == len(self._buffer):
            self._make_room()
        with memoryview(self._buffer) as view:
            count = self._socket.recv_into(view[self._end :])
        if not count:
            raise Lost("the server has ended the connection")
        self._end += count

    def packet(self) -> bytes:
        """The next packet. Raises as `more` does."""
        while True:
            with memoryview(self._buffer) as view, view[: self._end] as known:
                found = packet_at(known, self._begin)
            if found:
                self._begin = found[1]
                return found[0]
            self.more()

    def take(self, decoder: MysqlDecoder) -> None:
        """Let a decoder take the rows that are there. Raises ValueError."""
        with memoryview(self._buffer) as view, view[self._begin : self._end] as known:
            self._begin += decoder.packets(known)

    @property
    def as_new(self) -> bool:
        """Whether nothing waits in the buffer, and it is no larger than it usually has to be."""
        return self._begin == self._end and len(self._buffer) == _BUFFER_BYTES

    @property
    def partial(self) -> bool:
        """Whether what comes next is a row of which something is still missing, or nothing yet."""
        head = self._buffer[self._begin : min(self._begin + 5, self._end)]
        if len(head) < 5:
            return True
        length = int.from_bytes(head[:3], "little")
        return length == WHOLE or (head[4] == 0 and length > 0)

    def _make_room(self) -> None:
        """Move what is there to the beginning; if it fills the buffer, let that grow."""
        waiting = self._end - self._begin
        if waiting > len(self._buffer) // 2:
            larger = bytearray(2 * len(self._buffer))
            larger[:waiting] = self._buffer[self._begin : self._end]
            self._buffer = larger
        else:
            self._buffer[:waiting] = self._buffer[self._begin : self._end]
        self._begin, self._end = 0, waiting


class Result:
    """The rows of one statement. Whoever made it must call `finish` or `abandon` at the end."""

    def __init__(self, link: Link, incoming: Incoming) -> None:
        self._link = link
        self._incoming = incoming
        self._number: int | None = None
        self._over = True
        self._begun = False

    def blocks(
        self, statement: str, kinds: Sequence[tuple[Kind, bool]], key: int, decoding: Decoding
    ) -> Iterator[bytes]:
        """Run a statement; its rows as canonical rows, many in a block.

        `kinds`: as what each column is written, and whether it is the 16 bytes of a UUID. Raises what `Trouble` lists.
        """
        fields = self._run(statement)
        if len(fields) != len(kinds):
            raise Misread("the server has sent other columns than it was asked for")
        columns = [
            (int(kind), field.wire, field.unsigned if kind is not Kind.UUID else raw)
            for (kind, raw), field in zip(kinds, fields, strict=True)
        ]
        try:
            decoder = decoding(columns, key)
            while not self._over:
                self._incoming.take(decoder)
                if decoder.waiting >= _BLOCK_BYTES:
                    yield decoder.rows()
                if self._incoming.partial:
                    self._incoming.more()
                else:
                    self._end(self._incoming.packet())
        except ValueError as error:
            raise Misread(f"what the server has sent can't be read: {error}") from error
        if decoder.waiting:
            yield decoder.rows()

    @property
    def over(self) -> bool:
        """Whether the server has nothing more to send."""
        return self._over

    def drain(self) -> bool:
        """Read what the server still sends of a statement that was killed; whether it has come to its end in time."""
        if not self._begun:
            return False  # Which answer is to which command is not known.
        until = time.monotonic() + _DRAIN_SECONDS
        self._link.socket.settimeout(_DRAIN_SECONDS)
        try:
            while not self._over:
                if time.monotonic() > until:
                    return False
                packet = self._incoming.packet()
                self._over = packet[:1] == b"\xff" or protocol.is_end(packet)
        except (OSError, EOFError):
            return False
        self._link.socket.settimeout(None)
        return True

    def forget(self) -> None:
        """Let the server forget the statement; after this the connection is idle. Raises OSError."""
        if self._number is not None:
            self._link.socket.sendall(protocol.close(self._number))
            self._number = None

    def _run(self, statement: str) -> list[protocol.Field]:
        at_once = self._link.runs_the_last
        self._over = not at_once
        command = protocol.prepare(statement)
        self._link.socket.sendall(command + protocol.execute(protocol.LAST) if at_once else command)
        try:
            self._number, columns, parameters = protocol.prepared(self._incoming.packet())
        except protocol.Refused:
            if at_once:
                self._over = self._incoming.packet()[:1] == b"\xff"
                if not self._over:
                    raise Misread("the server has run what it could not prepare") from None
            raise
        for count in (parameters, columns):
            if count:
                self._listed(count)
        if not at_once:
            self._link.socket.sendall(protocol.execute(self._number))
        self._over, self._begun = False, True
        packet = self._incoming.packet()
        self._over = packet[:1] == b"\xff"
        return [protocol.field(packet) for packet in self._listed(protocol.column_count(packet))]

    def _listed(self, count: int) -> list[bytes]:
        """The packets of a list, whose end is read too."""
        found = [self._incoming.packet() for _ in range(count)]
        end = self._incoming.packet()
        if not protocol.is_end(end):
            self._over = end[:1] == b"\xff"
            protocol.check(end)
            raise Misread("the server has described more columns than it said")
        return found

    def _end(self, packet: bytes) -> None:
        self._over = True
        protocol.check(packet)
        if not protocol.is_end(packet):
            raise Misread("the server has sent what is no row")
