"""Ending a connection so that the server has ended it as well: until then it counts among those that there may be."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

_PATIENCE: Final = 1.0
_AT_ONCE: Final = 65536


@contextmanager
def hung_up(descriptor: int, patience: float = _PATIENCE) -> Iterator[None]:
    """Within the block the connection of this socket is ended; the block is left when the server has ended it too.

    `patience`: for how many seconds it has time to. Longer takes who is not there any more, or doesn't listen. Raises
    OSError if the socket is none.
    """
    # Another descriptor of the same socket, of which the server learns nothing.
    with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as there:
        yield
        until = time.monotonic() + patience
        with contextlib.suppress(OSError):  # it is reset, or time is over
            while (left := until - time.monotonic()) > 0:
                there.settimeout(left)
                if not there.recv(_AT_ONCE):
                    return


def all_ended(ways: Sequence[Callable[[], object]]) -> None:
    """End several connections, each in its way, all at a time: a server that is silent is waited for once.

    Raises what the first way does that raises anything, when all are over.
    """
    failures: list[Exception] = []

    def ended(end: Callable[[], object]) -> None:
        try:
            end()
        except Exception as error:  # noqa: BLE001 (it is raised below)
            failures.append(error)

    # No pool of threads: those take no more work while Python ends, as it does after a second Ctrl-C.
    threads = [threading.Thread(target=ended, args=(end,), name="hanging up") for end in ways[1:]]
    for thread in threads:
        thread.start()
    for end in ways[:1]:
        ended(end)
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
