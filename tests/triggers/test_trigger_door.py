"""The door of triggers as strangers and careless senders find it: never a 5xx, never more told than needed."""

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.local.http_shapes import Arrival, http_event
from functions.pipeline.signature import sign
from functions.pipeline.triggers.delivery import MAX_DELIVERY_BYTES
from tests.journeys.loop import JourneyLoop
from tests.journeys.test_events_folder import run
from tests.journeys.world import World, over_sqlite
from tests.triggers.sources import BEARER, OBJECTS, delivered, hub_signed, secret

NAMES = ["github", "gitlab", "cloudevents", "alarms", "dms", "unknown", "%00", "a" * 300]
HEADERS = st.sampled_from(
    [
        "content-type",
        "authorization",
        "x-github-event",
        "x-github-delivery",
        "x-hub-signature-256",
        "x-gitlab-event",
        "x-gitlab-token",
        "idempotency-key",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "webhook-request-origin",
        "ce-specversion",
        "ce-id",
        "ce-source",
        "ce-type",
    ]
)
KINDS = st.sampled_from(["application/json", "application/cloudevents+json", "text/plain", "application/x+json", ""])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
fields = st.sampled_from(
    [
        "action",
        "client_payload",
        "data",
        "id",
        "source",
        "type",
        "specversion",
        "object_kind",
        "object_attributes",
        "alarm",
    ]
)
payloads = st.dictionaries(fields, json_values | st.sampled_from(["parity", "1.0", "pipeline", OBJECTS]), max_size=6)


class Door:
    """The handler in a world of its own, called one delivery after the other."""

    def __init__(self, runner: asyncio.Runner, world: World) -> None:
        self._runner = runner
        self._world = world

    def knock(self, name: str, headers: Mapping[str, str], body: bytes, method: str = "POST") -> dict[str, Any]:
        """Deliver as API Gateway hands it over."""
        arrival = Arrival(
            method=method,
            path=f"/triggers/{name}",
            query="",
            headers=list(headers.items()),
            body=body,
            source_ip="127.0.0.1",
            at=self._world.clock.now(),
            request_id="r",
        )
        route = f"{method} /triggers/{{source}}"
        event = http_event(arrival, route=route, parameters={"source": name}, api="a", region="r", account="1")
        return self.take(event)

    def take(self, event: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._runner.run(run(self._world, "TriggerFunction", event))
        return answer

    def now(self) -> int:
        return int(self._world.clock.now())


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder: Path = tmp_path_factory.mktemp("door")
    with asyncio.Runner(loop_factory=JourneyLoop) as runner:
        stack = AsyncExitStack()
        opened = over_sqlite(folder, {"orders": 1}, {"orders": 1}, secrets={"TriggersSecret": secret()})
        world, _ = runner.run(stack.enter_async_context(opened))
        yield Door(runner, world)
        runner.run(stack.aclose())


def proof(body: bytes, now: int) -> dict[str, str]:
    """Every proof there is, right."""
    return {
        "x-hub-signature-256": hub_signed(body),
        "x-gitlab-token": BEARER,
        "authorization": f"Bearer {BEARER}",
        **sign("wh_1", now, body, b"t" * 32),
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(NAMES), st.dictionaries(HEADERS, st.text(max_size=40)), st.binary(max_size=200))
def test_a_stranger_is_refused_whatever_he_sends(door: Door, name: str, headers: dict[str, str], body: bytes) -> None:
    assert door.knock(name, headers, body)["statusCode"] == 401


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(NAMES[:4]),
    st.dictionaries(HEADERS, st.text(max_size=40) | KINDS),
    KINDS,
    st.binary(max_size=200) | payloads.map(lambda value: json.dumps(value).encode()),
    st.booleans(),
)
def test_a_proved_sender_never_gets_a_5xx_whatever_it_sends(
    door: Door, name: str, headers: dict[str, str], kind: str, body: bytes, signed: bool
) -> None:
    proofs = proof(body, door.now())
    if not signed and name != "github":
        proofs = {key: value for key, value in proofs.items() if not key.startswith("webhook-")}
        headers = {key: value for key, value in headers.items() if not key.startswith("webhook-")}
    answer = door.knock(name, headers | {"content-type": kind} | proofs, body)
    assert answer["statusCode"] in {200, 202, 400, 401, 409, 415, 422}, answer
    # What is declared as text and is none reaches us with other bytes than were signed.
    assert answer["statusCode"] != 401 or b"\xef\xbf\xbd" in body.decode("utf-8", "replace").encode(), answer
    if answer["statusCode"] in {400, 422}:
        assert json.loads(answer["body"])["errors"], answer


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(NAMES), st.dictionaries(HEADERS, st.text(max_size=40)))
def test_a_handshake_from_anywhere_else_is_refused(door: Door, name: str, headers: dict[str, str]) -> None:
    assert door.knock(name, headers, b"", "OPTIONS")["statusCode"] == 403


def test_a_body_beyond_the_limit_is_refused_before_anything_is_looked_at(door: Door) -> None:
    assert door.knock("github", {}, b"a" * (MAX_DELIVERY_BYTES + 1))["statusCode"] == 413
    assert door.knock("github", {}, b"a" * MAX_DELIVERY_BYTES)["statusCode"] == 401


def test_a_payload_much_larger_than_a_request_is_taken(door: Door) -> None:
    body = json.dumps({"action": "parity", "client_payload": OBJECTS, "filler": "x" * 300_000}).encode()
    headers = dict(delivered("trigger.github").headers) | {"x-hub-signature-256": hub_signed(body)}
    assert door.knock("github", headers | {"x-github-delivery": "large"}, body)["statusCode"] == 202


def test_a_broken_encoding_of_the_body_is_told(door: Door) -> None:
    event = {"body": "?", "isBase64Encoded": True, "requestContext": {"http": {"method": "POST"}}}
    assert door.take(event)["statusCode"] == 400


def test_a_body_that_the_gateway_encoded_is_proved_by_its_bytes(door: Door) -> None:
    sent = delivered("trigger.github")
    event = {
        "headers": dict(sent.headers),
        "body": base64.b64encode(sent.body).decode(),
        "isBase64Encoded": True,
        "pathParameters": {"source": "github"},
        "requestContext": {"http": {"method": "POST"}},
    }
    assert door.take(event)["statusCode"] == 202


def test_a_form_of_github_is_told_what_to_set(door: Door) -> None:
    body = b"payload=%7B%7D"
    headers = {"content-type": "application/x-www-form-urlencoded", "x-hub-signature-256": hub_signed(body)}
    answer = door.knock("github", headers, body)
    assert (answer["statusCode"], "application/json" in answer["body"]) == (415, True)
