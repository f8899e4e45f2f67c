"""`parity replay` of what DMS told while the rules could not be read: the comparison is made after all."""

import asyncio
import json

import pytest

from functions.local.dead_letters import why_unreadable
from tests.cli.conftest import Parity
from tests.cli.test_replay import dying, replay, told
from tests.triggers.sources import event_file, secret


def test_an_event_that_waited_for_its_rules_comes_back_and_becomes_a_request(parity: Parity, home: object) -> None:
    async def journey() -> None:
        async with dying(home, secrets={"TriggersSecret": secret(dms="no rules")}) as w:
            w.cloud.put_event(json.loads(event_file("dms")["Records"][0]["body"]))
            await w.cloud.settle(until=lambda: w.cloud.peek("DmsDeadLetters") != [])
            w.cloud.put_secret("TriggersSecret", secret())
            done = await replay(w, parity, "--yes", "--json", "--queue", "dms")
            assert (done.code, told(done)["dms"]["put_back"]) == (0, 1)
            await w.cloud.settle(until=lambda: w.calls("CreateFunction") > 0)
            assert w.cloud.peek("DmsQueue") == w.cloud.peek("DmsDeadLetters") == []

    asyncio.run(journey())


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"id": ""}'])
def test_what_is_no_event_is_hopeless(body: str) -> None:
    assert why_unreadable("dms", body)
    assert why_unreadable("dms", event_file("dms")["Records"][0]["body"]) is None
