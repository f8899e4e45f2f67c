"""What SMN posts: its fields, the text that is signed, and the one way in which that text can be read.

SMN joins names and values by newlines and escapes nothing, so a newline within a value could move the borders: one
signature would cover two readings, with two message ids. Only `message` may have newlines here. Whatever it holds, the
text then ends in exactly one way: the other values are single lines in a fixed order, counted from the end.

Sources: SMN user guide, "HTTP/HTTPS message format" and "Message signature verification".
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MAX_BYTES = 512 * 1024
"""SMN's messages have up to 256 KiB; in JSON each byte may become more."""
NOTIFICATION = "Notification"
CONFIRMATIONS = ("SubscriptionConfirmation", "HttpSubscriptionUserConfirm")
GOODBYES = ("UnsubscribeConfirmation", "HttpSubscriptionUserUnsubscribe")
TOLERANCE_SECONDS = 900.0
"""How far SMN's time may be from ours: an old notification proves nothing about now."""

_SIGNED = ("message", "message_id", "subject", "timestamp", "topic_urn", "type")
_SIGNED_SUBSCRIBING = ("message", "message_id", "subscribe_url", "timestamp", "topic_urn", "type")
_MESSAGE_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_LINE_ENDS = re.compile(r"[\n\r]")


class Unproved(Exception):
    """The delivery isn't proved to come from a topic that is known here; the reason is for our log only."""


@dataclass(frozen=True)
class Envelope:
    """One delivery as it was sent; `signed` has the texts that its signature may cover."""

    kind: str
    topic: str
    message_id: str
    message: str
    subject: str
    sent_at: float
    certificate_url: str
    subscribe_url: str
    signature: bytes
    signed: tuple[bytes, ...]

    def payload(self) -> dict[str, Any]:
        """What a mapping looks at: the signed values; a `message` that is JSON is what it says, otherwise a text."""
        return {
            "message": _value(self.message),
            "message_id": self.message_id,
            "subject": self.subject,
            "timestamp": datetime.fromtimestamp(self.sent_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "topic_urn": self.topic,
        }


def read(body: bytes, now: float) -> Envelope:
    """Read untrusted bytes; nothing about them is proved yet. Raises Unproved."""
    fields = _fields(body)
    kind = fields.get("type", "")
    if kind not in (NOTIFICATION, *CONFIRMATIONS, *GOODBYES):
        raise Unproved("type is none that SMN's documentation names")
    if fields.get("signature_version", "v1") != "v1":
        raise Unproved("signature_version must be v1")
    names: tuple[str, ...] = _SIGNED if kind == NOTIFICATION else _SIGNED_SUBSCRIBING
    names = tuple(name for name in names if name != "subject" or "subject" in fields)
    for name in names:
        if name not in fields or (name != "message" and _LINE_ENDS.search(fields[name])):
            raise Unproved(f"{name} must be there, as one line")
    if not _MESSAGE_ID.fullmatch(fields["message_id"]):
        raise Unproved("message_id must be 32 hexadecimal digits")
    return Envelope(
        kind=kind,
        topic=fields["topic_urn"],
        message_id=fields["message_id"],
        message=fields["message"],
        subject=fields.get("subject", ""),
        sent_at=_moment(fields["timestamp"], now),
        certificate_url=fields.get("signing_cert_url", ""),
        subscribe_url=fields.get("subscribe_url", ""),
        signature=_decoded(fields.get("signature", "")),
        signed=_signed(names, fields),
    )


def signed_text(names: tuple[str, ...], fields: Mapping[str, str]) -> bytes:
    """The text that SMN signs: each name and its value on lines of their own, the last one ended too."""
    return "".join(f"{name}\n{fields[name]}\n" for name in names).encode("utf-8", "surrogatepass")


def _signed(names: tuple[str, ...], fields: Mapping[str, str]) -> tuple[bytes, ...]:
    """An empty subject is left out of the text by what SMN's documentation says, and not by its sample in Java."""
    texts = [signed_text(names, fields)]
    if fields.get("subject") == "" and "subject" in names:
        texts.append(signed_text(tuple(name for name in names if name != "subject"), fields))
    return tuple(texts)


def _fields(body: bytes) -> dict[str, str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Unproved("the body must be JSON") from None
    if not isinstance(document, dict):
        raise Unproved("the body must be a JSON object")
    # A null is a field that isn't there: SMN sends `subject` so.
    return {str(name): value for name, value in document.items() if isinstance(value, str)}


def _moment(text: str, now: float) -> float:
    try:
        moment = datetime.fromisoformat(text if _TIMESTAMP.fullmatch(text) else "").timestamp()
    except ValueError:
        raise Unproved("timestamp must be like 2016-08-15T07:29:16Z") from None
    if abs(now - moment) > TOLERANCE_SECONDS:
        raise Unproved(f"timestamp must be within {TOLERANCE_SECONDS:.0f} seconds of now")
    return moment


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unproved("signature must be base64") from None


def _value(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_json)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return text.encode("utf-8", "replace").decode()
    return value


def _no_json(name: str) -> Any:
    raise ValueError(name)
