"""Running until somebody asks to stop."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import click

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


@contextmanager
def unless_ended() -> Iterator[None]:
    """Without a loop: SIGTERM or SIGHUP ends the block as Ctrl-C does, so that it cleans up; a second one is ignored.

    Raises CommandFailed with the exit code that shells give a process ended by that signal. Signals reach only the main
    thread: elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = list[signal.Signals]()

    def stop(number: int, _: object) -> None:
        asked.append(signal.Signals(number))
        if len(asked) == 1:
            # Libraries turn what is an Exception into one of theirs.
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        if not asked:
            raise
        raise CommandFailed(f"stopped by {asked[0].name}", of_signal(asked[0])) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handle(tell: Callable[[signal.Signals], None], *numbers: signal.Signals) -> None:
    for number in numbers:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # under nohup: it is meant to outlive its terminal
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, tell, number)
