"""The process that `parity` is. Most commands end within seconds, and leave little that has to be thrown away."""

import atexit
import gc

_NEW_OBJECTS = 50_000
"""After which Python looks for garbage. Importing makes as many, and with Python's 700 it looks hundreds of times."""


def main() -> int:
    """Run the command that was asked for; returns the exit code. Never raises."""
    gc.set_threshold(_NEW_OBJECTS)
    # At its end Python would look through all that there is once more, only to let go of everything.
    atexit.register(gc.freeze)
    from functions.local.cli import main as run  # noqa: PLC0415 (it imports what the above is for)

    return run()
