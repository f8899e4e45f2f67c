"""Each trigger from its real payload to a verdict, through the local cloud."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.loop import travel
from tests.journeys.test_events_folder import run
from tests.journeys.world import World, over_sqlite
from tests.triggers.sources import (
    BEARER,
    CONFIGURED,
    EVENT_FILES,
    MAPPING,
    OBJECTS,
    delivered,
    event_file,
    hub_signed,
    secret,
)

SOURCE, TARGET = {"orders": 5, "customers": 3}, {"orders": 4, "customers": 3}
DOORS = ("trigger.github", "trigger.gitlab", "trigger.cloudevents", "trigger.cloudevents.binary")


async def post(w: World, source: str, headers: dict[str, str], body: bytes, method: str = "POST") -> tuple[int, Any]:
    """Deliver as a sender does; returns status and body."""
    url = f"{w.cloud.url}/triggers/{source}"
    sent = {name: value for name, value in headers.items() if name not in {"host", "content-length"}}
    async with w.http.request(method, url, data=body, headers=sent) as answer:
        return answer.status, await answer.json(content_type=None)


async def post_file(w: World, name: str) -> tuple[int, Any]:
    event = event_file(name)
    return await post(w, event["pathParameters"]["source"], event["headers"], event.get("body", "").encode())


def with_triggers(folder: Path, **changes: Any) -> Any:
    return over_sqlite(folder, SOURCE, TARGET, secrets={"TriggersSecret": secret(**changes)})


@pytest.mark.parametrize("name", EVENT_FILES)
def test_each_event_file_is_taken_by_its_handler(name: str, tmp_path: Path) -> None:
    async def journey() -> None:
        async with with_triggers(tmp_path) as (w, _):
            status = EVENT_FILES[name]
            answer = await run(w, "DmsFunction" if status is None else "TriggerFunction", event_file(name))
            assert answer.get("statusCode") == status, answer
            assert answer.get("batchItemFailures", []) == []

    travel(journey())


@pytest.mark.parametrize("name", DOORS)
def test_a_delivery_leads_to_one_verdict_however_often_it_comes(name: str, tmp_path: Path) -> None:
    async def journey() -> None:
        async with with_triggers(tmp_path) as (w, _):
            answers = [await post_file(w, name) for _ in range(3)]
            assert {status for status, _ in answers} == {202}, answers
            assert len({told["comparison_id"] for _, told in answers}) == 1
            (event,) = await w.finished()
            assert event["subject"] == answers[0][1]["comparison_id"]
            assert (event["data"]["verdict"], event["data"]["labels"]) == ("inconsistent", {"asked_by": "trigger"})
            assert event["data"]["request_id"].startswith(name.split(".")[1] + ":")

    travel(journey())


@pytest.mark.parametrize("name", ["dms", "dms.serverless"])
def test_a_stopped_migration_task_leads_to_one_verdict_however_often_it_is_told(name: str, tmp_path: Path) -> None:
    async def journey() -> None:
        told = json.loads(event_file(name)["Records"][0]["body"])
        async with with_triggers(tmp_path) as (w, _):
            for _ in range(3):
                assert w.cloud.put_event(told) == ("DmsRule",)
            (event,) = await w.finished()
            assert event["data"]["verdict"] == "consistent"  # objects alone; rows differ
            assert event["data"]["request_id"] == f"dms:{told['id']}"
            assert w.cloud.peek("DmsDeadLetters") == []

    travel(journey())


def test_an_alarm_of_any_tool_leads_to_a_verdict_through_its_mapping(tmp_path: Path) -> None:
    payload = {
        "alarm": {
            "id": 7,
            "name": "lag",
            "status": "ended",
            "dimensions": [{"name": "job", "value": OBJECTS["job_id"]}],
        }
    }

    async def journey() -> None:
        async with with_triggers(tmp_path) as (w, _):
            headers = {"content-type": "application/json", "authorization": f"Bearer {BEARER}"}
            status, told = await post(w, "alarms", headers, json.dumps(payload).encode())
            assert status == 202, told
            (event,) = await w.finished()
            assert (event["data"]["request_id"], event["data"]["labels"]) == ("alarms:7", {"alarm": "lag"})

    travel(journey())


def test_a_ping_is_acknowledged_with_a_sentence_and_starts_nothing(tmp_path: Path) -> None:
    async def journey() -> None:
        async with with_triggers(tmp_path) as (w, _):
            status, told = await post_file(w, "trigger.github.ping")
            assert (status, told["accepted"]) == (200, False)
            assert "ping asks for no comparison here; repository_dispatch" in told["reason"]
            await w.rest()
            assert w.events("started") == []
            assert any("trigger.left_alone" in line for _, line in w.log)

    travel(journey())


def test_a_migration_event_that_no_rule_wants_is_left_alone_and_logged(tmp_path: Path) -> None:
    async def journey() -> None:
        told = json.loads(event_file("dms")["Records"][0]["body"])
        told["detail"]["eventType"] = "REPLICATION_TASK_STARTED"
        async with with_triggers(tmp_path) as (w, _):
            w.cloud.put_event(told)
            await w.rest()
            assert (w.events("started"), w.cloud.peek("DmsDeadLetters")) == ([], [])
            assert any("REPLICATION_TASK_STARTED of this task" in line for _, line in w.log)

    travel(journey())


def test_a_rule_that_was_just_added_counts_for_the_next_event(tmp_path: Path) -> None:
    async def journey() -> None:
        told = json.loads(event_file("dms")["Records"][0]["body"])
        async with with_triggers(tmp_path, dms=[]) as (w, _):
            w.cloud.put_event(told | {"id": "before"})
            await w.rest()
            w.cloud.put_secret("TriggersSecret", json.dumps(CONFIGURED))
            await w.clock.advance(11)
            w.cloud.put_event(told | {"id": "after"})
            (event,) = await w.finished()
            assert event["data"]["request_id"] == "dms:after"

    travel(journey())


def test_rules_that_cannot_be_read_keep_events_until_they_are_repaired(tmp_path: Path) -> None:
    async def journey() -> None:
        told = json.loads(event_file("dms")["Records"][0]["body"])
        async with with_triggers(tmp_path, dms=[{"task": "*"}]) as (w, _):
            w.cloud.put_event(told)
            await w.rest()
            assert [letter.body for letter in w.cloud.peek("DmsDeadLetters")] == [json.dumps(told)]
            assert any("entry dms of the triggers secret: 0.request: required" in line for _, line in w.log)

    travel(journey())


def test_a_rule_whose_request_is_wrong_is_told_in_an_event_of_its_own(tmp_path: Path) -> None:
    async def journey() -> None:
        told = json.loads(event_file("dms")["Records"][0]["body"])
        rule = {"task": "*", "request": {"job_id": OBJECTS["job_id"], "levels": ["objects"]}}
        async with with_triggers(tmp_path, dms=[rule]) as (w, _):
            w.cloud.put_event(told)
            await w.rest()
            (event,) = w.events("invalid")
            assert "levels" in {error["field"] for error in event["data"]["errors"]}

    travel(journey())


def test_what_is_missing_is_told_field_by_field_in_the_words_of_the_payload(tmp_path: Path) -> None:
    body = json.dumps({"action": "parity", "client_payload": {"level": "objects"}}).encode()
    headers = dict(delivered("trigger.github").headers) | {"x-hub-signature-256": hub_signed(body)}
    alarm = {"alarm": {"id": "a", "status": "ended", "dimensions": []}}

    async def journey() -> None:
        async with with_triggers(tmp_path) as (w, _):
            status, told = await post(w, "github", headers, body)
            fields = {error["field"]: error["message"] for error in told["errors"]}
            assert (status, fields["client_payload.job_id"]) == (422, "required")
            assert fields["client_payload.level"] == "unknown field"
            bearer = {"content-type": "application/json", "authorization": f"Bearer {BEARER}"}
            status, told = await post(w, "alarms", bearer, json.dumps(alarm).encode())
            fields = {error["field"]: error["message"] for error in told["errors"]}
            assert status == 422
            assert fields["job_id"] == f"required (mapped from {MAPPING['request']['job_id']})"  # type: ignore[index]
            await w.rest()
            assert w.events("started") == []

    travel(journey())


def test_one_delivery_id_with_another_request_is_a_conflict(tmp_path: Path) -> None:
    body = json.dumps({"action": "parity", "client_payload": OBJECTS}).encode()
    headers = dict(delivered("trigger.github").headers) | {"x-hub-signature-256": hub_signed(body)}

    async def journey() -> None:
        async with with_triggers(tmp_path) as (w, _):
            assert (await post_file(w, "trigger.github"))[0] == 202
            assert (await post(w, "github", headers, body))[0] == 409

    travel(journey())


def test_guards_of_the_deployment_hold_for_triggers_too(tmp_path: Path) -> None:
    async def journey() -> None:
        allowed = {"AllowedJobs": "another-job"}
        async with over_sqlite(tmp_path, SOURCE, TARGET, secrets={"TriggersSecret": secret()}, parameters=allowed) as (
            w,
            _,
        ):
            status, told = await post_file(w, "trigger.github")
            assert (status, told["errors"][0]["field"]) == (422, "client_payload.job_id")

    travel(journey())


@pytest.mark.parametrize("configured", ["{}", "", json.dumps({"github": {"keys": []}})])
def test_without_a_key_every_door_is_closed(configured: str, tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, SOURCE, TARGET, secrets={"TriggersSecret": configured}) as (w, _):
            answers = [await post_file(w, name) for name in DOORS]
            assert {status for status, _ in answers} == {401}
            assert len({json.dumps(told) for _, told in answers}) == 1, "one refusal for all, so that none tells more"

    travel(journey())


def test_a_source_that_was_just_configured_is_open_at_once(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, SOURCE, TARGET) as (w, _):
            assert (await post_file(w, "trigger.github"))[0] == 401
            w.cloud.put_secret("TriggersSecret", json.dumps(CONFIGURED))
            await w.clock.advance(11)
            assert (await post_file(w, "trigger.github"))[0] == 202

    travel(journey())


def test_a_mistake_in_one_entry_closes_that_source_alone_and_is_told_to_us_alone(tmp_path: Path) -> None:
    async def journey() -> None:
        async with with_triggers(tmp_path, gitlab={"keys": ["too-short"]}) as (w, _):
            status, told = await post_file(w, "trigger.gitlab")
            assert (status, "keys" in json.dumps(told)) == (503, False)
            assert any("entry gitlab of the triggers secret: keys.0" in line for _, line in w.log)
            assert not any("too-short" in line for _, line in w.log)
            assert (await post_file(w, "trigger.github"))[0] == 202

    travel(journey())


def test_the_handshake_is_given_to_configured_origins_alone(tmp_path: Path) -> None:
    async def journey() -> None:
        async with with_triggers(tmp_path) as (w, _):
            url, origin = f"{w.cloud.url}/triggers/cloudevents", {"webhook-request-origin": "eventgrid.azure.net"}
            async with w.http.options(url, headers=origin) as answer:
                assert (answer.status, answer.headers["webhook-allowed-origin"]) == (200, "eventgrid.azure.net")
                assert answer.headers["webhook-allowed-rate"] == "*"
            for source, asked in (("cloudevents", "elsewhere.example"), ("nothing", "eventgrid.azure.net")):
                async with w.http.options(
                    f"{w.cloud.url}/triggers/{source}", headers={"webhook-request-origin": asked}
                ) as answer:
                    assert answer.status == 403
                    assert "webhook-allowed-origin" not in answer.headers

    travel(journey())
