"""What the tests of the command line share: running it, two databases, and a served deployment to talk to."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from functions.local.cli import main
from functions.local.samples import Samples, make_samples
from tests.cli.served_door import ServedDoor, serving

TOKEN = "the-status-token"
KEY = "whsec_" + "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
PARITY = (sys.executable, "-c", "import sys; from functions.local.process import main; sys.exit(main())")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Parity = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment without any deployment and with a state folder of its own."""
    for name in ("PARITY_URL", "PARITY_TOKEN", "PARITY_WEBHOOK_SECRET", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def parity(home: Path, capsys: pytest.CaptureFixture[str]) -> Parity:
    """The command line, in this process, as its output is piped."""

    def run(*arguments: str) -> Ended:
        code = main(arguments)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def process(home: Path) -> Callable[..., subprocess.Popen[str]]:
    """The command line as a process of its own."""

    def start(*arguments: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PARITY, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **env},
            start_new_session=True,
        )

    return start


def processes_of(session: int) -> list[str]:
    """The processes that one with a session of its own has started and left behind, zombies aside."""
    if not Path("/proc").is_dir():
        pytest.skip("this system has no /proc, the only place that tells which processes were left behind")
    stats = [stat for folder in Path("/proc").iterdir() if folder.name.isdigit() for stat in _stat(folder)]
    return [stat for stat in stats if stat.rpartition(")")[2].split()[3] == str(session) and ") Z " not in stat]


def _stat(folder: Path) -> list[str]:
    try:
        return [(folder / "stat").read_text()]
    except OSError:
        return []  # it has just ended


@pytest.fixture
def shop(home: Path) -> Samples:
    """Two databases that differ."""
    return make_samples(home)


@pytest.fixture
def door(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedDoor]:
    """A served deployment that the environment names."""
    with serving() as served:
        monkeypatch.setenv("PARITY_URL", served.url)
        monkeypatch.setenv("PARITY_TOKEN", TOKEN)
        monkeypatch.setenv("PARITY_WEBHOOK_SECRET", KEY)
        yield served
