"""A connection that is ended here is waited for until its server has ended it too."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from functions.comparer.core.hanging_up import all_ended, hung_up

Serve = Callable[[socket.socket], None]
PATIENCE = 30.0


@contextmanager
def connected(serve: Serve) -> Iterator[socket.socket]:
    """A connection, the other end of which is served in a thread."""
    ours, theirs = socket.socketpair()
    server = threading.Thread(target=serve, args=(theirs,))
    server.start()
    try:
        yield ours
    finally:
        ours.close()
        server.join()
        theirs.close()


def test_it_is_over_when_the_server_has_ended_it() -> None:
    steps: list[str] = []

    def serve(end: socket.socket) -> None:
        assert end.recv(100) == b"quit"
        end.sendall(b"one more word")
        steps.append("the server's end")
        end.close()

    with connected(serve) as ours:
        with hung_up(ours.fileno(), PATIENCE):
            ours.sendall(b"quit")
            ours.close()
        steps.append("ours")
    assert steps == ["the server's end", "ours"]


@pytest.mark.parametrize("words", [b"", b"I go on and on"])
def test_a_server_that_does_not_end_it_is_not_waited_for_long(words: bytes) -> None:
    over = threading.Event()

    def serve(end: socket.socket) -> None:
        end.settimeout(0.05)
        while not over.is_set():
            try:
                end.sendall(words)
                over.wait(0.01)
            except TimeoutError:
                pass
            except OSError:
                return

    with connected(serve) as ours:
        begun = time.monotonic()
        with hung_up(ours.fileno(), 0.2):
            ours.close()
        took = time.monotonic() - begun
        over.set()
    assert 0.2 <= took < PATIENCE


def test_several_are_ended_at_a_time() -> None:
    together = threading.Barrier(3)
    all_ended([lambda: together.wait(PATIENCE)] * 3)
    assert not together.broken


def test_what_goes_wrong_with_one_is_told_when_all_are_ended() -> None:
    ended: list[str] = []

    def fail() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        all_ended([fail, lambda: ended.append("the other")])
    assert ended == ["the other"]


def test_what_is_no_socket_is_told() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"), hung_up(-1):
        pytest.fail("there was nothing to end")
