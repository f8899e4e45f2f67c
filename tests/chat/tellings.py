"""Tellings with any names in every text, destinations to tell them to, and answers to judge."""

import json
from collections.abc import Sequence
from typing import Any, Final

from functions.pipeline.channels.channel import Answer
from functions.pipeline.channels.cut import ELLIPSIS, fitted, visible
from functions.pipeline.channels.smaller import EMPTY
from functions.pipeline.destinations import ChannelName, Destination
from functions.pipeline.telling import Fact, Found, Link, Telling
from tests.chat.samples import JOB, LINKS

NOW: Final = 1_900_000_431.7
SECRET: Final = "SEC-no-secret-of-anybody"
URLS: Final[dict[ChannelName, str]] = {
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/0123",
    "lark": "https://open.larksuite.com/open-apis/bot/v2/hook/0123",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=0123",
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123",
    "discord": "https://discord.com/api/webhooks/0123/abc",
    "google_chat": "https://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=t",
    "telegram": "https://api.telegram.org/bot123:abc/sendMessage",
    "webhook": "https://receiver.example/events",
}


def full_of(names: Sequence[str], *, links: tuple[Link, ...] = LINKS) -> Telling:
    """Every text of it is one of these names, or some of them in a row; nothing is worded by us."""
    each = [names[n % len(names)] for n in range(24)]
    return Telling(
        event_id="cmp_42:finished",
        comparison_id="cmp_42",
        job_id=JOB,
        verdict="inconsistent",
        language="en",
        tone="bad",
        title=each[0],
        sentence=" ".join(names),
        next_step=each[1],
        facts=tuple(Fact(each[n], each[n + 1]) for n in range(2, 6)),
        found_word=each[7],
        found=tuple(Found(each[n], each[n + 1]) for n in range(20)),
        more=each[8],
        links=tuple(Link(each[n], link.url) for n, link in enumerate(links)),
    )


def destination(channel: ChannelName, **more: Any) -> Destination:
    """A destination of that kind."""
    if channel == "telegram":
        more.setdefault("chat_id", "-1001234567890")
    return Destination.model_validate({"channel": channel, "url": URLS[channel]} | more)


def answer(status: int, body: Any = "", **headers: str) -> Answer:
    """An answer; a body that is no text is sent as JSON. Headers: `retry_after` for `retry-after`."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, text.encode())


def shown(name: str, most: int) -> str:
    """What of a name is there to see in `most` characters, before a channel escapes it."""
    seen = visible(name[: 4 * most]) + (ELLIPSIS if len(name) > 4 * most else "")
    return fitted(seen.strip(), most) if seen.strip() else EMPTY
