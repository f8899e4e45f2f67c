"""`parity demo`: the whole journey, once, from the outside: what it shows, how it ends, what it leaves."""

import asyncio
import io
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from functions.local.demo import Demo
from functions.local.rendering import Screen
from functions.local.stage import best_runtime
from tests.cli.conftest import PARITY, processes_of

Start = Callable[..., subprocess.Popen[str]]
GENEROUS_SECONDS = 60
"""Ten are promised on an idle machine; tests share theirs."""


@dataclass(frozen=True)
class Shown:
    code: int
    out: list[str]
    err: str
    seconds: float
    folder: Path
    session: int

    def line(self, *words: str) -> int:
        """The number of the only line with all the words."""
        (found,) = [n for n, line in enumerate(self.out) if all(word in line for word in words)]
        return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """One run of the demo, piped."""
    folder = tmp_path_factory.mktemp("demo")
    env = {**os.environ, "TMPDIR": str(folder), "XDG_STATE_HOME": str(folder / "state")}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    began = time.monotonic()
    demo = subprocess.Popen(
        [*PARITY, "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        start_new_session=True,
    )
    out, err = demo.communicate(timeout=110)
    return Shown(demo.returncode, out.splitlines(), err, time.monotonic() - began, folder, demo.pid)


def test_it_ends_by_itself_in_time_with_exit_code_0(shown: Shown) -> None:
    assert shown.code == 0, shown.err
    assert shown.seconds < GENEROUS_SECONDS


def test_it_shows_the_journey_in_order(shown: Shown) -> None:
    chapters = [
        shown.line("1 ", "signed request", "POST http://127.0.0.1:"),
        shown.line("webhook-signature: v1,"),
        shown.line("202 Accepted", "/comparisons/cmp_"),
        shown.line("create", "DRS took it: objects "),
        shown.line("poll", "SIGKILL" if best_runtime() == "processes" else "KILLED"),
        shown.line("3 ", "DRS says SUCCESSFUL; verdict: inconsistent"),
        shown.line("4 ", "The finished event", "exactly 1"),
        shown.line("5 ", "your own DRS"),
    ]
    assert chapters == sorted(chapters)


def test_the_duplicate_request_has_a_line_of_its_own(shown: Shown) -> None:
    assert shown.line("webhook", "DUPLICATE", "same comparison") > shown.line("202 Accepted")


def test_the_killed_worker_is_followed_by_its_recovery(shown: Shown) -> None:
    (killed,) = [n for n, line in enumerate(shown.out) if "KILL" in line]
    recovered = [n for n, line in enumerate(shown.out) if "poll" in line and "again" in line]
    assert len(recovered) == 1
    assert recovered[0] > killed


def test_what_differs_is_told_by_name_with_the_rows_of_both_sides(shown: Shown) -> None:
    shown.line("only in source", "audit_log", "PRIMARY KEY")
    shown.line("only in source", "orders_audited")
    shown.line("shop.orders", "1,200", "1,187", "13 fewer")
    shown.line("shop.audit_log", "42", "missing in the target")


def test_there_is_exactly_one_finished_event(shown: Shown) -> None:
    line = shown.out[shown.line("4 ", "The finished event")]
    assert "1 id" in line
    shown.line('"type": "parity.comparison.finished.v1"')
    shown.line('"verdict": "inconsistent"')


def test_piped_it_is_plain_lines(shown: Shown) -> None:
    assert "\x1b" not in "\n".join(shown.out)
    assert "\r" not in "\n".join(shown.out)


def test_it_fits_two_screens(shown: Shown) -> None:
    assert len(shown.out) < 70


def test_it_leaves_no_file(shown: Shown) -> None:
    assert list(shown.folder.iterdir()) == []


def test_it_leaves_no_process(shown: Shown) -> None:
    assert processes_of(shown.session) == []


def test_a_reader_who_has_seen_enough_ends_it_without_a_word(process: Start, tmp_path: Path) -> None:
    demo = process("demo")
    assert demo.stdout is not None
    demo.stdout.readline()
    demo.stdout.close()
    assert demo.stderr is not None
    assert demo.stderr.read() == ""
    demo.stderr.close()
    assert demo.wait(60) == 141
    assert processes_of(demo.pid) == []


def test_where_the_runtime_client_does_not_run_the_journey_is_the_same(tmp_path: Path) -> None:
    out = io.StringIO()
    journey = asyncio.run(Demo(Screen(out, out), tmp_path, "in_process").run())
    assert (journey.ids, journey.event["data"]["verdict"]) == (1, "inconsistent")
    assert "KILLED: " in out.getvalue()
    assert "step 1 again" in out.getvalue() or "message again" in out.getvalue()


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        (signal.SIGINT, 130, "parity: interrupted"),
        (signal.SIGTERM, 143, "parity: stopped by SIGTERM"),
        (signal.SIGHUP, 129, "parity: stopped by SIGHUP"),
    ],
)
def test_stopped_it_ends_with_the_code_of_the_signal_and_leaves_nothing(
    process: Start, tmp_path: Path, number: signal.Signals, code: int, told: str
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    demo = process("demo", TMPDIR=str(folder))
    assert demo.stdout is not None
    for line in demo.stdout:
        if "POST http" in line:
            break
    demo.send_signal(number)
    _, err = demo.communicate(timeout=60)
    assert demo.returncode == code
    assert err.strip() == told
    assert list(folder.iterdir()) == []
    assert processes_of(demo.pid) == []
