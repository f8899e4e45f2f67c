"""AWS Signature Version 4 for one request, from the standard library alone.

Source: "Create a signed AWS API request" in the AWS IAM user guide. Tests hold it against AWS's published signing cases
and against botocore's signer.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
NEVER_SIGNED = frozenset({"authorization", "user-agent", "x-amzn-trace-id"})
"""Headers that a proxy or a tracer may add or change on the way."""


@dataclass(frozen=True)
class Credentials:
    """An access key; the secret parts never show in a repr."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def sign(
    credentials: Credentials,
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    service: str,
    region: str,
    now: float,
) -> dict[str, str]:
    """Return all headers to send: those given, `host`, `x-amz-date`, the session token, `authorization`.

    `url` is absolute, percent-encoded as it will be sent, without dot segments; `now` is in epoch seconds. Names come
    back in lower case. Every header is signed except those in `NEVER_SIGNED`.
    """
    moment = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
    parts = urlsplit(url)
    sent = {name.lower(): value for name, value in headers.items()}
    sent |= {"host": parts.netloc, "x-amz-date": moment}
    if credentials.session_token:
        sent["x-amz-security-token"] = credentials.session_token
    canonical = {name: " ".join(value.split()) for name, value in sorted(sent.items()) if name not in NEVER_SIGNED}
    signed = ";".join(canonical)
    lines = "".join(f"{name}:{value}\n" for name, value in canonical.items())
    path, query = quote(parts.path or "/", safe="/~"), _canonical_query(parts.query)
    request = f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{sha256(body).hexdigest()}"
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    to_sign = f"{ALGORITHM}\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = _derived_key(credentials.secret_key, moment[:8], region, service)
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    proof = f"Credential={credentials.access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"
    return {**sent, "authorization": f"{ALGORITHM} {proof}"}


def _canonical_query(query: str) -> str:
    pairs = sorted(pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, _, value in pairs)


@lru_cache(maxsize=16)  # one entry per service and day: the key depends on nothing else
def _derived_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
