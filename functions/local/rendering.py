"""Where a command writes: results to standard output, progress and remarks to standard error.

On a terminal lines are coloured and wrapped with a hanging indent; anywhere else every line is plain and whole.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.status import Status
from rich.text import Text

from functions.local.cli_errors import ReaderGone

Part = str | tuple[str, str]
"""Text, or (text, style)."""

VERDICT_STYLES: Mapping[str, str] = {
    "consistent": "bold green",
    "inconsistent": "bold red",
    "incomplete": "bold yellow",
}
DIM = "bright_black"
NEVER = 10_000
"""As a hanging indent: the line is never wrapped, so that it can be copied."""


def verdict_style(verdict: str) -> str:
    """The colour in which a verdict is shown."""
    return VERDICT_STYLES.get(verdict, "bold magenta")


def printable(text: str) -> str:
    """`text` without anything that could move a cursor or end a line: names come out of databases."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the command line decide what a closed pipe means; rich would end the process, and so would click."""
        raise ReaderGone

    def write_raw(self, text: str) -> None:
        """Write text as it is."""
        try:
            self.file.write(text)
            self.file.flush()
        except BrokenPipeError:
            self.on_broken_pipe()


class Screen:
    """Standard output and standard error of a command."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = _Console(file=out or sys.stdout, highlight=False, markup=False, emoji=False)
        self._err = _Console(file=err or sys.stderr, highlight=False, markup=False, emoji=False)

    @property
    def width(self) -> int | None:
        """Columns of the terminal that results go to; None: they don't go to one, and lines are never cut."""
        return self._out.width if self._out.is_terminal else None

    @property
    def live(self) -> bool:
        """Whether somebody watches: progress is shown in place."""
        return self._err.is_terminal and not self._err.is_dumb_terminal

    def line(self, *parts: Part, hang: int = 0) -> None:
        """Write one line of the result; where it must be wrapped, what follows is indented by `hang`."""
        _write(self._out, parts, hang)

    def remark(self, *parts: Part, hang: int = 0) -> None:
        """Write one line beside the result."""
        _write(self._err, parts, hang)

    def verbatim(self, lines: Iterable[str]) -> None:
        """Write lines exactly as they are, to be copied: nothing wrapped, nothing indented."""
        self._out.write_raw("".join(f"{line}\n" for line in lines))

    def json(self, value: Any) -> None:
        """Write one JSON document as one line."""
        self._out.write_raw(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")

    @contextmanager
    def progress(self, text: str) -> Iterator["Progress"]:
        """Show what is going on, in place, while somebody watches; nothing is left of it afterwards."""
        if not self.live:
            yield Progress(None)
            return
        with self._err.status(printable(text), spinner="dots", spinner_style="cyan") as status:
            yield Progress(status)


class Progress:
    """One line that changes in place, or nothing where nobody watches."""

    def __init__(self, status: Status | None) -> None:
        self._status = status

    def update(self, text: str) -> None:
        """Show another text."""
        if self._status is not None:
            self._status.update(printable(text))


def _write(console: Console, parts: tuple[Part, ...], hang: int) -> None:
    text = Text.assemble(*(_safe(part) for part in parts))
    if not console.is_terminal:
        console.print(text.plain.rstrip(), soft_wrap=True)
        return
    lines = text.wrap(console, console.width)
    if len(lines) <= 1 or hang >= console.width // 2:
        console.print(text, soft_wrap=True)
        return
    first, rest = lines[0], text[len(lines[0].plain) :]
    console.print(first, soft_wrap=True)
    rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
    for line in rest.wrap(console, console.width - hang):
        console.print(Text(" " * hang) + line, soft_wrap=True)


def _safe(part: Part) -> tuple[str, str]:
    if isinstance(part, str):
        return printable(part), ""
    return printable(part[0]), part[1]
