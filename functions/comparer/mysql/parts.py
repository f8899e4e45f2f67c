"""Where a table can be cut into parts of about the same number of rows, by what the server estimates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

# How far from its place a cut may be, as a part of all rows.
_NEAR: Final = 0.02

RowsUpto = Callable[[int, int], int]
"""About how many rows have keys between two numbers, both included."""


def cuts(least: int, greatest: int, parts: int, rows: RowsUpto) -> list[int]:
    """Up to `parts` - 1 keys, rising: each is the last one of its part. None where there is nothing to cut."""
    total = rows(least, greatest)
    found: list[int] = []
    for part in range(1, parts):
        wanted = total * part / parts
        low, high = found[-1] + 1 if found else least, greatest
        while low < high:
            middle = (low + high) // 2
            missing = wanted - rows(least, middle)
            if abs(missing) <= _NEAR * total:
                low = high = middle
            elif missing > 0:
                low = middle + 1
            else:
                high = middle
        if low >= greatest:
            break
        found.append(low)
    return found
