"""What a server's refusals mean: for one statement, for a table, for a whole database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from functions.comparer.core.engine import Cause, TableUnreadable, Unreadable


class StatementFailed(Exception):
    """The server has refused a statement, and the connection is as good as before. The message is the server's."""

    def __init__(self, message: str, code: str, cause: Cause) -> None:
        super().__init__(message)
        self.code = code
        """SQLSTATE."""
        self.cause: Cause = cause


@contextmanager
def of_database() -> Iterator[None]:
    """Within the block a statement that fails means that the database can't be read."""
    try:
        yield
    except StatementFailed as error:
        raise Unreadable(str(error), error.cause) from error


@contextmanager
def of_table() -> Iterator[None]:
    """Within the block a statement that fails means that one table can't be read."""
    try:
        yield
    except StatementFailed as error:
        raise TableUnreadable(str(error), damaged=True, cause=error.cause) from error


def in_one_line(message: bytes) -> str:
    """What libpq or the server says, without the full stop of its last sentence: it becomes a part of ours."""
    return " ".join(message.decode("utf-8", "replace").split()).removesuffix(".")
