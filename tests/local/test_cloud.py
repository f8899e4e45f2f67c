"""The cloud as a whole: what it starts, shows and leaves behind."""

import asyncio
import json
import sys
from typing import Any

import aiohttp
import boto3
import pytest
from botocore.exceptions import ClientError

from functions.local.clock import RealClock, VirtualClock
from functions.local.cloud import Cloud
from functions.local.errors import LocalCloudError
from functions.local.invocations import Hop
from functions.pipeline.aws import AwsError
from tests.local.workshop import TEMPLATE, in_workshop, order, receive


def test_stopping_leaves_no_task_and_no_port() -> None:
    async def run() -> None:
        before = asyncio.all_tasks()
        cloud = await Cloud.start(TEMPLATE, runtime="in_process", clock=VirtualClock())
        await order(cloud, ["put", "a"])
        await cloud.settle()
        poll = asyncio.create_task(receive(cloud, "Loose", WaitTimeSeconds=20))
        await cloud.clock.idle()
        addresses = (cloud.url, cloud.endpoint)
        await cloud.stop()
        with pytest.raises(aiohttp.ClientError):
            await poll
        assert asyncio.all_tasks() == before
        for address in addresses:
            host, port = address.removeprefix("http://").split(":")
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(host, int(port))

    asyncio.run(run())


def test_stopping_twice_is_stopping_once() -> None:
    async def run() -> None:
        cloud = await Cloud.start(TEMPLATE, runtime="in_process", clock=VirtualClock())
        await cloud.stop()
        await cloud.stop()

    asyncio.run(run())


def test_two_clouds_at_once_do_not_see_each_other() -> None:
    async def run() -> None:
        one, two = VirtualClock(1_800_000_000), VirtualClock(1_900_000_000)
        async with (
            await Cloud.start(TEMPLATE, runtime="in_process", clock=one) as first,
            await Cloud.start(TEMPLATE, runtime="in_process", clock=two) as second,
        ):
            await order(first, ["publish", "x", "consistent"])
            await first.settle()
            await second.settle()
            assert (len(first.inbox), len(second.inbox)) == (1, 0)
            assert (len(first.hops), len(second.hops)) == (1, 0)
            assert first.hops[0].at == 1_800_000_000
            assert one.now() < two.now()

    asyncio.run(run())


def test_secrets_have_the_given_the_templates_or_a_generated_value() -> None:
    async def journey(cloud: Cloud) -> None:
        assert cloud.secret("Given") == "mine"
        assert len(cloud.secret("Generated")) == 40
        assert cloud.secret("Generated").isalnum()
        with pytest.raises(AwsError, match="ResourceNotFoundException"):
            await cloud.client().get_secret(cloud.stack.secrets["Empty"].arn)
        before = await cloud.client().get_secret(cloud.stack.secrets["Given"].arn)
        cloud.put_secret("Given", "new")
        after = await cloud.client().get_secret(cloud.stack.secrets["Given"].arn)
        assert (before.value, after.value) == ("mine", "new")
        assert before.version != after.version

    in_workshop(journey, secrets={"Given": "mine"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secrets": {"Nobody": "x"}}, "the template has no secret Nobody"),
        ({"runtime": "processes"}, "a virtual one needs in_process"),
    ],
)
def test_what_cannot_be_started_says_why(options: dict[str, Any], message: str) -> None:
    async def journey(_: Cloud) -> None:
        raise AssertionError

    with pytest.raises(LocalCloudError, match=message):
        in_workshop(journey, **options)


def test_what_does_not_happen_ends_the_wait_with_the_last_hops() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["raise", "told"])
        with pytest.raises(TimeoutError, match="told"):
            await cloud.settle(lambda: len(cloud.inbox) > 0, within=600)

    in_workshop(journey)


def test_a_function_sees_its_own_environment_and_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_HOST", "x")

    async def journey(cloud: Cloud) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{cloud.url}/things/x?answer=environment") as response,
        ):
            env = await response.json()
        assert "OF_THE_HOST" not in env
        assert env["SHARED"] == "from-globals"
        assert env["EXTRA"] == "1"
        assert env["AWS_LAMBDA_FUNCTION_NAME"] == "parity-Worker"
        assert env["AWS_ENDPOINT_URL"] == cloud.endpoint
        assert env["AWS_ACCESS_KEY_ID"].startswith("ASIA")
        assert env["_X_AMZN_TRACE_ID"].startswith("Root=1-")

    in_workshop(journey, extra_env={"EXTRA": "1"})


def test_lines_that_functions_write_go_to_the_sink_and_not_to_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines: list[tuple[str, str]] = []

    async def journey(cloud: Cloud) -> None:
        await order(cloud)
        await cloud.settle()
        print("ours", file=sys.stdout)  # noqa: T201 - the subject of the test

    in_workshop(journey, log_sink=lambda function, line: lines.append((function, line)))
    assert ("Worker", "worked on 1 with 3000 ms left") in lines
    assert '"message":"invocation.done"' in "".join(line for _, line in lines)
    assert capsys.readouterr().out == "ours\n"


def test_watchers_are_told_of_every_hop() -> None:
    told: list[tuple[str, str, str]] = []

    async def journey(cloud: Cloud) -> None:
        await order(cloud, ["put", "a"])
        await cloud.settle()
        assert cloud.hops[0].calls == 1

    in_workshop(journey, on_hop=lambda hop: told.append((hop.function, hop.source, hop.outcome)))
    assert told == [("Worker", "Work", "ok")]


def test_the_same_seed_gives_the_same_tokens() -> None:
    async def journey(cloud: Cloud) -> list[str]:
        await order(cloud)
        await cloud.settle()
        return [cloud.secret("Generated"), cloud.hops[0].event["Records"][0]["eventSource"]]

    assert in_workshop(journey, seed=7) == in_workshop(journey, seed=7)


def test_the_official_sdk_works_against_the_endpoint() -> None:
    def use(access: dict[str, str], cloud: Cloud) -> None:
        session = boto3.Session(access["AWS_ACCESS_KEY_ID"], access["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
        sqs, sns, dynamodb, secrets = (
            session.client(name, endpoint_url=cloud.endpoint) for name in ("sqs", "sns", "dynamodb", "secretsmanager")
        )
        url = cloud.queue("Loose").url
        sqs.send_message(QueueUrl=url, MessageBody="hello")
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
        assert message["Body"] == "hello"
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        topic = cloud.stack.topics["ResultsTopic"].arn
        attributes = {"verdict": {"DataType": "String", "StringValue": "consistent"}}
        assert sns.publish(TopicArn=topic, Message="m", MessageAttributes=attributes)["MessageId"]
        table = cloud.stack.tables["Things"].name
        dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}})
        with pytest.raises(ClientError) as failed:
            dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}}, ConditionExpression="attribute_not_exists(pk)")
        assert failed.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
        assert secrets.get_secret_value(SecretId=cloud.stack.secrets["Given"].arn)["SecretString"] == "{}"
        wrong = boto3.Session(access["AWS_ACCESS_KEY_ID"], "wrong", region_name="us-east-1").client(
            "sns", endpoint_url=cloud.endpoint
        )
        with pytest.raises(ClientError) as refused:
            wrong.publish(TopicArn=topic, Message="m")
        assert refused.value.response["Error"]["Code"] == "SignatureDoesNotMatch"

    async def journey(cloud: Cloud) -> None:
        await asyncio.to_thread(use, cloud.access(), cloud)
        await cloud.settle(lambda: len(cloud.inbox) == 1)
        assert [waiting.body for waiting in cloud.peek("Raw")] == ["m"]

    in_workshop(journey, clock=RealClock())


def test_an_answer_of_the_worker_is_what_it_returned() -> None:
    async def journey(cloud: Cloud) -> None:
        await order(cloud, fail=True)
        await cloud.settle(lambda: len(cloud.hops) == 1)
        (hop,) = cloud.hops
        ids = [record["messageId"] for record in hop.event["Records"]]
        assert hop.payload == {"batchItemFailures": [{"itemIdentifier": one} for one in ids]}
        assert json.dumps(hop.payload)

    in_workshop(journey)


def test_a_part_that_fails_is_not_swallowed() -> None:
    def refuse(_: Hop) -> None:
        raise ValueError("the watcher is broken")

    async def journey(cloud: Cloud) -> None:
        await order(cloud)
        await cloud.settle(lambda: False)

    with pytest.raises(LocalCloudError, match="a part of the local cloud has failed"):
        in_workshop(journey, on_hop=refuse)
