"""Google Chat: a card through a space's webhook; all verdicts of a DRS job are one thread.

Texts of widgets are a small HTML, in which three characters are escaped; headers, labels and buttons are plain, and
get look-alikes. A card knows no mentions: `<users/all>` is only read in `text`, which is not sent.
Source: Google Chat API, `spaces.messages.create` and `Message` (32,000 bytes; `fallbackText`, `thread.threadKey`),
`cardsV2`, "Format text in cards", "Usage limits" (one message a second in a space).
"""

import json
from typing import Any, Final

from functions.pipeline.channels.answers import by_status, json_object, not_understood, said
from functions.pipeline.channels.channel import Answer, Delivered, Outcome, Pace, Post
from functions.pipeline.channels.cut import utf8
from functions.pipeline.channels.harmless import safe_url, unlinked, wide
from functions.pipeline.channels.smaller import first_fitting
from functions.pipeline.destinations import Destination
from functions.pipeline.telling import Telling, Tone

PACE = Pace(messages=4, seconds=5.0)
MAX_BYTES: Final = 32_000

_COLOUR: Final[dict[Tone, str]] = {"good": "#1e7e34", "bad": "#c5221f", "unsure": "#b06000"}
_HINTS: Final = {
    400: "it can't read the message, or the URL lacks its key or token",
    401: "the webhook's token is wrong: copy its URL again",
    403: "the webhook may not write to the space any more",
    404: "the webhook or its space is gone: make a new one and copy its URL",
}
_SERVICE: Final = "Google Chat"
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def post(destination: Destination, telling: Telling, now: float) -> Post:  # noqa: ARG001 - nothing is signed
    """A card of at most 32,000 bytes, in the thread of its DRS job."""
    text = first_fitting(telling, _message, lambda text: utf8(text) <= MAX_BYTES)
    joint = "&" if "?" in destination.url else "?"
    return Post(
        f"{destination.url}{joint}messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
        text.encode(),
        {"content-type": "application/json; charset=UTF-8"},
    )


def judge(answer: Answer) -> Outcome:
    """The message with its name is delivered."""
    said_so = json_object(answer) or {}
    error = said_so.get("error")
    words = said(error.get("message") if isinstance(error, dict) else None)
    decided = by_status(answer, _SERVICE, {status: f"{hint}; it says: {words}" for status, hint in _HINTS.items()})
    if decided:
        return decided
    name = said_so.get("name")
    arrived = isinstance(name, str) and name.startswith("spaces/")
    return Delivered() if arrived else not_understood(answer, _SERVICE)


def _message(told: Telling) -> str:
    message = {
        "fallbackText": _plain(told.title),
        "cardsV2": [{"cardId": "verdict", "card": _card(told)}],
        "thread": {"threadKey": f"drs-{told.job_id}"},
    }
    return json.dumps(message, ensure_ascii=False)


def _card(told: Telling) -> dict[str, Any]:
    parts = [_paragraphs(told), _facts(told), _buttons(told)]
    return {"header": {"title": _plain(told.title)}, "sections": [{"widgets": part} for part in parts if part]}


def _paragraphs(told: Telling) -> list[dict[str, Any]]:
    listed = [f"<b>{_safe(found.name)}</b> {_safe(found.what)}" for found in told.found]
    listed += [_safe(told.more)] if told.more else []
    head = f'<font color="{_COLOUR[told.tone]}"><b>{_safe(told.found_word)}</b></font>'
    texts = [
        _safe(told.sentence),
        "<br>".join([head, *listed]) if listed else "",
        f"<i>{_safe(told.next_step)}</i>" if told.next_step else "",
    ]
    return [{"textParagraph": {"text": text}} for text in texts if text]


def _facts(told: Telling) -> list[dict[str, Any]]:
    return [
        {"decoratedText": {"topLabel": _plain(fact.word), "text": _safe(fact.value), "wrapText": True}}
        for fact in told.facts
    ]


def _buttons(told: Telling) -> list[dict[str, Any]]:
    links = [(link.word, url) for link in told.links if (url := safe_url(link.url))]
    buttons = [{"text": _plain(word), "onClick": {"openLink": {"url": url}}} for word, url in links]
    return [{"buttonList": {"buttons": buttons}}] if buttons else []


def _safe(text: str) -> str:
    return unlinked(text).translate(_HTML)


def _plain(text: str) -> str:
    return unlinked(wide(text))
