"""DingTalk: Markdown through a custom robot.

Nobody is mentioned: that takes an `at` with a number or an id besides the text, and there is none. Its Markdown knows
backslashes for emphasis; links, images and tags are kept off by look-alikes of their brackets.
Source: DingTalk Open Platform, "Custom robots send group messages" and "Custom robot security settings" (20 messages
a minute, then mute for ten minutes; signature; error codes).
"""

import hmac
import json
import re
from base64 import b64encode
from typing import Final
from urllib.parse import quote

from functions.pipeline.channels.answers import by_status, json_object, not_understood, said
from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Pace, Post, Refused
from functions.pipeline.channels.cut import utf8
from functions.pipeline.channels.harmless import safe_url, unblocked, unlinked, wide
from functions.pipeline.channels.smaller import first_fitting
from functions.pipeline.destinations import Destination
from functions.pipeline.telling import Telling

PACE = Pace(messages=16, seconds=60.0)
MAX_BYTES: Final = 20_000
#: Whoever sends too fast is not heard for ten minutes.
MUTED_SECONDS: Final = 600.0

_MUTED: Final = frozenset({130101, 410100})
_REFUSED: Final = {
    300001: "the URL's access_token is no robot's: copy the webhook URL again",
    300005: "the URL's access_token is no robot's: copy the webhook URL again",
    310000: "its security settings turn the message away: keyword, signature (or our clock), or IP address",
    400013: "the group has been dissolved",
    400101: "the URL's access_token is no robot's: copy the webhook URL again",
    400102: "the robot is switched off",
    400105: "the robot doesn't take Markdown",
    400106: "the robot is not in the group any more",
    430101: "it takes a link of the message for unsafe",
    430102: "it takes the text of the message for unfit",
    430104: "it takes the content of the message for unfit",
}
_SERVICE: Final = "DingTalk"
_EMPHASIS: Final = re.compile(r"[\\*_~]")


def post(destination: Destination, telling: Telling, now: float) -> Post:
    """A Markdown message of at most 20 kB; signed in the query where the destination has a secret."""

    def body(told: Telling) -> str:
        markdown = {"title": told.title, "text": _markdown(told)}
        return json.dumps({"msgtype": "markdown", "markdown": markdown, "at": {"isAtAll": False}}, ensure_ascii=False)

    text = first_fitting(telling, body, lambda text: utf8(text) <= MAX_BYTES)
    return Post(_signed(destination, int(now * 1000)), text.encode())


def judge(answer: Answer) -> Outcome:
    """`errcode` 0 is delivered; the status is 200 whatever the code."""
    said_so = json_object(answer) or {}
    code = said_so.get("errcode")
    if not isinstance(code, int) or isinstance(code, bool):
        return by_status(answer, _SERVICE, {}) or not_understood(answer, _SERVICE)
    if code == 0:
        return by_status(answer, _SERVICE, {}) or Delivered()
    words = said(said_so.get("errmsg"))
    if code in _MUTED:
        return Again(f"{_SERVICE} has muted the robot for ten minutes ({code})", MUTED_SECONDS)
    if code in _REFUSED:
        return Refused(f"{_SERVICE} refuses ({code}): {_REFUSED[code]}; it says: {words}")
    return Again(f"{_SERVICE} answered {code}: {words}")


def _signed(destination: Destination, milliseconds: int) -> str:
    if not destination.secret:
        return destination.url
    content = f"{milliseconds}\n{destination.secret}".encode()
    sign = quote(b64encode(hmac.digest(destination.secret.encode(), content, "sha256")), safe="")
    joint = "&" if "?" in destination.url else "?"
    return f"{destination.url}{joint}timestamp={milliseconds}&sign={sign}"


def _markdown(told: Telling) -> str:
    """Paragraphs are parted by empty lines: a single line break is none here."""
    listed = [f"- **{_safe(found.name)}** {_safe(found.what)}" for found in told.found]
    listed += [f"- {_line(told.more)}"] if told.more else []
    facts = [f"- {_line(fact.word)}: {_safe(fact.value)}" for fact in told.facts]
    links = [f"[{_safe(link.word)}]({url})" for link in told.links if (url := safe_url(link.url))]
    paragraphs = [
        f"### {_safe(told.title)}",
        _line(told.sentence),
        f"**{_safe(told.found_word)}**" if listed else "",
        "\n".join(listed),
        _line(told.next_step) if told.next_step else "",
        "\n".join(facts),
        " · ".join(links),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _line(text: str) -> str:
    return unblocked(_safe(text))


def _safe(text: str) -> str:
    return _EMPHASIS.sub(r"\\\g<0>", unlinked(wide(text)))
