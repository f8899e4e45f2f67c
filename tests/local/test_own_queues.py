"""A queue of one's own beside the template's, made and subscribed by another client of AWS (boto3)."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.local.clock import RealClock
from functions.local.cloud import Cloud
from tests.local.workshop import in_workshop

T = TypeVar("T")
ONLY_FAILED = json.dumps({"verdict": ["failed"]})


class Client:
    """What a user of the local endpoint does; every call waits for its answer in a thread."""

    def __init__(self, cloud: Cloud) -> None:
        access = cloud.access()
        options = {
            "endpoint_url": cloud.endpoint,
            "region_name": cloud.stack.region,
            "aws_access_key_id": access["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": access["AWS_SECRET_ACCESS_KEY"],
            "config": Config(retries={"total_max_attempts": 1}),
        }
        self.sqs: Any = boto3.client("sqs", **options)
        self.sns: Any = boto3.client("sns", **options)
        self.topic = cloud.stack.topics["ResultsTopic"].arn
        self.queue = self.sqs.create_queue(QueueName="mine")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        self.queue_arn = attributes["Attributes"]["QueueArn"]

    def subscribe(self, **attributes: str) -> str:
        arn: str = self.sns.subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=self.queue_arn, Attributes=attributes
        )["SubscriptionArn"]
        return arn

    def publish(self, *verdicts: str) -> None:
        for verdict in verdicts:
            attributes = {"verdict": {"DataType": "String", "StringValue": verdict}}
            self.sns.publish(TopicArn=self.topic, Message=json.dumps({"was": verdict}), MessageAttributes=attributes)

    def receive(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=0, MessageAttributeNames=["All"]
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages


def as_user(use: Callable[[Client], T]) -> T:
    async def journey(cloud: Cloud) -> T:
        return await asyncio.to_thread(lambda: use(Client(cloud)))

    return in_workshop(journey, clock=RealClock())


def test_a_queue_of_ones_own_takes_and_gives_messages() -> None:
    def use(client: Client) -> list[str]:
        client.sqs.send_message(QueueUrl=client.queue, MessageBody="hello")
        return [message["Body"] for message in client.receive()]

    assert as_user(use) == ["hello"]


def test_creating_a_queue_again_keeps_what_is_in_it() -> None:
    def use(client: Client) -> list[str]:
        client.sqs.send_message(QueueUrl=client.queue, MessageBody="hello")
        assert client.sqs.create_queue(QueueName="mine")["QueueUrl"] == client.queue
        return [message["Body"] for message in client.receive()]

    assert as_user(use) == ["hello"]


def test_a_raw_subscription_with_a_filter_gets_the_events_it_names_once_and_as_published() -> None:
    def use(client: Client) -> list[dict[str, Any]]:
        client.subscribe(FilterPolicy=ONLY_FAILED, RawMessageDelivery="true")
        client.publish("consistent", "failed")
        return client.receive()

    (message,) = as_user(use)
    assert message["Body"] == '{"was": "failed"}'
    assert message["MessageAttributes"]["verdict"] == {"DataType": "String", "StringValue": "failed"}


def test_a_subscription_without_raw_delivery_gets_the_envelope_once() -> None:
    def use(client: Client) -> list[dict[str, Any]]:
        client.subscribe(FilterPolicy=ONLY_FAILED)
        client.publish("consistent", "failed")
        return client.receive()

    (message,) = as_user(use)
    assert json.loads(json.loads(message["Body"])["Message"]) == {"was": "failed"}
    assert "MessageAttributes" not in message


def test_a_filter_over_the_body_is_applied() -> None:
    def use(client: Client) -> list[str]:
        policy = json.dumps({"was": ["failed"]})
        client.subscribe(FilterPolicy=policy, FilterPolicyScope="MessageBody", RawMessageDelivery="true")
        client.publish("consistent", "failed")
        return [message["Body"] for message in client.receive()]

    assert as_user(use) == ['{"was": "failed"}']


def test_changed_attributes_hold_from_the_next_event_on() -> None:
    def use(client: Client) -> list[str]:
        arn = client.subscribe(FilterPolicy=ONLY_FAILED, RawMessageDelivery="true")
        client.publish("consistent")
        for name, value in (("FilterPolicy", '{"verdict": ["consistent"]}'), ("RawMessageDelivery", "false")):
            client.sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
        client.publish("consistent", "failed")
        return [json.loads(message["Body"])["Message"] for message in client.receive()]

    assert as_user(use) == ['{"was": "consistent"}']


def test_after_unsubscribing_nothing_more_comes() -> None:
    def use(client: Client) -> list[dict[str, Any]]:
        client.sns.unsubscribe(SubscriptionArn=client.subscribe(RawMessageDelivery="true"))
        client.publish("failed")
        return client.receive()

    assert as_user(use) == []


def test_a_deleted_queue_is_gone_and_its_subscription_disturbs_no_publisher() -> None:
    def use(client: Client) -> str:
        client.subscribe(RawMessageDelivery="true")
        client.sqs.delete_queue(QueueUrl=client.queue)
        client.publish("failed")
        with pytest.raises(ClientError) as refused:
            client.receive()
        code: str = refused.value.response["Error"]["Code"]
        return code

    assert as_user(use) in {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


def test_a_queue_of_the_running_stack_is_not_deleted() -> None:
    async def journey(cloud: Cloud) -> None:
        client = await asyncio.to_thread(Client, cloud)
        with pytest.raises(ClientError, match="a queue of the running stack"):
            await asyncio.to_thread(client.sqs.delete_queue, QueueUrl=cloud.queue("Raw").url)
        assert cloud.peek("Raw") == []

    in_workshop(journey, clock=RealClock())


def test_a_subscription_that_the_local_cloud_could_not_serve_is_refused() -> None:
    def use(client: Client) -> None:
        with pytest.raises(ClientError, match="delivers to sqs alone"):
            client.sns.subscribe(TopicArn=client.topic, Protocol="https", Endpoint="https://example.com/")

    as_user(use)
