"""Huawei's SMN from what it posts to a verdict, through the local cloud; certificates and TLS are real."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec

from functions.smn.certificates import MOST_BYTES, MOST_FETCHES
from functions.smn.envelope import MAX_BYTES
from tests.journeys.loop import travel
from tests.journeys.test_events_folder import run
from tests.journeys.world import JOB, World, over_sqlite
from tests.smn.authority import MAPPING, TOPIC, ServedSmn, certificate, rsa_key
from tests.triggers.sources import SMN_FILES, event_file, secret

PEM = "/smn/SMN_cn-north-4_b98100f2d5114dd0a9ab5ba2ddb3d4f5.pem"
CONFIRM = "/smn/subscription/confirm"
Journey = Callable[[World, ServedSmn], Awaitable[None]]


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Travel with a world and an SMN; `entry` changes the topic's entry in the secret."""

    @asynccontextmanager
    async def opened(entry: dict[str, Any]) -> AsyncIterator[tuple[World, ServedSmn]]:
        async with ServedSmn(tmp_path) as smn:
            monkeypatch.setenv("SSL_CERT_FILE", str(smn.trust))
            secrets = {"TriggersSecret": secret(smn=smn.entry(**entry))}
            async with over_sqlite(tmp_path, {"orders": 5}, {"orders": 5}, secrets=secrets) as (w, _):
                yield w, smn

    def travelled(journey: Journey, **entry: Any) -> None:
        async def whole() -> None:
            async with opened(entry) as (w, smn):
                await journey(w, smn)

        travel(whole())

    return travelled


async def post(w: World, fields: dict[str, Any] | bytes) -> tuple[int, Any]:
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    async with w.http.post(f"{w.cloud.url}/triggers/smn", data=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


def reasons(w: World) -> str:
    return "\n".join(line for _, line in w.log)


@pytest.mark.parametrize(("name", "status"), SMN_FILES.items())
def test_each_event_file_is_taken_by_its_handler_once_it_is_signed(
    go: Callable[..., None], name: str, status: int
) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        event = event_file(name)
        assert (await run(w, "SmnFunction", event))["statusCode"] == 401, "the file's signature is nobody's"
        answer = await run(w, "SmnFunction", event | {"body": json.dumps(smn.signed(name))})
        assert answer["statusCode"] == status, answer

    go(journey)


def test_a_notification_leads_to_one_verdict_however_often_it_comes(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        answers = [await post(w, smn.signed("smn")) for _ in range(3)]
        assert {status for status, _ in answers} == {202}, answers
        (event,) = await w.finished()
        assert {told["comparison_id"] for _, told in answers} == {event["subject"]}
        assert event["data"]["request_id"] == "smn:88c726942175432bac921eafd0036163"
        assert (event["data"]["verdict"], event["data"]["labels"]) == ("consistent", {"asked_by": "Cut over: shop"})
        assert smn.asked == {PEM: 1}, "the certificate is kept"
        status, told = await w.status(answers[0][1]["status_url"].removeprefix("/comparisons"))
        assert (status, told["verdict"]) == (200, "consistent")

    go(journey)


def test_a_notification_whose_sender_tries_again_later_is_still_one_comparison(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        assert (await post(w, smn.signed("smn")))[0] == 202
        assert (await post(w, smn.signed("smn", timestamp="2030-03-17T17:46:50Z")))[0] == 202
        assert len(await w.finished()) == 1

    go(journey)


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "HttpSubscriptionUserConfirm"])
def test_the_subscription_of_a_listed_topic_is_confirmed(go: Callable[..., None], kind: str) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        status, told = await post(w, smn.signed("smn.confirmation", type=kind))
        assert (status, told) == (200, {"accepted": False, "reason": "The subscription is confirmed."})
        assert smn.asked == {PEM: 1, CONFIRM: 1}

    go(journey)


def test_a_confirmation_that_the_host_does_not_take_is_asked_for_again(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        smn.answers[CONFIRM] = web.Response(status=500)
        assert (await post(w, smn.signed("smn.confirmation")))[0] == 503
        del smn.answers[CONFIRM]
        assert (await post(w, smn.signed("smn.confirmation")))[0] == 200

    go(journey)


def test_a_confirmation_that_leads_elsewhere_is_not_followed(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        elsewhere = smn.signed("smn.confirmation", subscribe_url="https://metadata.example/smn/confirm")
        assert (await post(w, elsewhere))[0] == 401
        smn.answers[CONFIRM] = web.Response(status=302, headers={"location": f"https://{smn.host}/other"})
        assert (await post(w, smn.signed("smn.confirmation")))[0] == 503
        assert smn.asked == {PEM: 1, CONFIRM: 1}

    go(journey)


@pytest.mark.parametrize("kind", ["UnsubscribeConfirmation", "HttpSubscriptionUserUnsubscribe"])
def test_the_end_of_a_subscription_is_acknowledged_and_undone_by_nobody(go: Callable[..., None], kind: str) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        assert (await post(w, smn.signed("smn.confirmation", type=kind)))[0] == 200
        assert smn.asked == {PEM: 1}

    go(journey)


WRONG: dict[str, Callable[[ServedSmn], dict[str, Any] | bytes]] = {
    "another key": lambda smn: smn.signed("smn", key=rsa_key(3)),
    "another message": lambda smn: smn.signed("smn") | {"message": json.dumps({"drs_job": JOB, "status": "ended "})},
    "another id": lambda smn: smn.signed("smn") | {"message_id": "0" * 32},
    "another subject": lambda smn: smn.signed("smn") | {"subject": "x"},
    "no subject": lambda smn: {n: v for n, v in smn.signed("smn").items() if n != "subject"},
    "no signature": lambda smn: smn.fields("smn", signature=None),
    "an empty signature": lambda smn: smn.fields("smn", signature=""),
    "a signature that is no base64": lambda smn: smn.fields("smn", signature="\u00e9?"),
    "an older version of signatures": lambda smn: smn.signed("smn", signature_version="v0"),
    "an old notification": lambda smn: smn.signed("smn", timestamp="2030-03-17T17:31:39Z"),
    "one of the future": lambda smn: smn.signed("smn", timestamp="2030-03-17T18:01:41Z"),
    "a time that is none": lambda smn: smn.signed("smn", timestamp="2030-02-30T17:46:40Z"),
    "a time with an offset": lambda smn: smn.signed("smn", timestamp="2030-03-17T17:46:40+00:00"),
    "an id that is no id": lambda smn: smn.signed("smn", message_id="88c7"),
    "a subject of two lines": lambda smn: smn.signed("smn", subject="a\ntimestamp"),
    "a topic that is not listed": lambda smn: smn.signed("smn", topic_urn=f"{TOPIC}2"),
    "an unknown type": lambda smn: smn.signed("smn", type="notification"),
    "a notification as a confirmation": lambda smn: smn.signed("smn") | {"type": "SubscriptionConfirmation"},
    "no certificate": lambda smn: smn.signed("smn", signing_cert_url=None),
    "http": lambda smn: smn.signed("smn", signing_cert_url=f"http://{smn.host}{PEM}"),
    "somebody's host": lambda smn: smn.signed("smn", signing_cert_url=f"https://evil.example{PEM}"),
    "another port": lambda smn: smn.signed("smn", signing_cert_url=f"https://localhost:1{PEM}"),
    "a user before the host": lambda smn: smn.signed("smn", signing_cert_url=f"https://{smn.host}@evil.example{PEM}"),
    "a backslash": lambda smn: smn.signed("smn", signing_cert_url=f"https://evil.example\\@{smn.host}{PEM}"),
    "a host behind the host": lambda smn: smn.signed("smn", signing_cert_url=f"https://{smn.host}.evil.example{PEM}"),
    "nested without end": lambda smn: b"[" * 100_000,
    "no JSON": lambda smn: b"\xff",
    "a list": lambda smn: b"[1]",
    "numbers": lambda smn: smn.fields("smn", message=1, timestamp=2, type=3, signature=4),
    "nothing": lambda smn: b"",
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_proved_is_refused_without_a_word_about_why(go: Callable[..., None], case: str) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        status, told = await post(w, WRONG[case](smn))
        assert status == 401
        assert told["detail"] == "The delivery is not proved to come from a source that is known here."
        assert set(told) == {"type", "title", "status", "detail"}
        await w.rest()
        assert w.events("started") == w.events("invalid") == []
        assert "proof_refused" in reasons(w)
        assert {**smn.asked} in ({}, {PEM: 1}), "nothing but the pinned certificate is ever called"

    go(journey)


BAD_CERTIFICATES: dict[str, Callable[[], bytes]] = {
    "of another key": lambda: certificate(rsa_key(3)),
    "that has ended": lambda: certificate(rsa_key(), ends=datetime(2030, 3, 17, tzinfo=UTC)),
    "that has not begun": lambda: certificate(rsa_key(), begins=datetime(2030, 3, 18, tzinfo=UTC)),
    "with a short key": lambda: certificate(rsa_key(4, 1024)),
    "with a key of another kind": lambda: certificate(ec.generate_private_key(ec.SECP256R1())),
    "that is none": lambda: b"<html>sign in</html>",
    "that is cut": lambda: certificate(rsa_key())[:500],
}


@pytest.mark.parametrize("case", BAD_CERTIFICATES)
def test_a_certificate_that_proves_nothing_is_refused(go: Callable[..., None], case: str) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        smn.certificate = BAD_CERTIFICATES[case]()
        key = rsa_key(4, 1024) if "short" in case else None
        assert (await post(w, smn.signed("smn", key=key)))[0] == 401

    go(journey)


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500),
        web.Response(status=404),
        web.Response(status=302, headers={"location": "https://evil.example/"}),
        web.Response(body=b"x" * (MOST_BYTES + 1)),
    ],
    ids=["broken", "missing", "redirect", "endless"],
)
def test_a_certificate_that_does_not_come_has_the_delivery_sent_again(
    go: Callable[..., None], answer: web.Response
) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        smn.answers[PEM] = answer
        status, told = await post(w, smn.signed("smn"))
        assert (status, told["detail"]) == (503, "Nothing was stored; send the same delivery again.")
        smn.answers.clear()
        assert (await post(w, smn.signed("smn")))[0] == 202

    go(journey)


def test_a_host_that_cannot_prove_itself_is_not_believed(
    go: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        monkeypatch.delenv("SSL_CERT_FILE")
        assert (await post(w, smn.signed("smn")))[0] == 503
        assert "ClientConnectorCertificateError" in reasons(w)

    go(journey)


def test_strangers_do_not_set_our_rate_of_calls(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        forged = [smn.fields("smn", signing_cert_url=f"https://{smn.host}/{n}.pem") for n in range(MOST_FETCHES * 2)]
        answers = [await post(w, fields) for fields in forged]
        assert {status for status, _ in answers} == {401, 503}
        assert sum(smn.asked.values()) == MOST_FETCHES
        await w.clock.advance(61)
        assert (await post(w, smn.signed("smn")))[0] == 202

    go(journey)


def test_a_certificate_is_fetched_again_after_a_day(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        assert (await post(w, smn.signed("smn")))[0] == 202
        await w.clock.advance(86_400)
        assert (await post(w, smn.signed("smn", timestamp="2030-03-18T17:46:40Z", message_id="1" * 32)))[0] == 202
        assert smn.asked[PEM] == 2

    go(journey)


def test_what_is_missing_is_answered_in_the_words_of_the_mapping(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        status, told = await post(w, smn.signed("smn", message='{"status": "ended"}'))
        assert (status, told["errors"]) == (
            422,
            [{"field": "job_id", "message": "required (mapped from message.drs_job)"}],
        )
        status, told = await post(w, smn.signed("smn", message="lag: 3 s\nof shop"))
        assert (status, told["accepted"]) == (200, False)
        await w.rest()
        assert w.events("started") == []

    go(journey)


def test_a_message_that_is_no_json_is_a_text_for_the_mapping(go: Callable[..., None]) -> None:
    mapping = {
        "when": "contains(message, 'shop has ended')",
        "request": {"job_id": f"'{JOB}'", "object_level_compare_type": "'objects'"},
    }

    async def journey(w: World, smn: ServedSmn) -> None:
        assert (await post(w, smn.signed("smn", message="Dear user,\nshop has ended.")))[0] == 202
        assert len(await w.finished()) == 1

    go(journey, mapping=mapping)


def test_what_create_refuses_is_told_in_an_event_of_its_own(go: Callable[..., None]) -> None:
    mapping = {"request": {"job_id": "message.drs_job", "object_level_compare_type": "'tables'"}}

    async def journey(w: World, smn: ServedSmn) -> None:
        assert (await post(w, smn.signed("smn")))[0] == 202
        await w.rest()
        (event,) = w.events("invalid")
        assert [error["field"] for error in event["data"]["errors"]] == ["object_level_compare_type"]

    go(journey, mapping=mapping)


def test_an_expression_that_fails_and_a_request_that_is_too_large_are_answered(go: Callable[..., None]) -> None:
    mapping = {
        "when": "message.a",
        "request": {"job_id": "to_number(message.a)", "labels": {"x": "join('', message.b)"}},
    }

    async def journey(w: World, smn: ServedSmn) -> None:
        status, told = await post(w, smn.signed("smn", message='{"a": "1e999"}'))
        assert (status, told["errors"][0]["field"]) == (422, "job_id")
        assert "fails on this payload" in told["errors"][0]["message"]
        large = json.dumps({"a": "1", "b": ["x" * 130_000]})
        status, told = await post(w, smn.signed("smn", message=large))
        assert status == 422

    go(journey, mapping=mapping)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hosts": []}, "0.hosts"),
        ({"hosts": ["https://x"]}, "0.hosts"),
        ({"mapping": {"request": "a.["}}, "mapping.request"),
        ({"mapping": {"request": 7}}, "0.mapping"),
        ({"mapping": None}, "0.mapping"),
        ({"host": "x"}, "0.host: unknown field"),
    ],
)
def test_a_mistake_in_the_entry_closes_the_topic_and_is_told_to_us_alone(
    go: Callable[..., None], change: dict[str, Any], told: str
) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        status, answer = await post(w, smn.signed("smn"))
        assert (status, told in json.dumps(answer)) == (503, False)
        assert told in reasons(w)

    go(journey, **change)


def test_a_topic_that_was_just_listed_is_open_at_once(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        w.cloud.put_secret("TriggersSecret", "{}")
        assert (await post(w, smn.signed("smn")))[0] == 401
        w.cloud.put_secret("TriggersSecret", secret(smn=smn.entry()))
        await w.clock.advance(11)
        assert (await post(w, smn.signed("smn")))[0] == 202

    go(journey)


def test_sizes_and_encodings_are_judged_before_anything_else(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        assert (await post(w, b"a" * (MAX_BYTES + 1)))[0] == 413
        assert (await run(w, "SmnFunction", {"body": "?", "isBase64Encoded": True}))["statusCode"] == 401
        encoded = base64.b64encode(json.dumps(smn.signed("smn")).encode()).decode()
        assert (await run(w, "SmnFunction", {"body": encoded, "isBase64Encoded": True}))["statusCode"] == 202

    go(journey)


def test_the_door_of_other_tools_has_no_source_of_this_name(go: Callable[..., None]) -> None:
    async def journey(w: World, smn: ServedSmn) -> None:
        event = event_file("trigger.github") | {"pathParameters": {"source": "smn"}}
        assert (await run(w, "TriggerFunction", event))["statusCode"] == 401

    go(journey)


def test_the_mapping_of_the_tests_is_what_the_event_file_needs() -> None:
    assert MAPPING["request"]["job_id"] == "message.drs_job"
