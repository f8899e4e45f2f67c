"""How a delivery proves where it comes from. Whatever is wrong raises `signature.Invalid`, for our log only.

No key and no token configured means that nothing is valid.
"""

import hmac
import re
from collections.abc import Sequence

from functions.pipeline import signature
from functions.pipeline.credentials_text import token_matches
from functions.pipeline.signature import Invalid
from functions.pipeline.triggers.configuration import Source
from functions.pipeline.triggers.delivery import Delivery

_HUB = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)


def hub_signature(delivery: Delivery, keys: Sequence[bytes]) -> None:
    """Check GitHub's `X-Hub-Signature-256`: the hexadecimal HMAC-SHA256 of the body, in constant time."""
    given = _HUB.fullmatch(delivery.header("x-hub-signature-256"))
    if given is None:
        raise Invalid("x-hub-signature-256 must be sha256= and 64 hexadecimal digits")
    expected = [hmac.digest(key, delivery.body, "sha256").hex() for key in keys]
    if not any([hmac.compare_digest(ours, given[1]) for ours in expected]):  # noqa: C419 - all are compared
        raise Invalid("x-hub-signature-256 matches no key")


def standard_or(header_token: str, delivery: Delivery, source: Source, now: float) -> str:
    """Check a Standard Webhooks signature where the delivery carries one, else the token that it sent along.

    Returns the signed id, "" where a token proved the delivery: then nothing about it is signed.
    """
    if delivery.header("webhook-signature"):
        return signature.verify(delivery.headers, delivery.body, source.signing_keys(), now)
    if not header_token or not token_matches(header_token, source.tokens):
        raise Invalid("neither a webhook-signature nor a token of this source")
    return ""


def bearer(delivery: Delivery) -> str:
    """The bearer token of a delivery, "" where there is none."""
    scheme, _, given = delivery.header("authorization").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""
