"""Topics: what is published reaches the subscribed queues, filtered, raw or in the envelope."""

import json

from functions.local.cloud import Cloud
from tests.local.workshop import in_workshop, order, receive


async def publish(cloud: Cloud, text: str, **attributes: str) -> None:
    await cloud.client().publish(cloud.stack.topics["ResultsTopic"].arn, text, attributes)


def test_a_filter_lets_through_what_it_names_and_nothing_else() -> None:
    async def journey(cloud: Cloud) -> None:
        for verdict in ("consistent", "inconsistent", "incomplete", "failed"):
            await publish(cloud, verdict, verdict=verdict)
        await publish(cloud, "nothing said")
        assert [w.body for w in cloud.peek("Raw")] == ["consistent", "inconsistent", "incomplete"]
        assert len(cloud.peek("Wrapped")) == 5

    in_workshop(journey)


def test_a_raw_delivery_keeps_text_and_attributes() -> None:
    async def journey(cloud: Cloud) -> None:
        await publish(cloud, '{"id":"1"}', verdict="consistent", job_id="a/b")
        (message,) = await receive(cloud, "Raw")
        assert message["Body"] == '{"id":"1"}'
        assert message["MessageAttributes"] == {
            "verdict": {"DataType": "String", "StringValue": "consistent"},
            "job_id": {"DataType": "String", "StringValue": "a/b"},
        }

    in_workshop(journey)


def test_without_raw_delivery_the_text_comes_in_the_envelope() -> None:
    async def journey(cloud: Cloud) -> None:
        await publish(cloud, "text", verdict="failed")
        (message,) = await receive(cloud, "Wrapped")
        envelope = json.loads(message["Body"])
        assert envelope["Type"] == "Notification"
        assert envelope["TopicArn"] == cloud.stack.topics["ResultsTopic"].arn
        assert envelope["Message"] == "text"
        assert envelope["Timestamp"] == "2030-03-17T17:46:40.000Z"
        assert envelope["MessageAttributes"] == {"verdict": {"Type": "String", "Value": "failed"}}
        assert "MessageAttributes" not in message

    in_workshop(journey)


def test_the_inbox_shows_everything_that_is_published_and_waits_for_more() -> None:
    async def journey(cloud: Cloud) -> None:
        await publish(cloud, '{"n":1}', verdict="failed")
        await cloud.settle(lambda: len(cloud.inbox) == 1)
        await order(cloud, ["publish", '{"n":2}', "consistent"])
        await cloud.settle(lambda: len(cloud.inbox) == 2)
        assert [came.event["n"] for came in cloud.inbox] == [1, 2]
        assert cloud.inbox[1].attributes == {"verdict": "consistent"}
        seen = []
        async for came in cloud.inbox:
            seen.append(came.message)
            if len(seen) == 2:
                break
        assert seen == ['{"n":1}', '{"n":2}']

    in_workshop(journey)


def test_the_tracing_header_of_a_publisher_reaches_the_subscriber() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["publish", "x", "consistent"])
        await cloud.settle()
        (message,) = await receive(cloud, "Raw")
        assert ";Lineage=" in message["Attributes"]["AWSTraceHeader"]

    in_workshop(journey)
