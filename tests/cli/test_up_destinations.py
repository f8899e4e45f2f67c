"""`parity up --destinations FILE`: verdicts of the local cloud are told to real chats."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chat.served import ServedChats
from tests.cli.conftest import Parity

Start = Callable[..., subprocess.Popen[str]]


def started(process: Start, home: Path) -> subprocess.Popen[str]:
    arguments = ("--port", "0", "--comparer-port", "0", "--destinations", "destinations.json")
    running = process("up", *arguments, TMPDIR=str(home))
    line_with(running, "Ctrl-C")
    return running


def line_with(running: subprocess.Popen[str], text: str) -> str:
    """The next line that it prints with `text` in it."""
    assert running.stdout is not None
    return next(line for line in running.stdout if text in line)


def test_a_verdict_is_told_and_the_terminal_says_to_whom(process: Start, parity: Parity, home: Path) -> None:
    (home / "request.json").write_text('{"job_id": "sample-shop", "object_level_compare_type": "objects"}')

    async def journey() -> str:
        async with ServedChats(time.time) as chats:
            (home / "destinations.json").write_text(chats.secret("slack"))
            running = await asyncio.to_thread(started, process, home)
            sent = await asyncio.to_thread(parity, "send", "request.json", "--watch")
            assert sent.code == 1, sent.err
            told = await asyncio.to_thread(line_with, running, "has been told")
            (message,) = chats.told("slack")
            assert "sample-shop" in message.raw.decode()
            running.send_signal(signal.SIGINT)
            await asyncio.to_thread(running.communicate, timeout=30)
            return told

    assert "slack" in asyncio.run(journey())


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (None, "No such file"),
        ("{", "JSON"),
        ('{"ops": {"channel": "slack", "url": "http://hooks.slack.com/hidden"}}', "https"),
        ('{"o/ps": {"channel": "slack", "url": "https://hooks.slack.com/hidden"}}', "o/ps"),
    ],
)
def test_a_file_that_is_no_secret_of_destinations_is_refused_by_name(
    parity: Parity, home: Path, content: str | None, named: str
) -> None:
    if content is not None:
        (home / "destinations.json").write_text(content)
    ended = parity("up", "--destinations", "destinations.json")
    assert ended.code == 2
    assert "--destinations" in ended.err
    assert named in ended.err
    assert "hidden" not in ended.err
