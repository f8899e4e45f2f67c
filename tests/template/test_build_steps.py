"""The build on a checkout of a few lines without dependencies: no network, no waiting."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import pytest

from functions.local.artifact import BuildFailed, Target, check_imports, compile_all, pack, prune
from functions.local.build import build, built_template, default_runtime, main
from tests.template import cfn

TARGET = Target("arm64", (3, 13))
TEMPLATE = """\
Parameters:
  Runtime:
    Type: String
    Default: python3.13
    AllowedValues: [python3.12, python3.13]
  Architecture:
    Type: String
    Default: arm64
    AllowedValues: [arm64, x86_64]
Globals:
  Function:
    CodeUri: functions/pipeline
Resources:
  PollFunction:
    Properties:
      Handler: functions.pipeline.poll.handler
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    code = root / "functions/pipeline"
    code.mkdir(parents=True)
    (root / "template.yaml").write_text(TEMPLATE)
    (code / "requirements.txt").write_text("# nothing\n")
    (code / "poll.py").write_text("def handler(event, context): ...\n")
    return root


def quiet(_line: str) -> None: ...


def nobody(_version: tuple[int, int]) -> None:
    return None


def test_without_the_runtimes_python_it_builds_and_says_what_is_missing(checkout: Path, tmp_path: Path) -> None:
    said: list[str] = []

    build(TARGET, tmp_path / "out", said.append, root=checkout, find=nobody)

    assert [line for line in said if "WITHOUT bytecode" in line and "3.13" in line]
    code = tmp_path / "out/arm64/code/pipeline"
    assert [path.relative_to(code).as_posix() for path in code.rglob("*") if path.is_file()] == [
        "functions/pipeline/poll.py"
    ]


def test_a_handler_that_is_not_there_fails_the_build(checkout: Path, tmp_path: Path) -> None:
    (checkout / "functions/pipeline/poll.py").unlink()

    with pytest.raises(BuildFailed, match=r"functions\.pipeline\.poll"):
        build(TARGET, tmp_path / "out", quiet, root=checkout, find=nobody)


def test_too_large_an_artifact_fails_the_build(checkout: Path, tmp_path: Path) -> None:
    (checkout / "functions/pipeline/data.bin").write_bytes(os.urandom(20_000))

    with pytest.raises(BuildFailed, match=r"0\.02 MB; the limit is 0\.01 MB"):
        build(TARGET, tmp_path / "out", quiet, root=checkout, find=nobody, limit=10_000)


def test_a_module_that_needs_more_than_the_artifact_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text("import aiohttp\n")  # here in the tests' environment, not in the artifact

    with pytest.raises(BuildFailed, match="aiohttp"):
        check_imports(Path(sys.executable), tmp_path, ["needy"])


def test_a_syntax_error_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def\n")

    with pytest.raises(BuildFailed, match=r"broken\.py"):
        compile_all(Path(sys.executable), tmp_path)


def test_the_same_code_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for name, stamp in (("one", 1_000_000_000), ("two", 2_000_000_000)):
        code = tmp_path / name
        shutil.copytree(cfn.ROOT / "functions/pipeline", code / "functions/pipeline")
        prune(code)
        for path in code.rglob("*.py"):
            os.utime(path, (stamp, stamp))
        compile_all(Path(sys.executable), code)
        pack(code, tmp_path / f"{name}.zip", limit=1_000_000)
        digests.add(hashlib.sha256((tmp_path / f"{name}.zip").read_bytes()).hexdigest())

    assert len(digests) == 1


def test_what_no_function_runs_is_left_out_and_licences_stay(tmp_path: Path) -> None:
    for name in ("lib/a.py", "lib/a.pyi", "lib/py.typed", "lib/a.pyx", "lib/a.h", "lib/tests/test_a.py", "bin/lib"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    record = tmp_path / "lib-1.0.dist-info"
    (record / "licenses").mkdir(parents=True)
    (record / "METADATA").write_text("")
    (record / "licenses/LICENSE.txt").write_text("may be used")

    prune(tmp_path)

    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == [
        "lib/a.py",
        "licences/lib/LICENSE.txt",
    ]


def test_the_built_template_leaves_no_choice_that_its_code_does_not_serve() -> None:
    written = (cfn.ROOT / "template.yaml").read_text("utf-8")

    built = built_template(written, Target("x86_64", (3, 12)))

    changed = [line for line in built.splitlines() if line not in written.splitlines()]
    assert changed == [
        "    Default: python3.12",
        "    AllowedValues: [python3.12]",
        "    Default: x86_64",
        "    AllowedValues: [x86_64]",
        "    CodeUri: parity.zip",
        "      CodeUri: smn.zip",
    ]


def test_a_template_that_the_build_does_not_understand_fails_it() -> None:
    with pytest.raises(BuildFailed, match="CodeUri"):
        built_template(TEMPLATE.replace("functions/pipeline", "."), TARGET)
    with pytest.raises(BuildFailed, match="Runtime"):
        default_runtime("Parameters: {}\n")


def test_the_runtime_is_that_of_the_template() -> None:
    assert default_runtime((cfn.ROOT / "template.yaml").read_text("utf-8")) == (3, 13)


@pytest.mark.parametrize("arguments", [["--runtime", "3.13"], ["--architecture", "riscv"]])
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)

    assert refused.value.code == 2
    assert arguments[0] in capsys.readouterr().err
