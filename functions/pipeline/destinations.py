"""Where verdicts are told: the destinations of a deployment, from one secret, and which of them want an event.

The secret is `{name: destination}`; "" and {} mean none. A destination's URL, token and secret are secrets.
"""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from functions.pipeline.comparison import Verdict
from functions.pipeline.finished_event import Finished

ChannelName = Literal[
    "slack", "teams", "feishu", "lark", "dingtalk", "wecom", "discord", "google_chat", "telegram", "webhook"
]
#: Hosts that a channel posts to; None: any host, such as for one's own webhook.
HOSTS: dict[ChannelName, str | None] = {
    "slack": r"hooks\.slack(-gov)?\.com",
    "teams": r"[a-z0-9.-]+\.(logic\.azure\.com|environment\.api\.powerplatform\.com|logic\.azure\.us)",
    "feishu": r"open\.feishu\.cn",
    "lark": r"open\.larksuite\.com",
    "dingtalk": r"oapi\.dingtalk\.com",
    "wecom": r"qyapi\.weixin\.qq\.com",
    "discord": r"(discord|discordapp)\.com",
    "google_chat": r"chat\.googleapis\.com",
    "telegram": r"api\.telegram\.org",
    "webhook": None,
}
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class BadDestinations(Exception):
    """The secret is not what it has to be. Names the destination and the field, never a value."""


class Destination(BaseModel):
    """One destination. `secret`: what its messages are signed with, where its kind signs.

    `verdicts`, `labels`, `audience`: what it wants to hear of; empty: everything. All of them must fit.
    `any_host`: the URL may name another host than the service's own, such as a proxy or a test.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    channel: ChannelName
    url: str = Field(repr=False, min_length=1, max_length=4096)
    secret: str | None = Field(default=None, repr=False, min_length=1, max_length=512)
    chat_id: str | None = Field(default=None, min_length=1, max_length=128)
    language: Literal["en", "zh"] = "en"
    verdicts: tuple[Verdict, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    audience: str | None = None
    any_host: bool = False
    paused: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        parts = urlsplit(self.url)
        host, known = parts.hostname or "", HOSTS[self.channel]
        if self.any_host:
            if parts.scheme not in {"https", "http"} or not host:
                raise ValueError("url: must be an http or https URL")
        elif parts.scheme != "https" or not host:
            raise ValueError("url: must be an https URL")
        elif known and not re.fullmatch(known, host):
            raise ValueError(f"url: its host is none of {self.channel}'s; any_host allows it all the same")
        if self.channel == "webhook" and not self.secret:
            raise ValueError("secret: a webhook needs one to sign with (whsec_ and base64)")
        if self.channel == "telegram" and not self.chat_id:
            raise ValueError("chat_id: Telegram needs the chat that its bot writes to")
        return self

    def wants(self, finished: Finished) -> bool:
        """Whether a verdict is to be told here."""
        return (
            not self.paused
            and (not self.verdicts or finished.verdict in self.verdicts)
            and self.labels.items() <= finished.labels.items()
            and self.audience in {None, finished.audience}
        )


_DESTINATIONS = TypeAdapter(dict[Name, Destination])


def read_destinations(secret: str) -> dict[str, Destination]:
    """Read the secret's text. Raises BadDestinations naming each wrong field."""
    try:
        return _DESTINATIONS.validate_json(secret or "{}")
    except ValidationError as e:
        wrong = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in e.errors())
        raise BadDestinations(wrong) from None
