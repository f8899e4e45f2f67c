"""How a command ends early: one line for people, and an exit code."""

from functions.local.exit_codes import NOT_YET, USAGE


class CommandFailed(Exception):
    """The command can't go on; the message is one line, without a secret."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ReaderGone(Exception):
    """Whoever read our output has closed it."""


def bad_input(message: str) -> CommandFailed:
    """What was asked for can't be done; the message names the field or option, and what is allowed."""
    return CommandFailed(message, USAGE)


def unreachable(message: str) -> CommandFailed:
    """Nobody answers, or not yet; trying again may help."""
    return CommandFailed(message, NOT_YET)
