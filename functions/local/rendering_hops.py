"""Shows what happens in a local cloud: one line for each invocation."""

from functions.local.happenings import Happening
from functions.local.rendering import DIM, Screen

_STYLES = {"plain": "", "trouble": "bold yellow", "verdict": "bold"}
HANG = 37


def show_happening(screen: Screen, happening: Happening, since: float) -> None:
    """Write one line: seconds since `since` (epoch seconds), function, message, answer."""
    words = happening.words
    screen.line(
        (f"{happening.at - since:6.1f} s  ", DIM),
        (f"{happening.function:<8}", "cyan"),
        f" {words.message:<18} ",
        (words.answer, _STYLES[words.kind]),
        hang=HANG,
    )
