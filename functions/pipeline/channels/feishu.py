"""Feishu: a card through a custom bot. Lark is the same service elsewhere.

Every text of the card is `plain_text`, which is shown as it is: nothing in a name can be markup or a mention.
Source: Feishu Open Platform, "Custom bot usage guide" (20 KB, 100 messages a minute and 5 a second, signature, error
codes) and "Card JSON 1.0".
"""

import hmac
import json
from base64 import b64encode
from typing import Any, Final

from functions.pipeline.channels.answers import by_status, json_object, not_understood, said
from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Pace, Post, Refused
from functions.pipeline.channels.cut import utf8
from functions.pipeline.channels.harmless import safe_url
from functions.pipeline.channels.smaller import first_fitting
from functions.pipeline.destinations import Destination
from functions.pipeline.telling import Telling, Tone

#: 80 a minute, never more than 4 a second.
PACE = Pace(messages=4, seconds=3.0)
MAX_BYTES: Final = 20_000
#: The service is at its busiest at every full and half hour: 95 seconds later it is neither.
BUSY_SECONDS: Final = 95.0

_TEMPLATE: Final[dict[Tone, str]] = {"good": "green", "bad": "red", "unsure": "orange"}
_BUSY: Final = frozenset({11232, 99991400})
_REFUSED: Final = {
    9499: "it can't read the message",
    19001: "the URL's last part is no bot's (any more): copy the webhook URL again",
    19021: "the signature doesn't match, or our clock is an hour off: check this destination's secret",
    19022: "our address is not on the bot's list of IP addresses",
    19024: "the message has none of the bot's keywords: take a word of every title, or sign instead",
}
_SERVICE: Final = "Feishu/Lark"


def post(destination: Destination, telling: Telling, now: float) -> Post:
    """A card of at most 20 KB; signed where the destination has a secret."""
    signature = _signature(destination.secret, int(now)) if destination.secret else {}

    def body(told: Telling) -> str:
        return json.dumps(signature | {"msg_type": "interactive", "card": _card(told)}, ensure_ascii=False)

    return Post(destination.url, first_fitting(telling, body, lambda text: utf8(text) <= MAX_BYTES).encode())


def judge(answer: Answer) -> Outcome:
    """`code` 0 is delivered (`StatusCode` in older answers); the status is 200 for most of the other codes too."""
    said_so = json_object(answer) or {}
    code = said_so.get("code", said_so.get("StatusCode"))
    if not isinstance(code, int) or isinstance(code, bool):
        return by_status(answer, _SERVICE, {404: _REFUSED[19001]}) or not_understood(answer, _SERVICE)
    if code == 0:
        return by_status(answer, _SERVICE, {}) or Delivered()
    words = said(said_so.get("msg", said_so.get("StatusMessage")))
    if code in _BUSY or "too many request" in words.lower():
        return Again(f"{_SERVICE} has too much to do ({code})", BUSY_SECONDS)
    if code in _REFUSED:
        return Refused(f"{_SERVICE} refuses ({code}): {_REFUSED[code]}")
    return Again(f"{_SERVICE} answered {code}: {words}")


def _signature(secret: str, timestamp: int) -> dict[str, str]:
    """The key is the timestamp and the secret, and nothing is signed with it: that is how the service has it."""
    digest = hmac.digest(f"{timestamp}\n{secret}".encode(), b"", "sha256")
    return {"timestamp": str(timestamp), "sign": b64encode(digest).decode()}


def _card(told: Telling) -> dict[str, Any]:
    return {
        "config": {"wide_screen_mode": True},
        "header": {"title": _plain(told.title), "template": _TEMPLATE[told.tone]},
        "elements": [
            _text(told.sentence),
            *([_text(_listed(told))] if told.found or told.more else []),
            *([_text(told.next_step)] if told.next_step else []),
            *([{"tag": "hr"}, _facts(told)] if told.facts else []),
            *_buttons(told),
        ],
    }


def _listed(told: Telling) -> str:
    lines = [f"{told.found_word}:", *(f"• {found.name}  {found.what}" for found in told.found)]
    return "\n".join(lines + ([told.more] if told.more else []))


def _facts(told: Telling) -> dict[str, Any]:
    fields = [{"is_short": True, "text": _plain(f"{fact.word}\n{fact.value}")} for fact in told.facts]
    return {"tag": "div", "fields": fields}


def _buttons(told: Telling) -> list[dict[str, Any]]:
    links = [(link.word, url) for link in told.links if (url := safe_url(link.url))]
    buttons = [{"tag": "button", "text": _plain(word), "url": url, "type": "default"} for word, url in links]
    return [{"tag": "action", "actions": buttons}] if buttons else []


def _text(content: str) -> dict[str, Any]:
    return {"tag": "div", "text": _plain(content)}


def _plain(content: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": content}
