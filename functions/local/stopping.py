"""Running until somebody asks to stop."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from functions.local.cli_errors import CommandFailed
from functions.local.exit_codes import of_signal

T = TypeVar("T")


def asked_to_stop() -> asyncio.Event:
    """Return an event that Ctrl-C, SIGTERM or SIGHUP sets from now on: call it before there is anything to clean up.

    Where signals can't be handled, Ctrl-C ends the loop as usual.
    """
    asked = asyncio.Event()
    _handle(lambda _: asked.set(), signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return asked


async def unless_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Run something that ends by itself; SIGTERM or SIGHUP cancels it, and it cleans up as after Ctrl-C.

    Raises CommandFailed with the exit code that shells give a process ended by that signal (143, 129).
    """
    task, asked = asyncio.ensure_future(work), list[signal.Signals]()

    def stop(number: signal.Signals) -> None:
        if not asked:  # a second one would cut the cleaning up short
            task.cancel()
        asked.append(number)

    _handle(stop, signal.SIGTERM, signal.SIGHUP)
    try:
        return await task
    except asyncio.CancelledError:
        if not asked:
            raise
        raise CommandFailed(f"stopped by {asked[0].name}", of_signal(asked[0])) from None


def _handle(tell: Callable[[signal.Signals], None], *numbers: signal.Signals) -> None:
    for number in numbers:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # under nohup: it is meant to outlive its terminal
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, tell, number)
