"""What happens in a local cloud, told in order: one line of text for each invocation.

A function writes one log line per invocation; an invocation that was killed, or failed, writes none, and its hop is
told instead. What DRS answered is read from the ledger: it is what the step has learned.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.local.cloud import Cloud
from functions.local.happening_words import Words, hop_words, note_words
from functions.local.invocations import Hop
from functions.pipeline.comparison import Comparison
from functions.pipeline.ledger import comparison_in


@dataclass(frozen=True)
class Happening:
    """When (epoch seconds), which function, and the words for it."""

    at: float
    function: str
    words: Words


class Happenings:
    """Collects log lines and hops; iterate to get happenings as they come."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._came: asyncio.Queue[tuple[float, str, Mapping[str, Any] | Hop]] = asyncio.Queue()

    def log_sink(self, function: str, line: str) -> None:
        """Take a line that a function wrote."""
        try:
            content = json.loads(line)
        except ValueError:
            return
        if not isinstance(content, dict) or "message" not in content:
            return
        for note in content.get("notes", [content]):
            self._came.put_nowait((self._now(), _plain(function), content | note))

    def on_hop(self, hop: Hop) -> None:
        """Take an invocation that ended; only one that ended badly has something to tell."""
        if hop.outcome != "ok":
            self._came.put_nowait((self._now(), _plain(hop.function), hop))

    async def told(self, cloud: Cloud) -> AsyncIterator[Happening]:
        """Yield what happens, for ever."""
        while True:
            at, function, what = await self._came.get()
            if isinstance(what, Hop):
                words: Words | None = hop_words(what)
            else:
                words = note_words(what, await _look_up(cloud, what.get("comparison_id")))
            if words is not None:
                yield Happening(at, function, words)


async def _look_up(cloud: Cloud, comparison_id: Any) -> Comparison | None:
    """What the ledger knows of a comparison now."""
    if not isinstance(comparison_id, str):
        return None
    table = cloud.resource("Ledger")
    item = await cloud.client().get_item(table.name, {"pk": f"cmp#{comparison_id}"})
    return comparison_in(item) if item else None


def _plain(function: str) -> str:
    return function.removesuffix("Function").lower()
