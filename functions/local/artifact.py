"""What ships: the pipeline and its dependencies for one architecture, pruned, compiled, zipped.

The same input gives the same bytes: file times are fixed, order is by name, and paths in bytecode are those of Lambda.
"""

import ast
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's names of architectures, and Linux's."""

_AMAZON_LINUX_2 = {(3, 11)}
"""Runtimes with glibc 2.26; those from python3.12 on have 2.34."""

_DROPPED_FOLDERS = {"__pycache__", "bin", "test", "tests"}
_DROPPED_SUFFIXES = {".c", ".h", ".hash", ".pxd", ".pxi", ".pyi", ".pyx"}
_DROPPED_FILES = {"py.typed", "requirements.txt"}
_NEVER_IMPORTED = ("aiohttp/test_utils.py", "cffi", "multidict/_testcapi.*", "pydantic/mypy.py", "pydantic/v1")
"""Parts of the dependencies for other uses than ours: their tests' tools, a plugin for a type checker, an older API,
and what writes bindings, of which only the native part is for using them."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_LAMBDA_ROOT = "/var/task"


class BuildFailed(Exception):
    """The artifact can't be built; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Target:
    """A runtime: the architecture in Lambda's words, and the version of Python."""

    architecture: str
    version: tuple[int, int]

    @property
    def machine(self) -> str:
        """The architecture in Linux's words."""
        return MACHINES[self.architecture]

    @property
    def old(self) -> bool:
        """Whether it runs on Amazon Linux 2, where only the oldest wheel platforms are sure to work."""
        return self.version in _AMAZON_LINUX_2


def install(target: Target, requirements: Path, code: Path) -> None:
    """Put the wheels of `requirements` for `target` into `code`. Raises BuildFailed where one is missing."""
    done = subprocess.run(_installer(target, requirements, code), capture_output=True, text=True, check=False)
    if done.returncode:
        reason = "\n".join(done.stderr.strip().splitlines()[-5:])
        msg = f"the wheels for {target.architecture} could not be installed:\n{reason}"
        raise BuildFailed(msg)


def _installer(target: Target, requirements: Path, code: Path) -> list[str]:
    version = f"{target.version[0]}.{target.version[1]}"
    # The list is complete and pinned; looking for dependencies would evaluate their conditions for this machine.
    common = [
        "--no-deps",
        "--only-binary=:all:",
        f"--python-version={version}",
        f"--target={code}",
        "-r",
        str(requirements),
    ]
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode == 0:
        # pip wants every platform by name; manylinux2014 stands for 2.17 and older (PEP 599).
        minors = range(18, 27 if target.old else 35)
        names = ["manylinux2014", *(f"manylinux_2_{minor}" for minor in minors)]
        platforms = [f"--platform={name}_{target.machine}" for name in names]
        quiet = ["--quiet", "--disable-pip-version-check", "--no-compile", "--implementation=cp"]
        return [*pip, "install", *quiet, *platforms, *common]
    if uv := shutil.which("uv"):
        newest = "manylinux2014" if target.old else "manylinux_2_34"
        return [uv, "pip", "install", "--quiet", f"--python-platform={target.machine}-{newest}", *common]
    msg = f"neither pip (in {sys.executable}) nor uv is here"
    raise BuildFailed(msg)


def copy_needed(root: Path, package: str, modules: Iterable[str], code: Path) -> None:
    """Copy from the checkout at `root` into `code` the modules of `package` that `modules` import, directly or not.

    Imports within functions count too.
    """
    wanted, found = list(modules), set[str]()
    while wanted:
        name = wanted.pop()
        path = root / name.replace(".", "/")
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name in found or not name.startswith(f"{package}.") or not file.is_file():
            continue  # `from` doesn't tell names of a module from modules
        found.add(name)
        target = code / file.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        wanted += [name.rpartition(".")[0], *_imported(file)]


def _imported(file: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def prune(code: Path) -> None:
    """Remove what no function runs: tests, stubs, sources in C, package records. Licence texts move to licences/."""
    for record in sorted(code.glob("*.dist-info")):
        _keep_licences(record, code / "licences" / record.name.partition("-")[0])
        shutil.rmtree(record)
    unused = {path for pattern in _NEVER_IMPORTED for path in code.glob(pattern)}
    for path in sorted(code.rglob("*"), reverse=True):
        named = path.name in (_DROPPED_FOLDERS if path.is_dir() else _DROPPED_FILES)
        if named or path in unused or (path.suffix in _DROPPED_SUFFIXES and path.is_file()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _keep_licences(record: Path, kept: Path) -> None:
    for path in sorted(record.rglob("*")):
        if path.is_file() and path.name.upper().startswith(("LICEN", "NOTICE", "COPYING")):
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, kept / path.name)


def strip(code: Path, target: Target) -> str | None:
    """Take debugging symbols out of the native modules; return the tool that could, None if there is none here.

    Worth a quarter of the zip, but an extra: a tool that does not know the architecture says so and changes nothing.
    """
    modules = sorted(code.rglob("*.so"))
    for name in (f"{target.machine}-linux-gnu-strip", "llvm-strip", "strip"):
        tool = shutil.which(name)
        if tool and all(_stripped(tool, module) for module in modules):
            return name
    return None


def _stripped(tool: str, module: Path) -> bool:
    new = module.with_suffix(".stripped")
    done = subprocess.run([tool, "--strip-debug", "-o", str(new), str(module)], capture_output=True, check=False)
    if done.returncode or not new.is_file():
        new.unlink(missing_ok=True)
        return False
    new.replace(module)
    return True


def compile_all(python: Path, code: Path) -> None:
    """Compile every module with the runtime's own `python`.

    Unchecked-hash: Lambda's zip changes file times, which would make every bytecode file with a time stamp stale.
    """
    invalidation = ["--invalidation-mode", "unchecked-hash"]
    done = subprocess.run(
        [
            str(python),
            "-I",
            "-m",
            "compileall",
            "-q",
            "-f",
            *invalidation,
            "-s",
            str(code),
            "-p",
            _LAMBDA_ROOT,
            str(code),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        msg = f"{python} could not compile the artifact:\n{done.stdout}{done.stderr}"
        raise BuildFailed(msg)


def check_imports(python: Path, code: Path, modules: Iterable[str]) -> None:
    """Import each of `modules` from `code` alone with `python`. Raises BuildFailed naming the first that fails."""
    for module in modules:
        program = f"import sys; sys.path.insert(0, {str(code)!r}); import {module}"
        done = subprocess.run(
            [str(python), "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=False
        )
        if done.returncode:
            msg = f"{module} can't be imported from the artifact:\n{done.stderr}"
            raise BuildFailed(msg)


def pack(code: Path, archive: Path, *, limit: int) -> int:
    """Zip `code` into `archive`; return its size in bytes. Raises BuildFailed above `limit`."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(path for path in code.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(code).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes())
    size = archive.stat().st_size
    if size > limit:
        msg = f"{archive} has {size / 1e6:.2f} MB; the limit is {limit / 1e6:.2f} MB"
        raise BuildFailed(msg)
    return size


def size_of(code: Path) -> int:
    """Return the bytes that the files below `code` hold."""
    return sum(path.stat().st_size for path in code.rglob("*") if path.is_file())
