"""A relay in front of a server that keeps what clients send, so that it can be counted how often they ask."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Relay:
    """Where the relay is, and what was sent to it, for each connection."""

    port: int
    sent: list[bytearray] = field(default_factory=list)


@contextmanager
def relayed(host: str, port: int) -> Iterator[Relay]:
    """A relay to the server at that address, for the block."""

    def serve() -> None:
        while True:
            try:
                client, _ = front.accept()
            except OSError:
                return
            relay.sent.append(bytearray())
            threading.Thread(target=_connect, args=(client, host, port, relay.sent[-1]), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as front:
        relay = Relay(front.getsockname()[1])
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield relay
        finally:
            front.shutdown(socket.SHUT_RDWR)
            serving.join()


def _connect(client: socket.socket, host: str, port: int, kept: bytearray) -> None:
    with client, socket.create_connection((host, port)) as server:
        back = threading.Thread(target=_pump, args=(server, client, bytearray()), daemon=True)
        back.start()
        _pump(client, server, kept)
        back.join()


def _pump(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            kept += data
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
