"""What a command's exit code says."""

from typing import Final

OK: Final = 0
USAGE: Final = 2
INTERNAL: Final = 70
NOT_YET: Final = 75
INTERRUPTED: Final = 130
UNREAD: Final = 141
"""The reader of our output has gone: as for a program that SIGPIPE ends, and never a verdict."""

OF_VERDICT: Final[dict[str, int]] = {
    "consistent": 0,
    "inconsistent": 1,
    "incomplete": 3,
    "failed": 4,
    "cancelled": 4,
    "timed_out": 4,
    "expired": 5,
    "superseded": 6,
    "rejected": 7,
}

TOLD: Final = (
    "Exit codes: 0 consistent, 1 inconsistent, 2 usage or configuration, 3 incomplete, 4 failed, cancelled or timed "
    "out, 5 expired, 6 superseded, 7 rejected, 70 internal error, 75 still running or unreachable."
)
"""The paragraph for the help of every command that ends by a verdict."""


def of_signal(number: int) -> int:
    """The exit code of a command that a signal has stopped: 143 for SIGTERM, 129 for SIGHUP."""
    return 128 + number


def of_verdict(verdict: str | None) -> int:
    """The exit code of a verdict; None is no verdict yet. A verdict of a newer release is told as incomplete."""
    if verdict is None:
        return NOT_YET
    return OF_VERDICT.get(verdict, OF_VERDICT["incomplete"])
