"""Where deliveries can go: the destinations of the secret, and Amazon Q Developer's topic where there is one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from functions.pipeline.aws import AwsError
from functions.pipeline.channels.channel import Again, Channel, Delivered, Outcome, Pace, Refused
from functions.pipeline.channels.registry import channel
from functions.pipeline.delivery import Announcement
from functions.pipeline.delivery_post import attempt
from functions.pipeline.destinations import BadDestinations, Destination
from functions.pipeline.edge import Edge
from functions.pipeline.finished_event import Finished
from functions.pipeline.messages import json_text
from functions.pipeline.settings import Settings
from functions.pipeline.tell import tell
from functions.pipeline.telling import Language, Link, Telling

AMAZON_Q = "amazon_q"
_REPORT: Mapping[Language, str] = {"en": "Report", "zh": "报告"}
_TEST: Mapping[Language, tuple[str, str]] = {
    "en": ("TEST: ", "Somebody tries this destination: nothing was compared."),
    "zh": ("【测试】", "这是一条测试消息，没有比对任何数据。"),  # noqa: RUF001 - Chinese has its own comma
}


class TellingSettings(Settings):
    """How verdicts are told: how long a service may take, and the topic that Amazon Q Developer listens to."""

    post_seconds: float = 15
    language: str = "en-us"
    amazon_q_topic_arn: str = ""


class Address(Protocol):
    """One destination. `pace`: None where it needs none."""

    @property
    def channel(self) -> str:
        """The kind of destination."""
        ...

    @property
    def language(self) -> Language:
        """What is told here is told in it."""
        ...

    @property
    def pace(self) -> Pace | None:
        """How fast it may be written to."""
        ...

    def wants(self, finished: Finished) -> bool:
        """Whether a verdict is to be told here."""
        ...

    async def attempt(self, announcement: Announcement, report: str | None = None) -> Outcome:
        """Tell it, once; `report` is a link to more of it. Never raises for what a service does."""
        ...


@dataclass(frozen=True)
class Service:
    """A destination of the secret: an HTTP service."""

    edge: Edge
    destination: Destination
    seconds: float

    @property
    def channel(self) -> str:
        """Its channel's name."""
        return self.destination.channel

    @property
    def language(self) -> Language:
        """As it is configured."""
        return self.destination.language

    @property
    def pace(self) -> Pace | None:
        """That of its channel."""
        return self._module.PACE

    @property
    def _module(self) -> Channel:
        return channel(self.destination.channel)

    def wants(self, finished: Finished) -> bool:
        """As its filters say."""
        return self.destination.wants(finished)

    async def attempt(self, announcement: Announcement, report: str | None = None) -> Outcome:
        """Post it, and let the channel judge the answer."""
        telling = told(announcement, self.destination.language, report)
        try:
            post = self._module.post(self.destination, telling, self.edge.now())
        except ValueError as error:
            # Its text may quote what it could not read: a secret.
            return Refused(f"no message can be made for it; are its url and secret right? ({type(error).__name__})")
        return await attempt(self.edge.session, post, self._module, self.seconds)


@dataclass(frozen=True)
class Topic:
    """Amazon Q Developer's topic: it takes everything, and its subscribers choose."""

    edge: Edge
    arn: str
    language: Language
    channel: str = AMAZON_Q
    pace: Pace | None = None

    def wants(self, _: Finished) -> bool:
        """Always."""
        return True

    async def attempt(self, announcement: Announcement, report: str | None = None) -> Outcome:
        """Publish it."""
        from functions.pipeline.channels import amazon_q  # noqa: PLC0415 - only where there is such a topic

        try:
            message = amazon_q.render(told(announcement, self.language, report))
            await self.edge.aws.publish(self.arn, message, {})
        except AwsError as error:
            return Again(f"its topic did not take it: {error.code}")
        return Delivered()


def addresses(edge: Edge, settings: TellingSettings, destinations: Mapping[str, Destination]) -> dict[str, Address]:
    """Every destination that is not paused, by name. Raises BadDestinations where a name is taken."""
    found: dict[str, Address] = {
        name: Service(edge, destination, settings.post_seconds)
        for name, destination in destinations.items()
        if not destination.paused
    }
    if settings.amazon_q_topic_arn:
        if AMAZON_Q in destinations:
            raise BadDestinations(f"{AMAZON_Q}: is the name of Amazon Q Developer's own topic here; choose another")
        found[AMAZON_Q] = Topic(edge, settings.amazon_q_topic_arn, "zh" if settings.language == "zh-cn" else "en")
    return found


def told(announcement: Announcement, language: Language, report: str | None) -> Telling:
    """What a destination is told: the verdict, with a link to its report if there is one, or that this is a test."""
    links = [Link(_REPORT[language], report)] if report else []
    telling = replace(tell(announcement.event, language, links=links), event=json_text(announcement.document))
    if not announcement.test:
        return telling
    label, sentence = _TEST[language]
    return replace(telling, test=True, title=f"{label}{telling.title}", sentence=sentence)
