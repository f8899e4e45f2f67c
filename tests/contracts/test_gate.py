"""The gate that users copy: its exit codes, its patience, and what it never gives away."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from functions.local.contracts.documents import ROOT
from functions.local.exit_codes import OF_VERDICT
from functions.pipeline import signature
from functions.pipeline.credentials_text import webhook_keys
from functions.pipeline.verdict import RANK
from tests.cli.conftest import KEY, TOKEN
from tests.cli.served_door import Scripted, ServedDoor, serving

GATE = ROOT / "events/snippets/parity_gate.py"
ID = "cmp_" + "0" * 32
ACCEPTED = Scripted(202, {"comparison_id": ID, "status_url": f"/comparisons/{ID}"})
REQUEST = b'{"job_id": "j",\n "object_level_compare_type": "objects"}'


def finished(verdict: str, summary: str = "as it is") -> Scripted:
    event = {"id": f"{ID}:finished", "data": {"verdict": verdict, "summary": summary, "next_step": "Look."}}
    return Scripted(200, {"comparison_id": ID, "state": "finished", "verdict": verdict, "event": event})


def polling(**headers: str) -> Scripted:
    return Scripted(200, {"comparison_id": ID, "state": "polling"}, headers)


def gate(folder: Path, url: str, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "request.json").write_bytes(REQUEST)
    given = {"PARITY_URL": url, "PARITY_TOKEN": TOKEN, "PARITY_WEBHOOK_SECRET": KEY} | env
    return subprocess.run(
        [sys.executable, "-I", GATE, "request.json", "--id", "r-1", *options],
        cwd=folder,
        env={name: value for name, value in (os.environ | given).items() if value and "proxy" not in name.lower()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def told_by(door: ServedDoor, *answers: Scripted, post: tuple[Scripted, ...] = (ACCEPTED,)) -> None:
    door.answer("POST /comparisons", *post)
    door.answer(f"GET /comparisons/{ID}", *answers)


def test_it_exits_by_the_verdict_as_the_command_line_does(tmp_path: Path) -> None:
    source = GATE.read_text()
    (table,) = re.findall(r"^EXIT = (\{.*?^\})", source, re.MULTILINE | re.DOTALL)
    assert json.loads(table.replace(",\n}", "\n}")) == OF_VERDICT
    assert {*OF_VERDICT} == {*RANK}
    with serving() as door:
        for verdict, code in (("inconsistent", 1), ("consistent", 0), ("of a next release", 3)):
            told_by(door, finished(verdict))
            ended = gate(tmp_path, door.url)
            assert (ended.returncode, f"{verdict}: as it is Look." in ended.stdout) == (code, True)


def test_it_signs_as_the_webhook_wants_and_keeps_the_finished_event(tmp_path: Path) -> None:
    with serving() as door:
        told_by(door, finished("consistent"))
        assert gate(tmp_path, door.url + "/", "--event", "event.json").returncode == 0
        post, look = door.asked
    assert json.loads((tmp_path / "event.json").read_text())["id"] == f"{ID}:finished"
    assert post.body == REQUEST
    keys = webhook_keys(KEY)
    assert signature.verify(post.headers, post.body, keys, int(post.headers["webhook-timestamp"])) == "r-1"
    assert look.headers["authorization"] == f"Bearer {TOKEN}"


def test_it_asks_again_with_the_same_id_where_nobody_answered_and_waits_as_it_is_told(tmp_path: Path) -> None:
    busy = Scripted(503, {"status": 503}, {"retry-after": "1"})
    with serving() as door:
        told_by(door, busy, polling(**{"retry-after": "1"}), finished("consistent"), post=(busy, ACCEPTED))
        assert gate(tmp_path, door.url).returncode == 0
        assert [asked.method for asked in door.asked] == ["POST", "POST", "GET", "GET", "GET"]
        assert {asked.headers["webhook-id"] for asked in door.asked[:2]} == {"r-1"}


@pytest.mark.parametrize("status", [400, 401, 409, 422])
def test_a_refused_request_is_not_sent_again(status: int, tmp_path: Path) -> None:
    with serving() as door:
        told_by(door, post=(Scripted(status, {"detail": "The reason."}),))
        ended = gate(tmp_path, door.url)
        assert (ended.returncode, "The reason." in ended.stdout, len(door.asked)) == (2, True, 1)


def test_it_gives_up_with_75_after_its_time(tmp_path: Path) -> None:
    with serving() as door:
        told_by(door, polling(**{"retry-after": "60"}))
        ended = gate(tmp_path, door.url, "--timeout", "0.5")
    assert (ended.returncode, "no verdict yet" in ended.stdout) == (75, True)
    nobody = gate(tmp_path, door.url, "--timeout", "0.5")
    assert (nobody.returncode, "no answer" in nobody.stdout) == (75, True)


def test_names_in_a_summary_start_no_line_of_their_own(tmp_path: Path) -> None:
    with serving() as door:
        told_by(door, finished("inconsistent", "table a\n::set-env name=X::y\r\x1b[2J\u202e"))
        ended = gate(tmp_path, door.url)
    assert ended.returncode == 1
    assert all(line.startswith("parity: ") for line in ended.stdout.splitlines())
    assert not {"\r", "\x1b", "\u202e"} & {*ended.stdout}


def test_a_redirect_gets_neither_request_nor_token(tmp_path: Path) -> None:
    with serving() as elsewhere, serving() as door:
        told_by(door, Scripted(302, {}, {"location": f"{elsewhere.url}/comparisons/{ID}"}))
        assert gate(tmp_path, door.url).returncode == 2
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"PARITY_TOKEN": ""}, "PARITY_TOKEN"),
        ({"PARITY_WEBHOOK_SECRET": "not base64!"}, "PARITY_WEBHOOK_SECRET"),
        ({"PARITY_URL": "http://parity.example"}, "PARITY_URL must be https://"),
    ],
)
def test_what_is_missing_or_wrong_is_named_without_its_value(env: dict[str, str], named: str, tmp_path: Path) -> None:
    ended = gate(tmp_path, "http://127.0.0.1:9", **env)
    assert (ended.returncode, named in ended.stderr + ended.stdout) == (2, True)
    assert "not base64!" not in ended.stderr + ended.stdout
