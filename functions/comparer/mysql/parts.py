"""Where a table can be cut into parts of about the same number of rows, by what the server estimates. Pure.

Of a large range the server only says that it is large (InnoDB never says more than half of the table), and keys may lie
anywhere. So what seems to have the most rows is halved again and again, until its pieces are small beside a part.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

_PIECES: Final = 8
"""How many pieces a part has at least."""
_MOST_HALVINGS: Final = 400

RowsBetween = Callable[[int, int], int]
"""About how many rows have keys between two numbers, both included."""


def cuts(least: int, greatest: int, parts: int, rows: RowsBetween) -> list[int]:
    """Up to `parts` - 1 keys, rising: each is the last one of its part. None where there is nothing to cut."""
    pieces = _pieces(least, greatest, parts, rows)
    total = sum(count for _, count in pieces)
    found: list[int] = []
    passed = 0
    for last, count in pieces[:-1]:
        passed += count
        if count and passed * parts >= total * (len(found) + 1) and len(found) < parts - 1:
            found.append(last)
    return found


def _pieces(least: int, greatest: int, parts: int, rows: RowsBetween) -> list[tuple[int, int]]:
    """Ranges of keys in order: the last key of each, and about how many rows it has."""
    heap = [(-max(0, rows(least, greatest)), least, greatest)]
    for _ in range(_MOST_HALVINGS):
        total = -sum(negative for negative, _, _ in heap)
        negative, low, high = heap[0]
        if low == high or -negative * parts * _PIECES <= total:
            break
        middle = (low + high) // 2
        heapq.heapreplace(heap, (-max(0, rows(low, middle)), low, middle))
        heapq.heappush(heap, (-max(0, rows(middle + 1, high)), middle + 1, high))
    return [(high, -negative) for negative, _, high in sorted(heap, key=lambda piece: piece[1])]
