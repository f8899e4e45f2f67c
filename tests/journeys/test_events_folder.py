"""The files in `events/` are the contract: each is taken by its handler, or is what the functions really send."""

import importlib
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.local.clock import VirtualClock
from functions.local.function_environment import function_environment
from functions.pipeline.delivery_failed import DELIVERY_FAILED
from functions.pipeline.edge import Edge, invoke
from functions.pipeline.events import FINISHED, INVALID, STARTED
from tests.chat.served import Gone, ServedChats
from tests.journeys.loop import travel
from tests.journeys.world import World, over_sqlite
from tests.triggers.sources import EVENT_FILES, SMN_FILES

FOLDER = Path(__file__).parents[2] / "events"
SOURCE, TARGET = {"orders": 5, "customers": 3, "legacy": 1}, {"orders": 4, "customers": 3}
TRIGGERS = {
    "webhook": "WebhookFunction",
    "create": "CreateFunction",
    "poll": "PollFunction",
    "sweep": "SweepFunction",
    "status": "StatusFunction",
    "list": "StatusFunction",
    "cancel": "StatusFunction",
    "chat": "ChatFunction",
}
MESSAGES = {
    "comparison.started": STARTED,
    "comparison.finished": FINISHED,
    "request.invalid": INVALID,
    "delivery.failed": DELIVERY_FAILED,
}


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


@dataclass
class Context:
    """A Lambda context with time enough."""

    function_name: str
    memory_limit_in_mb: str = "512"
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:f"
    aws_request_id: str = "request"
    remaining_ms: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


async def run(w: World, function: str, event: Any, remaining_ms: int = 30_000) -> Any:
    """Hand an event to a function as Lambda would, with the function's own role."""
    described = w.cloud.stack.functions[function]
    aws = w.cloud.client(function)
    edge = Edge(
        env=function_environment(described, "us-east-1"),
        session=w.http,
        now=w.clock.now,
        random=random.random,
        unique=lambda: f"{random.getrandbits(128):032x}",
        aws=aws,
        cache={},
    )
    handle = importlib.import_module(described.handler.rpartition(".")[0]).handle
    return await invoke(handle, event, Context(described.name, remaining_ms=remaining_ms), edge)


@pytest.mark.parametrize("name", TRIGGERS)
def test_each_trigger_is_taken_by_its_handler(name: str, tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, SOURCE, TARGET) as (w, _):
            answer = await run(w, TRIGGERS[name], load(name))
            expected = {"webhook": 202, "list": 200, "status": 404, "cancel": 404}
            if name in {"create", "poll", "chat"}:
                assert answer == {"batchItemFailures": []}
            elif name == "sweep":
                assert answer == {"swept": 0}
            else:
                assert answer["statusCode"] == expected[name]

    travel(journey())


def shape(value: Any) -> Any:
    """Names and kinds of values, whatever the values are; lists by their first entry."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value and isinstance(value[0], dict) else list
    return type(value).__name__


def test_the_request_leads_to_the_events_that_lie_beside_it(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, SOURCE, TARGET) as (w, _), ServedChats(w.clock.now) as chats:
            chats.script("cutover-room", Gone())
            room = chats.destination("slack", "cutover-room")
            w.cloud.put_secret("DestinationsSecret", json.dumps({"cutover-room": room}))
            await w.post(load("request"), "wave-3-shop")
            (event,) = await w.finished()
            await w.enqueue({"request_id": "q-7", "job_id": "j", "object_level_compare_type": "tables"})
            await w.rest()
            invalid, failed = w.events("invalid")[0], w.events("failed")[0]
            sent = {"comparison.started": w.events("started")[0], "comparison.finished": event}
            for name, published in (sent | {"request.invalid": invalid, "delivery.failed": failed}).items():
                kept = load(name)
                assert kept["type"] == published["type"] == MESSAGES[name]
                assert shape(published) == shape(kept), name
            assert event["data"]["summary"] == load("comparison.finished")["data"]["summary"]

    travel(journey())


def test_every_file_in_the_folder_is_used_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {
        *TRIGGERS, *MESSAGES, "request", *EVENT_FILES, *SMN_FILES,
    }  # fmt: skip


def test_the_webhook_is_signed_for_its_own_time() -> None:
    headers = load("webhook")["headers"]
    assert int(headers["webhook-timestamp"]) == VirtualClock().now()
