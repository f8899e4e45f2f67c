"""The event source mapping: batches, partial failures, visibility, concurrency, the shape of the event."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.local.batches import acknowledged
from functions.local.clock import VirtualClock
from functions.local.cloud import Cloud
from functions.local.invocations import Outcome
from tests.local.workshop import call, in_workshop, order

IDS = ["a", "b", "c"]


def hops(cloud: Cloud, function: str) -> list[tuple[str, int]]:
    return [(hop.outcome, len(hop.event["Records"])) for hop in cloud.hops if hop.function == function]


def test_messages_that_wait_together_come_in_one_batch_and_are_deleted_after_it() -> None:
    async def journey(cloud: Cloud) -> None:
        for n in range(7):
            await order(cloud, ["put", str(n)], delay=60)
        await cloud.settle()
        assert hops(cloud, "Worker") == [("ok", 7)]
        assert cloud.peek("Work") == []

    in_workshop(journey)


def test_a_batch_is_no_longer_than_its_size() -> None:
    async def journey(cloud: Cloud) -> None:
        for _ in range(7):
            await order(cloud, delay=60)
        await cloud.settle()
        assert sorted(hops(cloud, "Worker")) == [("ok", 1), ("ok", 3), ("ok", 3)]

    in_workshop(journey, {"BatchSize": 3})


def test_a_window_collects_what_comes_within_it() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud)
        await order(cloud, delay=15)
        await order(cloud, delay=25)
        await cloud.settle()
        assert hops(cloud, "Worker") == [("ok", 2), ("ok", 1)]

    in_workshop(journey, {"Window": 20})


def test_only_the_messages_that_failed_come_back() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, delay=60)
        await order(cloud, fail=True, delay=60)
        await cloud.settle()
        assert hops(cloud, "Worker") == [("ok", 2), ("ok", 1), ("ok", 1)]
        times = [hop.at for hop in cloud.hops]
        assert [round(later - earlier) for earlier, later in pairwise(times)] == [30, 30]
        (dead,) = cloud.peek("WorkDead")
        assert json.loads(dead.body)["fail"] is True

    in_workshop(journey)


def test_a_function_that_raises_gets_its_whole_batch_again() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, delay=60)
        await order(cloud, ["raise", "no"], delay=60)
        await cloud.settle()
        assert hops(cloud, "Worker") == [("error", 2)] * 3
        assert cloud.hops[0].payload["errorType"] == "ValueError"
        assert len(cloud.peek("WorkDead")) == 2

    in_workshop(journey)


def test_the_event_has_the_shape_that_lambda_sends() -> None:
    async def journey(cloud: Cloud) -> None:
        request = {
            "QueueUrl": cloud.queue("Work").url,
            "MessageBody": "{}",
            "MessageAttributes": {"type": {"DataType": "String", "StringValue": "done"}},
        }
        _, sent = await call(cloud, "AmazonSQS.SendMessage", request)
        await cloud.settle()
        (record,) = cloud.hops[0].event["Records"]
        now = str(int(cloud.hops[0].at * 1000))
        assert record.pop("receiptHandle")
        assert record.pop("attributes") == {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": now,
            "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
            "ApproximateFirstReceiveTimestamp": now,
        }
        assert record == {
            "messageId": sent["MessageId"],
            "body": "{}",
            "messageAttributes": {
                "type": {"stringListValues": [], "binaryListValues": [], "dataType": "String", "stringValue": "done"}
            },
            "md5OfBody": sent["MD5OfMessageBody"],
            "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
            "eventSource": "aws:sqs",
            "eventSourceARN": cloud.queue("Work").arn,
            "awsRegion": "us-east-1",
        }

    in_workshop(journey)


def test_no_more_batches_run_at_once_than_the_template_allows() -> None:
    running, most = 0, 0

    async def journey(cloud: Cloud) -> None:
        from aiohttp import web  # the server of this one test

        async def serve(_: web.BaseRequest) -> web.Response:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await cloud_tick()
            running -= 1
            return web.Response()

        async def cloud_tick() -> None:
            import asyncio

            for _ in range(200):
                await asyncio.sleep(0)

        runner = web.ServerRunner(web.Server(serve))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        for _ in range(9):
            await order(cloud, ["post", f"http://{host}:{port}/"])
        await cloud.settle()
        await runner.cleanup()
        assert len(cloud.hops) == 9

    in_workshop(journey, {"BatchSize": 1, "Concurrency": 3})
    assert most == 3


@pytest.mark.parametrize(
    "payload",
    [
        "text",
        [],
        7,
        {"batchItemFailures": "a"},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"id": "a"}]},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "stranger"}]},
    ],
)
def test_an_answer_that_cannot_be_read_fails_the_whole_batch(payload: object) -> None:
    assert acknowledged(IDS, Outcome("ok", payload), partial=True) == set()
    assert acknowledged(IDS, Outcome("ok", payload), partial=False) == set(IDS)


@pytest.mark.parametrize("payload", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}])
def test_an_answer_without_failures_acknowledges_the_whole_batch(payload: object) -> None:
    assert acknowledged(IDS, Outcome("ok", payload), partial=True) == set(IDS)


@given(st.sets(st.sampled_from(IDS)))
def test_exactly_the_messages_not_named_are_acknowledged(failed: set[str]) -> None:
    payload = {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
    assert acknowledged(IDS, Outcome("ok", payload), partial=True) == set(IDS) - failed


@pytest.mark.parametrize("kind", ["error", "timeout", "crash", "init_error"])
def test_an_invocation_that_did_not_return_acknowledges_nothing(kind: str) -> None:
    assert acknowledged(IDS, Outcome(kind, None), partial=True) == set()  # type: ignore[arg-type]  # a parametrised Kind


def test_advancing_an_idle_cloud_invokes_nothing_but_schedules() -> None:
    async def journey(cloud: Cloud) -> None:
        assert isinstance(cloud.clock, VirtualClock)
        await cloud.clock.advance(599)
        assert cloud.hops == []

    in_workshop(journey)
