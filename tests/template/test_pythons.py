"""An interpreter is what it says when it is run, not what its file is called."""

from pathlib import Path

import pytest

from functions.local.pythons import find_python

#: No machine has it, so that nothing but the files of a test can be found.
VERSION = (3, 99)
NOWHERE = Path("/nonexistent/python")


def interpreter(path: Path, answer: str, *, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def found(tmp_path: Path, **env: str) -> Path | None:
    return find_python(VERSION, {"PATH": str(tmp_path), "HOME": str(tmp_path), **env}, first=NOWHERE)


def test_it_is_found_by_what_it_answers(tmp_path: Path) -> None:
    assert found(tmp_path) is None

    python = interpreter(tmp_path / "python3", "cpython 3 99 final")

    assert found(tmp_path) == python


def test_a_shim_that_is_switched_off_is_passed_over(tmp_path: Path) -> None:
    interpreter(tmp_path / "python3.99", "python3.99: command not found", code=127)
    behind = interpreter(tmp_path / ".pyenv/versions/3.99.1/bin/python3.99", "cpython 3 99 final")

    assert found(tmp_path) == behind


def test_a_version_manager_elsewhere_is_looked_into(tmp_path: Path) -> None:
    behind = interpreter(tmp_path / "elsewhere/versions/3.99.1/bin/python3.99", "cpython 3 99 final")

    assert found(tmp_path, PYENV_ROOT=str(tmp_path / "elsewhere")) == behind


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("cpython 3 98 final", id="another version under this name"),
        pytest.param("cpython 3 99 candidate", id="a release candidate, whose bytecode may differ"),
        pytest.param("pypy 3 99 final", id="another implementation"),
        pytest.param("hello", id="not a Python at all"),
    ],
)
def test_a_name_is_not_believed(tmp_path: Path, answer: str) -> None:
    interpreter(tmp_path / "python3.99", answer)

    assert found(tmp_path) is None


def test_a_file_that_cannot_be_run_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "python3.99").write_text("not a program")
    python = interpreter(tmp_path / "python", "cpython 3 99 final")

    assert found(tmp_path) == python
