"""What a channel is: a module with the three functions of `Channel`. Pure: whoever calls does the posting.

A channel never sees an answer that did not come; no answer is for `delivery` to judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from functions.pipeline.destinations import Destination
from functions.pipeline.telling import Telling


@dataclass(frozen=True)
class Post:
    """An HTTPS POST. The URL and the headers may be secrets: neither is ever logged."""

    url: str = field(repr=False)
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"}, repr=False)


@dataclass(frozen=True)
class Answer:
    """What a service answered: status, headers by lower-case name, and the beginning of the body (64 KiB)."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Delivered:
    """The service says that it has taken the message, in its own way of saying so."""


@dataclass(frozen=True)
class Again:
    """Not now. `after`: seconds that the service asks to wait; None: it doesn't say. `reason`: for people."""

    reason: str
    after: float | None = None


@dataclass(frozen=True)
class Refused:
    """Never: the destination is gone, closed or misconfigured. `reason`: for people, without any secret."""

    reason: str


Outcome = Delivered | Again | Refused


@dataclass(frozen=True)
class Pace:
    """So many messages in so many seconds at most: below what the service allows."""

    messages: int
    seconds: float


class Channel(Protocol):
    """One kind of destination."""

    PACE: Pace

    def post(self, destination: Destination, telling: Telling, now: float) -> Post:
        """The request that tells `telling`, within the service's size, signed where it signs; `now`: epoch seconds."""
        ...

    def judge(self, answer: Answer) -> Outcome:
        """What an answer means: some services say in a 200 that they refuse."""
        ...
