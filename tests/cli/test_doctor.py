"""`parity doctor`: one line for each thing, and what to repair."""

import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from tests.cli.conftest import KEY, TOKEN, Parity
from tests.cli.served_door import Scripted, ServedDoor

REFUSED_AS_IT_SHOULD = Scripted(422, {"errors": [{"field": "job_id", "message": "required"}]})
EMPTY: dict[str, Any] = {"comparisons": [], "next": None}


def levels(parity: Parity) -> tuple[int, dict[str, tuple[str, str]]]:
    ended = parity("doctor", "--json")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    return ended.code, {line["subject"]: (line["level"], line["told"]) for line in lines}


def healthy(door: ServedDoor) -> None:
    door.answer("GET /comparisons", Scripted(200, EMPTY))
    door.answer("POST /comparisons", REFUSED_AS_IT_SHOULD)


def test_where_all_is_well_every_line_is_ok(parity: Parity, door: ServedDoor) -> None:
    healthy(door)
    ended = parity("doctor")
    assert ended.code == 0
    assert {line.split()[0] for line in ended.out.splitlines()} == {"ok"}
    assert TOKEN not in ended.out
    assert KEY not in ended.out


def test_the_request_that_it_sends_can_not_become_a_comparison(parity: Parity, door: ServedDoor) -> None:
    healthy(door)
    parity("doctor")
    assert [asked.body for asked in door.asked if asked.method == "POST"] == [b"{}"]


def test_a_wrong_token_and_a_wrong_key_are_told_apart(parity: Parity, door: ServedDoor) -> None:
    healthy(door)
    door.answer("GET /comparisons", Scripted(401, {}))
    code, found = levels(parity)
    assert (code, found["token"][0], found["signing key"][0]) == (2, "fail", "ok")
    healthy(door)
    door.answer("POST /comparisons", Scripted(401, {}))
    code, found = levels(parity)
    assert (code, found["token"][0], found["signing key"][0]) == (2, "ok", "fail")


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, "ok"), (90, "warn"), (-90, "warn"), (1000, "fail"), (-1000, "fail")]
)
def test_a_clock_that_is_off_is_told_before_it_breaks_signatures(
    parity: Parity, door: ServedDoor, seconds: float, level: str
) -> None:
    healthy(door)
    date = formatdate(time.time() + seconds, usegmt=True)
    door.answer("GET /comparisons", Scripted(200, EMPTY, {"date": date}))
    code, found = levels(parity)
    assert found["clock"][0] == level
    assert code == (2 if level == "fail" else 0)


def test_functions_without_their_permissions_are_told(parity: Parity, door: ServedDoor) -> None:
    healthy(door)
    door.answer("POST /comparisons", Scripted(503, {"detail": "Nothing was stored."}))
    code, found = levels(parity)
    assert code == 2
    assert found["permissions"][0] == "fail"


def test_another_service_at_the_address_is_told(parity: Parity, door: ServedDoor) -> None:
    code, found = levels(parity)
    assert code == 2
    assert found["reachability"] == ("fail", "HTTP 404: no Parity answers at this address")


def test_nobody_at_the_address_is_told(parity: Parity, door: ServedDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_URL", "http://127.0.0.1:1")
    code, found = levels(parity)
    assert code == 2
    assert found["reachability"][0] == "fail"


def test_secrets_that_are_not_configured_are_named(
    parity: Parity, door: ServedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARITY_TOKEN")
    monkeypatch.delenv("PARITY_WEBHOOK_SECRET")
    code, found = levels(parity)
    assert code == 2
    assert "PARITY_TOKEN" in found["token"][1]
    assert "PARITY_WEBHOOK_SECRET" in found["signing key"][1]


def test_without_any_deployment_this_machine_is_checked_all_the_same(parity: Parity) -> None:
    code, found = levels(parity)
    assert code == 2
    assert found["template"][0] == "ok"
    assert found["configuration"][0] == "fail"
    assert "parity up" in found["configuration"][1]
