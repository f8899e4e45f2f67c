"""The official validators: npm packages at pinned versions, installed into `build/` when they are first asked."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest

from functions.local.contracts.documents import ROOT

SOURCE = Path(__file__).parent / "validators"
NODE = 20
"""The oldest Node.js that all of them run on."""


def judge(**job: Any) -> dict[str, list[str]]:
    """What the validators say of each file of the job; see `validators/judge.mjs`."""
    text = json.dumps(job, default=str)
    done = subprocess.run(
        ["node", "judge.mjs"], cwd=_installed(), input=text, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def _installed() -> Path:
    """The folder with the packages of the lock file, made if there is none; a folder that is there is complete."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _missing("node and npm are not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < NODE:
        _missing(f"node is {version}; {NODE} is needed")
    files = sorted(SOURCE.iterdir())
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    folder = ROOT / "build" / f"validators-{digest}"
    if not folder.exists():
        _install(files, folder)
    return folder


def _install(files: list[Path], folder: Path) -> None:
    half = folder.with_name(f"{folder.name}.{os.getpid()}")
    half.mkdir(parents=True)
    try:
        for file in files:
            shutil.copy(file, half)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        done = subprocess.run(command, cwd=half, capture_output=True, text=True, check=False, timeout=100)
        if done.returncode != 0:
            _missing(f"npm could not install them: {(done.stderr or done.stdout).strip()[-500:]}")
        if not folder.exists():  # another run may have been faster
            half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _missing(reason: str) -> NoReturn:
    """A user's machine may lack them; the machine that judges a change may not."""
    told = f"the official validators were not asked: {reason}"
    if os.environ.get("CI") == "true":
        pytest.fail(told)
    pytest.skip(told)
