"""Standard Webhooks signatures over raw bytes.

The signed content is `id.timestamp.body`, the signature `v1,` and the base64 of its HMAC-SHA256; a header may hold
several, separated by spaces, while keys rotate. Source: the Standard Webhooks specification, "Webhook headers" and
"Signature scheme".
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence

TOLERANCE_SECONDS = 300
ID = re.compile(r"[!-\-/-~]{1,128}", re.ASCII)
"""Visible ASCII without the dot: with a dot the signed content could be split in another way."""
TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


class Invalid(Exception):
    """The request doesn't carry a valid signature; the message says which part is wrong, for our log only."""


def verify(headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: float) -> str:
    """Return the `webhook-id` of a request signed with one of `keys`; `now` is in epoch seconds.

    Whatever is missing, malformed, too old, too new or signed with another key raises `Invalid` and nothing else. No
    keys means that nothing is valid. Header names may be in any case; the time taken doesn't tell how much matched.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    webhook_id, timestamp = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
    if not ID.fullmatch(webhook_id):
        raise Invalid("webhook-id must be 1 to 128 visible ASCII characters without a dot")
    if not TIMESTAMP.fullmatch(timestamp):
        raise Invalid("webhook-timestamp must be whole epoch seconds")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise Invalid(f"webhook-timestamp must be within {TOLERANCE_SECONDS} seconds of now")
    expected = [_signature(webhook_id, timestamp, body, key) for key in keys]
    given = sent.get("webhook-signature", "").encode("utf-8", "surrogatepass").split(b" ")
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    if not any(matches):
        raise Invalid("webhook-signature matches no key")
    return webhook_id


def sign(webhook_id: str, timestamp: int, body: bytes, key: bytes) -> dict[str, str]:
    """Return the three headers that sign `body`; `timestamp` is in epoch seconds."""
    signature = _signature(webhook_id, str(timestamp), body, key).decode()
    return {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def _signature(webhook_id: str, timestamp: str, body: bytes, key: bytes) -> bytes:
    content = f"{webhook_id}.{timestamp}.".encode() + body
    return b"v1," + b64encode(hmac.digest(key, content, "sha256"))
