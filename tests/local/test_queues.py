"""Queues: delays, visibility, redrive and long polls, by the cloud's clock."""

import asyncio

from functions.local.clock import RealClock, VirtualClock
from functions.local.cloud import Cloud
from tests.local.workshop import bodies, call, in_workshop, receive


def clock_of(cloud: Cloud) -> VirtualClock:
    assert isinstance(cloud.clock, VirtualClock)
    return cloud.clock


def test_a_delayed_message_is_seen_when_its_delay_is_over_and_not_before() -> None:
    async def journey(cloud: Cloud) -> None:
        await cloud.client().send(cloud.queue("Loose").url, "later", delay=900)
        await clock_of(cloud).advance(899.9)
        assert await receive(cloud, "Loose") == []
        await clock_of(cloud).advance(0.2)
        assert bodies(await receive(cloud, "Loose")) == ["later"]

    in_workshop(journey)


def test_a_received_message_comes_back_after_its_visibility_with_a_higher_count() -> None:
    async def journey(cloud: Cloud) -> None:
        await cloud.client().send(cloud.queue("Loose").url, "again")
        (first,) = await receive(cloud, "Loose")
        await clock_of(cloud).advance(4.9)
        assert await receive(cloud, "Loose") == []
        await clock_of(cloud).advance(0.2)
        (second,) = await receive(cloud, "Loose")
        assert second["MessageId"] == first["MessageId"]
        assert second["ReceiptHandle"] != first["ReceiptHandle"]
        assert second["Attributes"]["ApproximateReceiveCount"] == "2"

    in_workshop(journey)


def test_a_message_received_too_often_becomes_a_dead_letter_that_names_its_queue() -> None:
    async def journey(cloud: Cloud) -> None:
        await cloud.client().send(cloud.queue("Loose").url, "poison")
        ids = set()
        for _ in range(2):
            ids |= {message["MessageId"] for message in await receive(cloud, "Loose")}
            await clock_of(cloud).advance(6)
        assert await receive(cloud, "Loose") == []
        (dead,) = await receive(cloud, "LooseDead")
        assert {dead["MessageId"]} == ids
        assert dead["Attributes"]["DeadLetterQueueSourceArn"] == cloud.queue("Loose").arn
        assert cloud.peek("LooseDead")[0].dead_letter_source == cloud.queue("Loose").arn

    in_workshop(journey)


def test_a_long_poll_wakes_as_soon_as_a_message_is_sent() -> None:
    async def journey(cloud: Cloud) -> float:
        loop = asyncio.get_running_loop()
        poll = asyncio.create_task(receive(cloud, "Loose", WaitTimeSeconds=20))
        await cloud.clock.idle()
        started = loop.time()
        await cloud.client().send(cloud.queue("Loose").url, "now")
        assert bodies(await poll) == ["now"]
        return loop.time() - started

    assert in_workshop(journey, clock=RealClock()) < 2


def test_a_long_poll_wakes_when_a_delay_or_a_visibility_ends() -> None:
    async def journey(cloud: Cloud) -> None:
        await cloud.client().send(cloud.queue("Loose").url, "delayed", delay=7)
        for waited in (7, 5):
            before = cloud.clock.now()
            poll = asyncio.create_task(receive(cloud, "Loose", WaitTimeSeconds=20))
            await cloud.settle(poll.done)
            assert bodies(await poll) == ["delayed"]
            assert waited <= cloud.clock.now() - before < waited + 0.1

    in_workshop(journey)


def test_a_long_poll_of_an_empty_queue_ends_after_its_wait() -> None:
    async def journey(cloud: Cloud) -> None:
        before = cloud.clock.now()
        poll = asyncio.create_task(receive(cloud, "Loose", WaitTimeSeconds=20))
        await cloud.settle(poll.done)
        assert await poll == []
        assert cloud.clock.now() - before == 20

    in_workshop(journey)


def test_a_message_older_than_the_retention_is_gone() -> None:
    async def journey(cloud: Cloud) -> None:
        await cloud.client().send(cloud.queue("Loose").url, "old")
        await clock_of(cloud).advance(3599)
        await cloud.client().send(cloud.queue("Loose").url, "young")
        await clock_of(cloud).advance(2)
        assert bodies(await receive(cloud, "Loose")) == ["young"]

    in_workshop(journey)


def test_sixteen_receivers_share_two_thousand_messages_without_a_duplicate() -> None:
    async def journey(cloud: Cloud) -> tuple[list[str], float]:
        url, loop = cloud.queue("LooseDead").url, asyncio.get_running_loop()
        started = loop.time()
        for start in range(0, 2000, 10):
            entries = [{"Id": str(n), "MessageBody": str(start + n)} for n in range(10)]
            await call(cloud, "AmazonSQS.SendMessageBatch", {"QueueUrl": url, "Entries": entries})
        got: list[str] = []

        async def receiver() -> None:
            while messages := await receive(cloud, "LooseDead"):
                got.extend(message["Body"] for message in messages)
                entries = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
                await call(cloud, "AmazonSQS.DeleteMessageBatch", {"QueueUrl": url, "Entries": entries})

        await asyncio.gather(*(receiver() for _ in range(16)))
        assert cloud.peek("LooseDead") == []
        return got, loop.time() - started

    got, seconds = in_workshop(journey)
    assert sorted(got, key=int) == [str(n) for n in range(2000)]
    assert seconds < 30
