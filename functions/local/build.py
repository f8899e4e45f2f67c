"""Builds what `sam deploy` takes: build/<architecture>/ with code, a zip for each CodeUri, a template.

    python -m functions.local.build [--architecture arm64] [--runtime python3.13] [--output build]

Needs nothing but the standard library, pip (or uv) and the package index.
"""

import argparse
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from functions.local.artifact import (
    MACHINES,
    BuildFailed,
    Target,
    check_imports,
    compile_all,
    copy_needed,
    install,
    pack,
    prune,
    size_of,
    strip,
)
from functions.local.pythons import find_python

LIMIT = 8_000_000
"""Bytes of the zip: what a cold start has to fetch and unpack."""

PIPELINE = "pipeline"
ARCHIVE = "parity.zip"

Report = Callable[[str], None]
"""Takes one line for people."""

_ROOT = Path(__file__).resolve().parents[2]
_CODE_URI = r"^ +CodeUri: functions/(\w+)$"


FindPython = Callable[[tuple[int, int]], Path | None]
"""Takes a version, gives an interpreter of it, if there is one."""


def find_here(version: tuple[int, int]) -> Path | None:
    """Find a Python on this machine."""
    return find_python(version, os.environ)


def build(
    target: Target,
    output: Path,
    report: Report,
    *,
    root: Path = _ROOT,
    find: FindPython = find_here,
    limit: int = LIMIT,
) -> int:
    """Build the checkout at `root` for `target` into `output`/<architecture>; return the bytes of the pipeline's zip.

    Raises BuildFailed: a handler or a wheel is missing, a module can't be imported, the zip is larger than `limit`.
    """
    template = (root / "template.yaml").read_text("utf-8")
    modules = handlers(template)
    for module in modules:
        if not (root / f"{module.replace('.', '/')}.py").is_file():
            msg = f"template.yaml names the handler {module}, and there is no such module"
            raise BuildFailed(msg)
    folder = output / target.architecture
    shutil.rmtree(folder, ignore_errors=True)
    sizes = [
        _build_one(
            target, part, [m for m in modules if m.startswith(f"functions.{part}.")], folder, report, root, find, limit
        )
        for part in parts(template)
    ]
    (folder / "template.yaml").write_text(built_template(template, target), "utf-8")
    return sizes[0]


def _build_one(
    target: Target,
    part: str,
    modules: Sequence[str],
    folder: Path,
    report: Report,
    root: Path,
    find: FindPython,
    limit: int,
) -> int:
    """Build one archive, and return its size in bytes."""
    name = f"{target.architecture} {part}"
    code = folder / "code" / part
    code.mkdir(parents=True)
    report(f"{name}: installing the dependencies")
    install(target, root / f"functions/{part}/requirements.txt", code)
    if part == PIPELINE:
        shutil.copytree(root / "functions/pipeline", code / "functions/pipeline")
    else:
        copy_needed(root, "functions", modules, code)
    prune(code)
    stripped = strip(code, target)
    _compile(target, name, code, modules, report, find)
    size = pack(code, folder / archive_of(part), limit=limit)
    how = (
        f"debugging symbols taken out by {stripped}" if stripped else "debugging symbols left in, no tool for them here"
    )
    report(f"{name}: {size / 1e6:.2f} MB zipped, {size_of(code) / 1e6:.1f} MB unpacked ({how})")
    return size


def _compile(target: Target, name: str, code: Path, modules: Sequence[str], report: Report, find: FindPython) -> None:
    version = f"{target.version[0]}.{target.version[1]}"
    python = find(target.version)
    if python is None:
        report(
            f"{name}: no Python {version} found here, so built WITHOUT bytecode: "
            "correct, but a cold start takes about twice as long"
        )
        return
    compile_all(python, code)
    report(f"{name}: bytecode compiled by {python} ({version})")
    if sys.platform == "linux" and platform.machine() == target.machine:
        check_imports(python, code, modules)
        report(f"{name}: every handler can be imported from the artifact")


def parts(template: str) -> list[str]:
    """Return the folders of `functions` that `template` (its text) takes code from: the pipeline first."""
    found = set(re.findall(_CODE_URI, template, re.MULTILINE))
    if PIPELINE not in found:
        msg = "template.yaml has no CodeUri: functions/pipeline"
        raise BuildFailed(msg)
    return sorted(found, key=lambda part: (part != PIPELINE, part))


def archive_of(part: str) -> str:
    """Return the file name of a part's zip."""
    return ARCHIVE if part == PIPELINE else f"{part}.zip"


def handlers(template: str) -> list[str]:
    """Return the modules of the handlers that `template` (its text) names."""
    return sorted(set(re.findall(r"^ +Handler: ([\w.]+)\.handler$", template, re.MULTILINE)))


def default_runtime(template: str) -> tuple[int, int]:
    """Return the Python version of the template's default runtime."""
    found = re.search(r"^  Runtime:\n(?: {4}.*\n)*? {4}Default: python(\d+)\.(\d+)$", template, re.MULTILINE)
    if not found:
        msg = "template.yaml names no default for its parameter Runtime"
        raise BuildFailed(msg)
    return int(found[1]), int(found[2])


def built_template(template: str, target: Target) -> str:
    """Return the template's text for the built code: the zip as CodeUri; runtime, architecture no choice."""
    pinned = _pin(template, "Runtime", f"python{target.version[0]}.{target.version[1]}")
    pinned = _pin(pinned, "Architecture", target.architecture)
    for part in parts(template):
        pinned = _replace(re.escape(f"CodeUri: functions/{part}"), f"CodeUri: {archive_of(part)}", pinned)
    return pinned


def _pin(template: str, parameter: str, value: str) -> str:
    head = rf"(^  {parameter}:\n    Type: String\n)    Default: .*\n    AllowedValues: .*\n"
    return _replace(head, rf"\g<1>    Default: {value}\n    AllowedValues: [{value}]\n", template)


def _replace(pattern: str, replacement: str, text: str) -> str:
    new, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
    if count != 1:
        msg = f"template.yaml has {count} places like {pattern!r}; the build needs exactly one"
        raise BuildFailed(msg)
    return new


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code: 0, 1 if the build failed, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="build", description="Builds the deployable artifact.")
    parser.add_argument("--architecture", choices=list(MACHINES), action="append", help="default: all")
    parser.add_argument("--runtime", help="default: the one that template.yaml names, e.g. python3.13")
    parser.add_argument("--output", type=Path, default=_ROOT / "build", help="default: build")
    given = parser.parse_args(arguments)
    if given.runtime and not re.fullmatch(r"python3\.\d+", given.runtime):
        parser.error(f"--runtime: {given.runtime} is not like python3.13")
    try:
        if given.runtime:
            major, minor = given.runtime.removeprefix("python").split(".")
            version = (int(major), int(minor))
        else:
            version = default_runtime((_ROOT / "template.yaml").read_text("utf-8"))
        for architecture in given.architecture or MACHINES:
            build(Target(architecture, version), given.output, _say)
    except BuildFailed as e:
        _say(f"build failed: {e}")
        return 1
    _say(f"deploy with: sam deploy --guided --template-file {_shown(given.output)}/<architecture>/template.yaml")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
