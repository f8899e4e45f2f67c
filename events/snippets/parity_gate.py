"""A gate for any pipeline: asks Parity for a comparison, waits for its verdict, and exits by it.

Copy this file; it needs Python 3.9 or newer and nothing else. PARITY_URL, PARITY_TOKEN and PARITY_WEBHOOK_SECRET say
where Parity is and prove who asks.

    python3 parity_gate.py request.json --id nightly-2026-11-21

The same id is the same comparison, however often this is started. Exit codes: 0 consistent, 1 inconsistent, 2 usage,
configuration or a refused request, 3 incomplete, 4 failed, cancelled or timed out, 5 expired, 6 superseded, 7 rejected,
75 still running or unreachable.
"""

import argparse
import base64
import hmac
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

EXIT = {
    "consistent": 0,
    "inconsistent": 1,
    "incomplete": 3,
    "failed": 4,
    "cancelled": 4,
    "timed_out": 4,
    "expired": 5,
    "superseded": 6,
    "rejected": 7,
}
REFUSED, NOT_YET = 2, 75
AGAIN = {429, 500, 502, 503, 504}


class Refused(Exception):
    """Parity will not have it; sending it again would not help."""


class Later(Exception):
    """Nobody answered, or asked for patience; `seconds` is for how long."""

    def __init__(self, told, seconds=5.0):
        super().__init__(told)
        self.seconds = seconds


def ask(url, secret, body, request_id, now):
    """Sign the request `body` (bytes) and send it; returns the comparison's id. Raises Refused and Later."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise Refused("PARITY_WEBHOOK_SECRET must be base64, with or without whsec_ before it") from None
    signed = f"{request_id}.{int(now)}.".encode() + body
    headers = {
        "content-type": "application/json",
        "webhook-id": request_id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode(),
    }
    accepted, _ = _call(urllib.request.Request(f"{url}/comparisons", data=body, headers=headers, method="POST"))
    return accepted["comparison_id"]


def look(url, token, comparison_id):
    """What is known of a comparison, and the seconds until it is worth asking again. Raises Refused and Later."""
    headers = {"authorization": f"Bearer {token}"}
    return _call(urllib.request.Request(f"{url}/comparisons/{comparison_id}", headers=headers))


def told(shown):
    """The verdict of a finished comparison in two sentences, safe for a log: names in it may hold anything."""
    data = shown.get("event", {}).get("data", {})
    text = f"{shown['verdict']}: {data.get('summary', '')} {data.get('next_step', '')}".strip()
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Nobody else gets the token."""

    def redirect_request(self, *_):
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _call(request):
    try:
        with _OPENER.open(request, timeout=30) as answer:
            return json.load(answer), float(answer.headers.get("retry-after") or 5)
    except urllib.error.HTTPError as e:
        body = e.read(10_000).decode(errors="replace")
        if e.code in AGAIN:
            raise Later(f"HTTP {e.code}", float(e.headers.get("retry-after") or 5)) from None
        raise Refused(f"HTTP {e.code}: {body}") from None
    except (OSError, ValueError) as e:
        raise Later(str(e)) from None


def wait(url, token, secret, body, request_id, until):
    """Ask, and look until there is a verdict; returns what is shown then, or None at `until` (monotonic seconds)."""
    comparison_id = None
    pause = 1.0
    while True:
        try:
            if comparison_id is None:
                comparison_id = ask(url, secret, body, request_id, time.time())
                _say(f"{comparison_id} accepted")
            shown, seconds = look(url, token, comparison_id)
            if shown["state"] == "finished":
                return shown
            pause = 1.0
        except Later as e:
            seconds, pause = max(e.seconds, pause), min(pause * 2, 60.0)
            _say(f"no answer, asking again: {e}")
        left = until - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(seconds, left))


def _say(text):
    print("parity:", "".join(c if c.isprintable() else " " for c in text), flush=True)


def main(arguments=None):
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description="Gate a pipeline on the verdict of a comparison.")
    parser.add_argument("request", help="the request as a JSON file")
    parser.add_argument("--id", required=True, help="the request id: 1 to 128 visible ASCII characters without a dot")
    parser.add_argument("--timeout", type=float, default=21_600, help="seconds until it gives up with 75 (21600)")
    parser.add_argument("--event", help="a file for the finished event")
    given = parser.parse_args(arguments)
    missing = [n for n in ("PARITY_URL", "PARITY_TOKEN", "PARITY_WEBHOOK_SECRET") if not os.environ.get(n)]
    if missing:
        parser.error(f"{', '.join(missing)} must be set")
    url, token, secret = (os.environ[n] for n in ("PARITY_URL", "PARITY_TOKEN", "PARITY_WEBHOOK_SECRET"))
    if not re.fullmatch(r"[!-\-/-~]{1,128}", given.id):
        parser.error("--id must be 1 to 128 visible ASCII characters without a dot")
    host = urllib.parse.urlsplit(url)
    if host.scheme != "https" and host.hostname not in {"127.0.0.1", "localhost"}:
        parser.error("PARITY_URL must be https://, or the token would be readable on its way")
    try:
        body = Path(given.request).read_bytes()
        shown = wait(url.rstrip("/"), token, secret, body, given.id, time.monotonic() + given.timeout)
    except (Refused, OSError, ValueError) as e:
        _say(f"refused: {e}")
        return REFUSED
    if shown is None:
        _say("no verdict yet; the comparison goes on. The same id follows it further")
        return NOT_YET
    if given.event:
        Path(given.event).write_text(json.dumps(shown["event"], indent=2))
    _say(told(shown))
    return EXIT.get(shown["verdict"], EXIT["incomplete"])


if __name__ == "__main__":
    sys.exit(main())
