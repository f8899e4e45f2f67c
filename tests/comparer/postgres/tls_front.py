"""Speaks TLS in front of a PostgreSQL server that doesn't, so that reading through TLS can be tried."""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def tls_front(host: str, port: int, pem: Path) -> Iterator[int]:
    """A port of this machine at which that server speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def serve() -> None:
        while True:
            try:
                client, _ = front.accept()
            except OSError:
                return
            threading.Thread(target=_relay, args=(client, host, port, context), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as front:
        serving = threading.Thread(target=serve)
        serving.start()
        yield front.getsockname()[1]
        front.shutdown(socket.SHUT_RDWR)
        serving.join()


def _relay(plain: socket.socket, host: str, port: int, context: ssl.SSLContext) -> None:
    with plain, socket.create_connection((host, port)) as server, contextlib.suppress(OSError):
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
