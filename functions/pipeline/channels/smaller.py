"""One telling in ever smaller versions, so that a channel can take the first that fits its size. Pure functions.

Counting what is left of a budget while writing markup is easily wrong by one escape; making the whole message and
measuring it is not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from functions.pipeline.channels.cut import ELLIPSIS, fitted, visible
from functions.pipeline.telling import Fact, Found, Link, Telling

Shown = TypeVar("Shown")
#: What stands for a name or a value that has no character at all: services refuse empty fields.
EMPTY: Final = "—"


@dataclass(frozen=True)
class _Room:
    """Most characters of a title, a sentence, a name; most things that are listed, facts, and characters of a URL."""

    title: int
    sentence: int
    name: int
    found: int
    facts: int
    url: int


_ROOMS: Final = (
    _Room(title=150, sentence=900, name=200, found=20, facts=12, url=2000),
    _Room(title=150, sentence=600, name=120, found=12, facts=12, url=2000),
    _Room(title=120, sentence=400, name=80, found=10, facts=8, url=2000),
    _Room(title=100, sentence=300, name=60, found=6, facts=6, url=1000),
    _Room(title=80, sentence=200, name=40, found=3, facts=4, url=500),
    _Room(title=60, sentence=120, name=30, found=0, facts=2, url=200),
)
_MOST_LINKS: Final = 3


def ever_smaller(telling: Telling) -> Iterator[Telling]:
    """The same telling with less and less in it; every text on one line, visible and not empty.

    Things that are left out of the list are counted in its last entry (`… +3`); `more` goes on counting the others.
    """
    for room in _ROOMS:
        yield _within(telling, room)


def first_fitting(telling: Telling, show: Callable[[Telling], Shown], fits: Callable[[Shown], bool]) -> Shown:
    """What `show` makes of the largest version that `fits`. Raises ValueError where not even the smallest does."""
    for told in ever_smaller(telling):
        shown = show(told)
        if fits(shown):
            return shown
    raise ValueError("the message is too large at its smallest")


def _within(telling: Telling, room: _Room) -> Telling:
    found = [Found(_text(f.name, room.name), _text(f.what, room.name)) for f in telling.found[: room.found]]
    if left_out := len(telling.found) - room.found:
        found += [Found(ELLIPSIS, f"+{left_out}")] if left_out > 0 else []
    return replace(
        telling,
        title=_text(telling.title, room.title),
        sentence=_text(telling.sentence, room.sentence),
        next_step=_text(telling.next_step, room.sentence) if telling.next_step else None,
        facts=tuple(Fact(_text(f.word, 40), _text(f.value, room.sentence // 2)) for f in telling.facts[: room.facts]),
        found_word=_text(telling.found_word, 60),
        found=tuple(found),
        more=_text(telling.more, 60) if telling.more else None,
        links=tuple(Link(_text(k.word, 40), k.url) for k in telling.links if len(k.url) <= room.url)[:_MOST_LINKS],
    )


def _text(text: str, most: int) -> str:
    """One visible line of at most `most` characters, without space around it, which some Markdowns read as code.

    Four times `most` is all that is looked at of any text.
    """
    looked_at = visible(text[: 4 * most]) + (ELLIPSIS if len(text) > 4 * most else "")
    return fitted(looked_at.strip(), most) if looked_at.strip() else EMPTY
