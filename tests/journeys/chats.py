"""Verdicts told to served chats: a local cloud without any DRS, whose topic gets finished events as from `poll`."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from functions.local.clock import VirtualClock
from functions.local.template_yaml import read_yaml
from functions.pipeline import events
from functions.pipeline.messages import json_text
from tests.chat.served import ServedChats
from tests.journeys.world import TEMPLATE, World, changed_template, world

FINISHED: dict[str, Any] = json.loads((TEMPLATE.parent / "events/comparison.finished.json").read_text())
NOBODY = "http://127.0.0.1:9"
QUEUE, DEAD_LETTERS = "DeliveriesQueue", "DeliveriesDeadLetters"


@asynccontextmanager
async def chatting(
    *kinds: str, clock: VirtualClock | None = None, **options: Any
) -> AsyncIterator[tuple[World, ServedChats]]:
    """A world whose destinations are served chats, one of each kind."""
    clock = clock or VirtualClock()
    async with ServedChats(clock.now) as chats:
        secrets = {"DestinationsSecret": chats.secret(*kinds)}
        async with world(NOBODY, clock, secrets=secrets, **options) as w:
            yield w, chats


def finished(comparison: str = "1", **data: Any) -> dict[str, Any]:
    """A finished event of a comparison of its own."""
    comparison_id = f"cmp_{comparison.zfill(32)}"
    told = FINISHED["data"] | {"comparison_id": comparison_id} | data
    return FINISHED | {"id": f"{comparison_id}:finished", "subject": comparison_id, "data": told}


async def publish(w: World, *told: dict[str, Any]) -> None:
    """Publish events on the results topic, as `poll` does."""
    arn = w.cloud.resource("ResultsTopic").arn
    for event in told:
        text = json_text(event)
        await w.cloud.client("PollFunction").publish(arn, text, events.attributes(text))


async def tell(w: World, *told: dict[str, Any]) -> None:
    """Publish events (one, if none are given), and let everything happen that follows."""
    await publish(w, *(told or (finished(),)))
    await w.rest()


def failures(w: World) -> list[dict[str, Any]]:
    """The data of every `parity.delivery.failed.v1`."""
    return [event["data"] for event in w.events("failed")]


def metric(w: World, name: str) -> float:
    """How often something was counted."""
    lines = [json.loads(line) for function, line in w.log if function == "ChatFunction"]
    return sum(sum(line[name]) for line in lines if "_aws" in line and name in line)


def logged(w: World, message: str) -> list[dict[str, Any]]:
    """What was noted under a name, whether alone or among others."""
    lines = [json.loads(line) for function, line in w.log if function == "ChatFunction"]
    notes = [note for line in lines for note in line.get("notes", [line])]
    return [note for note in notes if note.get("message") == message]


def impatient(folder: Path, seconds: float) -> Path:
    """The template with services that may take `seconds` at most."""
    template = read_yaml(TEMPLATE)
    variables = template["Resources"]["ChatFunction"]["Properties"]["Environment"]["Variables"]
    variables["POST_SECONDS"] = str(seconds)
    return changed_template(template, folder)
