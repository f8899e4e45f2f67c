"""`POST /comparisons?dry_run=true`: judged like the real thing, told like the real thing, and nothing happens."""

import asyncio
import hashlib
import json
from typing import Any

import pytest

from functions.local.faults import Call, Crash
from functions.pipeline.drs_body import MOST_BYTES_OF_LISTS
from functions.pipeline.drs_models import epoch_ms
from tests.drs.served_drs import Fault, Job, Quirks
from tests.drs.served_identity import ACCESS_KEY, SECRET_KEY
from tests.journeys.loop import travel
from tests.journeys.test_events_folder import run
from tests.journeys.test_troubles import BOTH, LINES, against
from tests.journeys.world import JOB, OBJECTS, PROJECT, World, lines

DRY = "?dry_run=true"
LONG = ((0, "RUNNING"), (90_000, "SUCCESSFUL"))
CONTENTS = lines("table_name_0", db="may_5", compare_type="contents")
REPLACING = lines("table_name_0", db="may_5", conflict_policy="cancel")


def test_a_dry_run_tells_what_is_sent_later_and_leaves_nothing_behind() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            told = await w.rehearse(BOTH)
            assert (told["would"], told["known"], told["drs"]["reachable"]) == ("create", None, True)
            assert told["drs"]["job_status"] == "INCRE_TRANSFER_STARTED"
            assert {level: one["would"] for level, one in told["levels"].items()} == {
                "objects": "create",
                "lines": "create",
            }
            await w.rest()
            assert (await w.status(f"/{told['comparison_id']}"))[0] == 404
            assert {call.endpoint for call in drs.calls} == {"status", "results", "tables", "overview"}
            assert [w.calls(f"{name}Function") for name in ("Create", "Poll")] == [0, 0]
            assert not list(w.cloud.inbox)

            data = await w.finish(BOTH)
            assert data["comparison_id"] == told["comparison_id"], "the id was not used up"
            (created,) = drs.called("create")
            assert told["drs_request"]["body"] == created.body
            assert told["drs_request"]["url"] == drs.url + created.path

    travel(journey())


def test_a_dry_run_shows_no_secret_and_no_signature() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            told = json.dumps(await w.rehearse(BOTH))
            for secret in (SECRET_KEY, *drs.calls[0].headers["Authorization"].split("Signature=")[1:]):
                assert secret not in told

    travel(journey())


BAD: list[tuple[Any, dict[str, str], int]] = [
    (b"{", {}, 400),
    (BOTH, {"webhook-signature": "v1,AAAA"}, 401),
    (BOTH, {"content-type": "text/plain"}, 415),
    (b" " * 140_000, {}, 413),
    (BOTH | {"nonsense": 1}, {}, 422),
    (BOTH | {"project_id": "1" * 32}, {}, 422),
    (BOTH | {"job_id": "another-job"}, {}, 422),
    (CONTENTS, {}, 422),
    (REPLACING, {}, 422),
    (BOTH | {"request_id": "x"}, {}, 422),
]


def test_whatever_is_refused_for_real_is_refused_the_same_in_a_dry_run() -> None:
    parameters = {"AllowedJobs": f"{JOB},job-2", "AllowedLevels": "objects,lines", "AllowCancel": "false"}

    async def journey() -> None:
        async with against(parameters=parameters) as (w, drs):
            for body, headers, status in BAD:
                real = await w.post(body, headers=headers)
                assert real[0] == status, real
                assert await w.post(body, headers=headers, query=DRY) == real
            assert drs.calls == [], "DRS is not asked about what is refused here"

    travel(journey())


def test_a_known_request_id_is_told_as_a_repeat_or_a_conflict() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            await w.finish(OBJECTS)
            before = len(drs.called("create"))
            repeat, conflict = await w.rehearse(OBJECTS), await w.rehearse(BOTH)
            assert (repeat["would"], repeat["known"]) == ("repeat", {"state": "finished", "verdict": "consistent"})
            assert conflict["would"] == "conflict"
            assert (await w.post(BOTH))[0] == 409
            assert len(drs.called("create")) == before

    travel(journey())


@pytest.mark.parametrize(
    ("running", "body", "would"),
    [
        ("lines", LINES, "collide"),
        ("contents", LINES, "collide"),
        ("lines", REPLACING, "replace"),
        ("lines", OBJECTS, "create"),
        ("contents", OBJECTS, "wait"),
        ("objects", CONTENTS, "wait"),
        ("objects", OBJECTS, "wait"),
        ("objects", LINES, "create"),
        ("objects", BOTH, "wait"),
    ],
)
def test_what_runs_on_the_drs_job_decides_what_would_become_of_it(
    running: str, body: dict[str, Any], would: str
) -> None:
    async def journey() -> None:
        async with against(Job(JOB, walk=LONG)) as (w, drs):
            task = drs.add_task(JOB, running)
            told = await w.rehearse(body)
            assert told["would"] == would
            (shown,) = told["drs"]["unfinished_tasks"]
            assert (shown["compare_task_id"], shown["level"], shown["status"]) == (task.task_id, running, "RUNNING")
            if would != "create":
                assert task.task_id in told["summary"]
            if running == "objects":
                assert told["drs"]["latest_object_task"] == shown
            assert task.cancelled_at is None

    travel(journey())


def test_a_comparison_of_our_own_is_named_where_it_is_in_the_way() -> None:
    async def journey() -> None:
        async with against(Job(JOB, walk=LONG)) as (w, _):
            _, accepted = await w.post(OBJECTS)
            await w.cloud.settle(until=lambda: w.events("started") != [])
            told = await w.rehearse(OBJECTS, "wh_2")
            assert told["would"] == "wait"
            assert told["drs"]["comparing_objects_now"] == accepted["comparison_id"]
            assert told["drs"]["unfinished_tasks"][0]["comparison_id"] == accepted["comparison_id"]

    travel(journey())


def test_objects_of_our_own_keep_out_no_rows_in_a_dry_run_either() -> None:
    async def journey() -> None:
        async with against(Job(JOB, walk=LONG)) as (w, _):
            await w.post(OBJECTS)
            await w.cloud.settle(until=lambda: w.events("started") != [])
            assert (await w.rehearse(LINES, "wh_2"))["would"] == "create"
            both = await w.rehearse(BOTH, "wh_3")
            assert {level: one["would"] for level, one in both["levels"].items()} == {
                "objects": "wait",
                "lines": "wait",
            }

    travel(journey())


@pytest.mark.parametrize(
    ("job", "would", "why"),
    [
        (Job(JOB, state="FULL_TRANSFER_STARTED"), "wait", "FULL_TRANSFER_STARTED"),
        (Job(JOB, deleted=True), "refuse", "DRS.10000010"),
        (Job("another"), "refuse", "DRS.10000010"),
    ],
)
def test_the_state_of_the_drs_job_decides_too(job: Job, would: str, why: str) -> None:
    async def journey() -> None:
        async with against(job) as (w, _):
            told = await w.rehearse(LINES | {"ready_within_seconds": 77})
            assert told["would"] == would
            assert why in told["summary"]
            assert ("77 s" in told["summary"]) == (would == "wait")

    travel(journey())


@pytest.mark.parametrize("families", ["a", "b"])
def test_half_of_what_drs_could_say_is_enough(families: Any) -> None:
    async def journey() -> None:
        async with against(quirks=Quirks(families=families)) as (w, drs):
            drs.script("status", Fault.drs("APIG.0101", "The API does not exist", 404))
            told = await w.rehearse(LINES)
            assert (told["would"], told["drs"]["reachable"], told["drs"]["job_status"]) == ("create", True, None)

    travel(journey())


def test_who_may_not_ask_for_the_state_may_compare_all_the_same() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            drs.script("status", *[Fault.drs("DRS.M00102", "no permission", 403)] * 9)
            told = await w.rehearse(LINES)
            assert (told["would"], told["drs"]["job_status"]) == ("create", None)
            began = w.clock.now()
            await w.finish(LINES)
            assert drs.called("create")
            assert w.clock.now() - began < 60, "a dry run shuts no gate"

    travel(journey())


def test_a_scheduled_start_is_sent_as_milliseconds_and_told() -> None:
    async def journey() -> None:
        async with against() as (w, _):
            start = w.clock.now() + 3_600
            told = await w.rehearse(lines("table_name_0", db="may_5", start_time=epoch_ms(start)))
            assert told["drs_request"]["body"]["data_level_compare_info"]["start_time"] == epoch_ms(start)
            assert "3600 s from now" in told["summary"]

    travel(journey())


@pytest.mark.parametrize("fault", [Fault.lost(), Fault(503, b""), Fault(200, b"not json")], ids=["lost", "503", "odd"])
def test_a_drs_that_does_not_answer_is_told_and_no_failure(fault: Fault) -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            drs.script("status", fault)
            told = await w.rehearse(LINES)
            assert (told["would"], told["drs"]["reachable"], told["drs"]["reason"]) == ("unknown", False, "unavailable")
            assert told["drs_request"]["body"]["job_id"] == JOB
            assert (await w.rehearse(LINES))["would"] == "create"

    travel(journey())


def test_a_drs_that_is_not_there_is_told_and_no_failure() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            nowhere = json.dumps({PROJECT: drs.project() | {"drs_endpoint": "http://127.0.0.1:9"}})
            w.cloud.put_secret("ProjectsSecret", nowhere)
            told = await w.rehearse(LINES)
            assert (told["drs"]["reachable"], told["drs"]["reason"]) == (False, "unavailable")
            assert told["drs_request"]["url"].startswith("http://127.0.0.1:9/v3/")

    travel(journey())


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def test_a_drs_that_never_answers_does_not_take_the_answer_along() -> None:
    async def journey() -> None:
        server = await asyncio.start_server(_silent, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        async with server, against() as (w, drs):
            w.cloud.put_secret(
                "ProjectsSecret", json.dumps({PROJECT: drs.project() | {"drs_endpoint": f"http://{host}:{port}"}})
            )
            event = _webhook_event(w, LINES)
            answer = await run(w, "WebhookFunction", event, remaining_ms=3_200)
            assert answer["statusCode"] == 200
            told = json.loads(answer["body"])
            assert (told["would"], told["drs"]["reachable"]) == ("unknown", False)
            assert "no answer from DRS" in told["drs"]["message"]

    travel(journey())


def test_an_iam_that_never_answers_takes_neither_the_answer_along_nor_the_gate() -> None:
    async def journey() -> None:
        server = await asyncio.start_server(_silent, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        async with server, against() as (w, drs):
            entry = drs.project("token")
            w.cloud.put_secret(
                "ProjectsSecret", json.dumps({PROJECT: entry | {"iam_endpoint": f"http://{host}:{port}"}})
            )
            async with asyncio.timeout(8):  # before IAM's own 10 s: bounded by the 3.2 s that are left
                answer = await run(w, "WebhookFunction", _webhook_event(w, LINES), remaining_ms=3_200)
            assert answer["statusCode"] == 200
            told = json.loads(answer["body"])
            assert (told["would"], told["drs"]["reason"]) == ("unknown", "unavailable")
            assert "no answer from IAM" in told["drs"]["message"]
            w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: entry}))
            assert (await w.rehearse(LINES))["would"] == "create"

    travel(journey())


@pytest.mark.parametrize("endpoint", ["status", "results"])
def test_an_answer_that_is_too_long_is_not_read_and_told(endpoint: str) -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            drs.script(endpoint, Fault(200, b'"' + b"x" * MOST_BYTES_OF_LISTS + b'"'))
            told = await w.rehearse(LINES)
            assert (told["would"], told["drs"]["reason"]) == ("unknown", "unavailable")
            assert "more than 2 MiB" in told["drs"]["message"]

    travel(journey())


def test_dry_runs_that_die_shut_the_gate_for_no_comparison() -> None:
    died: list[Call] = []

    def fault(call: Call) -> Crash | None:
        if (call.function, call.service, call.phase) == ("WebhookFunction", "http", "before"):
            died.append(call)
            return Crash()
        return None

    async def journey() -> None:
        async with against(fault=fault) as (w, drs):
            for _ in range(3):
                await w.post(LINES, query=DRY)
                w.clock.jump(w.clock.now() + 80)
            assert (len(died), len(drs.calls)) == (1, 0), "after a death, rehearsals leave the credentials to a step"
            began = w.clock.now()
            assert (await w.finish(LINES))["verdict"] == "consistent"
            assert w.clock.now() - began < 60

    travel(journey())


def test_a_dry_run_that_died_with_a_refusal_is_one_of_the_two_bad_signatures() -> None:
    def fault(call: Call) -> Crash | None:
        dying = (call.function, call.service, call.phase) == ("WebhookFunction", "http", "after")
        return Crash() if dying else None

    async def journey() -> None:
        async with against(fault=fault) as (w, drs):
            w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: drs.project() | {"secret_key": "wrong"}}))
            await w.post(LINES, query=DRY)
            w.clock.jump(w.clock.now() + 80)
            await w.post(LINES)
            until = w.clock.now() + 1_200
            await w.cloud.settle(until=lambda: w.clock.now() >= until)
            assert drs.identities.worst_row == 2

    travel(journey())


LIES = (SECRET_KEY, ACCESS_KEY, "a-temporary-token", "0123456789abcdef")


def test_no_word_of_a_drs_that_lies_gets_a_secret_out() -> None:
    lie = f"{SECRET_KEY} {ACCESS_KEY} a-temporary-token\nSignature=0123456789abcdef"

    async def journey() -> None:
        async with against() as (w, drs):
            drs.identities.security_tokens[ACCESS_KEY] = "a-temporary-token"
            entry = drs.project() | {"security_token": "a-temporary-token"}
            w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: entry}))
            drs.script("status", Fault(200, {"results": [{"id": JOB, "status": lie}]}))
            tasks = [{"id": f"{lie} {n}", "type": "data_comparison", "status": lie * 9} for n in range(3)]
            drs.script("tables", Fault(200, {"compare_jobs": tasks, "count": 3}))
            drs.script("overview", Fault(200, {"compare_job_id": lie, "status": lie, "create_time": "1"}))
            told = await w.rehearse(BOTH)
            assert told["drs"]["unfinished_tasks"]
            text = json.dumps(told)
            assert not [word for word in LIES if word in text]
            words = [told["drs"]["job_status"], *(task["status"] for task in told["drs"]["unfinished_tasks"])]
            assert max(len(word) for word in words) <= 64

    travel(journey())


def _webhook_event(w: World, body: dict[str, Any]) -> dict[str, Any]:
    raw = json.dumps(body)
    return {
        "headers": w.signed(raw.encode()) | {"content-type": "application/json"},
        "queryStringParameters": {"dry_run": "true"},
        "body": raw,
        "isBase64Encoded": False,
    }


def test_dry_runs_with_bad_credentials_never_lock_the_access_key() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: drs.project() | {"secret_key": "wrong"}}))
            for _ in range(6):
                told = await w.rehearse(LINES)
                assert (told["would"], told["drs"]["reason"]) == ("unknown", "credentials")
            assert drs.identities.worst_row == 1
            w.cloud.put_secret("ProjectsSecret", json.dumps({PROJECT: drs.project()}))
            w.clock.jump(w.clock.now() + 60)
            assert (await w.rehearse(LINES))["would"] == "create"

    travel(journey())


def test_where_the_calls_per_second_are_used_up_it_is_told_without_a_call() -> None:
    async def journey() -> None:
        async with against() as (w, drs):
            await w.rehearse(LINES)
            before, table = len(drs.calls), w.cloud.stack.tables["Ledger"].name
            gate = "gate#" + hashlib.sha256(b"aksk:" + ACCESS_KEY.encode()).hexdigest()[:32]
            until = {":until": w.clock.now() + 60}
            update = "SET slot_0_until = :until, slot_1_until = :until"
            await w.cloud.client().update_item(
                table, {"pk": gate}, update=update, condition="attribute_exists(proven)", values=until
            )
            told = await w.rehearse(LINES)
            assert (told["would"], told["drs"]["reason"], len(drs.calls)) == ("unknown", "budget", before)

    travel(journey())
