"""Names, numbers and times as people read them. Pure functions."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

DASH = "\u2013"
NAME = 120
"""Characters of a name that are shown; a longer one is cut in its middle."""

_T = TypeVar("_T", bound=str)


def shown(text: str, most: int = NAME) -> str:
    """`text` in at most `most` characters, without any that can't be seen or that would turn the reading order round.

    Control characters, zero-width ones, direction marks and what XML forbids are shown by their number.
    """
    # No more than that is ever looked at: a text may be a million characters long.
    start, end = text[:most], text[-most:] if len(text) > most else ""
    seen = "".join(map(_visible, start))
    if not end and len(seen) <= most:
        return seen
    tail = (most - 1) // 3
    last = "".join(map(_visible, end or start))
    return f"{seen[: most - 1 - tail]}…{last[-tail:]}"


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def number(value: int | None) -> str:
    """A count with its thousands apart; a dash where nobody knows."""
    return DASH if value is None else f"{value:,}"


def difference(source: int | None, target: int | None) -> str:
    """What the target has more (+) or fewer (a true minus sign); "" where nobody knows."""
    if source is None or target is None:
        return ""
    gap = target - source
    return f"+{gap:,}" if gap > 0 else f"\u2212{-gap:,}" if gap else "0"


def moment(iso: str) -> str:
    """An ISO 8601 time as `2030-03-17 17:46:45 UTC`; what is none is shown as it is."""
    try:
        found = datetime.fromisoformat(iso).astimezone(UTC)
    except (ValueError, OverflowError):
        return shown(iso, 40)
    return found.strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """Seconds in the two largest units that matter."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s"


def fitted(pieces: Iterable[_T], room: int, size: Callable[[str], int]) -> list[_T]:
    """The first pieces, as many as there is room for; none after one that does not fit."""
    taken: list[_T] = []
    for piece in pieces:
        room -= size(piece)
        if room < 0:
            break
        taken.append(piece)
    return taken


def in_bytes(text: str) -> int:
    """How long a text is in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())
