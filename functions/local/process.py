"""The process that `parity` is. Most commands end within seconds, and leave little that has to be thrown away."""

import atexit
import gc

_NEW_OBJECTS = 50_000
"""After which Python looks for garbage. Importing makes as many, and with Python's 700 it looks hundreds of times."""


def collect_seldom() -> None:
    """Look for garbage seldom, and not once more at the end, when Python would only let go of everything."""
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)


def main() -> int:
    """Run the command that was asked for; returns the exit code. Never raises."""
    collect_seldom()
    from functions.local.cli import main as run  # noqa: PLC0415 (it imports what the above is for)

    return run()
