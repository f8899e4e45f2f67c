"""The compiled module for canonical rows where it was built, else the same in Python."""

from __future__ import annotations

from functions.comparer.core.cells import cells_in, rows_in
from functions.comparer.core.merging import Merge, PlainMerge


def merge() -> Merge:
    """A new merge of two sides."""
    return PlainMerge()


def split(block: bytes) -> list[tuple[bytes, ...]]:
    """The cells of every row of a block."""
    return [cells_in(row) for row in rows_in(block)]
