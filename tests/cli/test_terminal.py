"""On a terminal: colours, progress and wrapped lines; NO_COLOR and pipes are respected; defects are one line."""

import io
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.local.cli import exit_code_of
from functions.local.rendering import Screen, printable
from functions.local.samples import Samples
from tests.cli.conftest import PARITY


def on_a_terminal(arguments: list[str], typed: bytes = b"", **env: str) -> str:
    """What a command writes to a terminal of 80 columns, where something is `typed` at once."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **env}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [*PARITY, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as running:
        os.close(theirs)
        os.write(ours, typed)
        text = b""
        while True:
            try:
                more = os.read(ours, 65_536)
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not more:
                break
            text += more
        running.wait(60)
    os.close(ours)
    return text.decode()


def test_a_terminal_gets_colours_and_no_line_is_wider(shop: Samples) -> None:
    text = on_a_terminal(["compare", "source/shop.db", "target/shop.db"])
    assert "\x1b[1;31mDIFFERENT" in text
    last = text.split("3 other tables")[1]
    assert max(len(line) for line in plain(last).splitlines()) <= 80


def test_no_color_is_respected(shop: Samples) -> None:
    text = on_a_terminal(["compare", "source/shop.db", "target/shop.db"], NO_COLOR="1")
    assert "31m" not in text
    assert "DIFFERENT" in text


def test_json_is_the_same_on_a_terminal(shop: Samples) -> None:
    text = on_a_terminal(["compare", "source/shop.db", "target/shop.db", "--json"])
    assert '{"verdict":"inconsistent"' in text


def plain(text: str) -> str:
    """Text without colours."""
    parts = text.split("\x1b[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\rb", "a\nb", "a\u202eb", "a\x00b", "a\x9bb"])
def test_what_could_move_the_cursor_is_shown_escaped(name: str) -> None:
    out = io.StringIO()
    Screen(out, out).line(name)
    assert out.getvalue().count("\n") == 1
    assert all(c.isprintable() for c in out.getvalue().rstrip("\n"))
    assert printable("Überführung 表") == "Überführung 表"


def test_an_internal_error_is_one_line_and_70(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(_defect) == 70
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("parity: internal error: RuntimeError: a defect over two lines")
    assert "--debug" in line


def test_with_debug_an_internal_error_has_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(_defect, debug=True) == 70
    assert "Traceback" in capsys.readouterr().err


def _defect() -> None:
    raise RuntimeError("a defect\nover two lines")


def test_ctrl_c_is_130_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert exit_code_of(interrupted) == 130
    assert capsys.readouterr().err == "parity: interrupted\n"


def test_a_reader_who_has_gone_gets_no_traceback_and_nobody_a_verdict(
    shop: Samples, process: Callable[..., subprocess.Popen[str]]
) -> None:
    running = process("compare", "source/shop.db", "target/shop.db", "--json")
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == ""
    running.stderr.close()
    assert running.wait(60) == 141
