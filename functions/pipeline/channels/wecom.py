"""WeCom (WeChat Work): Markdown through a group robot.

Its Markdown has no escape: what bold, code, links, tags and mentions (`<@userid>`) are made of is shown by look-alikes.
Source: WeCom developer centre, "Group robot configuration" (4,096 bytes of Markdown, 20 messages a minute, three
colours: info, comment, warning) and "Global error codes".
"""

import json
from typing import Final

from functions.pipeline.channels.answers import by_status, json_object, not_understood, said
from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Pace, Post, Refused
from functions.pipeline.channels.cut import utf8
from functions.pipeline.channels.harmless import safe_url, unblocked, unlinked, wide
from functions.pipeline.channels.smaller import first_fitting
from functions.pipeline.destinations import Destination
from functions.pipeline.telling import Telling, Tone

PACE = Pace(messages=16, seconds=60.0)
MAX_BYTES: Final = 4096
#: Its limit counts messages of a minute.
BUSY_SECONDS: Final = 60.0

_COLOUR: Final[dict[Tone, str]] = {"good": "info", "bad": "warning", "unsure": "comment"}
_BUSY: Final = frozenset({45009, 45033})
_REFUSED: Final = {
    93000: "the URL's key is no robot's (any more): copy the webhook URL again",
    93004: "the robot is switched off",
    93008: "the robot is not in the group any more",
    40008: "it doesn't take Markdown here",
    40058: "it can't read the message",
    44004: "the message is empty",
    45002: "the message is too long",
}
_SERVICE: Final = "WeCom"
_STARS: Final = str.maketrans({"*": "＊"})  # noqa: RUF001 - a look-alike


def post(destination: Destination, telling: Telling, now: float) -> Post:  # noqa: ARG001 - nothing is signed
    """A Markdown message of at most 4,096 bytes. It is not signed: the URL's key is all there is."""
    content = first_fitting(telling, _markdown, lambda text: utf8(text) <= MAX_BYTES)
    return Post(
        destination.url,
        json.dumps({"msgtype": "markdown", "markdown": {"content": content}}, ensure_ascii=False).encode(),
    )


def judge(answer: Answer) -> Outcome:
    """`errcode` 0 is delivered; the status is 200 whatever the code."""
    said_so = json_object(answer) or {}
    code = said_so.get("errcode")
    if not isinstance(code, int) or isinstance(code, bool):
        return by_status(answer, _SERVICE, {}) or not_understood(answer, _SERVICE)
    if code == 0:
        return by_status(answer, _SERVICE, {}) or Delivered()
    if code in _BUSY:
        return Again(f"{_SERVICE} takes no more messages of this robot now ({code})", BUSY_SECONDS)
    if code in _REFUSED:
        return Refused(f"{_SERVICE} refuses ({code}): {_REFUSED[code]}")
    return Again(f"{_SERVICE} answered {code}: {said(said_so.get('errmsg'))}")


def _markdown(told: Telling) -> str:
    """Names stand as code, where nothing is recognised; what counts comes first."""
    listed = [f"`{_safe(found.name)}` {_safe(found.what)}" for found in told.found]
    listed += [_line(told.more)] if told.more else []
    lines = [
        f'### <font color="{_COLOUR[told.tone]}">{_safe(told.title)}</font>',
        _line(told.sentence),
        *([f"**{_safe(told.found_word)}**"] if listed else []),
        *listed,
        *([_line(told.next_step)] if told.next_step else []),
        *(f'> {_safe(fact.word)}: <font color="comment">{_safe(fact.value)}</font>' for fact in told.facts),
        *([""] if told.facts else []),
        " ".join(f"[{_safe(link.word)}]({url})" for link in told.links if (url := safe_url(link.url))),
    ]
    return "\n".join(lines).rstrip("\n")


def _line(text: str) -> str:
    return unblocked(_safe(text))


def _safe(text: str) -> str:
    return unlinked(wide(text)).translate(_STARS)
