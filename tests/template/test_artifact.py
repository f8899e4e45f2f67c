"""What `make build` makes of this checkout: fetches the wheels that ship, for both architectures."""

import importlib.util
import os
import subprocess
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from functions.local.artifact import MACHINES, Target
from functions.local.build import LIMIT, build, default_runtime, handlers
from functions.local.pythons import find_python
from tests.template import cfn

TEMPLATE = (cfn.ROOT / "template.yaml").read_text("utf-8")
VERSION = default_runtime(TEMPLATE)
PYTHON = find_python(VERSION, os.environ)
ARCHITECTURES = sorted(MACHINES)
needs_python = pytest.mark.skipif(PYTHON is None, reason="the runtime's own Python version is not on this machine")

Built = dict[str, Path]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    output = tmp_path_factory.mktemp("build")
    said: list[str] = []
    for architecture in ARCHITECTURES:
        build(Target(architecture, VERSION), output, said.append)
    return {architecture: output / architecture for architecture in ARCHITECTURES}


def names(folder: Path) -> list[str]:
    with zipfile.ZipFile(folder / "parity.zip") as archive:
        return archive.namelist()


def compiled(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each bytecode file of the zip with its header: magic number and flags (PEP 552)."""
    with zipfile.ZipFile(folder / "parity.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".pyc"):
                yield name, archive.read(name)[:8]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_is_small(built: Built, architecture: str) -> None:
    assert (built[architecture] / "parity.zip").stat().st_size <= LIMIT <= 8_000_000


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_holds_the_pipeline_and_its_pinned_dependencies_alone(built: Built, architecture: str) -> None:
    listed = (cfn.ROOT / "functions/pipeline/requirements.txt").read_text("utf-8").splitlines()
    pinned = {line.partition("==")[0].replace("-", "_") for line in listed if "==" in line}
    top = {name.partition("/")[0].removesuffix(".py") for name in names(built[architecture])}
    assert top - {"__pycache__"} == pinned | {"attr", "functions", "licences"}
    ours = {name.split("/")[1] for name in names(built[architecture]) if name.startswith("functions/")}
    assert ours == {"pipeline"}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_holds_every_module_of_the_pipeline(built: Built, architecture: str) -> None:
    folder = cfn.ROOT / "functions/pipeline"
    modules = {path.relative_to(cfn.ROOT).as_posix() for path in folder.rglob("*.py")}
    assert modules == {n for n in names(built[architecture]) if n.startswith("functions/") and n.endswith(".py")}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_aws_sdk_is_in_it(built: Built, architecture: str) -> None:
    found = [name for name in names(built[architecture]) if name.startswith(("boto", "aiobotocore", "s3transfer"))]
    assert found == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_native_modules_are_for_its_machine_and_python(built: Built, architecture: str) -> None:
    native = [name for name in names(built[architecture]) if name.endswith(".so")]
    tag = f".cpython-{VERSION[0]}{VERSION[1]}-{MACHINES[architecture]}-linux-gnu.so"
    assert native
    assert [name for name in native if not name.endswith(tag)] == []


@needs_python
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_module_is_compiled_and_never_checked_against_its_source(built: Built, architecture: str) -> None:
    magic = subprocess.run(
        [str(PYTHON), "-c", "import importlib.util; print(importlib.util.MAGIC_NUMBER.hex())"],
        capture_output=True,
        text=True,
        check=True,
    )
    unchecked_hash = bytes.fromhex(magic.stdout) + (1).to_bytes(4, "little")
    headers = dict(compiled(built[architecture]))
    sources = [name for name in names(built[architecture]) if name.endswith(".py")]
    assert set(headers.values()) == {unchecked_hash}
    tag = f"cpython-{VERSION[0]}{VERSION[1]}"
    wanted = {importlib.util.cache_from_source(name).replace(_own_tag(), tag) for name in sources}
    assert wanted == set(headers)


def _own_tag() -> str:
    return importlib.util.cache_from_source("x.py").split(".")[1]


@needs_python
def test_a_traceback_names_the_files_as_lambda_has_them(built: Built) -> None:
    code = built["x86_64"] / "code"
    path = code / f"functions/pipeline/__pycache__/poll.cpython-{VERSION[0]}{VERSION[1]}.pyc"
    assert b"/var/task/functions/pipeline/poll.py" in path.read_bytes()
    assert str(code).encode() not in path.read_bytes()


@needs_python
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="native modules of another machine can't be run")
@pytest.mark.parametrize("handler", handlers(TEMPLATE))
def test_a_handler_runs_from_the_artifact_alone_and_loads_no_server_and_no_sdk(built: Built, handler: str) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(built['x86_64'] / 'code')!r}); import {handler}; "
        f"assert callable({handler}.handler); print(*sys.modules)"
    )
    done = subprocess.run([str(PYTHON), "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert not loaded & {"aiohttp.web", "boto3", "botocore", "aiobotocore", "moto", "functions.local"}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_its_template_takes_the_zip_as_it_is(built: Built, architecture: str) -> None:
    template = cfn.raw(built[architecture] / "template.yaml")
    assert template["Globals"]["Function"]["CodeUri"] == "parity.zip"
    assert template["Parameters"]["Architecture"]["AllowedValues"] == [architecture]
    assert template["Parameters"]["Runtime"]["AllowedValues"] == [f"python{VERSION[0]}.{VERSION[1]}"]


def test_every_handler_of_the_template_is_checked() -> None:
    assert [callable(import_module(module).handler) for module in handlers(TEMPLATE)] == [True] * 8
