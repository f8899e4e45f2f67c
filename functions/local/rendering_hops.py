"""Shows what happens in a local cloud: one line for each invocation."""

from datetime import datetime

from functions.local.happenings import Happening
from functions.local.rendering import DIM, Screen

_STYLES = {"plain": "", "trouble": "bold yellow", "verdict": "bold"}
_HANG = 32


def show_happening(screen: Screen, happening: Happening, since: float | None = None) -> None:
    """Write one line: when, function, message, answer.

    When is the time of day, or with `since` (epoch seconds) the seconds after it.
    """
    moment = datetime.fromtimestamp(happening.at).astimezone()
    when = f"{moment:%H:%M:%S}" if since is None else f"{happening.at - since:6.1f}s"
    words = happening.words
    screen.line(
        (f"{when}  ", DIM),
        (f"{happening.function:<8}", "cyan"),
        f" {words.message:<13} ",
        (words.answer, _STYLES[words.kind]),
        hang=_HANG,
    )
