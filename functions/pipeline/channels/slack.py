"""Slack: blocks through an incoming webhook.

Names stand in `plain_text` and `rich_text`, which nothing is parsed in; only the notification's text (`text`) has to be
escaped. Its clients may still make links of what looks like one, so none does, outside of code.
Source: Slack developer documentation, "Block Kit" (limits of header, section, rich text, actions, button),
"Formatting message text" (escaping), "Sending messages using incoming webhooks" (errors), "Rate limits";
slackapi/bolt-js issue 2509 (a message's blocks have a limit together too, near 13,200 characters).
"""

import json
import re
from typing import Any, Final

from functions.pipeline.channels.answers import by_status, not_understood
from functions.pipeline.channels.channel import Answer, Delivered, Outcome, Pace, Post
from functions.pipeline.channels.cut import fitted, utf16
from functions.pipeline.channels.harmless import safe_url, unlinked
from functions.pipeline.channels.smaller import first_fitting
from functions.pipeline.destinations import Destination
from functions.pipeline.telling import Telling

#: One a second is allowed.
PACE = Pace(messages=4, seconds=5.0)
MAX_BLOCKS: Final = 50
MAX_HEADER: Final = 150
MAX_BUTTON: Final = 75
MAX_URL: Final = 3000
#: Of all blocks as JSON: counted so, no other way of counting gives more.
MAX_CHARACTERS: Final = 12_000
#: Of the notification, which phones cut sooner.
MAX_TEXT: Final = 1000

_HINTS: Final = {
    400: "it can't read the message",
    403: "the workspace does not allow this webhook to post",
    404: "the webhook is gone: make a new one and copy its URL",
    410: "the channel is archived",
}
_SERVICE: Final = "Slack"
#: Slack names an error in one word; anything else is not Slack's.
_ERROR: Final = re.compile(rb"[a-z_]{1,60}")

Json = dict[str, Any]


def post(destination: Destination, telling: Telling, now: float) -> Post:  # noqa: ARG001 - nothing is signed
    """Blocks within every limit, and a text for notifications."""
    return Post(destination.url, json.dumps(first_fitting(telling, _message, _fits), ensure_ascii=False).encode())


def judge(answer: Answer) -> Outcome:
    """200 with the body `ok` is delivered; an error has a status and a word for its name."""
    body = answer.body.strip()
    named = f" ({body.decode()})" if _ERROR.fullmatch(body) else ""
    decided = by_status(answer, _SERVICE, {status: hint + named for status, hint in _HINTS.items()})
    if decided:
        return decided
    return Delivered() if body == b"ok" else not_understood(answer, _SERVICE)


def _message(told: Telling) -> Json:
    text = fitted(f"{told.title}: {told.sentence}", MAX_TEXT, lambda text: utf16(_escaped(text)))
    quiet = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
    return {"text": _escaped(text), "blocks": _blocks(told)} | quiet


def _blocks(told: Telling) -> list[Json]:
    blocks = [{"type": "header", "text": _plain(told.title, MAX_HEADER)}, _rich(_section(_text(told.sentence)))]
    if told.next_step:
        blocks.append(_rich(_section(_text(f"➡️ {told.next_step}", bold=True))))
    if told.found:
        lines = [_section(_name(f.name), _text(f": {f.what}")) for f in told.found]
        listed: Json = {"type": "rich_text_list", "style": "bullet", "elements": lines}
        more = [_section(_text(told.more, italic=True))] if told.more else []
        blocks.append(_rich(_section(_text(told.found_word, bold=True)), listed, *more))
    elif told.more:
        blocks.append(_rich(_section(_text(told.more, italic=True))))
    facts = [part for f in told.facts for part in (_text(f"{f.word}: ", bold=True), _text(f"{f.value}\n"))]
    blocks += [{"type": "divider"}, _rich(_section(*facts))] if facts else []
    buttons = [_button(n, link.word, url) for n, link in enumerate(told.links) if (url := _url(link.url))]
    return blocks + ([{"type": "actions", "elements": buttons}] if buttons else [])


def _rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def _section(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


def _text(text: str, **style: bool) -> Json:
    return {"type": "text", "text": unlinked(text)} | ({"style": style} if style else {})


def _name(name: str) -> Json:
    """A name as it is, to be copied: no link is made within code."""
    return {"type": "text", "text": name, "style": {"code": True}}


def _plain(text: str, most: int) -> Json:
    return {"type": "plain_text", "text": fitted(unlinked(text), most, utf16), "emoji": False}


def _button(number: int, word: str, url: str) -> Json:
    return {"type": "button", "text": _plain(word, MAX_BUTTON), "url": url, "action_id": f"link-{number}"}


def _url(url: str) -> str | None:
    safe = safe_url(url)
    return safe if safe and len(safe) <= MAX_URL else None


def _escaped(text: str) -> str:
    return unlinked(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fits(message: Json) -> bool:
    blocks: list[Json] = message["blocks"]
    return len(blocks) <= MAX_BLOCKS and utf16(json.dumps(blocks, ensure_ascii=False)) <= MAX_CHARACTERS
