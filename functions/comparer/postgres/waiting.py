"""Waiting for a socket, a moment at a time."""

from __future__ import annotations

import selectors
from typing import Final

TICK: Final = 0.2
"""For how many seconds nobody looks whether stopping was asked for."""

_SELECTOR: Final[type[selectors.BaseSelector]] = getattr(selectors, "PollSelector", selectors.SelectSelector)


def ready(descriptor: int, *, write: bool, seconds: float) -> bool:
    """Whether a socket has something to be read, or room to write, within that time."""
    with _SELECTOR() as selector:
        selector.register(descriptor, selectors.EVENT_WRITE if write else selectors.EVENT_READ)
        return bool(selector.select(seconds))
