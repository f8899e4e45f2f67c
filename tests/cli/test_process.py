"""The process that `parity` is tells what the command line tells, whatever it does about garbage."""

import subprocess
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from functions.local.exit_codes import USAGE


def test_what_is_installed_as_parity_is_there() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    module, _, name = project["project"]["scripts"]["parity"].partition(":")
    assert callable(getattr(import_module(module), name))


def test_all_that_a_command_has_written_arrives_with_its_exit_code(
    process: Callable[..., subprocess.Popen[str]],
) -> None:
    with process("compare", "--help") as helped, process("nonsense") as wrong:
        told, failed = helped.communicate(timeout=60), wrong.communicate(timeout=60)
    assert helped.returncode == 0
    assert "Exit codes: 0 consistent" in told[0]
    assert wrong.returncode == USAGE
    assert "nonsense" in failed[1]
