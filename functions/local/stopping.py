"""Running until somebody asks to stop."""

import asyncio
import signal
from contextlib import suppress


def asked_to_stop() -> asyncio.Event:
    """Return an event that Ctrl-C or SIGTERM sets from now on: call it before anybody is told that all is up.

    Where signals can't be handled, Ctrl-C ends the loop as usual.
    """
    asked = asyncio.Event()
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, asked.set)
    return asked
