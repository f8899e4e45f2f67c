"""What the front adds to moto: the list is pinned, and what no other test file shows is shown here."""

from typing import Any

import pytest

from functions.local.clock import VirtualClock
from functions.local.cloud import Cloud
from functions.local.refusals import ADDITIONS
from functions.pipeline.sigv4 import Credentials
from tests.local.workshop import call, in_workshop, receive

SENT = "AmazonSQS.SendMessage"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"


def test_the_list_of_additions_is_exactly_this() -> None:
    assert set(ADDITIONS) == {
        "dead-letter-source",
        "item-size",
        "long-poll",
        "message-attributes",
        "message-delay",
        "message-retention",
        "message-size",
        "message-text",
        "not-in-flight",
        "permissions",
        "signatures",
        "stack-queues",
        "subscriptions",
        "time-to-live",
        "trace-header",
    }


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"MessageBody": ""}, "MissingParameter"),
        ({"MessageBody": "a\x00b"}, "InvalidMessageContents"),
        ({"MessageBody": "a\ufffe"}, "InvalidMessageContents"),
        ({"MessageBody": "a", "DelaySeconds": -1}, "InvalidParameterValue"),
        ({"MessageBody": "a", "DelaySeconds": 901}, "InvalidParameterValue"),
        ({"MessageBody": "é" * 600_000}, "InvalidParameterValue"),
        (
            {"MessageBody": "a" * 1_048_576, "MessageAttributes": {"x": {"DataType": "String", "StringValue": "y"}}},
            "InvalidParameterValue",
        ),
        (
            {
                "MessageBody": "a",
                "MessageAttributes": {f"n{i}": {"DataType": "String", "StringValue": "v"} for i in range(11)},
            },
            "InvalidParameterValue",
        ),
    ],
)
def test_a_message_that_sqs_would_refuse_is_refused(message: dict[str, Any], code: str) -> None:
    async def journey(cloud: Cloud) -> None:
        status, answer = await call(cloud, SENT, {"QueueUrl": cloud.queue("Loose").url, **message})
        assert (status, answer["__type"].rpartition("#")[2]) == (400, code)
        assert cloud.peek("Loose") == []

    in_workshop(journey)


def test_a_message_of_exactly_one_mebibyte_is_taken() -> None:
    async def journey(cloud: Cloud) -> None:
        status, _ = await call(cloud, SENT, {"QueueUrl": cloud.queue("Loose").url, "MessageBody": "é" * 524_288})
        assert status == 200

    in_workshop(journey)


def test_the_tracing_header_of_a_sender_reaches_the_receiver() -> None:
    async def journey(cloud: Cloud) -> None:
        url = cloud.queue("Loose").url
        await call(cloud, SENT, {"QueueUrl": url, "MessageBody": "one"}, headers={"X-Amzn-Trace-Id": TRACE})
        entries = [{"Id": "a", "MessageBody": "two"}]
        request: Any = {"QueueUrl": url, "Entries": entries}
        await call(cloud, "AmazonSQS.SendMessageBatch", request, headers={"X-Amzn-Trace-Id": TRACE})
        own: Any = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=own"}}
        request = {"QueueUrl": url, "MessageBody": "three", "MessageSystemAttributes": own}
        await call(cloud, SENT, request, headers={"X-Amzn-Trace-Id": TRACE})
        await call(cloud, SENT, {"QueueUrl": url, "MessageBody": "four"})
        traces = {m["Body"]: m["Attributes"].get("AWSTraceHeader") for m in await receive(cloud, "Loose")}
        assert traces == {"one": TRACE, "two": TRACE, "three": "Root=own", "four": None}

    in_workshop(journey)


def test_the_visibility_of_a_message_that_nobody_has_is_not_changed() -> None:
    async def journey(cloud: Cloud) -> None:
        assert isinstance(cloud.clock, VirtualClock)
        url = cloud.queue("Loose").url
        await cloud.client().send(url, "x")
        (message,) = await receive(cloud, "Loose")
        request = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 60}
        assert (await call(cloud, "AmazonSQS.ChangeMessageVisibility", request))[0] == 200
        await cloud.clock.advance(61)
        status, answer = await call(cloud, "AmazonSQS.ChangeMessageVisibility", request)
        assert (status, answer["__type"].rpartition("#")[2]) == (400, "MessageNotInflight")

    in_workshop(journey)


def test_items_past_their_time_to_live_are_deleted_within_the_hour_and_no_others() -> None:
    async def journey(cloud: Cloud) -> None:
        assert isinstance(cloud.clock, VirtualClock)
        client, now = cloud.client(), int(cloud.clock.now())
        table = cloud.stack.tables["Things"].name
        ends: dict[str, Any] = {
            "soon": now + 60,
            "later": now + 7200,
            "text": "soon",
            "never": None,
            "ancient": now - 10**9,
        }
        for key, end in ends.items():
            await client.put_item(table, {"pk": key} if end is None else {"pk": key, "expires_at": end})
        await cloud.clock.advance(3601)
        left = {key for key in ends if await client.get_item(table, {"pk": key})}
        assert left == {"later", "text", "never", "ancient"}

    in_workshop(journey)


UPDATE = "DynamoDB_20120810.UpdateItem"
KEY = {"pk": {"S": "a"}}


def update(cloud: Cloud, expression: str, *sizes: int) -> dict[str, Any]:
    """Return an UpdateItem whose values `:0`, `:1` … are texts of these sizes."""
    values = {f":{i}": {"S": "x" * size} for i, size in enumerate(sizes)}
    table = cloud.stack.tables["Things"].name
    return {"TableName": table, "Key": KEY, "UpdateExpression": expression, "ExpressionAttributeValues": values}


async def stored(cloud: Cloud) -> Any:
    """Return the item as it is now."""
    request = {"TableName": cloud.stack.tables["Things"].name, "Key": KEY, "ConsistentRead": True}
    return (await call(cloud, "DynamoDB_20120810.GetItem", request))[1].get("Item")


@pytest.mark.parametrize(
    ("expression", "sizes"),
    [
        ("SET small = :0, big = :1", (5, 410_000)),
        ("SET big = :1, small = :0", (5, 410_000)),
        ("SET one = :0, two = :1", (205_000, 205_000)),
        ("SET small = :0, deep.part = :1", (5, 410_000)),
    ],
)
@pytest.mark.parametrize("exists", [True, False])
def test_an_update_that_makes_an_item_too_large_changes_nothing(
    exists: bool, expression: str, sizes: tuple[int, ...]
) -> None:
    async def journey(cloud: Cloud) -> None:
        if exists:
            item = {"pk": "a", "small": "old", "deep": {"part": "old"}}
            await cloud.client().put_item(cloud.stack.tables["Things"].name, item)
        before = await stored(cloud)
        status, answer = await call(cloud, UPDATE, update(cloud, expression, *sizes))
        assert (status, answer["__type"].rpartition("#")[2]) == (400, "ValidationException")
        if exists or "deep" not in expression:
            assert answer["message"] == "Item size to update has exceeded the maximum allowed size"
        assert await stored(cloud) == before
        assert (before is not None) == exists

    in_workshop(journey)


@pytest.mark.parametrize("size", [400_000, 210_000])
def test_what_is_replaced_does_not_count_towards_the_size_of_an_item(size: int) -> None:
    async def journey(cloud: Cloud) -> None:
        for times in range(2):
            status, answer = await call(cloud, UPDATE, update(cloud, "SET big = :0", size - times))
            assert status == 200, answer
        assert len((await stored(cloud))["big"]["S"]) == size - 1

    in_workshop(journey)


@pytest.mark.parametrize(
    ("options", "target", "status", "code"),
    [
        ({"credentials": Credentials("AKIAUNKNOWN", "x")}, SENT, 403, "InvalidClientTokenId"),
        ({"skew": 301}, SENT, 403, "SignatureDoesNotMatch"),
        ({"skew": -301}, "DynamoDB_20120810.GetItem", 400, "InvalidSignatureException"),
        ({"headers": {"authorization": "Bearer x"}}, SENT, 403, "MissingAuthenticationToken"),
        ({"headers": {"content-type": "application/json"}}, SENT, 403, "SignatureDoesNotMatch"),
    ],
)
def test_a_call_that_is_not_signed_as_it_should_be_is_refused(
    options: dict[str, Any], target: str, status: int, code: str
) -> None:
    async def journey(cloud: Cloud) -> None:
        request = {"QueueUrl": cloud.queue("Loose").url, "MessageBody": "x"}
        answered, answer = await call(cloud, target, request, **options)
        assert (answered, answer["__type"].rpartition("#")[2]) == (status, code)
        assert cloud.peek("Loose") == []

    in_workshop(journey)


def test_a_wrong_secret_key_is_refused() -> None:
    async def journey(cloud: Cloud) -> None:
        wrong = Credentials(cloud.access()["AWS_ACCESS_KEY_ID"], "wrong")
        status, answer = await call(cloud, SENT, {"MessageBody": "x"}, credentials=wrong)
        assert (status, answer["__type"].rpartition("#")[2]) == (403, "SignatureDoesNotMatch")

    in_workshop(journey)
