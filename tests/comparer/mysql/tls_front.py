"""Speaks TLS in front of a MySQL server that doesn't, so that the engine's own TLS can be tried."""

import contextlib
import socket
import ssl
import threading
from contextlib import AbstractContextManager
from pathlib import Path

from tests.comparer.tls_front import front

_SSL = 0x0800
"""The capability in the first two bytes of either side's."""


def tls_front(host: str, port: int, pem: Path) -> AbstractContextManager[int]:
    """A port of this machine at which that server speaks TLS."""
    return front(host, port, pem, _relay)


def _relay(plain: socket.socket, server: socket.socket, context: ssl.SSLContext) -> None:
    greeting = bytearray(_packet(server))
    at = greeting.index(0, 5) + 1 + 4 + 8 + 1  # behind the version: number, salt, filler
    greeting[at : at + 2] = (int.from_bytes(greeting[at : at + 2], "little") | _SSL).to_bytes(2, "little")
    plain.sendall(greeting)
    _packet(plain)  # which asks for TLS, and nothing else
    with context.wrap_socket(plain, server_side=True) as client:
        _log_in(client, server)
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()


def _log_in(client: socket.socket, server: socket.socket) -> None:
    """What asks for TLS counts as a packet, which the server hasn't seen."""
    first = True
    while True:
        asked = bytearray(_packet(client))
        asked[3] -= 1
        if first:
            asked[4:6] = (int.from_bytes(asked[4:6], "little") & ~_SSL).to_bytes(2, "little")
        first = False
        server.sendall(asked)
        answer = bytearray(_packet(server))
        answer[3] += 1
        client.sendall(answer)
        if answer[4] in {0x00, 0xFF}:
            return


def _packet(source: socket.socket) -> bytes:
    head = _exactly(source, 4)
    return head + _exactly(source, int.from_bytes(head[:3], "little"))


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = source.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            socket.socket.shutdown(end, socket.SHUT_RDWR)
