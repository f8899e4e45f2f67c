"""What the measured processes import: folders for one Python, with the bytecode that the artifact has.

`parity` is the artifact, `usual` what a function is usually written with, `runtime` the Lambda runtime client, which
is there before any handler is imported. All are pruned and compiled alike, so only what is imported differs.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from functions.local.artifact import MACHINES, BuildFailed, Target, compile_all, install, prune
from functions.local.build import build, default_runtime
from functions.local.pythons import find_python

ROOT = Path(__file__).resolve().parents[2]
_SDK = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3", "aws-lambda-powertools")
_RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
_HERE = (sys.version_info[0], sys.version_info[1])


@dataclass(frozen=True)
class Ground:
    """One Python and the folders that it imports from."""

    python: Path
    version: str
    parity: Path
    usual: Path
    runtime: Path


def deployed(folder: Path, say: Callable[[str], None]) -> Ground | None:
    """The artifact as it is deployed here, for the runtime's own Python; None where that, or a wheel, is missing."""
    version = default_runtime((ROOT / "template.yaml").read_text("utf-8"))
    python = find_python(version, os.environ)
    if python is None:
        say(f"no Python {version[0]}.{version[1]} here")
        return None
    target = Target(next(name for name, machine in MACHINES.items() if machine == _machine()), version)
    try:
        build(target, folder, say)
        for name, packages in (("usual", (*_SDK, *_shipped())), ("runtime", _RUNTIME)):
            listed = folder / f"{name}.txt"
            listed.write_text("".join(f"{package}=={metadata.version(package)}\n" for package in packages), "utf-8")
            install(target, listed, folder / name)
    except BuildFailed as e:
        say(f"no artifact for Python {version[0]}.{version[1]}: {e}")
        return None
    return _finished(python, version, folder / target.architecture / "code/pipeline", folder)


def copied(folder: Path) -> Ground:
    """The same folders for the Python that runs this, copied from where its packages are: nothing is downloaded."""
    for name, packages in (("parity", _shipped()), ("usual", (*_SDK, *_shipped())), ("runtime", _RUNTIME)):
        for package in packages:
            _copy(package, folder / name)
    parity = folder / "parity"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "functions/pipeline", parity / "functions/pipeline", ignore=ignored)
    prune(parity)
    compile_all(Path(sys.executable), parity)
    return _finished(Path(sys.executable), _HERE, parity, folder)


def _finished(python: Path, version: tuple[int, int], parity: Path, folder: Path) -> Ground:
    usual, runtime = folder / "usual", folder / "runtime"
    handlers = usual / "usual"
    shutil.copytree(Path(__file__).parent / "usual", handlers, ignore=shutil.ignore_patterns("__pycache__"))
    # Signing for DRS is neither an SDK's nor a competitor's: both sides use the same module.
    shutil.copyfile(ROOT / "functions/pipeline/drs_sign.py", handlers / "drs_sign.py")
    prune(usual)
    for compiled in (usual, runtime):
        compile_all(python, compiled)
    return Ground(python, f"{version[0]}.{version[1]}", parity, usual, runtime)


def _shipped() -> Sequence[str]:
    lines = (ROOT / "functions/pipeline/requirements.txt").read_text("utf-8").splitlines()
    return [line.partition("==")[0] for line in lines if "==" in line and not line.startswith("#")]


def _copy(package: str, folder: Path) -> None:
    for file in metadata.distribution(package).files or ():
        if file.parts[0] != ".." and "__pycache__" not in file.parts:
            copy = folder / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), copy)


def _machine() -> str:
    return {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
