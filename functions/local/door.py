"""A deployment's HTTP door, as its callers use it: signed requests in, comparisons out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from functions.local.cli_errors import CommandFailed, bad_input, unreachable
from functions.local.target import Target, is_loopback
from functions.pipeline.credentials_text import BadSecret, webhook_keys
from functions.pipeline.signature import sign

_TIMEOUT_SECONDS = 35
"""Longer than API Gateway waits for a function."""
_LARGEST_ANSWER = 8 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def retry_after(self) -> float | None:
        """Seconds after which to ask again, if it says so."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isdecimal() else None


class Door:
    """Calls to one deployment. Every call raises CommandFailed (75) where nobody answers."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._opener = _opener(target.url)

    def post(self, body: bytes, headers: Mapping[str, str], *, dry_run: bool = False) -> Answer:
        """POST /comparisons, with the headers that sign it; `dry_run` only asks what would become of it."""
        path = "/comparisons?dry_run=true" if dry_run else "/comparisons"
        return self._call("POST", path, {**headers, "content-type": "application/json"}, body)

    def comparison(self, comparison_id: str) -> Answer:
        """GET /comparisons/{comparison_id}."""
        return self._call("GET", f"/comparisons/{quote(comparison_id, safe='')}", self._bearer())

    def comparisons(self, filters: Mapping[str, str]) -> Answer:
        """GET /comparisons."""
        query = f"?{urlencode(filters)}" if filters else ""
        return self._call("GET", f"/comparisons{query}", self._bearer())

    def cancel(self, comparison_id: str) -> Answer:
        """DELETE /comparisons/{comparison_id}."""
        return self._call("DELETE", f"/comparisons/{quote(comparison_id, safe='')}", self._bearer())

    def _bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.target.need_token()}"}

    def _call(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        request = Request(self.target.url + path, data=body, headers=dict(headers), method=method)  # noqa: S310 - `find_target` lets http and https through
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                return _read(answer)
        except HTTPError as error:
            return _read(error)
        except (URLError, HTTPException, OSError) as error:
            raise unreachable(f"{self.target.url} ({self.target.origin}) can't be reached: {_why(error)}") from error


def signed_headers(secret: str, request_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks, made with the newest key of a secret. Raises CommandFailed (2)."""
    try:
        keys = webhook_keys(secret)
    except BadSecret as error:
        raise bad_input(f"PARITY_WEBHOOK_SECRET: {error}") from None
    if not keys:
        raise bad_input("PARITY_WEBHOOK_SECRET: holds no key")
    return sign(request_id, timestamp, body, keys[0])


def refusal(answer: Answer) -> CommandFailed:
    """What an answer that is no success means to a caller: one line, and whether to try again."""
    document = answer.document()
    detail = str(document.get("detail") or document.get("message") or "no reason given").rstrip(".")
    errors = [e for e in document.get("errors", []) if isinstance(e, dict)]
    told = "; ".join(f"{e.get('field') or 'body'}: {e.get('message')}" for e in errors) or detail
    if answer.status in {429, 500, 502, 503, 504}:
        wait = f"; try again in {answer.retry_after:.0f} s" if answer.retry_after else "; try again"
        return unreachable(f"not now (HTTP {answer.status}): {told}{wait}")
    if answer.status == 401:
        return bad_input(f"refused (HTTP 401): {told}. Check the secret and this machine's clock: `parity doctor`.")
    return bad_input(f"refused (HTTP {answer.status}): {told}")


def _why(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nobody: the token is for this deployment alone."""


def _opener(url: str) -> OpenerDirector:
    handlers: list[Any] = [_NoRedirects()]
    if is_loopback(url):
        handlers.append(ProxyHandler({}))
    return build_opener(*handlers)


def _read(answer: Any) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, headers, answer.read(_LARGEST_ANSWER))
