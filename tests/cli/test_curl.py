"""The webhook to copy and paste: a shell signs exactly what our verifier accepts."""

import base64
import json
import subprocess
import time
from pathlib import Path

import pytest

from functions.local.curl import curl_lines, sample_request
from functions.pipeline import signature
from tests.cli.served_door import Scripted, serving
from tests.cli.shell_tools import LACKING, WHY_SKIPPED

KEYS = [bytes(range(24)), b"\x00" * 32, b"\xff" * 64, bytes(range(200, 233))]


@pytest.mark.skipif(bool(LACKING), reason=WHY_SKIPPED)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("prefix", ["", "whsec_"])
def test_the_shell_signs_what_the_verifier_accepts(key: bytes, prefix: str, tmp_path: Path) -> None:
    body = sample_request('a job\'s "id"')
    secret = prefix + base64.b64encode(key).decode().rstrip("=")
    with serving() as door:
        door.answer("POST /comparisons", Scripted(202, {}))
        script = "\n".join(curl_lines(door.url, secret, body))
        subprocess.run(["bash", "-euc", script], check=True, capture_output=True, timeout=60, cwd=tmp_path)
        (asked,) = door.asked
    assert asked.body.decode() == body
    assert json.loads(asked.body)["job_id"] == 'a job\'s "id"'
    assert asked.headers["content-type"] == "application/json"
    assert signature.verify(asked.headers, asked.body, [key], time.time()).startswith("curl-")
