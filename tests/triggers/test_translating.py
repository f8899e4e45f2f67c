"""Which deliveries are requests, which are for others, and what is missing: every adapter, without a network."""

import base64
import json
from typing import Any

import pytest
from cloudevents.v1.conversion import to_binary, to_structured
from cloudevents.v1.http import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.messages import FieldError, Invalid
from functions.pipeline.triggers.configuration import Source, source_named
from functions.pipeline.triggers.delivery import Asked, Delivery, NotForUs, Unsupported, request_id_of
from functions.pipeline.triggers.translating import Proved, asked, read, request_id
from tests.triggers.sources import OBJECTS, delivered, from_github, secret, with_bearer

JSON = {"content-type": "application/json"}


def translated(name: str, delivery: Delivery, signed_id: str = "", **changes: Any) -> tuple[Asked, str]:
    """The request and its id of a delivery whose proof is done."""
    found = source_named(secret(**changes), name)
    assert isinstance(found, Source)
    proved = Proved(found, signed_id)
    occurrence = read(proved, delivery)
    request = asked(proved, occurrence)
    return request, request_id(name, occurrence, request)


def left_alone(name: str, delivery: Delivery, **changes: Any) -> str:
    with pytest.raises(NotForUs) as caught:
        translated(name, delivery, **changes)
    return str(caught.value)


def missing(name: str, delivery: Delivery, **changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        translated(name, delivery, **changes)
    return {error.field: error.message for error in caught.value.errors}


def pipeline(**changes: Any) -> dict[str, Any]:
    variables = [{"key": "PARITY_REQUEST", "value": json.dumps(OBJECTS)}]
    return {"object_kind": "pipeline", "object_attributes": {"status": "success", "variables": variables} | changes}


def from_gitlab(payload: Any, **headers: str) -> Delivery:
    sent = {"x-gitlab-event": "Pipeline Hook", "idempotency-key": "k-1"} | headers
    return Delivery(JSON | {k: v for k, v in sent.items() if v}, json.dumps(payload).encode())


def test_github_hands_over_the_client_payload_under_its_delivery_id() -> None:
    found, own_id = translated("github", delivered("trigger.github"))
    assert (found.place, found.request["job_id"]) == ("client_payload", OBJECTS["job_id"])
    assert own_id == "github:72d3162e-cc78-11e3-81ab-4c9367dc0958"


@pytest.mark.parametrize("value", [OBJECTS, json.dumps(OBJECTS)])
def test_github_hands_over_a_workflow_input_and_a_deployments_payload(value: object) -> None:
    inputs = {"inputs": {"parity_request": value, "wave": "3"}, "ref": "refs/heads/main", "workflow": "w.yml"}
    assert translated("github", from_github(inputs, "workflow_dispatch"))[0].request == OBJECTS
    for payload in ({"parity_request": value}, json.dumps({"parity_request": value})):
        deployed = {"deployment_status": {"state": "success"}, "deployment": {"id": 1, "payload": payload}}
        assert translated("github", from_github(deployed, "deployment_status"))[0].request == OBJECTS


@pytest.mark.parametrize(
    ("event", "payload", "said"),
    [
        ("ping", {"zen": "z"}, "ping asks for no comparison here"),
        ("push", {}, "push asks for no comparison here; repository_dispatch, workflow_dispatch"),
        ("repository_dispatch", {"action": "docs", "client_payload": OBJECTS}, "event_type is not parity"),
        ("workflow_dispatch", {"inputs": None}, "no inputs.parity_request"),
        ("workflow_dispatch", {"inputs": {"parity_request": ""}}, "no inputs.parity_request"),
        ("deployment_status", {"deployment_status": {"state": "failure"}}, "not ended in success"),
        ("deployment_status", {"deployment_status": []}, "not ended in success"),
        (
            "deployment_status",
            {"deployment_status": {"state": "success"}, "deployment": {"payload": "v7"}},
            "no deploy",
        ),
        ("deployment_status", {"deployment_status": {"state": "success"}}, "no deployment.payload.parity_request"),
    ],
)
def test_what_github_tells_others_is_left_alone(event: str, payload: Any, said: str) -> None:
    assert said in left_alone("github", from_github(payload, event))


def test_events_that_the_source_adds_hold_no_request_without_a_mapping() -> None:
    source = {"keys": ["k" * 16], "events": ["push"]}
    assert "holds no request; a mapping may" in left_alone("github", from_github({}, "push"), github=source)


@pytest.mark.parametrize("payload", [None, 1, [], "no json", "[]", '{"a":'])
def test_a_request_that_is_none_is_told_by_its_place(payload: object) -> None:
    body = {"action": "parity", "client_payload": payload}
    assert list(missing("github", from_github(body))) == ["client_payload"]


def test_a_form_is_refused_with_what_to_set() -> None:
    form = Delivery({"content-type": "application/x-www-form-urlencoded"}, b"payload=%7B%7D")
    for name in ("github", "gitlab", "alarms"):
        with pytest.raises(Unsupported, match="application/json"):
            translated(name, form)


def test_missing_headers_are_told_by_name() -> None:
    assert "x-github-event" in missing("github", Delivery(JSON, b"{}"))
    assert "idempotency-key" in missing("gitlab", from_gitlab({}, **{"idempotency-key": ""}))
    assert "x-gitlab-event" in missing("gitlab", from_gitlab({}, **{"x-gitlab-event": ""}))


def test_gitlab_hands_over_a_pipelines_variable_under_the_signed_id() -> None:
    found, own_id = translated("gitlab", delivered("trigger.gitlab"), "13792a34-cac6-4fda-95a8-c58e00a3954e")
    assert found.request["labels"] == {"asked_by": "trigger"}
    assert own_id == "gitlab:13792a34-cac6-4fda-95a8-c58e00a3954e"


def test_gitlabs_id_is_the_signed_one_then_the_idempotency_key_then_the_event() -> None:
    both = from_gitlab(pipeline(), **{"x-gitlab-event-uuid": "e-1"})
    assert translated("gitlab", both, "wh_1")[1] == "gitlab:wh_1"
    assert translated("gitlab", both)[1] == "gitlab:k-1"
    old = from_gitlab(pipeline(), **{"x-gitlab-event-uuid": "e-1", "idempotency-key": ""})
    assert translated("gitlab", old)[1] == "gitlab:e-1"


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (pipeline(status="running"), "not ended in success"),
        (pipeline(variables=[]), "no variable PARITY_REQUEST"),
        (pipeline(variables=None), "no variable PARITY_REQUEST"),
        (pipeline(variables=[1, {"key": "X"}]), "no variable PARITY_REQUEST"),
        ({"object_kind": "pipeline"}, "not ended in success"),
        ({"object_kind": "build"}, "holds no request"),
    ],
)
def test_what_gitlab_tells_others_is_left_alone(payload: Any, said: str) -> None:
    assert said in left_alone("gitlab", from_gitlab(payload))
    assert "Push Hook asks for" in left_alone("gitlab", from_gitlab(payload, **{"x-gitlab-event": "Push Hook"}))


def cloud_event(**changes: Any) -> CloudEvent:
    attributes = {"id": "é 1", "source": "/migrations/ü", "type": "parity.comparison.requested.v1"} | changes
    return CloudEvent({k: v for k, v in attributes.items() if v is not None}, OBJECTS)


@pytest.mark.parametrize("written", [to_structured, to_binary])
def test_events_of_the_official_sdk_are_read_in_both_modes_under_one_id(written: Any) -> None:
    headers, body = written(cloud_event(id="a-1"))
    sent = Delivery({"content-type": "application/json"} | {k.lower(): v for k, v in headers.items()}, body)
    found, own_id = translated("cloudevents", sent)
    assert (found.request, found.place) == (OBJECTS, "data")
    assert own_id == request_id_of("cloudevents", json.dumps(["/migrations/ü", "a-1"]))


def test_ids_of_two_sources_never_meet() -> None:
    ids = set()
    for source, event_id in (("a", "b"), ("a,b", ""), ("", "a"), ("b", "a"), ('a", "b', "c"), ("a", 'b", "c')):
        headers, body = to_structured(cloud_event(id=event_id or "x", source=source or "y"))
        ids.add(translated("cloudevents", Delivery({k.lower(): v for k, v in headers.items()}, body))[1])
    assert len(ids) == 6


def test_what_a_signature_does_not_cover_is_not_the_id_of_a_binary_event() -> None:
    for event_id in ("a-1", "a-2"):
        headers, body = to_binary(cloud_event(id=event_id))
        sent = Delivery({"content-type": "application/json"} | headers, body)
        assert translated("cloudevents", sent, "wh_1")[1] == "cloudevents:wh_1"


def test_data_in_base64_is_data() -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "parity.comparison.requested.v1"}
    headers = {"content-type": "application/cloudevents+json"}
    encoded = base64.b64encode(json.dumps(OBJECTS).encode()).decode()
    sent = Delivery(headers, json.dumps(event | {"data_base64": encoded}).encode())
    assert translated("cloudevents", sent)[0].request == OBJECTS
    for wrong in ("?", 7, None, encoded[:-1]):
        body = json.dumps(event | {"data_base64": wrong}).encode()
        assert missing("cloudevents", Delivery(headers, body))


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"id": ""}, "id"), ({"source": 1}, "source"), ({"type": None}, "type"), ({"specversion": "0.3"}, "specversion")],
)
def test_an_event_without_what_cloudevents_requires_is_told_by_the_attribute(
    changes: dict[str, Any], field: str
) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "parity.comparison.requested.v1", "data": OBJECTS}
    sent = Delivery({"content-type": "application/cloudevents+json"}, json.dumps(event | changes).encode())
    assert list(missing("cloudevents", sent)) == [field]


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json", "application/cloudevents-batch+json"])
def test_what_is_no_cloudevent_is_unsupported(kind: str) -> None:
    with pytest.raises(Unsupported, match="application/cloudevents"):
        translated("cloudevents", Delivery({"content-type": kind}, b"{}"))


def test_a_batch_is_unsupported_whatever_headers_it_has() -> None:
    headers = {"content-type": "application/cloudevents-batch+json", "ce-specversion": "1.0"}
    with pytest.raises(Unsupported, match="batches are not read"):
        translated("cloudevents", Delivery(headers, b"[]"))


def test_our_own_verdict_sent_back_to_us_asks_for_nothing() -> None:
    headers, body = to_structured(cloud_event(type="parity.comparison.finished.v1"))
    sent = Delivery({k.lower(): v for k, v in headers.items()}, body)
    assert "parity.comparison.requested.v1 may" in left_alone("cloudevents", sent)


def test_events_may_be_named_by_patterns() -> None:
    headers, body = to_structured(cloud_event(type="com.example.cutover.ended"))
    sent = Delivery({k.lower(): v for k, v in headers.items()}, body)
    source = {"tokens": ["t" * 16], "events": ["com.example.*"]}
    assert translated("cloudevents", sent, cloudevents=source)[0].request == OBJECTS


def test_a_payload_without_any_id_says_that_it_needs_one() -> None:
    source = {"kind": "json", "tokens": ["t" * 16], "mapping": {"request": "@"}}
    assert "the mapping names none" in missing("alarms", with_bearer(OBJECTS), alarms=source)["id"]
    assert translated("alarms", with_bearer(OBJECTS, idempotency_key="i-1"), alarms=source)[1] == "alarms:i-1"


@given(st.text(min_size=1), st.text(min_size=1))
def test_request_ids_are_allowed_ones_and_differ_where_deliveries_do(one: str, other: str) -> None:
    ids = {request_id_of("s" * 64, delivery_id) for delivery_id in (one, other)}
    assert all(len(found) <= 128 and found.isascii() and found.isprintable() and " " not in found for found in ids)
    assert len(ids) == len({one, other})


def test_errors_are_told_where_the_payload_has_them() -> None:
    found = Asked({}, "client_payload", {"labels": "a.b"})
    errors = found.told((FieldError(field="labels.x", message="m"), FieldError(field="", message="n")))
    assert [(e.field, e.message) for e in errors] == [
        ("client_payload.labels.x", "m (mapped from a.b)"),
        ("client_payload", "n"),
    ]
