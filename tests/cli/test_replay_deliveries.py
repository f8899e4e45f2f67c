"""`parity replay` of verdicts that could not be told: they are told after all, and nobody hears one twice."""

import asyncio
from collections.abc import Callable

import pytest

from functions.local.dead_letters import why_unreadable
from functions.local.faults import Call, Fault, Refuse
from functions.pipeline.messages import json_text
from tests.chat.served import ServedChats
from tests.cli.conftest import Parity
from tests.cli.test_replay import dying, replay, told
from tests.journeys.chats import DEAD_LETTERS, QUEUE, finished, publish


def refused(while_true: Callable[[], bool]) -> Callable[[Call], Fault | None]:
    """No mark can be set on any item of the ledger for as long as `while_true` says so."""

    def fault(call: Call) -> Fault | None:
        marks = call.function == "ChatFunction" and call.action == "UpdateItem" and call.phase == "before"
        return Refuse(status=400, code="ValidationException") if marks and while_true() else None

    return fault


def test_a_delivery_that_died_of_a_real_failure_comes_back_and_is_told(parity: Parity, home: object) -> None:
    broken = [True]

    async def journey() -> None:
        async with dying(home, fault=refused(lambda: broken[0])) as w, ServedChats(w.clock.now) as chats:
            w.cloud.put_secret("DestinationsSecret", chats.secret("slack"))
            await publish(w, finished())
            await w.cloud.settle(until=lambda: w.cloud.peek(DEAD_LETTERS) != [])
            assert chats.arrived["slack"] == []
            broken[0] = False
            done = await replay(w, parity, "--yes", "--json")
            assert done.code == 0
            assert told(done)["deliveries"]["put_back"] == 1
            await w.rest()
            assert len(chats.told("slack")) == 1
            assert w.cloud.peek(QUEUE) == w.cloud.peek(DEAD_LETTERS) == []

    asyncio.run(journey())


@pytest.mark.parametrize("body", ["", "{}", '{"destination": "ops"}', '{"type": "parity.comparison.started.v1"}'])
def test_a_message_without_a_verdict_is_hopeless(body: str) -> None:
    assert why_unreadable("deliveries", body)
    assert why_unreadable("deliveries", json_text(finished())) is None
