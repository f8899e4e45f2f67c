"""Signing requests with SDK-HMAC-SHA256, and checking them.

Source: "AK/SK Signing and Authentication" of the API gateway's guide. There is no key derivation and no scope: the
secret key signs the date and the hash of the canonical request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote, urlsplit

ALGORITHM: Final = "SDK-HMAC-SHA256"
MAX_SKEW_SECONDS: Final = 900
_DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_AUTHORIZATION: Final = re.compile(
    ALGORITHM
    + r" Access=(?P<access_key>[^,\s]+), ?SignedHeaders=(?P<names>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


class SignatureError(Exception):
    """A request that is not signed as it should be. The text is the gateway's own, without any secret."""

    def __init__(self, message: str, access_key: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.access_key = access_key
        """The key that the request claims to be signed with; ``None`` where it doesn't say."""


@dataclass(frozen=True)
class SignedRequest:
    """A request as it is on the wire. ``target`` is the raw path with its query; names of headers in any case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


def canonical_request(request: SignedRequest, signed_headers: Iterable[str]) -> str:
    """The text whose hash is signed. Raises ``SignatureError`` if a header to be signed is missing."""
    path, _, query = request.target.partition("?")
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    names = sorted(name.lower() for name in signed_headers)
    missing = [name for name in names if name not in headers]
    if missing:
        raise SignatureError(f"signed header {missing[0]} is missing")
    lines = [f"{name}:{headers[name]}" for name in names]
    parts = [
        request.method.upper(),
        _uri(path),
        _query(query),
        *lines,
        "",
        ";".join(names),
        _body_hash(request, headers),
    ]
    return "\n".join(parts)


def signature(canonical: str, date: str, secret_key: str) -> str:
    """Hex signature over a canonical request; ``date`` as in ``X-Sdk-Date``."""
    digest = hashlib.sha256(_bytes(canonical)).hexdigest()
    return hmac.new(secret_key.encode(), f"{ALGORITHM}\n{date}\n{digest}".encode(), hashlib.sha256).hexdigest()


def sign(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    access_key: str,
    secret_key: str,
    now: float,
    security_token: str | None = None,
) -> dict[str, str]:
    """All headers to send: the given ones, ``Host``, ``X-Sdk-Date``, ``Authorization``, and the temporary token if any.

    Every header is signed, apart from names with an underscore, which gateways drop.
    """
    split = urlsplit(url)
    date = datetime.fromtimestamp(int(now), UTC).strftime(_DATE_FORMAT)
    complete = {**headers, "Host": split.netloc, "X-Sdk-Date": date}
    if security_token:
        complete["X-Security-Token"] = security_token
    names = sorted(name.lower() for name in complete if "_" not in name)
    target = f"{split.path or '/'}?{split.query}" if split.query else split.path or "/"
    canonical = canonical_request(SignedRequest(method, target, complete, body), names)
    signed = signature(canonical, date, secret_key)
    complete["Authorization"] = f"{ALGORITHM} Access={access_key}, SignedHeaders={';'.join(names)}, Signature={signed}"
    return complete


def verify(request: SignedRequest, *, secret_of: Callable[[str], str | None], now: float) -> str:
    """The access key that signed the request.

    ``secret_of`` gives the secret of an access key, ``None`` if there is no such key. Raises ``SignatureError``.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if found is None:
        raise SignatureError("authorization header is not a SDK-HMAC-SHA256 signature")
    access_key, names = found["access_key"], found["names"].split(";")
    date = headers.get("x-sdk-date", "")
    if "x-sdk-date" not in names or not _is_recent(date, now):
        raise SignatureError("x-sdk-date is missing, not signed or too far from now", access_key)
    secret_key = secret_of(access_key)
    if secret_key is None:
        raise SignatureError("Get secretKey failed", access_key)
    canonical = canonical_request(request, names)
    if not hmac.compare_digest(signature(canonical, date, secret_key), found["signature"]):
        shown = canonical.replace("\n", "|")
        raise SignatureError(f"verify aksk signature fail, canonicalRequest: {shown}", access_key)
    return access_key


def _bytes(text: str) -> bytes:
    # Servers hand over bytes that are no UTF-8 as surrogates: this gives the bytes back.
    return text.encode("utf-8", "surrogateescape")


def _encode(text: str) -> str:
    return quote(_bytes(text), safe="~")


def _uri(path: str) -> str:
    encoded = "/".join(_encode(segment) for segment in unquote(path, errors="surrogateescape").split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def _query(query: str) -> str:
    pairs = []
    for pair in filter(None, query.split("&")):
        key, _, value = pair.partition("=")
        pairs.append((unquote(key, errors="surrogateescape"), unquote(value, errors="surrogateescape")))
    return "&".join(f"{_encode(key)}={_encode(value)}" for key, value in sorted(pairs))


def _body_hash(request: SignedRequest, headers: Mapping[str, str]) -> str:
    is_json = headers.get("content-type", "application/json").startswith(("application/json", "application/bson"))
    if request.body and not is_json and headers.get("x-sdk-content-sha256") == _UNSIGNED:
        return _UNSIGNED
    return hashlib.sha256(request.body).hexdigest()


def _is_recent(date: str, now: float) -> bool:
    try:
        moment = datetime.strptime(date, _DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(moment.timestamp() - now) <= MAX_SKEW_SECONDS
