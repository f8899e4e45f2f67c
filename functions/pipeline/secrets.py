"""Secrets as the functions hold them: read once, kept for five minutes, read again when something doesn't fit."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from functions.pipeline import log
from functions.pipeline.aws import AwsError, Secret
from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.log_line import secret_texts

KEPT_SECONDS = 300.0
REREAD_SECONDS = 10.0
"""Shortest time between a read and one that a failed check asks for: strangers must not set our rate of calls."""


class Reader(Protocol):
    """What reads a secret: `Aws`."""

    async def get_secret(self, secret_id: str) -> Secret:
        """Read the current text; AwsError if that fails."""


@dataclass
class _Kept:
    secret: Secret = field(default_factory=lambda: Secret("", ""))
    read_at: float | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class Secrets:
    """Cached reads; the cache belongs to the warm function, so that every invocation may build its own `Secrets`.

    `now` is in epoch seconds. A secret that doesn't exist or has no value yet reads as "": what it would open stays
    closed. Any other refusal raises AwsError.
    """

    def __init__(self, reader: Reader, cache: dict[str, Any], now: Callable[[], float]) -> None:
        self._reader = reader
        self._kept: dict[str, _Kept] = cache.setdefault("secrets", {})
        self._now = now

    async def value(self, secret_id: str) -> str:
        """Return the secret's text, at most five minutes old."""
        return (await self._read(secret_id, KEPT_SECONDS)).value

    async def version(self, secret_id: str) -> str:
        """Return what identifies the text that `value` returns: it changes when the secret does."""
        return (await self._read(secret_id, KEPT_SECONDS)).version

    async def refreshed(self, secret_id: str) -> str:
        """Return the secret's text, at most ten seconds old."""
        return (await self._read(secret_id, REREAD_SECONDS)).value

    async def accepts(self, secret_id: str, check: Callable[[str], bool]) -> bool:
        """Whether `check` holds for the kept text or, if it doesn't, for a fresh one: a key may just have changed.

        A kept text that `check` can't read (BadSecret) may have been repaired; a fresh one that can't be read raises.
        """
        kept = await self.value(secret_id)
        with contextlib.suppress(BadSecret):
            if check(kept):
                return True
        fresh = await self.refreshed(secret_id)
        return check(fresh)

    async def _read(self, secret_id: str, oldest: float) -> Secret:
        kept = self._kept.setdefault(secret_id, _Kept())
        async with kept.reading:  # the messages of a batch wait for one read
            now = self._now()
            if kept.read_at is None or now - kept.read_at >= oldest:
                kept.secret = await self._fetch(secret_id)
                kept.read_at = now
                log.conceal(*secret_texts(kept.secret.value))
        return kept.secret

    async def _fetch(self, secret_id: str) -> Secret:
        try:
            return await self._reader.get_secret(secret_id)
        except AwsError as error:
            if error.code in {"ResourceNotFoundException", "NoSecretString"}:
                return Secret("", "")
            raise
