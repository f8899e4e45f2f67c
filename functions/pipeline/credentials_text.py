"""What the texts of the two door secrets mean: webhook keys and bearer tokens.

Both are JSON `{"keys": [newest, ...]}` or one plain string. Nothing configured is no key, and no key opens nothing.
"""

import binascii
import hmac
import json
from base64 import b64decode
from collections.abc import Sequence

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""Length of a key, as the Standard Webhooks specification has it."""


class BadSecret(ValueError):
    """The configured text can't be read; the message never contains any of it."""


def webhook_keys(text: str) -> list[bytes]:
    """Return the webhook's keys, newest first: base64 of 24 to 64 bytes each, with or without `whsec_`."""
    return [_key(entry, number) for number, entry in enumerate(_entries(text), start=1)]


def bearer_tokens(text: str) -> list[str]:
    """Return the tokens that open the status door, newest first: visible ASCII each."""
    tokens = _entries(text)
    for number, token in enumerate(tokens, start=1):
        if not token.isascii() or not token.isprintable() or " " in token:
            raise BadSecret(f"token {number} of the token secret must be visible ASCII without spaces")
    return tokens


def token_matches(given: str, tokens: Sequence[str]) -> bool:
    """Whether `given` is one of `tokens`; the time taken doesn't tell how much matched."""
    guess = given.encode("utf-8", "surrogatepass")
    return any([hmac.compare_digest(guess, token.encode()) for token in tokens])  # noqa: C419 - all are compared


def _entries(text: str) -> list[str]:
    text = text.strip()
    if not text.startswith("{"):
        return [text] if text else []
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise BadSecret("the secret starts like JSON but isn't") from None
    keys = document.get("keys", [])
    if document.keys() - {"keys"} or not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise BadSecret('the secret must be one string or {"keys": [strings, newest first]}')
    return [key.strip() for key in keys if key.strip()]


def _key(entry: str, number: int) -> bytes:
    encoded = entry.removeprefix(PREFIX)
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret(f"key {number} of the webhook secret must be base64") from None
    if len(key) not in KEY_BYTES:
        raise BadSecret(f"key {number} of the webhook secret must be 24 to 64 bytes long")
    return key
