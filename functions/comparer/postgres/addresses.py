"""Where a host is. libpq would ask for it in a way that nobody can stop."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Sequence
from typing import Final

from functions.comparer.core.engine import Stop, Unreadable

_TICK: Final = 0.2


def addresses_of(host: str, stop: Stop, deadline: float) -> Sequence[str]:
    """The addresses of a host; none: libpq needs none, because it is an address or a folder of sockets.

    `deadline`: by `time.monotonic`. Raises `Unreadable` and `Stopped`.
    """
    if host.startswith(("/", "@")) or _is_address(host):
        return ()
    found: list[str] = []
    failed: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    while asking.is_alive():
        stop.check()
        if time.monotonic() > deadline:
            raise Unreadable(f"{host}: its address was not told in time", "connection")
        asking.join(_TICK)
    if not found:
        reason = failed[0].strerror if failed and isinstance(failed[0], OSError) else None
        raise Unreadable(f"{host}: there is no address of that name ({reason or 'it is no name'})", "connection")
    return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
