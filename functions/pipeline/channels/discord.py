"""Discord: one embed through a channel's webhook.

Any character that is no letter, digit or space can be escaped by a backslash; and `allowed_mentions` lets nobody be
called, whatever the text says. Lengths are counted in UTF-16, which never counts less than Discord does.
Source: Discord developer documentation, "Execute Webhook", "Embed Limits", "Allowed Mentions", "Rate Limits",
"Opcodes and Status Codes".
"""

import json
import re
from typing import Any, Final

from functions.pipeline.channels.answers import by_status, json_object, not_understood, retry_after, said, seconds
from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Pace, Post
from functions.pipeline.channels.cut import utf16
from functions.pipeline.channels.harmless import safe_url, unblocked
from functions.pipeline.channels.smaller import first_fitting
from functions.pipeline.destinations import Destination
from functions.pipeline.telling import Telling, Tone

#: Its limits are not to be relied on, it says; 5 in 2 seconds and 30 a minute are what is seen.
PACE = Pace(messages=4, seconds=10.0)
MAX_TITLE: Final = 256
MAX_DESCRIPTION: Final = 4096
MAX_FIELDS: Final = 25
MAX_FIELD_NAME: Final = 256
MAX_FIELD_VALUE: Final = 1024
MAX_TOTAL: Final = 6000

_COLOUR: Final[dict[Tone, int]] = {"good": 0x2DA44E, "bad": 0xCF222E, "unsure": 0xBF8700}
_HINTS: Final = {
    400: "it can't read the message",
    401: "the webhook's token is wrong: copy its URL again",
    403: "the webhook may not write there",
    404: "the webhook is gone: make a new one and copy its URL",
}
_SERVICE: Final = "Discord"
_MARKUP: Final = re.compile(r"[\\`*_~|<>\[\]@:#]")


def post(destination: Destination, telling: Telling, now: float) -> Post:  # noqa: ARG001 - nothing is signed
    """An embed within every limit; `wait=true` makes the service answer with the message, or with why there is none."""
    embed = first_fitting(telling, _embed, _fits)
    body = {"embeds": [embed], "allowed_mentions": {"parse": []}}
    joint = "&" if "?" in destination.url else "?"
    return Post(f"{destination.url}{joint}wait=true", json.dumps(body, ensure_ascii=False).encode())


def judge(answer: Answer) -> Outcome:
    """The message with its id is delivered; so is 204, what the service answers where it was not made to wait.

    A 403 without JSON is the network before the service, which shuts addresses out for a while.
    """
    said_so = json_object(answer)
    document = said_so or {}
    if answer.status == 429:
        wait = seconds(document.get("retry_after"))
        return Again(f"{_SERVICE} answered 429", retry_after(answer) if wait is None else wait)
    if answer.status == 403 and said_so is None:
        return Again(f"{_SERVICE}'s network answered 403", retry_after(answer))
    if answer.status == 204:
        return Delivered()
    words = said(document.get("message"))
    decided = by_status(answer, _SERVICE, {status: f"{hint}; it says: {words}" for status, hint in _HINTS.items()})
    if decided:
        return decided
    return Delivered() if isinstance(document.get("id"), str) else not_understood(answer, _SERVICE)


def _embed(told: Telling) -> dict[str, Any]:
    fields = [{"name": _safe(f.word), "value": _line(f.value), "inline": True} for f in told.facts[: MAX_FIELDS - 1]]
    embed = {
        "title": _line(told.title),
        "description": "\n".join(_description(told)),
        "color": _COLOUR[told.tone],
        "fields": fields,
    }
    return embed | ({"footer": {"text": told.next_step}} if told.next_step else {})


def _description(told: Telling) -> list[str]:
    links = [f"[{_safe(link.word)}]({url})" for link in told.links if (url := safe_url(link.url))]
    return [
        _line(told.sentence),
        *([f"**{_safe(told.found_word)}**"] if told.found or told.more else []),
        *(f"• **{_safe(found.name)}** {_safe(found.what)}" for found in told.found),
        *([_line(told.more)] if told.more else []),
        *([" · ".join(links)] if links else []),
    ]


def _fits(embed: dict[str, Any]) -> bool:
    fields = embed["fields"]
    texts = [embed["title"], embed["description"], embed.get("footer", {}).get("text", "")]
    texts += [field[part] for field in fields for part in ("name", "value")]
    return (
        utf16(embed["title"]) <= MAX_TITLE
        and utf16(embed["description"]) <= MAX_DESCRIPTION
        and all(utf16(f["name"]) <= MAX_FIELD_NAME and utf16(f["value"]) <= MAX_FIELD_VALUE for f in fields)
        and sum(map(utf16, texts)) <= MAX_TOTAL
    )


def _line(text: str) -> str:
    return unblocked(_safe(text))


def _safe(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)
