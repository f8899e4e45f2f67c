"""Telegram: an HTML message by a bot; the destination's URL is its `sendMessage`, with the bot's token in it.

Three characters are escaped. What clients and server make into links, mentions, hashtags and commands by themselves is
broken by a character that nobody sees; names stand as code, where nothing is recognised and all can be copied.
Source: Telegram Bot API, "sendMessage" (4,096 characters), "HTML style", "ResponseParameters"; Bots FAQ, "My bot is
hitting limits" (one message a second in a chat, 20 a minute in a group); TDLib, `MessageEntity.cpp` (what is found).
"""

import json
import re
from typing import Any, Final

from functions.pipeline.channels.answers import by_status, json_object, not_understood, retry_after, said, seconds
from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Pace, Post, Refused
from functions.pipeline.channels.cut import utf16
from functions.pipeline.channels.harmless import JOINER, safe_url
from functions.pipeline.channels.smaller import first_fitting
from functions.pipeline.destinations import Destination
from functions.pipeline.telling import Telling

#: 16 a minute, and less than one a second.
PACE = Pace(messages=1, seconds=3.75)
#: Counted in UTF-16 with the markup, which never is less than what is counted without it.
MAX_CHARACTERS: Final = 4096

_HINTS: Final = {
    401: "the bot's token is wrong: copy it again",
    403: "the bot was blocked, or is not in the chat any more",
    404: "the URL is not https://api.telegram.org/bot<token>/sendMessage, or its token is wrong",
}
_SERVICE: Final = "Telegram"
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_RECOGNISED: Final = re.compile(r"(?<=[@#$/.:])(?=\S)")


def post(destination: Destination, telling: Telling, now: float) -> Post:  # noqa: ARG001 - nothing is signed
    """A message of at most 4,096 characters, without a preview of its links."""
    text = first_fitting(telling, _html, lambda text: utf16(text) <= MAX_CHARACTERS)
    body = {
        "chat_id": destination.chat_id,
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return Post(destination.url, json.dumps(body, ensure_ascii=False).encode())


def judge(answer: Answer) -> Outcome:
    """`ok` true is delivered. A refusal comes with words, and with the chat's new id where it has moved."""
    said_so = json_object(answer)
    if said_so is None or not isinstance(said_so.get("ok"), bool):
        return by_status(answer, _SERVICE, _HINTS) or not_understood(answer, _SERVICE)
    if said_so["ok"]:
        return by_status(answer, _SERVICE, {}) or Delivered()
    given = said_so.get("parameters")
    parameters: dict[str, Any] = given if isinstance(given, dict) else {}
    if answer.status == 429:
        wait = seconds(parameters.get("retry_after"))
        return Again(f"{_SERVICE} answered 429", retry_after(answer) if wait is None else wait)
    if isinstance(moved := parameters.get("migrate_to_chat_id"), int):
        return Refused(f"{_SERVICE} refuses ({answer.status}): the group has a new chat_id, {moved}")
    words = said(said_so.get("description"))
    hint = _HINTS.get(answer.status, "it does not take this request")
    return by_status(answer, _SERVICE, {answer.status: f"{hint}; it says: {words}"}) or not_understood(answer, _SERVICE)


def _html(told: Telling) -> str:
    listed = [f"• <code>{_escaped(found.name)}</code> {_safe(found.what)}" for found in told.found]
    listed += [_safe(told.more)] if told.more else []
    facts = [f"{_safe(fact.word)}: {_safe(fact.value)}" for fact in told.facts]
    links = [f'<a href="{_escaped(url)}">{_safe(link.word)}</a>' for link in told.links if (url := safe_url(link.url))]
    paragraphs = [
        f"<b>{_safe(told.title)}</b>\n{_safe(told.sentence)}",
        "\n".join([f"<b>{_safe(told.found_word)}</b>", *listed]) if listed else "",
        f"<i>{_safe(told.next_step)}</i>" if told.next_step else "",
        "\n".join(facts),
        " · ".join(links),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _safe(text: str) -> str:
    """Text outside of code."""
    return _escaped(_RECOGNISED.sub(JOINER, text))


def _escaped(text: str) -> str:
    return text.translate(_HTML)
