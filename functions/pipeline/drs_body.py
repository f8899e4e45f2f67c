"""Bodies of answers, read up to a limit: whoever answers must not decide how much memory a step takes."""

from __future__ import annotations

from typing import Final

import aiohttp

MOST_BYTES: Final = 16 * 1024 * 1024
"""Most that is read of one body, unpacked; the largest page of real results is a few of these MiB."""
MOST_BYTES_OF_LISTS: Final = 2 * 1024 * 1024
"""The same where only states and lists of tasks are asked for, and there is little time to take them apart."""


async def body_of(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """The body, or ``None`` if it has more than ``most`` bytes: the rest is not read, and the connection closed."""
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > most:
            response.close()
            return None
    return b"".join(parts)
