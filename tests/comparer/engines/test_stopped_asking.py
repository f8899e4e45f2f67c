"""A comparison that is stopped while it asks a server for its databases ends, though the server be silent for ever."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from functions.comparer.core.engine import Stop, Stopped
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.postgres.endpoint import PostgresEndpoint
from tests.comparer.engines.servers import MYSQL, POSTGRES


@contextmanager
def silent_when_asked(host: str, port: int, asking: threading.Event) -> Iterator[int]:
    """The port of a server that lets everybody log in, and never answers a question: then `asking` is set."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ends: list[socket.socket] = []

        def forward(sender: socket.socket, receiver: socket.socket) -> None:
            while data := sender.recv(65536):
                if b"SELECT" in data or b"SHOW" in data:
                    asking.set()
                    return
                receiver.sendall(data)

        def serve() -> None:
            # One alone: who wants to end a statement over another connection is let wait.
            ours, theirs = listening.accept()[0], socket.create_connection((host, port))
            ends.extend((ours, theirs))
            for pair in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=forward, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            for end in ends:
                end.close()


@pytest.mark.parametrize(
    ("server", "made", "plain"),
    [(POSTGRES, PostgresEndpoint, "sslmode=disable"), (MYSQL, MysqlEndpoint, "ssl_mode=DISABLED")],
    ids=["postgres", "mysql"],
)
def test_asking_for_databases_is_given_up_when_stopping_is_asked_for(
    server: str, made: type[PostgresEndpoint] | type[MysqlEndpoint], plain: str, tmp_path: Path
) -> None:
    url, asking, stop = urlsplit(server), threading.Event(), Stop()
    ended: list[BaseException] = []
    with silent_when_asked(url.hostname or "", url.port or 0, asking) as port:
        where = url.netloc.rpartition("@")[0] + f"@127.0.0.1:{port}"
        endpoint = made.of_url(urlunsplit((url.scheme, where, "", plain, "")), {}, tmp_path)

        def ask() -> None:
            try:
                endpoint.names(stop)
            except BaseException as error:  # noqa: BLE001 (whatever it is)
                ended.append(error)

        asks = threading.Thread(target=ask, daemon=True)
        asks.start()
        assert asking.wait(30)
        begun = time.monotonic()
        stop.ask()
        asks.join(30)
        assert time.monotonic() - begun < 15
    assert [type(error) for error in ended] == [Stopped]
