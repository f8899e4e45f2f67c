"""Project tokens from IAM by user name and password, kept until shortly before they expire.

Source: "Obtaining a User Token Through Password Authentication" of the IAM API reference.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from pydantic import SecretStr

from functions.pipeline.drs_body import MOST_BYTES_OF_LISTS, body_of
from functions.pipeline.drs_errors import (
    NO_ANSWER,
    UNREADABLE,
    Refused,
    Told,
    TryLater,
    decided,
    parsed,
    seconds_to_wait,
    told,
)
from functions.pipeline.drs_models import parse_time
from functions.pipeline.drs_project import Project
from functions.pipeline.drs_time import limits

RENEW_BEFORE_SECONDS: Final = 600
"""A token is not used in its last minutes (a short-lived one: its second half), so that none expires on its way."""
_UNSTATED_LIFE_SECONDS: Final = 1200
_TIMEOUT_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Token:
    """A token and the epoch second from which another one is used."""

    value: str = field(repr=False)
    renew_at: float


class Tokens:
    """The token of one project. ``cache`` outlives this object: it holds the token and the request under way."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        project_id: str,
        project: Project,
        *,
        now: Callable[[], float],
        cache: dict[Any, Any],
    ) -> None:
        self._session = session
        self._project_id = project_id
        self._project = project
        self._now = now
        self._cache = cache
        self._key = ("token", project_id, project.iam_url, project.domain, project.user)

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        known: Token | None = self._cache.get(self._key)
        return (known.value,) if known else ()

    async def get(self, *, instead_of: str | None = None, within: float = math.inf) -> str:
        """A valid token; another one than ``instead_of``, which was refused. Asked for once however many wait.

        Raises ``TryLater``, after ``within`` seconds at the latest; wrong credentials are ``credentials``, for the
        configuration can be repaired.
        """
        timeout = min(within, _TIMEOUT_SECONDS)
        known: Token | None = self._cache.get(self._key)
        if known and known.value != instead_of and known.renew_at > self._now():
            return known.value
        flights = self._cache.setdefault("flights", {})
        flight: asyncio.Task[Token] | None = flights.get(self._key)
        if flight is None or flight.done() or flight.get_loop() is not asyncio.get_running_loop():
            flight = flights[self._key] = asyncio.ensure_future(self._fetch(timeout))
            # Whoever waits gets the error too; this keeps it from being reported as never looked at.
            flight.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            async with asyncio.timeout(timeout):  # whoever began the request may have had more time
                token = await asyncio.shield(flight)
        except TimeoutError:
            raise TryLater(NO_ANSWER, "no answer from IAM in time") from None
        self._cache[self._key] = token
        return token.value

    async def _fetch(self, timeout: float) -> Token:  # noqa: ASYNC109  # handed to the HTTP client
        failure: str | None = None
        try:
            async with self._session.post(
                f"{self._project.iam_url}/v3/auth/tokens?nocatalog=true",
                data=json.dumps(self._body()).encode(),
                headers={"Content-Type": "application/json;charset=utf8"},
                allow_redirects=False,
                timeout=limits(timeout),
            ) as response:
                body = await body_of(response, MOST_BYTES_OF_LISTS)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = type(error).__name__
        if failure:
            # Outside the handler: an error of the HTTP library may quote the request's headers.
            raise TryLater(NO_ANSWER, f"no answer from IAM ({failure})")
        return self._token(response, parsed(body or b""))

    def _body(self) -> dict[str, Any]:
        user = {
            "name": self._project.user,
            "password": (self._project.password or SecretStr("")).get_secret_value(),
            "domain": {"name": self._project.domain},
        }
        identity = {"methods": ["password"], "password": {"user": user}}
        return {"auth": {"identity": identity, "scope": {"project": {"id": self._project_id}}}}

    def _token(self, response: aiohttp.ClientResponse, data: Any) -> Token:
        value = response.headers.get("X-Subject-Token")
        if response.status == 201 and value:
            stated = data.get("token", {}) if isinstance(data, dict) else {}
            ends = parse_time(str(stated.get("expires_at") or "")) if isinstance(stated, dict) else None
            life = ends - self._now() if ends is not None else _UNSTATED_LIFE_SECONDS
            return Token(value, self._now() + max(life - RENEW_BEFORE_SECONDS, life / 2))
        error = told(data)
        if response.status < 300 and not error:
            raise TryLater(UNREADABLE, "IAM answered without a token")
        raise self._refusal(response, error)

    def _refusal(self, response: aiohttp.ClientResponse, error: Told | None) -> TryLater:
        wait = seconds_to_wait(response.headers.get("Retry-After"), self._now())
        answer = decided(response.status, error, retry_after=wait, secrets=self._project.secrets())
        if isinstance(answer, Refused) or answer.reason == "credentials":
            # Every 4xx of IAM is about what the configuration says, and that can be repaired.
            locks = response.status == 401
            return TryLater(answer.code, answer.message, reason="credentials", retry_after=wait, bad_signature=locks)
        return TryLater(answer.code, answer.message, reason=answer.reason, retry_after=wait)
