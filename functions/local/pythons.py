"""Finds a Python of a given version on this machine: by running candidates, because a name promises nothing.

Version managers put files called python3.13 on the path that only say that they are switched off; `python3` may be any
version; and a build must not depend on which one happens to run it.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_PROBE = "import sys; print(sys.implementation.name, sys.version_info[0], sys.version_info[1], sys.version_info[3])"
"""Alphas, betas and candidates write bytecode that the release may not read: the release level counts."""

_FOLDERS = ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")
_MANAGED = ("{home}/.pyenv/versions/*/bin", "{home}/.local/share/uv/python/*/bin", "/opt/python/*/bin")


def find_python(version: tuple[int, int], env: Mapping[str, str], *, first: Path = Path(sys.executable)) -> Path | None:
    """Return an interpreter that says of itself that it is CPython `version`, released; None where there is none.

    `env` is the environment (PATH, HOME, PYENV_ROOT); `first` is tried before all others.
    """
    tried = set()
    for candidate in _candidates(version, env, first):
        if candidate not in tried and candidate.is_file():
            tried.add(candidate)
            if _is(candidate, version):
                return candidate
    return None


def _candidates(version: tuple[int, int], env: Mapping[str, str], first: Path) -> Iterator[Path]:
    names = (f"python{version[0]}.{version[1]}", f"python{version[0]}", "python")
    yield first
    for name in names:
        for folder in (*env.get("PATH", "").split(":"), *_FOLDERS):
            if folder:
                yield Path(folder) / name
    home = env.get("HOME", "")
    patterns = [pattern.format(home=home) for pattern in _MANAGED if home or "{home}" not in pattern]
    if "PYENV_ROOT" in env:
        patterns.insert(0, f"{env['PYENV_ROOT']}/versions/*/bin")
    for pattern in patterns:
        for managed in sorted(Path("/").glob(pattern.lstrip("/"))):
            yield managed / names[0]


def _is(candidate: Path, version: tuple[int, int]) -> bool:
    try:
        done = subprocess.run(
            [str(candidate), "-I", "-S", "-c", _PROBE], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.split() == ["cpython", str(version[0]), str(version[1]), "final"]
