"""Who may ask: AK/SK signatures and tokens, checked as the API gateway in front of DRS does."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from functions.comparer.api.errors import ApiError
from functions.comparer.jobs_file import AuthConfig
from functions.pipeline.drs_models import AuthDomain, AuthTokenRequest
from functions.pipeline.drs_sign import SignatureError, SignedRequest, verify

_LIFE_SECONDS = 86400.0
_MOST_TOKENS = 10_000


class Unauthorized(Exception):
    """IAM refuses: the HTTP status and the message of its answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Token:
    """A token: until when it is good (epoch seconds), and for which project; None: for all of them."""

    value: str
    issued_at: float
    expires_at: float
    user: str
    project_id: str | None


class Access:
    """The credentials of one service. Without a configuration everyone may do everything."""

    def __init__(self, config: AuthConfig | None, now: Callable[[], float], unique: Callable[[], str]) -> None:
        self._config = config
        self._now = now
        self._unique = unique
        self._tokens: dict[str, Token] = {}

    @property
    def issues_tokens(self) -> bool:
        """Whether there is anyone who could ask for a token."""
        return self._config is None or bool(self._config.users)

    @property
    def project_ids(self) -> tuple[str, ...]:
        """The projects that exist; empty: any."""
        return tuple(self._config.project_ids) if self._config else ()

    def check(self, request: web.Request, body: bytes) -> None:
        """Let a request pass or raise `ApiError`: APIG.0301, DRS.M00261 (project), DRS.M00102 (the token's project)."""
        if self._config is None:
            return
        project_id = request.match_info.get("project_id")
        token = request.headers.get("X-Auth-Token")
        scope = None
        if token:
            scope = self._check_token(token)
        else:
            self._check_signature(request, body)
        if project_id is not None and project_id not in self._config.project_ids:
            raise ApiError("DRS.M00261")
        if project_id is not None and scope not in {None, project_id}:
            raise ApiError("DRS.M00102")

    def issue(self, asked: AuthTokenRequest) -> Token:
        """A token for a user with the right password. Raises `Unauthorized`."""
        user = asked.auth.identity.password.user if asked.auth.identity.password else None
        if user is None or "password" not in asked.auth.identity.methods or not user.name or user.password is None:
            raise Unauthorized(400, "The request body is invalid")
        if self._config is not None and not self._knows(user.name, user.password.get_secret_value()):
            raise Unauthorized(401, "The username or password is wrong.")
        project = asked.auth.scope.project if asked.auth.scope else None
        now = self._now()
        token = Token(self._unique(), now, now + _LIFE_SECONDS, user.name, self._scope(project))
        self._forget_expired()
        self._tokens[token.value] = token
        return token

    def _knows(self, name: str, password: str) -> bool:
        # An unknown user costs the same comparison as a known one.
        users = self._config.users if self._config else {}
        known = users.get(name)
        expected = known.get_secret_value() if known else ""
        return hmac.compare_digest(expected.encode(), password.encode()) and known is not None

    def _scope(self, project: AuthDomain | None) -> str | None:
        if project is None or not (project.id or project.name):
            raise Unauthorized(400, "The scope must be a project")
        if project.id and self._config is not None and project.id not in self._config.project_ids:
            raise Unauthorized(403, "You are not authorized to perform the requested action.")
        return project.id

    def _forget_expired(self) -> None:
        if len(self._tokens) >= _MOST_TOKENS:
            now = self._now()
            oldest = sorted(self._tokens.values(), key=lambda token: token.expires_at)[-_MOST_TOKENS // 2 :]
            self._tokens = {token.value: token for token in oldest if token.expires_at > now}

    def _check_token(self, value: str) -> str | None:
        token = self._tokens.get(value)
        if token is None:
            raise ApiError("APIG.0301", reason="decrypt token fail")
        if token.expires_at <= self._now():
            expired = datetime.fromtimestamp(token.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            raise ApiError("APIG.0301", reason=f"token expires, expires_at:{expired}")
        return token.project_id

    def _check_signature(self, request: web.Request, body: bytes) -> None:
        if "Authorization" not in request.headers:
            raise ApiError("APIG.0301", reason="x-auth-token not found")
        signed = SignedRequest(request.method, request.raw_path, request.headers, body)
        try:
            verify(signed, secret_of=self._secret_of, now=self._now())
        except SignatureError as error:
            raise ApiError("APIG.0301", reason=error.message) from None

    def _secret_of(self, access_key: str) -> str | None:
        secret = self._config.access_keys.get(access_key) if self._config else None
        return secret.get_secret_value() if secret else None
