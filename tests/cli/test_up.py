"""`parity up`: a local cloud for the other commands, found by them, gone without a trace when it is stopped."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from functions.local.state_file import LocalState, announced, read_state, state_path
from tests.cli.conftest import Parity, processes_of
from tests.cli.shell_tools import LACKING, WHY_SKIPPED

Start = Callable[..., subprocess.Popen[str]]
OBJECTS = '{"job_id": "sample-shop", "object_level_compare_type": "objects"}'

STATE = LocalState.model_validate(
    {
        "pid": 1,
        "started_at": 0,
        "url": "http://127.0.0.1:1",
        "aws_endpoint": "http://127.0.0.1:1",
        "comparer_url": "http://127.0.0.1:1",
        "project_id": "0" * 32,
        "job_ids": ["j"],
        "token": "t",
        "webhook_secret": "s",
    }
)


@dataclass
class Up:
    process: subprocess.Popen[str]
    shown: list[str]
    state: LocalState
    state_path: Path

    def script(self) -> str:
        """The lines to copy and paste."""
        first = next(n for n, line in enumerate(self.shown) if line.startswith("body="))
        last = next(n for n, line in enumerate(self.shown) if "webhook-signature: v1," in line)
        return "\n".join(self.shown[first : last + 1])


@pytest.fixture
def up(process: Start, home: Path) -> Iterator[Up]:
    """A running local cloud with the sample databases."""
    running = process("up", "--port", "0", "--comparer-port", "0", TMPDIR=str(home))
    assert running.stdout is not None
    shown = []
    for line in running.stdout:
        shown.append(line.rstrip("\n"))
        if "Ctrl-C" in line:
            break
    path = state_path({"XDG_STATE_HOME": str(home / "state")})
    state = read_state(path)
    assert state is not None, "".join(running.communicate(timeout=30))
    try:
        yield Up(running, shown, state, path)
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate(timeout=30)


def test_the_other_commands_find_it_and_it_ends_without_a_trace(up: Up, parity: Parity, home: Path) -> None:
    (home / "request.json").write_text(OBJECTS)
    assert parity("doctor").code == 0
    assert "would be created" in parity("send", "request.json", "--dry-run").out
    sent = parity("send", "request.json", "--id", "first", "--watch", "--json")
    assert sent.code == 1, sent.err
    event = json.loads(sent.out)
    assert event["type"] == "parity.comparison.finished.v1"
    comparison_id = event["subject"]
    assert parity("status", comparison_id).code == 1
    assert parity("watch", comparison_id).code == 1
    assert comparison_id in parity("list", "--verdict", "inconsistent").out
    assert parity("cancel", comparison_id).code == 2
    left = dict(line.split(maxsplit=1) for line in parity("replay").out.splitlines())
    assert left == dict.fromkeys(("requests", "polls", "deliveries", "dms"), "no dead letter")
    again = parity("up", "--port", "0", "--comparer-port", "0")
    assert (again.code, again.out) == (2, "")
    assert "running already" in again.err

    up.process.send_signal(signal.SIGTERM)
    _, err = up.process.communicate(timeout=30)
    assert (up.process.returncode, err) == (0, "")
    assert not up.state_path.exists()
    assert processes_of(up.process.pid) == []
    assert [p.name for p in home.glob("parity-*")] == []
    assert parity("list").code == 2


@pytest.mark.skipif(bool(LACKING), reason=WHY_SKIPPED)
def test_the_curl_that_it_prints_works_as_it_is(up: Up) -> None:
    assert all(len(line) <= 80 for line in up.script().splitlines())
    done = subprocess.run(["bash", "-c", up.script()], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("HTTP/1.1 202"), done.stdout + done.stderr
    assert "location: /comparisons/cmp_" in done.stdout


def test_every_address_and_secret_is_shown_once_and_the_state_is_for_its_owner_alone(up: Up) -> None:
    text = "\n".join(up.shown)
    for shown in (up.state.url, up.state.aws_endpoint, up.state.comparer_url, up.state.token.get_secret_value()):
        assert shown in text
    assert up.state.webhook_secret.get_secret_value() in text
    assert up.state_path.stat().st_mode & 0o077 == 0


def test_what_a_killed_local_cloud_has_left_behind_is_no_local_cloud(up: Up, parity: Parity) -> None:
    up.process.kill()
    up.process.communicate(timeout=30)
    # Its number belongs to somebody else by now.
    left = json.loads(up.state_path.read_text()) | {"pid": os.getpid()}
    up.state_path.write_text(json.dumps(left))
    told = parity("list")
    assert told.code == 2
    assert "the last one has ended" in told.err
    started = parity("up", "--port", "0", "--parameter", "Nonsense=1")
    assert "running already" not in started.err
    assert "Nonsense" in started.err


def test_the_file_of_a_local_cloud_that_was_started_later_is_left_alone(tmp_path: Path) -> None:
    path, later = tmp_path / "up.json", STATE.model_copy(update={"url": "http://127.0.0.1:2"})
    with ExitStack() as second:
        with announced(path, STATE):
            assert read_state(path) == STATE
            second.enter_context(announced(path, later))
        assert read_state(path) == later
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_each_way_to_ask_it_to_stop_ends_it_without_a_trace(up: Up, home: Path, number: signal.Signals) -> None:
    up.process.send_signal(number)
    _, err = up.process.communicate(timeout=30)
    assert (up.process.returncode, err) == (0, "")
    assert not up.state_path.exists()
    assert processes_of(up.process.pid) == []
    assert [p.name for p in home.glob("parity-*")] == []


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": "x"}', "\x00"])
def test_a_state_file_that_can_not_be_read_is_no_local_cloud(parity: Parity, home: Path, content: str) -> None:
    path = state_path({"XDG_STATE_HOME": str(home / "state")})
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert parity("list").code == 2


def test_the_comparer_alone_serves_until_it_is_stopped(process: Start, shop: object, home: Path) -> None:
    (home / "jobs.toml").write_text('[jobs."j"]\nsource = "source/shop.db"\ntarget = "target/shop.db"\n')
    comparer = process("comparer", "--jobs", "jobs.toml", "--port", "0", "--store", str(home / "tasks.db"))
    assert comparer.stdout is not None
    assert comparer.stdout.readline().startswith("comparison API  http://127.0.0.1:")
    comparer.stdout.readline()
    assert comparer.stdout.readline().split() == ["DRS", "jobs", "j"]
    comparer.send_signal(signal.SIGINT)
    _, err = comparer.communicate(timeout=30)
    assert comparer.returncode == 0
    assert "every credential is accepted" in err
    assert "Traceback" not in err
    assert (home / "tasks.db").exists()
