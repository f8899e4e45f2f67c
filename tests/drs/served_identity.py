"""Who calls the served DRS: signatures, tokens, temporary credentials, and the gateway's lock on an access key."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from functions.pipeline.drs_models import iso_utc
from functions.pipeline.drs_sign import SignatureError, SignedRequest, verify

ACCESS_KEY, SECRET_KEY = "AKEXAMPLE", "secret-key-of-the-example"
USER, PASSWORD, DOMAIN = "migrator", "password-of-the-example", "account"
LOCKED_AFTER = 5
_WRONG = "Incorrect IAM authentication information: "


class Refusal(Exception):
    """An answer with an error code."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


class Identities:
    """Credentials that are accepted, tokens that were given out, and bad signatures in a row per access key."""

    def __init__(self, now: Callable[[], float], project_id: str, token_seconds: float) -> None:
        self.now, self.project_id, self.token_seconds = now, project_id, token_seconds
        self.access_keys = {ACCESS_KEY: SECRET_KEY}
        self.security_tokens: dict[str, str] = {}
        self.users = {(DOMAIN, USER): PASSWORD}
        self.tokens: dict[str, float] = {}
        self.bad_signatures: Counter[str] = Counter()
        self.worst_row = 0

    def check(self, request: web.Request, content: bytes) -> None:
        """Raise what the gateway says to a caller that it doesn't know."""
        if "X-Auth-Token" in request.headers:
            if self.tokens.get(request.headers["X-Auth-Token"], 0) <= self.now():
                raise Refusal("APIG.0301", _WRONG + "decrypt token fail", 401)
            return
        if "Authorization" not in request.headers:
            raise Refusal("APIG.0301", _WRONG + "x-auth-token not found", 401)
        signed = SignedRequest(request.method, request.raw_path, dict(request.headers), content)
        try:
            access_key = verify(signed, secret_of=self.access_keys.get, now=self.now())
        except SignatureError as error:
            if error.access_key:
                self.bad_signatures[error.access_key] += 1
                self.worst_row = max(self.worst_row, self.bad_signatures[error.access_key])
            raise Refusal("APIG.0301", _WRONG + error.message, 401) from error
        if self.bad_signatures[access_key] > LOCKED_AFTER:
            raise Refusal("APIG.0301", "AK access failed to reach the limit,forbidden", 401)
        if request.headers.get("X-Security-Token") != self.security_tokens.get(access_key):
            raise Refusal("APIG.0301", _WRONG + "decrypt token fail", 401)
        self.bad_signatures[access_key] = 0

    def token(self, body: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
        """POST /v3/auth/tokens: status, body, headers."""
        user = body["auth"]["identity"]["password"]["user"]
        if self.users.get((user["domain"]["name"], user["name"])) != user["password"]:
            message = "The username or password is wrong."
            return 401, {"error": {"code": 401, "message": message, "title": "Unauthorized"}}, {}
        assert body["auth"]["scope"]["project"]["id"] == self.project_id
        token = f"token-{len(self.tokens)}-of-{id(self):x}"
        ends = self.tokens[token] = self.now() + self.token_seconds
        expires_at = iso_utc(ends).replace("Z", ".000000Z")
        return 201, {"token": {"expires_at": expires_at, "methods": ["password"]}}, {"X-Subject-Token": token}
