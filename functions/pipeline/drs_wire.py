"""One HTTP call to DRS: identified, sent once, and its answer read for what it really says."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
from pydantic import SecretStr, ValidationError

from functions.pipeline.drs_auth import Tokens
from functions.pipeline.drs_body import MOST_BYTES, body_of
from functions.pipeline.drs_errors import (
    NO_ANSWER,
    UNREADABLE,
    Refused,
    Told,
    TryLater,
    decided,
    masked,
    parsed,
    seconds_to_wait,
    told,
)
from functions.pipeline.drs_models import Answer
from functions.pipeline.drs_project import Project
from functions.pipeline.drs_sign import sign
from functions.pipeline.drs_time import TimeLeft, limits
from functions.pipeline.log import SHORTEST_SECRET

AnswerT = TypeVar("AnswerT", bound=Answer)

_TIMEOUT_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 5.0
_USER_AGENT: Final = "parity"
_LONGEST_WORD: Final = 64
_UNKNOWN_TOKEN: Final = "DRS.M00100"  # noqa: S105  # an error code


@dataclass(frozen=True)
class Reply:
    """A happy answer: its JSON (``None``: no body) and how long DRS asks us to wait, in seconds."""

    data: Any
    retry_after: float | None


@dataclass(frozen=True)
class _Raw:
    status: int
    headers: Mapping[str, str]
    #: None: too long to be read.
    body: bytes | None

    @property
    def data(self) -> Any:
        return parsed(self.body or b"")


class Wire:
    """Calls of one project. Every call is preceded by ``pace()``; nothing is repeated, a refused token apart.

    No call is begun, and none lasts, beyond ``time``.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        project_id: str,
        project: Project,
        *,
        now: Callable[[], float],
        language: str,
        pace: Callable[[], Awaitable[None]],
        tokens: dict[Any, Any],
        time: TimeLeft,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.time = time
        self._session = session
        self._project_id = project_id
        self._project = project
        self._now = now
        self._language = language
        self._pace = pace
        self._most_bytes = most_bytes
        self._tokens = Tokens(session, project_id, project, now=now, cache=tokens)
        self.asked_to_wait: float | None = None
        """Longest wait, in seconds, that a happy answer has asked for since this was last set to ``None``."""

    async def call(
        self,
        method: Literal["GET", "POST", "DELETE"],
        *path: str,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        timeout: float = _TIMEOUT_SECONDS,  # noqa: ASYNC109  # handed to the HTTP client, which tells connecting apart
        errors_inside: bool = False,
    ) -> Reply:
        """Send one request to ``/v3/{project_id}/jobs/…``; ``path`` are its further segments, not yet encoded.

        ``errors_inside``: leave errors in the body of a 200 to the caller. Raises ``TryLater`` and ``Refused``.
        """
        segments = ["v3", self._project_id, "jobs", *path]
        if any(segment in {"", ".", ".."} for segment in segments):
            raise Refused("Parity.BadId", "an id must not be empty, '.' or '..'")
        url = f"{self._project.drs_url}/{'/'.join(quote(segment, safe='') for segment in segments)}"
        if query:
            url += f"?{urlencode(query, quote_via=quote)}"
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        self.time.require()
        raw = await self._identified(method, url, content, timeout)
        return self._read(raw, errors_inside=errors_inside)

    async def _identified(self, method: str, url: str, content: bytes, timeout: float) -> _Raw:  # noqa: ASYNC109  # as above
        headers = {"Content-Type": "application/json", "User-Agent": _USER_AGENT, "X-Language": self._language}
        if self._project.auth == "aksk":
            signed = self._signed(method, url, {**headers, "X-Project-Id": self._project_id}, content)
            return await self._send(method, url, signed, content, timeout)
        token = await self._token()
        raw = await self._send(method, url, {**headers, "X-Auth-Token": token}, content, timeout)
        if not _token_refused(raw):
            return raw
        # The gateway turned it away: nothing was done, so even a create may be sent with the new token.
        token = await self._token(instead_of=token)
        return await self._send(method, url, {**headers, "X-Auth-Token": token}, content, timeout)

    async def _token(self, *, instead_of: str | None = None) -> str:
        self.time.require()
        return await self._tokens.get(instead_of=instead_of, within=self.time.bounded(_TIMEOUT_SECONDS))

    def _signed(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> dict[str, str]:
        token = self._project.security_token
        return sign(
            method,
            url,
            headers,
            content,
            access_key=self._project.access_key or "",
            secret_key=(self._project.secret_key or SecretStr("")).get_secret_value(),
            now=self._now(),
            security_token=token.get_secret_value() if token else None,
        )

    async def _send(self, method: str, url: str, headers: Mapping[str, str], content: bytes, timeout: float) -> _Raw:  # noqa: ASYNC109  # as above
        await self._pace()
        self.time.require()
        try:
            async with self._session.request(
                method,
                url,
                data=content or None,
                headers=headers,
                allow_redirects=False,
                timeout=limits(self.time.bounded(timeout), connect=_CONNECT_SECONDS),
            ) as response:
                return _Raw(response.status, response.headers, await body_of(response, self._most_bytes))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            failure, sent = type(error).__name__, False
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure, sent = type(error).__name__, True
        # Outside the handlers: an error of the HTTP library may quote the request's headers.
        raise TryLater(NO_ANSWER, f"no answer from DRS ({failure})", sent=sent)

    def _read(self, raw: _Raw, *, errors_inside: bool) -> Reply:
        wait = seconds_to_wait(raw.headers.get("Retry-After"), self._now())
        data = raw.data
        error = told(data)
        happy = 200 <= raw.status < 300
        if error and not (errors_inside and raw.status == 200 and "results" not in data):
            raise self.decide(raw.status, error, retry_after=wait)
        if not happy:
            raise self._without_words(raw.status, wait)
        if raw.body is None:
            message = f"status {raw.status} with a body of more than {self._most_bytes >> 20} MiB"
            raise TryLater(UNREADABLE, message, retry_after=wait, sent=True)
        if data is None and raw.body.strip() not in {b"", b"null"}:
            raise TryLater(UNREADABLE, f"status {raw.status} with a body that is not JSON", retry_after=wait, sent=True)
        if wait is not None:
            self.asked_to_wait = max(wait, self.asked_to_wait or 0.0)
        return Reply(data, wait)

    def decide(self, status: int, error: Told, *, retry_after: float | None = None) -> TryLater | Refused:
        """What an error in a body means, without our secrets in its message."""
        return decided(status, error, retry_after=retry_after, secrets=self._secrets())

    def shown(self, word: str) -> str:
        """A word of DRS's, such as a status or an id, without our secrets and no longer than one is."""
        return masked(word, self._secrets())[:_LONGEST_WORD]

    def _secrets(self) -> tuple[str, ...]:
        key = self._project.access_key or ""
        # An access key is no secret: one too short to be real must not punch holes into DRS's words.
        shown = (key,) if len(key) >= SHORTEST_SECRET else ()
        return (*self._project.secrets(), *self._tokens.secrets(), *shown)

    def _without_words(self, status: int, wait: float | None) -> TryLater | Refused:
        answer = decided(status, None, retry_after=wait)
        if status == 401 and self._project.auth == "aksk" and isinstance(answer, TryLater):
            # Nobody says what was wrong; it may well have been the signature.
            answer.bad_signature = True
        return answer


def read_as(model: type[AnswerT], reply: Reply, *, empty: bool = False) -> AnswerT:
    """The reply as a model. ``empty``: no body at all is an answer without content. Raises ``TryLater``."""
    data = {} if empty and (reply.data is None or reply.data == "") else reply.data
    try:
        return model.model_validate(data)
    except ValidationError as error:
        places = ", ".join(".".join(str(part) for part in found["loc"]) or "the body" for found in error.errors()[:3])
    raise TryLater(UNREADABLE, f"DRS's answer can't be read at: {places}", retry_after=reply.retry_after, sent=True)


def _token_refused(raw: _Raw) -> bool:
    if raw.status == 401 or raw.body is None or _UNKNOWN_TOKEN.encode() not in raw.body:
        return raw.status == 401  # nothing is taken apart twice but what may name the code
    error = told(raw.data)
    return error is not None and error.code == _UNKNOWN_TOKEN
