"""Running until somebody asks to stop."""

import asyncio
import signal
from contextlib import suppress


async def until_stopped() -> None:
    """Return at Ctrl-C or SIGTERM. Where signals can't be handled, Ctrl-C ends the loop as usual."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, asked.set)
    await asked.wait()
