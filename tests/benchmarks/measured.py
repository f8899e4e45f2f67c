"""Running a command in a process of its own, and what it used: what every part that compares tools measures by."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_STARTED = Path(__file__).with_name("started.py")


class Failed(Exception):
    """A tool did not end as it should; says how, and the last line that it wrote about it."""


@dataclass(frozen=True)
class Run:
    """One run of one tool: wall and CPU seconds, peak memory in MB, and how many differing rows it found, if it tells.

    `whole` is the process from start to end, `seconds` the work inside it; for a tool of somebody else both are one.
    """

    seconds: float
    whole: float
    cpu: float
    memory: float
    differing: int | None
    method: str = ""


def measured(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    endings: Collection[int] = (0,),
    patience: float | None = None,
) -> tuple[Run, str, str]:
    """Run a command; its wall time, its CPU time and its peak memory, and what it wrote to both outputs.

    `env` is added to the environment, `endings` are the exit codes that mean success, and after `patience` seconds the
    command and all that it started is stopped. Raises `Failed`.
    """
    told, write = os.pipe()
    start = time.perf_counter()
    with os.fdopen(told) as report:
        try:
            started = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_STARTED), str(write), *command],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, pass_fds=[write],
                env={**os.environ, **(env or {})}, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(write)
        with started:
            try:
                output, errors = started.communicate(timeout=patience)
            except subprocess.TimeoutExpired as slow:
                raise Failed(f"not done after {patience:.0f} s") from slow
            finally:
                if started.poll() is None:
                    os.killpg(started.pid, signal.SIGKILL)
        whole = time.perf_counter() - start
        used = report.read()
    if started.returncode not in endings:
        last = (errors.strip().splitlines() or [""])[-1]
        raise Failed(f"{Path(command[0]).name} ended with {started.returncode}: {last}")
    usage = json.loads(used)
    return Run(whole, whole, usage["cpu"], usage["kilobytes"] / 1024, None), output, errors
