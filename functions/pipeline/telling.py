"""What a message tells of a verdict, in words and free of any channel's markup. Plain values; `tell` makes them.

Everything here may hold names that somebody else has chosen (databases, tables, labels): a channel escapes all of it.
"""

from dataclasses import dataclass
from typing import Literal

from functions.pipeline.comparison import Verdict

Language = Literal["en", "zh"]
Tone = Literal["good", "bad", "unsure"]


@dataclass(frozen=True)
class Fact:
    """A word and a value, such as `DRS job` and its id."""

    word: str
    value: str


@dataclass(frozen=True)
class Found:
    """One thing that differs, or could not be compared: its name, and what about it."""

    name: str
    what: str


@dataclass(frozen=True)
class Link:
    """Where there is more to read."""

    word: str
    url: str


@dataclass(frozen=True)
class Telling:
    """One verdict in one language. The most important first, so that whatever is cut is cut at the end.

    `title`: the verdict in a word with its sign, and the DRS job; `sentence`: what was found and what was not compared;
    `found`: the top differences, `more` of which are not listed; `tone`: for colours, never the only sign.
    `test`: nothing was compared: somebody tries the destination. `event`: the stored event's own JSON text, for whoever
    passes it on as it is.
    """

    event_id: str
    comparison_id: str
    job_id: str
    verdict: Verdict
    language: Language
    tone: Tone
    title: str
    sentence: str
    next_step: str | None
    facts: tuple[Fact, ...]
    found_word: str
    found: tuple[Found, ...]
    more: str | None
    links: tuple[Link, ...]
    test: bool = False
    event: str = ""
