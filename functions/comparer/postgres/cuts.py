"""Where to cut a table into more ranges than the server keeps bounds for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def finer(bounds: Sequence[int], parts: int) -> list[int]:
    """Up to `parts` - 1 whole numbers, rising, between the bounds of ranges with about as many keys each.

    Within a range keys are taken to lie evenly: where they don't, some parts are larger than others.
    """
    if len(bounds) < 2:
        return []
    each = max(1, parts // (len(bounds) - 1))
    found = {low + (high - low) * step // each for low, high in pairwise(bounds) for step in range(each)}
    return sorted(found - {bounds[0]})
