"""`parity map`: a mapping tried on a payload, before it goes into the secret."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.local.cli import main

MAPPING = {"id": "alarm.id", "request": {"job_id": "alarm.job", "object_level_compare_type": "'objects'"}}
PAYLOAD = {"alarm": {"id": 7, "job": "job-1"}}


def tried(folder: Path, mapping: Any, payload: Any) -> int:
    for name, content in (("mapping.json", mapping), ("payload.json", payload)):
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return main(["map", str(folder / "mapping.json"), str(folder / "payload.json")])


def test_the_request_is_printed_as_json_and_the_id_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tmp_path, MAPPING, PAYLOAD) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {"job_id": "job-1", "object_level_compare_type": "objects"}
    assert "id 7" in told.err


def test_a_name_does_nothing_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = MAPPING["request"] | {"labels": {"x": "alarm.name"}}  # type: ignore[operator]
    named = {"alarm": PAYLOAD["alarm"] | {"name": "\u202e\u2028\x9b2J库"}}
    assert tried(tmp_path, {"request": request}, named) == 0
    told = capsys.readouterr().out
    assert all(line.isprintable() for line in told.split("\n"))
    assert json.loads(told)["labels"] == {"x": "\u202e\u2028\x9b2J库"}


def test_what_is_missing_is_named_with_the_expression_that_found_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tmp_path, MAPPING, {"alarm": {"id": 7}}) == 2
    assert "job_id: required (mapped from alarm.job)" in capsys.readouterr().out


def test_a_payload_that_is_not_ours_is_no_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tried(tmp_path, MAPPING | {"when": "alarm.ended"}, PAYLOAD) == 2
    assert "`when` doesn't hold" in capsys.readouterr().out


def test_a_project_of_any_name_is_taken_as_configured(tmp_path: Path) -> None:
    request = MAPPING["request"] | {"project_id": f"'{'a' * 32}'"}  # type: ignore[operator]
    assert tried(tmp_path, {"request": request}, PAYLOAD) == 0
    assert tried(tmp_path, {"request": request | {"project_id": "'A'"}}, PAYLOAD) == 2


@pytest.mark.parametrize(
    ("mapping", "payload", "said"),
    [
        ({"reqest": {}}, PAYLOAD, "reqest: unknown field"),
        ({"request": "a..b"}, PAYLOAD, "mapping.request: "),
        ("[]", PAYLOAD, "MAPPING: .*JSON object"),
        (MAPPING, "{", "PAYLOAD: .*must be JSON"),
    ],
)
def test_a_file_that_is_wrong_is_told_by_name(
    mapping: Any, payload: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(tmp_path, mapping, payload) == 2
    assert re.search(said, capsys.readouterr().err)


def test_a_missing_file_is_told_and_the_payload_may_come_from_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mapping.json").write_text(json.dumps(MAPPING))
    assert main(["map", str(tmp_path / "mapping.json"), str(tmp_path / "nothing.json")]) == 2
    assert "PAYLOAD: " in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(PAYLOAD).encode())))
    assert main(["map", str(tmp_path / "mapping.json"), "-"]) == 0
