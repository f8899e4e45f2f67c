"""Microsoft Teams: an Adaptive Card through a Workflows webhook ("when a Teams webhook request is received").

All text is `TextRun`, which is no Markdown; how `TextBlock` escapes Markdown differs between Teams on a desk and on a
phone. No `msteams.entities`, so that no `<at>` is a mention. Adaptive Cards 1.4, which every Teams shows.
That a workflow has taken a message (202) is no proof that Teams shows it: its owner sees its failed runs.
Source: Microsoft Teams developer documentation, "Create incoming webhooks with Workflows", "Format cards",
"Incoming webhooks" (28 KB; four requests a second); Adaptive Cards, "Text features" (DATE and TIME), schema 1.4.
"""

import json
import re
from typing import Any, Final

from functions.pipeline.channels.answers import by_status
from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Pace, Post
from functions.pipeline.channels.cut import utf8
from functions.pipeline.channels.harmless import JOINER, safe_url, unlinked
from functions.pipeline.channels.smaller import first_fitting
from functions.pipeline.destinations import Destination
from functions.pipeline.telling import Telling, Tone

#: Four a second are allowed; a workflow's licence may allow fewer.
PACE = Pace(messages=2, seconds=1.0)
#: 28 KB, of whichever size.
MAX_BYTES: Final = 28_000

_STYLE: Final[dict[Tone, str]] = {"good": "good", "bad": "attention", "unsure": "warning"}
_HINTS: Final = {
    400: "it can't read the message, or the workflow is turned off",
    401: "the URL's signature is wrong: copy the workflow's URL again",
    403: "the workflow does not let this request in: copy its URL again",
    404: "the workflow is gone: make a new one and copy its URL",
    410: "the workflow is gone: make a new one and copy its URL",
}
_SERVICE: Final = "Teams"
#: Adaptive Cards shows `{{DATE(…)}}` as a date.
_FUNCTION: Final = re.compile(r"(?<=\{)(?=\{)")

Json = dict[str, Any]


def post(destination: Destination, telling: Telling, now: float) -> Post:  # noqa: ARG001 - its URL is signed
    """A card of at most 28 KB."""
    return Post(destination.url, first_fitting(telling, _message, lambda text: utf8(text) <= MAX_BYTES).encode())


def judge(answer: Answer) -> Outcome:
    """Taken is 202; another 2xx too, unless its body says that Teams was asked in vain."""
    decided = by_status(answer, _SERVICE, _HINTS)
    if decided:
        return decided
    if answer.status != 202 and b"delivery failed" in answer.body.lower():
        return Again(f"{_SERVICE} answered {answer.status}, and in it that the delivery failed")
    return Delivered()


def _message(told: Telling) -> str:
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": _card(told)}
    return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False)


def _card(told: Telling) -> Json:
    actions = [_open(link.word, url) for link in told.links if (url := safe_url(link.url))]
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "lang": told.language,
        "fallbackText": f"Parity: {told.verdict}",  # may be read as Markdown: nothing of others
        "body": _body(told),
        "msteams": {"width": "Full"},
    } | ({"actions": actions} if actions else {})


def _body(told: Telling) -> list[Json]:
    title = _line(_run(told.title, size="Large", weight="Bolder"))
    body = [
        {"type": "Container", "style": _STYLE[told.tone], "bleed": True, "items": [title]},
        _line(_run(told.sentence)),
    ]
    if told.next_step:
        body.append(_line(_run(f"➡️ {told.next_step}", weight="Bolder")))
    if told.found:
        body.append(_line(_run(told.found_word, weight="Bolder"), spacing="Medium", separator=True))
        body += [_line(_run(f.name, fontType="Monospace"), _run(f": {f.what}"), spacing="Small") for f in told.found]
    if told.more:
        body.append(_line(_run(told.more, isSubtle=True), spacing="Small"))
    for n, fact in enumerate(told.facts):
        place: Json = {"spacing": "None"} if n else {"spacing": "Medium", "separator": True}
        body.append(_line(_run(f"{fact.word}: ", isSubtle=True), _run(fact.value), **place))
    return body


def _line(*runs: Json, **options: Any) -> Json:
    return {"type": "RichTextBlock", "inlines": list(runs)} | options


def _run(text: str, **options: Any) -> Json:
    return {"type": "TextRun", "text": _safe(text)} | options


def _open(word: str, url: str) -> Json:
    return {"type": "Action.OpenUrl", "title": _safe(word), "url": url}


def _safe(text: str) -> str:
    return _FUNCTION.sub(JOINER, unlinked(text))
