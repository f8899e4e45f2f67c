"""Getting hold of the comparer's store file, or saying why it can't be had."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from functions.comparer.tasks.store_file import refusal

HINT: Final = "is another comparer using it, or is it another kind of file?"


class StoreUnusable(Exception):
    """The store file can't be used; the message says why and what to do."""


def connected(path: Path | None) -> sqlite3.Connection:
    """A connection for any thread to the file, made if it isn't there; None: in memory. Raises `StoreUnusable`."""
    try:
        if path is not None:
            refused = refusal(path)
            if refused is not None:
                raise StoreUnusable(f"{refused}; {HINT}")
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path or ":memory:", timeout=1.0, check_same_thread=False, isolation_level=None)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnusable(f"{path}: {error}") from error
    connection.row_factory = sqlite3.Row
    return connection
