"""`parity doctor --test-destinations`: every destination is tried, and what it answered is told."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

from functions.local.clock import VirtualClock
from functions.local.state_file import announced, state_path
from functions.local.trial import PATIENCE_SECONDS, trial_event, try_destinations
from functions.pipeline.finished_event import read_finished
from tests.chat.served import Busy, Gone
from tests.cli.conftest import Parity
from tests.cli.test_replay import running, state_of
from tests.journeys.chats import chatting, failures
from tests.journeys.world import World


def tried(w: World, parity: Parity, home: object) -> dict[str, tuple[str, str]]:
    """The findings about destinations, by subject."""
    table = w.cloud.resource("Ledger").name
    with announced(
        state_path({"XDG_STATE_HOME": f"{home}/state"}), state_of(w.cloud).model_copy(update={"ledger_table": table})
    ):
        ended = parity("doctor", "--test-destinations", "--json")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    return {
        line["subject"]: (line["level"], line["told"]) for line in lines if line["subject"].startswith(("to ", "dest"))
    }


def test_what_each_destination_answered_is_told(parity: Parity, home: object) -> None:
    async def journey() -> None:
        async with chatting("slack", "feishu", "webhook", clock=VirtualClock(time.time())) as (w, chats):
            chats.always("feishu", Gone())
            chats.always("webhook", Busy())
            with running(w.clock):
                found = await asyncio.to_thread(tried, w, parity, home)
            assert found["to slack"][0] == "ok"
            assert found["to feishu"][0] == "fail"
            assert "19001" in found["to feishu"][1]
            assert found["to webhook"] == ("warn", "not yet, and it is tried again: The webhook answered 503")
            assert "TEST: " in chats.told("slack")[0].raw.decode()
            assert [failure["test"] for failure in failures(w)] == [True]

    asyncio.run(journey())


def test_no_destination_is_no_failure(parity: Parity, home: object) -> None:
    async def journey() -> None:
        async with chatting(clock=VirtualClock(time.time())) as (w, _):
            with running(w.clock):
                found = await asyncio.to_thread(tried, w, parity, home)
            assert list(found) == ["destinations"]
            assert found["destinations"][0] == "warn", found

    asyncio.run(journey())


class Silent:
    """A deployment in which nothing happens; its clock runs when it is waited for."""

    def __init__(self, **destinations: Any) -> None:
        self.outputs = {"DeliveriesQueueUrl": "queue", "LedgerTable": "table"}
        self.sent: list[str] = []
        self.time = 0.0
        self._item = {"destinations": {"L": [{"S": name} for name in destinations]}} if destinations else None

    def output(self, name: str) -> str:
        return self.outputs[name]

    def client(self, _: str) -> "Silent":
        return self

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - boto3's names
        self.sent.append(f"{QueueUrl} {MessageBody}")

    def get_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"Item": self._item} if self._item and Key["pk"]["S"].startswith("trial#") else {}

    def findings(self) -> Iterator[Any]:
        def pause(seconds: float) -> None:
            self.time += seconds

        return try_destinations(self, "0" * 32, now=lambda: self.time, pause=pause)  # type: ignore[arg-type]  # stands in


def test_a_function_that_takes_nothing_is_told_after_a_while() -> None:
    silent = Silent()
    (finding,) = silent.findings()
    assert finding.level == "fail"
    assert "destinations secret" in finding.told
    assert silent.time >= PATIENCE_SECONDS
    assert len(silent.sent) == 1


def test_a_destination_that_does_not_answer_is_told_after_a_while() -> None:
    assert [(f.level, f.subject) for f in Silent(ops=1).findings()] == [("warn", "to ops")]


def test_the_event_of_a_test_is_one_that_every_channel_can_tell() -> None:
    event = read_finished(trial_event("a" * 32, 1_900_000_000.0))
    assert event.data.verdict == "incomplete"
    assert event.id == f"cmp_{'a' * 32}:test"
