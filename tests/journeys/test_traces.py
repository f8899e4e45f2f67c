"""The trace that a request comes with goes on to its events and to the webhooks told of them."""

import json
from pathlib import Path

import pytest

from functions.pipeline.trace_context import traceparent_in
from tests.chat.served import Gone, ServedChats
from tests.journeys.loop import travel
from tests.journeys.world import OBJECTS, over_sqlite
from tests.triggers.sources import BEARER, secret

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TABLES = {"orders": 2}
BROKEN = (
    "",
    "x",
    TRACE.upper(),
    TRACE[:-1],
    f"{TRACE}-00",
    f"ff{TRACE[2:]}",
    f"00-{'0' * 32}-00f067aa0ba902b7-01",
    f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    f"{TRACE}\nx: y",
)


def test_a_trace_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert traceparent_in(f" {TRACE} ") == TRACE
    assert traceparent_in(f"01{TRACE[2:]}-more") == TRACE


@pytest.mark.parametrize("text", [None, *BROKEN])
def test_what_is_no_trace_counts_as_none(text: str | None) -> None:
    assert traceparent_in(text) is None


def test_a_trace_goes_from_the_webhook_to_every_event_and_webhook(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, TABLES, TABLES) as (w, _), ServedChats(w.clock.now) as chats:
            chats.script("slack", Gone())
            w.cloud.put_secret("DestinationsSecret", chats.secret("webhook", "slack"))
            await w.post(OBJECTS, "w-1", headers={"traceparent": TRACE})
            await w.post(OBJECTS, "w-1", headers={"traceparent": TRACE.replace("4b", "5b")})
            (event,) = await w.finished()
            told = [event, *w.events("started"), *w.events("failed")]
            assert [one["traceparent"] for one in told] == [TRACE] * 3
            (sent,) = chats.told("webhook")
            assert sent.headers["traceparent"] == TRACE
            assert json.loads(sent.raw)["traceparent"] == TRACE
            notes = [line for name, line in w.log if TRACE in line and ("Webhook" in name or "Chat" in name)]
            assert any("comparison.accepted" in line for line in notes)
            assert any("delivery.done" in line for line in notes)

    travel(journey())


def test_a_trace_goes_from_another_tool_or_a_queue_to_the_verdict(tmp_path: Path) -> None:
    async def journey() -> None:
        secrets = {"TriggersSecret": secret()}
        async with over_sqlite(tmp_path, TABLES, TABLES, secrets=secrets) as (w, _):
            event = {"specversion": "1.0", "id": "1", "source": "s", "type": "parity.comparison.requested.v1"}
            headers = {
                "content-type": "application/cloudevents+json",
                "authorization": f"Bearer {BEARER}",
                "traceparent": TRACE,
            }
            body = json.dumps(event | {"data": OBJECTS})
            async with w.http.post(f"{w.cloud.url}/triggers/cloudevents", data=body, headers=headers) as answer:
                assert answer.status == 202
            queue, attributes = w.cloud.queue("RequestsQueue").url, {"traceparent": TRACE}
            await w.cloud.client().send(queue, json.dumps(OBJECTS | {"request_id": "q"}), attributes=attributes)
            assert [event["traceparent"] for event in await w.finished(2)] == [TRACE] * 2
            wrong = json.dumps({"request_id": "q-2", "job_id": "j"})
            await w.cloud.client().send(queue, wrong, attributes=attributes)
            await w.rest()
            assert [event["traceparent"] for event in w.events("invalid")] == [TRACE]

    travel(journey())


@pytest.mark.parametrize("text", [text for text in BROKEN if "\n" not in text])
def test_a_request_with_a_broken_trace_is_taken_and_has_none(tmp_path: Path, text: str) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, TABLES, TABLES) as (w, _), ServedChats(w.clock.now) as chats:
            w.cloud.put_secret("DestinationsSecret", chats.secret("webhook"))
            status, _ = await w.post(OBJECTS, "w-1", headers={"traceparent": text})
            assert status == 202
            (event,) = await w.finished()
            assert "traceparent" not in event
            assert "traceparent" not in chats.told("webhook")[0].headers

    travel(journey())
