"""What `parity doctor` checks, one finding at a time. Nothing is created: the one request it sends is refused."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

from functions.local.cli_errors import CommandFailed
from functions.local.door import Answer, Door, signed_headers
from functions.local.target import Target

Level = Literal["ok", "warn", "fail"]
_SKEW_WARN, _SKEW_FAIL = 30, 300
"""Seconds; a signature is good for 300."""
_NOTHING = b"{}"
"""A request that asks for nothing: whoever gets to its fields refuses it."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    level: Level
    subject: str
    told: str


def check(door: Door, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Yield the findings about a deployment, in the order in which trouble is best repaired."""
    target = door.target
    yield Finding("ok", "configuration", f"{target.url} ({target.origin})")
    yield from _configured(target)
    try:
        if target.token:
            answer = door.comparisons({})
            yield from (_clock(answer, now()), _reading(answer))
        if target.webhook_secret:
            headers = signed_headers(target.webhook_secret, f"doctor-{secrets.token_hex(8)}", int(now()), _NOTHING)
            answer = door.post(_NOTHING, headers)
            if not target.token:
                yield _clock(answer, now())
            yield _signing(answer)
    except CommandFailed as error:
        # Both a key that can't be read and an address that doesn't answer.
        yield Finding("fail", "reachability", str(error))


def _configured(target: Target) -> Iterator[Finding]:
    if not target.token:
        yield Finding("fail", "token", "PARITY_TOKEN is not set: nothing can be read or cancelled")
    if not target.webhook_secret:
        yield Finding("fail", "signing key", "PARITY_WEBHOOK_SECRET is not set: nothing can be sent")


def _clock(answer: Answer, now: float) -> Finding:
    try:
        skew = now - parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return Finding("warn", "clock", "the deployment doesn't tell its time")
    told = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the deployment"
    if abs(skew) >= _SKEW_FAIL:
        return Finding("fail", "clock", f"{told}: every signature is refused; set this machine's clock")
    if abs(skew) >= _SKEW_WARN:
        return Finding("warn", "clock", f"{told}; signatures are good for {_SKEW_FAIL} s")
    return Finding("ok", "clock", "agrees with the deployment's")


def _reading(answer: Answer) -> Finding:
    match answer.status:
        case 200:
            return Finding("ok", "token", "accepted: comparisons can be read and cancelled")
        case 401:
            return Finding("fail", "token", "refused: it is not the one in the deployment's TokenSecret")
        case 503:
            return Finding("fail", "permissions", "the status function can't read its secret or table; see its log")
        case 404 | 403:
            return Finding("fail", "reachability", f"HTTP {answer.status}: no Parity answers at this address")
    return Finding("fail", "token", f"unexpected answer: HTTP {answer.status}")


def _signing(answer: Answer) -> Finding:
    match answer.status:
        case 422:
            return Finding(
                "ok", "signing key", "accepted: requests can be sent (a test request was refused as it should)"
            )
        case 401:
            return Finding("fail", "signing key", "refused: it is not the one in the deployment's WebhookSecret")
        case 503:
            told = "the webhook function can't read its secrets, or the projects secret is no valid configuration"
            return Finding("fail", "permissions", f"{told}; see its log")
        case 404 | 403:
            return Finding("fail", "reachability", f"HTTP {answer.status}: no Parity answers at this address")
    return Finding("fail", "signing key", f"unexpected answer: HTTP {answer.status}")
