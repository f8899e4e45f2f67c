"""send, watch, status, list and cancel against a deployment: what they send, what they show, how they end."""

import base64
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from functions.local.exit_codes import OF_VERDICT
from functions.pipeline import signature
from functions.pipeline.comparison import Verdict
from tests.cli.conftest import KEY, TOKEN, Parity
from tests.cli.served_door import Scripted, ServedDoor

ID = "cmp_" + "ab" * 16
PATH = f"/comparisons/{ID}"
CODES = {
    "consistent": 0,
    "inconsistent": 1,
    "incomplete": 3,
    "failed": 4,
    "cancelled": 4,
    "timed_out": 4,
    "expired": 5,
    "superseded": 6,
    "rejected": 7,
}


def event(verdict: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "parity.comparison.finished.v1",
        "id": f"{ID}:finished",
        "data": {"verdict": verdict, "summary": f"it was {verdict}", "drs_tasks": [], **data},
    }


def view(state: str, **more: Any) -> dict[str, Any]:
    return {"comparison_id": ID, "job_id": "job-1", "state": state, "accepted_at": "2026-11-21T12:00:00.000Z", **more}


def finished(verdict: str) -> Scripted:
    return Scripted(200, view("finished", verdict=verdict, event=event(verdict)))


@pytest.fixture
def request_file(home: Path) -> str:
    (home / "request.json").write_text('{"job_id": "job-1", "object_level_compare_type": "objects"}')
    return "request.json"


def accepted() -> Scripted:
    return Scripted(202, {"comparison_id": ID, "status_url": PATH}, {"location": PATH, "retry-after": "0"})


def test_every_verdict_has_its_exit_code() -> None:
    assert OF_VERDICT == CODES
    assert set(CODES) == set(get_args(Verdict))


@pytest.mark.parametrize("verdict", sorted(CODES))
def test_status_and_watch_exit_by_the_verdict(parity: Parity, door: ServedDoor, verdict: str) -> None:
    door.answer(f"GET {PATH}", finished(verdict))
    for command in ("status", "watch"):
        ended = parity(command, ID)
        assert ended.code == CODES[verdict]
        assert f"{verdict}: it was {verdict}" in ended.out


def test_status_of_a_running_comparison_exits_75_and_tells_how_far_it_is(parity: Parity, door: ServedDoor) -> None:
    tasks = [{"level": "lines", "compare_task_id": "t-1", "origin": "created", "status": "RUNNING"}]
    trouble = {"code": "DRS.M00304", "message": "not ready", "at": "2026-11-21T12:00:01.000Z"}
    door.answer(f"GET {PATH}", Scripted(200, view("polling", drs_tasks=tasks, last_trouble=trouble)))
    ended = parity("status", ID)
    assert ended.code == 75
    assert "polling" in ended.out
    assert "t-1  RUNNING" in ended.out
    assert "DRS.M00304: not ready" in ended.out


def test_the_token_is_sent_as_a_bearer_and_never_shown(parity: Parity, door: ServedDoor) -> None:
    door.answer(f"GET {PATH}", Scripted(401, {"detail": "A valid bearer token is needed."}))
    ended = parity("status", ID)
    assert door.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert ended.code == 2
    assert "A valid bearer token is needed. Check the secret" in ended.err
    assert TOKEN not in ended.out + ended.err


def test_watch_follows_until_the_event_is_there_and_tells_each_change_once(parity: Parity, door: ServedDoor) -> None:
    quick = {"retry-after": "0"}
    door.answer(
        f"GET {PATH}",
        Scripted(200, view("accepted"), quick),
        Scripted(200, view("accepted"), quick),
        Scripted(503, {"detail": "Not to be told right now; ask again."}),
        finished("consistent"),
    )
    ended = parity("watch", ID)
    assert ended.code == 0
    assert len(door.asked) == 4
    assert ended.err.splitlines() == [f"{ID}: accepted, waiting for DRS to take it"]


def test_watch_shows_how_many_tables_were_compared_and_then_which_rows_differ(parity: Parity, door: ServedDoor) -> None:
    task = {"level": "contents", "status": "RUNNING", "tables_compared": 3, "tables": 12}
    rows = [
        {"source_key": ["3"], "target_key": ["3"]},
        {"source_key": ["7", None], "target_key": [], "source_sql": "SELECT"},
        {"source_key": [], "target_key": ["99"]},
    ]
    tables = [
        {"source_db": "shop", "source_table": "a", "source_rows": 30, "target_rows": 30, "result": "inconsistent"}
        | {"difference_rows": 41, "rows": rows, "rows_omitted": 38},
        {"source_db": "shop", "source_table": "b", "source_rows": 1, "target_rows": 1, "result": "inconsistent"}
        | {"difference_rows": 1},
        {"source_db": "shop", "source_table": "c", "result": "incomplete", "message": "No column in common."},
    ]
    ended = Scripted(200, view("finished", event=event("inconsistent", data={"level": "contents", "tables": tables})))
    door.answer(f"GET {PATH}", Scripted(200, view("polling", drs_tasks=[task]), {"retry-after": "0"}), ended)
    found = parity("watch", ID)
    assert "at DRS: contents RUNNING (3 of 12 tables)" in found.err
    lines = [" ".join(line.split()) for line in found.out.splitlines()]
    assert "values source target" in lines
    assert "shop.a 30 30 DIFFERENT 41 rows differ" in lines
    assert lines[2:5] == ["changed 3", "only in source 7, NULL", "only in target 99"]
    assert "… and 38 more differing rows" in lines
    assert "shop.b 1 1 DIFFERENT 1 row differs" in lines
    assert "shop.c - - not compared no column in common" in lines


def test_rows_whose_keys_look_alike_are_told_by_their_statements(parity: Parity, door: ServedDoor) -> None:
    rows = [
        {"source_key": ["1"], "target_key": [], "source_sql": "SELECT * FROM t WHERE k = 1"},
        {"source_key": [], "target_key": ["1"], "target_sql": "SELECT * FROM t WHERE k = '1'"},
    ]
    table = {"source_db": "shop", "source_table": "t", "result": "inconsistent", "difference_rows": 2, "rows": rows}
    found = event("inconsistent", data={"level": "contents", "tables": [table]})
    door.answer(f"GET {PATH}", Scripted(200, view("finished", event=found)))
    lines = [" ".join(line.split()) for line in parity("watch", ID).out.splitlines()]
    assert "only in source k = 1" in lines
    assert "only in target k = '1'" in lines


def test_thousands_of_tables_are_told_by_the_totals_in_one_line(parity: Parity, door: ServedDoor) -> None:
    table = {"source_db": "shop", "source_rows": 1, "target_rows": 1}
    tables = [
        {**table, "source_table": f"t{n}", "result": "consistent" if n > 20 else "inconsistent"} for n in range(99)
    ]
    data = {"level": "lines", "tables": tables, "tables_omitted": 3_902}
    data["totals"] = {"compared": 4_000, "inconsistent": 21, "incomplete": 1}
    found = event("inconsistent", data=data)
    door.answer(f"GET {PATH}", Scripted(200, view("finished", event=found)))
    told = parity("watch", ID).out
    assert "in all 4,001 tables: 3,979 same, 21 different, 1 not compared" in told
    assert "more tables" not in told
    assert "other table" not in told


def test_watch_as_json_is_the_event_as_one_line_and_nothing_else(parity: Parity, door: ServedDoor) -> None:
    door.answer(f"GET {PATH}", Scripted(200, view("accepted"), {"retry-after": "0"}), finished("inconsistent"))
    ended = parity("watch", ID, "--json")
    assert ended.code == 1
    assert [json.loads(line) for line in ended.out.splitlines()] == [event("inconsistent")]
    assert ended.err == ""


def test_watch_gives_up_when_its_time_is_over(parity: Parity, door: ServedDoor) -> None:
    door.answer(f"GET {PATH}", Scripted(200, view("polling", polls=3)))
    ended = parity("watch", ID, "--timeout", "0")
    assert ended.code == 75
    assert ended.err.splitlines()[-1].endswith("still running")


def test_a_comparison_that_nobody_knows_is_bad_input(parity: Parity, door: ServedDoor) -> None:
    door.answer(f"GET {PATH}", Scripted(404, {"detail": "No comparison has this id, or its id is forgotten."}))
    for command in ("status", "watch"):
        ended = parity(command, ID)
        assert ended.code == 2
        assert "No comparison has this id" in ended.err


def test_send_signs_as_standard_webhooks_has_it(parity: Parity, door: ServedDoor, request_file: str) -> None:
    door.answer("POST /comparisons", accepted())
    ended = parity("send", request_file, "--id", "nightly-1")
    assert ended.code == 0
    assert ID in ended.out
    assert "nightly-1" in ended.out
    (asked,) = door.asked
    key = base64.b64decode(KEY.removeprefix("whsec_"))
    sent_at = int(asked.headers["webhook-timestamp"])
    assert signature.verify(asked.headers, asked.body, [key], sent_at) == "nightly-1"
    assert json.loads(asked.body) == {"job_id": "job-1", "object_level_compare_type": "objects"}
    assert KEY not in ended.out + ended.err


def test_send_without_an_id_makes_a_fresh_one_each_time(parity: Parity, door: ServedDoor, request_file: str) -> None:
    door.answer("POST /comparisons", accepted())
    for _ in range(2):
        assert parity("send", request_file).code == 0
    first, second = (asked.headers["webhook-id"] for asked in door.asked)
    assert first != second


def test_send_and_watch_is_the_verdict_in_one_command(parity: Parity, door: ServedDoor, request_file: str) -> None:
    door.answer("POST /comparisons", accepted())
    door.answer(f"GET {PATH}", finished("superseded"))
    ended = parity("send", request_file, "--watch", "--json")
    assert ended.code == 6
    assert json.loads(ended.out)["data"]["verdict"] == "superseded"


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Scripted(422, {"errors": [{"field": "job_id", "message": "required"}]}), 2, "job_id: required"),
        (Scripted(409, {"detail": "webhook-id: taken."}), 2, "webhook-id: taken"),
        (Scripted(401, {"detail": "The signature is not valid."}), 2, "parity doctor"),
        (Scripted(413, {"message": "Request Entity Too Large"}), 2, "Too Large"),
        (Scripted(429, {"message": "Too Many Requests"}, {"retry-after": "7"}), 75, "try again in 7 s"),
        (Scripted(503, {"detail": "Nothing was stored."}, {"retry-after": "30"}), 75, "try again in 30 s"),
        (Scripted(500, {"message": "Internal Server Error"}), 75, "try again"),
        (Scripted(302, None, {"location": "https://elsewhere.example"}), 2, "302"),
    ],
)
def test_a_refused_request_says_why_and_whether_to_try_again(
    parity: Parity, door: ServedDoor, request_file: str, answer: Scripted, code: int, words: str
) -> None:
    door.answer("POST /comparisons", answer)
    ended = parity("send", request_file)
    assert ended.code == code
    assert words in ended.err
    assert len(ended.err.splitlines()) == 1
    assert len(door.asked) == 1


def test_nobody_at_the_address_is_75_and_one_line(
    parity: Parity, door: ServedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_URL", "http://127.0.0.1:1")
    ended = parity("list")
    assert ended.code == 75
    assert ended.err.splitlines() == ["parity: http://127.0.0.1:1 (PARITY_URL) can't be reached: Connection refused"]


def test_the_option_wins_over_the_environment(
    parity: Parity, door: ServedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_URL", "http://127.0.0.1:1")
    door.answer("GET /comparisons", Scripted(200, {"comparisons": [], "next": None}))
    assert parity("list", "--target", door.url).code == 0


def test_list_passes_its_filters_on_and_reads_every_page(parity: Parity, door: ServedDoor) -> None:
    pages = [
        {"comparisons": [view("finished", verdict="consistent")], "next": "page2"},
        {"comparisons": [view("polling")], "next": None},
    ]
    door.answer("GET /comparisons", *(Scripted(200, page) for page in pages))
    ended = parity("list", "--job", "job-1", "--state", "finished", "--verdict", "consistent")
    assert ended.code == 0
    assert [line.split()[:2] for line in ended.out.splitlines()] == [[ID, "consistent"], [ID, "polling"]]
    assert door.asked[0].query == {"job_id": "job-1", "state": "finished", "verdict": "consistent"}
    assert door.asked[1].query["next"] == "page2"


def test_list_stops_at_its_limit_and_says_that_there_is_more(parity: Parity, door: ServedDoor) -> None:
    door.answer("GET /comparisons", Scripted(200, {"comparisons": [view("polling")] * 3, "next": None}))
    ended = parity("list", "--limit", "2", "--json")
    assert len(ended.out.splitlines()) == 2
    assert "more than 2" in ended.err


def test_cancel_asks_to_stop_and_says_how_to_follow(parity: Parity, door: ServedDoor) -> None:
    door.answer(f"DELETE {PATH}", Scripted(202, view("polling")))
    ended = parity("cancel", ID)
    assert ended.code == 0
    assert f"parity watch {ID}" in ended.out


def test_cancelling_what_has_ended_is_refused(parity: Parity, door: ServedDoor) -> None:
    door.answer(f"DELETE {PATH}", Scripted(409, {"detail": "Already finished: consistent."}))
    ended = parity("cancel", ID)
    assert ended.code == 2
    assert "Already finished: consistent" in ended.err


def rehearsed(would: str = "collide", **drs: Any) -> Scripted:
    job = {"reachable": True, "job_status": "INCRE_TRANSFER_STARTED", "unfinished_tasks": [], **drs}
    why = f"because of {would}"
    told = {
        "dry_run": True,
        "would": would,
        "summary": why,
        "comparison_id": ID,
        "levels": {"lines": {"would": would, "why": why}},
        "drs_request": {
            "method": "POST",
            "url": "https://drs.example/v3/p/jobs/create-compare-task",
            "body": {"job_id": "j"},
        },
        "drs": job,
    }
    return Scripted(200, told)


def test_a_dry_run_is_asked_for_in_the_query_and_shown_to_people(
    parity: Parity, door: ServedDoor, request_file: str
) -> None:
    task = {"compare_task_id": "task-1", "level": "contents", "status": "RUNNING", "comparison_id": ID}
    door.answer("POST /comparisons", rehearsed(unfinished_tasks=[task]))
    ended = parity("send", request_file, "--dry-run")
    assert (ended.code, door.asked[0].query) == (0, {"dry_run": "true"})
    lines = ended.out.splitlines()
    assert lines[0] == "dry run: would be kept out: because of collide"
    assert f"  unfinished  contents task-1: RUNNING, since unknown, of {ID}" in lines
    assert "POST https://drs.example/v3/p/jobs/create-compare-task" in ended.out
    assert json.loads(lines[-1]) == {"job_id": "j"}


def test_a_dry_run_says_that_drs_could_not_be_asked(parity: Parity, door: ServedDoor, request_file: str) -> None:
    door.answer("POST /comparisons", rehearsed("unknown", reachable=False, reason="credentials", message="refused"))
    ended = parity("send", request_file, "--dry-run")
    assert ended.code == 0
    assert "not known (credentials): refused" in ended.out


def test_a_dry_run_in_json_is_the_whole_answer(parity: Parity, door: ServedDoor, request_file: str) -> None:
    door.answer("POST /comparisons", rehearsed("create"))
    ended = parity("send", request_file, "--dry-run", "--json")
    assert json.loads(ended.out) == rehearsed("create").body


def test_a_dry_run_of_a_bad_request_ends_like_the_request(parity: Parity, door: ServedDoor, request_file: str) -> None:
    problem = {"detail": "no", "errors": [{"field": "job_id", "message": "not allowed"}]}
    door.answer("POST /comparisons", Scripted(422, problem))
    ended = parity("send", request_file, "--dry-run")
    assert (ended.code, ended.err) == (2, "parity: refused (HTTP 422): job_id: not allowed\n")


def test_a_dry_run_makes_nothing_to_watch(parity: Parity, door: ServedDoor, request_file: str) -> None:
    ended = parity("send", request_file, "--dry-run", "--watch")
    assert ended.code == 2
    assert "--dry-run" in ended.err
    assert door.asked == []
