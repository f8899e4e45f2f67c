"""Speaks TLS in front of a PostgreSQL server that doesn't, so that reading through TLS can be tried."""

import select
import socket
import ssl
from contextlib import AbstractContextManager
from pathlib import Path

from tests.comparer.tls_front import front


def tls_front(host: str, port: int, pem: Path) -> AbstractContextManager[int]:
    """A port of this machine at which that server speaks TLS."""
    return front(host, port, pem, _relay)


def _relay(plain: socket.socket, server: socket.socket, context: ssl.SSLContext) -> None:
    plain.recv(8, socket.MSG_WAITALL)  # which asks for TLS, and nothing else
    plain.sendall(b"S")
    with context.wrap_socket(plain, server_side=True) as client:
        while True:
            ready = [client] if client.pending() else select.select([client, server], [], [])[0]
            if server in ready:
                found = server.recv(65536)
                client.settimeout(5)
                if not found:
                    client.unwrap()
                    return
                client.sendall(found)
            if client in ready:
                client.settimeout(0)
                try:
                    found = client.recv(65536)
                except ssl.SSLWantReadError:
                    continue
                if not found:
                    return
                server.sendall(found)
