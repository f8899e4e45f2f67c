"""Amazon Q Developer in chat applications: its custom notification, for an SNS topic of its own. It posts nothing.

The service shows the text in the Markdown of whichever application it posts to, so the text must be harmless in those
of Slack and of Teams at once: what either would interpret becomes a look-alike, or is broken by a character that
nobody sees. It drops in silence whatever is not of this form: nothing else may be published on that topic.
Source: Amazon Q Developer in chat applications, administrator guide, "Custom notifications"; it names no lengths, so
these keep to what one Slack section takes (3,000 characters).
"""

import json
import re
from typing import Any, Final

from functions.pipeline.channels.cut import fitted, utf16
from functions.pipeline.channels.harmless import JOINER, safe_url, unblocked, unlinked, wide
from functions.pipeline.channels.smaller import first_fitting
from functions.pipeline.telling import Telling

MAX_TITLE: Final = 250
MAX_DESCRIPTION: Final = 2800
MAX_STEP: Final = 1000
MAX_SUMMARY: Final = 250

_LOOK_ALIKES: Final = str.maketrans({"*": "＊", "~": "～", "\\": "＼"})  # noqa: RUF001 - look-alikes
#: Italics begin and end at the border of a word; within a name `_` is left as it is.
_ITALIC: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_BREAK: Final = re.compile(
    r"(?<=:)(?=[\w+'-]+(?::|$))"  # :tada:, also with a colon of ours
    r"|(?<=[^\W_]\.)(?=[^\W\d_])"  # evil.example
    r"|(?<=\{)(?=\{)"
)


def render(telling: Telling) -> str:
    """The notification as JSON text. A thread in the channel is a DRS job."""
    return json.dumps(first_fitting(telling, _notification, _fits), ensure_ascii=False)


def _notification(told: Telling) -> dict[str, Any]:
    links = [f"{_safe(link.word)}: {url}" for link in told.links if (url := _linked(link.url))]
    steps = ([_safe(told.next_step)] if told.next_step else []) + links
    return {
        "version": "1.0",
        "source": "custom",
        "id": told.event_id,
        "content": {
            "textType": "client-markdown",
            "title": _safe(told.title),
            "description": "\n".join(_lines(told)),
            **({"nextSteps": steps} if steps else {}),
            "keywords": ["Parity", told.verdict],
        },
        "metadata": {
            "threadId": f"drs/{told.job_id}",
            "summary": fitted(_safe(told.title), MAX_SUMMARY, utf16),
            "eventType": "parity.comparison.finished.v1",
            "relatedResources": [_safe(told.job_id), told.comparison_id],
            "additionalContext": {
                "verdict": told.verdict,
                "job_id": told.job_id,
                "comparison_id": told.comparison_id,
            },
        },
    }


def _lines(told: Telling) -> list[str]:
    lines = [_line(told.sentence)]
    if told.found:
        lines += ["", f"*{_safe(told.found_word)}*", *(f"• `{_name(f.name)}`: {_safe(f.what)}" for f in told.found)]
    if told.more:
        lines.append(_line(told.more))
    return [*lines, "", *(f"{_line(fact.word)}: {_safe(fact.value)}" for fact in told.facts)]


def _line(text: str) -> str:
    """Text that begins a line, and no list or quotation."""
    return unblocked(_safe(text))


def _safe(text: str) -> str:
    """Text that is text in Slack's and in Teams's Markdown."""
    shown = _ITALIC.sub("＿", wide(text).translate(_LOOK_ALIKES))  # noqa: RUF001 - look-alike
    return _BREAK.sub(JOINER, unlinked(shown))


def _name(name: str) -> str:
    """A name within code, where only what can end it, or is parsed before code is, has to go."""
    return unlinked(wide(name))


def _linked(url: str) -> str | None:
    """A URL that is a link by itself and ends where it ends; None where it can't be."""
    safe = safe_url(url)
    return re.sub(r"[*|()']", lambda found: f"%{ord(found[0]):02X}", safe) if safe else None


def _fits(notification: dict[str, Any]) -> bool:
    content = notification["content"]
    return (
        utf16(content["title"]) <= MAX_TITLE
        and utf16(content["description"]) <= MAX_DESCRIPTION
        and all(utf16(step) <= MAX_STEP for step in content.get("nextSteps", ()))
    )
