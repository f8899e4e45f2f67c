"""CloudFormation's linter knows no SAM, so it reads what SAM makes of the template."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.template import cfn


def lint(template: dict[str, Any], folder: Path) -> str:
    path = folder / "expanded.json"
    path.write_text(json.dumps(template), "utf-8")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1", "--", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_the_expanded_template_has_no_finding(expanded: dict[str, Any], tmp_path: Path) -> None:
    assert lint(expanded, tmp_path) == ""


def test_a_wrong_value_inside_a_function_would_be_found(tmp_path: Path) -> None:
    broken = cfn.raw()
    broken["Resources"]["PollFunction"]["Properties"]["RecursiveLoop"] = "Alow"

    assert "E3030" in lint(cfn.expand(broken), tmp_path)
