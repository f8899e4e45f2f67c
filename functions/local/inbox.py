"""Watching from outside: everything that is published on a topic, through a queue subscribed to it.

The subscription is the one thing in the local cloud that the template does not describe. It is a real one, to a real
queue, so what is seen is what a subscriber would see; it changes nothing for the functions.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from functions.local.clock import Clock
from functions.local.resources import Subscription, Topic
from functions.local.sns import Sns
from functions.local.sqs import Sqs


@dataclass(frozen=True)
class Published:
    """One message of the topic: when it arrived (epoch seconds), its text and string attributes."""

    at: float
    message: str
    attributes: dict[str, str]

    @property
    def event(self) -> dict[str, Any]:
        """Return the message read as a JSON object."""
        content: dict[str, Any] = json.loads(self.message)
        return content


class Inbox:
    """What came so far, in order; iterate over it, or `async for` over it to wait for more."""

    def __init__(self, topic: Topic, sns: Sns, sqs: Sqs, clock: Clock) -> None:
        name = f"{topic.name}-watched"
        sqs.create_queue(name)
        self._box = sqs.mailbox(name)
        self._clock = clock
        self._came: list[Published] = []
        self._news = asyncio.Condition()
        arn = self._box.queue.queue_arn
        sns.subscribe(Subscription("Watched", topic.arn, arn, filter_policy=None, scope="MessageAttributes", raw=True))

    def __len__(self) -> int:
        return len(self._came)

    def __iter__(self) -> Iterator[Published]:
        return iter(self._came)

    def __getitem__(self, index: int) -> Published:
        return self._came[index]

    async def __aiter__(self) -> AsyncIterator[Published]:
        position = 0
        while True:
            async with self._news:
                while position >= len(self._came):
                    await self._news.wait()
            while position < len(self._came):
                yield self._came[position]
                position += 1

    async def run(self) -> None:
        """Collect until cancelled."""
        while True:
            messages = self._box.receive(10)
            if not messages:
                await self._box.wait()
                continue
            for message in messages:
                self._box.delete(message)
                attributes = {name: str(value.get("StringValue")) for name, value in message.message_attributes.items()}
                self._came.append(Published(self._clock.now(), message.body, attributes))
            async with self._news:
                self._news.notify_all()
