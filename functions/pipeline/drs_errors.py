"""Two errors for two decisions: try again later, or give up and say so.

Which answer of DRS, of the API gateway in front of it, or of IAM means which. Sources: error codes of DRS
(drs_05_0004), of the API gateway and of IAM. A status code alone decides nothing: HTTP 200 and 202 can carry a refusal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

Reason = Literal["unavailable", "throttled", "busy", "too_frequent", "not_ready", "credentials"]

UNREADABLE: Final = "Parity.Unreadable"
NOT_VISIBLE: Final = "Parity.NotVisible"
NO_ANSWER: Final = "Parity.NoAnswer"
_LONGEST_MESSAGE: Final = 500
_LONGEST_CODE: Final = 64
_SIGNED: Final = re.compile(r"(signature\s*[=:]\s*)[^\s,;&\"]+", re.IGNORECASE)

_TRY_LATER: Final[Mapping[str, Reason]] = {
    "DRS.M01503": "too_frequent",
    "DRS.M01504": "busy",
    "DRS.10000024": "busy",
    "DRS.M00004": "unavailable",
    "DRS.M01501": "unavailable",
    "DRS.M00304": "not_ready",
    "DRS.M00100": "credentials",
    "DRS.M00101": "credentials",
    "DRS.M00102": "credentials",
    "DRS.M00103": "credentials",
    "DRS.M00261": "credentials",
    "APIG.0301": "credentials",
    "APIG.0302": "credentials",
    "APIG.0306": "credentials",
    "APIG.0307": "credentials",
    "APIG.0308": "throttled",
    "APIG.0202": "unavailable",
    "APIG.0203": "unavailable",
}
_JOB_GONE: Final = frozenset({"DRS.10000010", "DRS.M00289", "DRS.M05003", "DRS.M05004"})
_SIGNATURE_WORDS: Final = ("verify aksk signature fail", "get secretkey failed", "ak access failed")


class TryLater(Exception):
    """An answer, or none, after which the same question is worth asking again."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        reason: Reason = "unavailable",
        retry_after: float | None = None,
        sent: bool = False,
        bad_signature: bool = False,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.reason: Reason = reason
        self.retry_after = retry_after
        """Seconds that the other side asks us to wait."""
        self.sent = sent
        """Whether the request may have taken effect."""
        self.bad_signature = bad_signature
        """Whether it counts towards the gateway's lock on an access key, or IAM's on a user."""


class Refused(Exception):
    """An answer that will be the same next time."""

    def __init__(self, code: str, message: str, *, status: int = 0, job_gone: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        """HTTP status that carried it."""
        self.job_gone = job_gone
        """Whether DRS says that it has no such job (any more)."""

    @property
    def is_wordless(self) -> bool:
        """Whether a status came without an error of anybody's: perhaps from something in between."""
        return self.code.startswith("HTTP.")


@contextmanager
def no_wordless_refusal(reason: Reason) -> Iterator[None]:
    """Turn a refusal without words into ``TryLater``: neither DRS nor its gateway speaks like that.

    It is something in between, a proxy or a portal, which may be gone at the next try.
    """
    try:
        yield
    except Refused as refusal:
        if not refusal.is_wordless:
            raise
        raise TryLater(refusal.code, refusal.message, reason=reason) from None


@dataclass(frozen=True)
class Told:
    """An error as somebody put it into a body."""

    code: str
    message: str


def parsed(body: bytes) -> Any:
    """The JSON in a body of UTF-8; ``None`` if there is none to be read.

    Whatever comes back can be written as UTF-8 again, for names go into the ledger and events: bytes that are none are
    replaced, and so are halves of surrogate pairs, which JSON can write as escapes.
    """
    # Given bytes, json.loads guesses their encoding and lets surrogates pass.
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        data = json.loads(text)
        if "\\ud" not in text.lower():
            return data
        plain = json.dumps(data, ensure_ascii=False)
        return json.loads(plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except (ValueError, RecursionError):
        return None


def told(data: Any) -> Told | None:
    """The error in a body, in any of the shapes of DRS, the gateway and IAM; ``None`` if it has none.

    A batch answer carries its error in the first of its ``results``, IAM in an object named ``error``.
    """
    if not isinstance(data, Mapping):
        return None
    results, nested = data.get("results"), data.get("error")
    if own := _told_here(data):
        return own
    if isinstance(nested, Mapping):
        return _told_here(nested) or Told(f"IAM.{nested.get('code')}", _first_text(nested, "message", "title"))
    return _told_here(results[0]) if isinstance(results, list) and results else None


def _told_here(data: Any) -> Told | None:
    if not isinstance(data, Mapping):
        return None
    code = _first_text(data, "error_code", "errorCode")
    return Told(code, _first_text(data, "error_msg", "error_message", "errorMsg")) if code else None


def _first_text(data: Mapping[str, Any], *names: str) -> str:
    values = (data.get(name) for name in names)
    return next((str(value) for value in values if isinstance(value, (str, int)) and value != ""), "")


def decided(
    status: int,
    error: Told | None,
    *,
    retry_after: float | None = None,
    secrets: Iterable[str] = (),
) -> TryLater | Refused:
    """What an unhappy answer means. ``error`` is what its body says, if it says something."""
    secrets = tuple(secrets)
    code = masked(error.code, secrets)[:_LONGEST_CODE] if error else f"HTTP.{status}"
    text = error.message if error else f"status {status} without a readable error"
    message = masked(text, secrets)[:_LONGEST_MESSAGE]
    common = code.upper().replace("APIGW.", "APIG.")
    reason = _TRY_LATER.get(common) or _by_status(status)
    if reason is None:
        return Refused(code, message, status=status, job_gone=common in _JOB_GONE)
    return TryLater(
        code,
        message,
        reason=reason,
        retry_after=retry_after,
        sent=reason == "unavailable",
        bad_signature=reason == "credentials" and _is_bad_signature(common, message),
    )


def seconds_to_wait(value: str | None, now: float) -> float | None:
    """``Retry-After``, in seconds or as an HTTP date, as seconds from ``now``; ``None`` where it can't be read."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _by_status(status: int) -> Reason | None:
    if status == 429:
        return "throttled"
    if status in {401, 403}:
        return "credentials"
    return None if 200 <= status < 300 or (400 <= status < 500 and status != 408) else "unavailable"


def _is_bad_signature(code: str, message: str) -> bool:
    """Unknown words of the gateway count as a bad signature: a locked key costs more than a slow retry."""
    lowered = message.lower()
    if any(words in lowered for words in _SIGNATURE_WORDS):
        return True
    return code == "APIG.0301" and "token" not in lowered


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text in one line, without ``secrets`` and signatures.

    The gateway quotes the request that it could not verify, temporary token included.
    """
    for secret in secrets:
        text = text.replace(secret, "***")
    return " ".join(_SIGNED.sub(r"\1***", text).split())
