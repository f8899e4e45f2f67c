"""What `make build` makes of this checkout: fetches the wheels that ship, for both architectures."""

import importlib.util
import os
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
ARCHIVES = ("parity.zip", "smn.zip")
pytestmark = pytest.mark.timeout(600)
"""Wheels are fetched, and every module is compiled and imported by itself: a busy machine takes minutes."""
needs_python = pytest.mark.skipif(PYTHON is None, reason="the runtime's own Python version is not on this machine")

Built = dict[str, Path]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    output = tmp_path_factory.mktemp("build")
    said: list[str] = []
    with ThreadPoolExecutor() as pool:  # most of it is fetching wheels, and other processes' work
        list(pool.map(lambda architecture: build(Target(architecture, VERSION), output, said.append), ARCHITECTURES))
    return {architecture: output / architecture for architecture in ARCHITECTURES}


def names(folder: Path, archive: str = "parity.zip") -> list[str]:
    with zipfile.ZipFile(folder / archive) as opened:
        return opened.namelist()


def pinned(part: str) -> dict[str, str]:
    """What a part of the functions pins: module names and versions."""
    listed = (cfn.ROOT / f"functions/{part}/requirements.txt").read_text("utf-8").splitlines()
    return {
        name.replace("-", "_"): version for name, _, version in (line.partition("==") for line in listed) if version
    }


def compiled(folder: Path, archive: str) -> Iterator[tuple[str, bytes]]:
    """Yield each bytecode file of the zip with its header: magic number and flags (PEP 552)."""
    with zipfile.ZipFile(folder / archive) as opened:
        for name in opened.namelist():
            if name.endswith(".pyc"):
                yield name, opened.read(name)[:8]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("archive", ARCHIVES)
def test_it_is_small(built: Built, architecture: str, archive: str) -> None:
    assert (built[architecture] / archive).stat().st_size <= LIMIT <= 8_000_000


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_function_for_smn_holds_its_own_code_and_what_that_uses_of_the_pipeline(
    built: Built, architecture: str
) -> None:
    inside = names(built[architecture], "smn.zip")
    pins = pinned("smn")
    top = {name.partition("/")[0].removesuffix(".py") for name in inside}
    native = f"_cffi_backend.cpython-{VERSION[0]}{VERSION[1]}-{MACHINES[architecture]}-linux-gnu.so"
    assert top - {"__pycache__"} == set(pins) - {"cffi"} | {native, "attr", "functions", "licences"}
    ours = {name for name in inside if name.startswith("functions/") and name.endswith(".py")}
    assert {name for name in ours if name.startswith("functions/smn/")} == {
        path.relative_to(cfn.ROOT).as_posix() for path in (cfn.ROOT / "functions/smn").glob("*.py")
    }
    assert "functions/pipeline/aws.py" in ours
    assert "functions/pipeline/poll.py" not in ours


def test_both_artifacts_have_the_same_version_of_what_both_have() -> None:
    smn, pipeline = pinned("smn"), pinned("pipeline")
    assert len(smn.keys() & pipeline.keys()) > 10
    assert [name for name in smn.keys() & pipeline.keys() if smn[name] != pipeline[name]] == []
    tried = tomllib.loads((cfn.ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["local"]
    assert f"cryptography=={smn['cryptography']}" in tried


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_holds_the_pipeline_and_its_pinned_dependencies_alone(built: Built, architecture: str) -> None:
    top = {name.partition("/")[0].removesuffix(".py") for name in names(built[architecture])}
    assert top - {"__pycache__"} == set(pinned("pipeline")) | {"attr", "functions", "licences"}
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
@pytest.mark.parametrize("archive", ARCHIVES)
def test_every_module_is_compiled_and_never_checked_against_its_source(
    built: Built, architecture: str, archive: str
) -> None:
    magic = subprocess.run(
        [str(PYTHON), "-c", "import importlib.util; print(importlib.util.MAGIC_NUMBER.hex())"],
        capture_output=True,
        text=True,
        check=True,
    )
    unchecked_hash = bytes.fromhex(magic.stdout) + (1).to_bytes(4, "little")
    headers = dict(compiled(built[architecture], archive))
    sources = [name for name in names(built[architecture], archive) if name.endswith(".py")]
    assert set(headers.values()) == {unchecked_hash}
    tag = f"cpython-{VERSION[0]}{VERSION[1]}"
    wanted = {importlib.util.cache_from_source(name).replace(_own_tag(), tag) for name in sources}
    assert wanted == set(headers)


def _own_tag() -> str:
    return importlib.util.cache_from_source("x.py").split(".")[1]


@needs_python
def test_a_traceback_names_the_files_as_lambda_has_them(built: Built) -> None:
    code = built["x86_64"] / "code/pipeline"
    path = code / f"functions/pipeline/__pycache__/poll.cpython-{VERSION[0]}{VERSION[1]}.pyc"
    assert b"/var/task/functions/pipeline/poll.py" in path.read_bytes()
    assert str(code).encode() not in path.read_bytes()


@needs_python
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="native modules of another machine can't be run")
@pytest.mark.parametrize("handler", handlers(TEMPLATE))
def test_a_handler_runs_from_the_artifact_alone_and_loads_no_server_and_no_sdk(built: Built, handler: str) -> None:
    code = built["x86_64"] / "code" / handler.split(".")[1]
    program = (
        f"import sys; sys.path.insert(0, {str(code)!r}); import {handler}; "
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
    assert template["Resources"]["SmnFunction"]["Properties"]["CodeUri"] == "smn.zip"
    assert template["Parameters"]["Architecture"]["AllowedValues"] == [architecture]
    assert template["Parameters"]["Runtime"]["AllowedValues"] == [f"python{VERSION[0]}.{VERSION[1]}"]


def test_every_handler_of_the_template_is_checked() -> None:
    assert [callable(import_module(module).handler) for module in handlers(TEMPLATE)] == [True] * 9
