"""Verdicts arrive at chats and webhooks: once, again when told to, and never at the expense of another destination."""

import asyncio
import json
from itertools import pairwise
from pathlib import Path

import pytest

from functions.pipeline.delivery import trial_message
from tests.chat.served import Busy, Cuts, Failure, Floods, Gone, Hangs, Lies, Limited, Redirects, ServedChats
from tests.chat.served_services import KINDS
from tests.journeys.chats import (
    DEAD_LETTERS,
    QUEUE,
    chatting,
    failures,
    finished,
    impatient,
    logged,
    metric,
    publish,
    tell,
)
from tests.journeys.loop import travel
from tests.journeys.test_events_folder import load, run
from tests.journeys.world import JOB, over_sqlite

SOURCE, TARGET = {"orders": 5, "customers": 3, "legacy": 1}, {"orders": 4, "customers": 3}


def test_a_webhook_ends_in_one_message_in_slack_and_one_in_feishu(tmp_path: Path) -> None:
    async def journey() -> None:
        async with over_sqlite(tmp_path, SOURCE, TARGET) as (w, _), ServedChats(w.clock.now) as chats:
            w.cloud.put_secret("DestinationsSecret", chats.secret("slack", chats_cn=chats.destination("feishu", "cn")))
            data = await w.finish({"job_id": JOB, "object_level_compare_type": "objects"})
            assert data["verdict"] == "inconsistent"
            (english,), (chinese,) = chats.told("slack"), chats.told("cn")
            assert JOB in english.raw.decode()
            assert JOB in chinese.raw.decode()
            assert "legacy" in english.raw.decode()
            assert w.cloud.peek(QUEUE) == w.cloud.peek(DEAD_LETTERS) == []

    travel(journey())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_channel_takes_what_it_is_sent_once(kind: str) -> None:
    async def journey() -> None:
        async with chatting(kind) as (w, chats):
            await tell(w)
            assert len(chats.told(kind)) == len(chats.arrived[kind]) == 1
            assert metric(w, "Deliveries") == metric(w, "DeliveryAttempts") == 1
            assert failures(w) == []

    travel(journey())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_channel_is_given_up_at_once_when_it_is_gone_and_the_alarm_is_raised(kind: str) -> None:
    async def journey() -> None:
        async with chatting(kind) as (w, chats):
            chats.always(kind, Gone())
            event = finished()
            await tell(w, event)
            assert len(chats.arrived[kind]) == 1
            (failure,) = failures(w)
            assert failure["destination"] == failure["channel"] == kind
            assert failure["attempts"] == 1
            assert failure["reason"]
            for name in ("comparison_id", "job_id", "verdict", "audience", "labels"):
                assert failure[name] == event["data"][name]
            assert metric(w, "DeliveriesFailed") == 1
            assert [note["level"] for note in logged(w, "delivery.failed")] == ["ERROR"]
            assert w.cloud.peek(QUEUE) == w.cloud.peek(DEAD_LETTERS) == []

    travel(journey())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_channel_is_tried_again_when_it_says_so_and_told_once(kind: str) -> None:
    async def journey() -> None:
        async with chatting(kind) as (w, chats):
            chats.script(kind, Limited(40), Busy())
            await tell(w)
            first, second, third = (sent.now for sent in chats.arrived[kind])
            # Two of the services don't say when: they are known to be silent for a minute, or ten.
            assert second - first >= 40
            assert third - second >= 300
            assert len(chats.told(kind)) == 1
            assert failures(w) == []

    travel(journey())


@pytest.mark.parametrize("failure", [Hangs(), Cuts(), Floods(), Lies(), Busy()])
def test_whatever_is_no_answer_of_the_service_is_tried_again(failure: Failure, tmp_path: Path) -> None:
    async def journey() -> None:
        async with chatting("slack", template=impatient(tmp_path, 0.3)) as (w, chats):
            chats.script("slack", failure)
            await tell(w)
            assert len(chats.arrived["slack"]) == 2
            assert len(chats.told("slack")) == 1
            assert failures(w) == []

    travel(journey())


def test_a_redirect_is_not_followed() -> None:
    async def journey() -> None:
        async with chatting("slack") as (w, chats):
            chats.script("slack", Redirects())
            await tell(w)
            assert [failure["destination"] for failure in failures(w)] == ["slack"]
            assert chats.arrived["elsewhere"] == []

    travel(journey())


def test_a_message_whose_answer_was_lost_comes_twice_and_a_webhook_knows_it_by_its_id() -> None:
    async def journey() -> None:
        async with chatting("webhook") as (w, chats):
            chats.script("webhook", Cuts(taken=True))
            event = finished()
            await tell(w, event)
            assert [sent.headers["webhook-id"] for sent in chats.told("webhook")] == [event["id"]] * 2
            assert [sent.body for sent in chats.told("webhook")] == [event] * 2

    travel(journey())


@pytest.mark.parametrize("failure", [Hangs(), Limited(3_000), Gone(), Busy(), Lies()])
def test_a_destination_in_trouble_neither_delays_nor_repeats_another(failure: Failure, tmp_path: Path) -> None:
    async def journey() -> None:
        async with chatting("slack", "webhook", template=impatient(tmp_path, 0.3)) as (w, chats):
            chats.script("slack", failure)
            at = w.clock.now()
            await publish(w, finished())
            await w.cloud.settle(until=lambda: chats.told("webhook") != [])
            assert chats.told("webhook")[0].now - at < 1
            await w.rest()
            assert len(chats.arrived["webhook"]) == 1
            assert len(chats.told("slack")) == (0 if failure == Gone() else 1)

    travel(journey())


def test_of_one_batch_nobody_waits_for_a_destination_that_hangs(tmp_path: Path) -> None:
    async def journey() -> None:
        async with chatting("slack", "webhook", template=impatient(tmp_path, 5)) as (w, chats):
            chats.script("slack", Hangs())
            now = w.clock.now()
            batch = load("chat")
            (record,) = batch["Records"]
            for name in ("slack", "webhook"):
                body = json.dumps({"destination": name, "first_at": now, "at": now, "event": finished()})
                batch["Records"].append(record | {"messageId": name, "body": body, "messageAttributes": {}})
            del batch["Records"][0]
            running = asyncio.create_task(run(w, "ChatFunction", batch))
            while not chats.told("webhook"):
                await asyncio.sleep(0.01)
                assert not running.done(), "it was told after the other had been given up"
            assert chats.hanging == 1
            running.cancel()

    travel(journey())


def test_the_event_and_its_deliveries_may_come_as_often_as_they_like() -> None:
    async def journey() -> None:
        async with chatting("slack", "webhook") as (w, chats):
            await tell(w, *[finished()] * 3)
            await tell(w)
            assert len(chats.arrived["slack"]) == len(chats.arrived["webhook"]) == 1

    travel(journey())


def test_a_long_pause_is_several_hops_without_a_post() -> None:
    async def journey() -> None:
        async with chatting("webhook") as (w, chats):
            chats.script("webhook", Limited(3_600))
            await tell(w)
            first, second = (sent.now for sent in chats.arrived["webhook"])
            assert 3_600 <= second - first < 3_700
            assert w.calls("ChatFunction") <= 8

    travel(journey())


def test_after_the_last_attempt_it_is_told_that_nothing_will_come() -> None:
    async def journey() -> None:
        async with chatting("slack") as (w, chats):
            chats.always("slack", Busy())
            now = w.clock.now()
            message = {"destination": "slack", "attempt": 10, "first_at": now - 270_000, "at": now, "event": finished()}
            await w.enqueue(message, QUEUE)
            await w.rest()
            assert len(chats.arrived["slack"]) == 1
            (failure,) = failures(w)
            assert failure["attempts"] == 10
            assert "503" in failure["reason"]
            await w.enqueue(message, QUEUE)
            await w.rest()
            assert len(chats.arrived["slack"]) == len(failures(w)) == 1

    travel(journey())


def test_a_destination_gets_no_more_messages_than_its_service_allows() -> None:
    async def journey() -> None:
        async with chatting("telegram", "webhook") as (w, chats):
            await tell(w, *(finished(str(n)) for n in range(6)))
            moments = [sent.now for sent in chats.told("telegram")]
            assert len(moments) == 6
            assert min(later - earlier for earlier, later in pairwise(moments)) >= 3.75 - 1
            assert moments[-1] - moments[0] >= 5 * 3.75 - 1
            assert len(chats.told("webhook")) == 6

    travel(journey())


def test_a_destination_that_asks_for_a_pause_is_left_alone_meanwhile() -> None:
    async def journey() -> None:
        async with chatting("slack") as (w, chats):
            chats.script("slack", Limited(600))
            await publish(w, finished("1"))
            await w.cloud.settle(until=lambda: chats.arrived["slack"] != [])
            await tell(w, finished("2"))
            first, *later = (sent.now for sent in chats.arrived["slack"])
            assert len(later) == len(chats.told("slack")) == 2
            assert min(later) - first >= 600

    travel(journey())


def test_a_destination_hears_what_its_filters_let_through() -> None:
    async def journey() -> None:
        async with chatting() as (w, chats):
            wanted = {
                "bad": chats.destination("slack", "bad", verdicts=["inconsistent", "failed"]),
                "wave4": chats.destination("slack", "wave4", labels={"wave": "4"}),
                "others": chats.destination("slack", "others", audience="somebody-else"),
                "paused": chats.destination("slack", "paused", paused=True),
            }
            w.cloud.put_secret("DestinationsSecret", json.dumps(wanted))
            await tell(w, finished("1"), finished("2", verdict="consistent", labels={"wave": "4"}))
            assert {name: len(chats.told(name)) for name in wanted} == {"bad": 1, "wave4": 1, "others": 0, "paused": 0}

    travel(journey())


def test_a_test_reaches_every_destination_and_says_that_it_is_one() -> None:
    async def journey() -> None:
        async with chatting("slack") as (w, chats):
            picky = chats.destination("feishu", "picky", verdicts=["expired"], language="zh")
            w.cloud.put_secret("DestinationsSecret", chats.secret("slack", picky=picky))
            await w.enqueue(trial_message(finished()), QUEUE)
            await w.rest()
            assert "TEST: " in chats.told("slack")[0].raw.decode()
            assert "【测试】" in chats.told("picky")[0].raw.decode()

    travel(journey())
