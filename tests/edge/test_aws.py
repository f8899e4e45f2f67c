"""The AWS client against moto, and against servers that answer badly."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.aws import Aws, AwsError, ConditionFailed, trace_header
from functions.pipeline.aws_errors import error_from
from tests.edge.served import NOW, Answer, Connect, Serve, forget_moto

LEDGER = {
    "TableName": "ledger",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "due", "AttributeType": "S"},
        {"AttributeName": "due_at", "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "due",
            "KeySchema": [
                {"AttributeName": "due", "KeyType": "HASH"},
                {"AttributeName": "due_at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}


@pytest.fixture
def on_moto(serve: Serve, moto: Answer, connect: Connect) -> Callable[[Callable[[Aws], Awaitable[None]]], None]:
    """Run a journey with a client whose AWS is moto, emptied first."""

    async def run(journey: Callable[[Aws], Awaitable[None]]) -> None:
        async with serve(moto) as url, connect(url) as aws:
            await journey(aws)

    def start(journey: Callable[[Aws], Awaitable[None]]) -> None:
        forget_moto()
        asyncio.run(run(journey))

    return start


def test_a_message_is_sent_with_its_attributes_and_its_delay(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        queue = (await aws._json("sqs", "AmazonSQS.CreateQueue", {"QueueName": "polls"}))["QueueUrl"]
        await aws.send(queue, '{"step": 1}', attributes={"reason": "not JSON: 无"})
        await aws.send(queue, "later", delay=900)

        wanted = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        (message,) = (await aws._json("sqs", "AmazonSQS.ReceiveMessage", wanted))["Messages"]
        assert message["Body"] == '{"step": 1}'
        assert message["MessageAttributes"]["reason"] == {"DataType": "String", "StringValue": "not JSON: 无"}

    on_moto(journey)


def test_a_refused_message_names_the_code_of_the_queue_service(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        with pytest.raises(AwsError, match="does not exist") as caught:
            await aws.send("http://sqs/123456789012/none", "x")
        assert caught.value.code == "QueueDoesNotExist"
        assert caught.value.status == 400
        assert not caught.value.retryable

    on_moto(journey)


def test_an_event_reaches_the_subscribers_of_the_topic_with_its_attributes(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        queue = (await aws._json("sqs", "AmazonSQS.CreateQueue", {"QueueName": "mine"}))["QueueUrl"]
        form = {"content-type": "application/x-www-form-urlencoded"}
        await aws._call("sns", form, b"Action=CreateTopic&Version=2010-03-31&Name=results")
        topic = "arn:aws:sns:eu-west-1:123456789012:results"
        subscribe = f"Action=Subscribe&Version=2010-03-31&TopicArn={topic}&Protocol=sqs"
        endpoint = "&Endpoint=arn:aws:sqs:eu-west-1:123456789012:mine"
        await aws._call("sns", form, f"{subscribe}{endpoint}".encode())

        await aws.publish(topic, '{"a": "1 & 2 = 无"}', {"verdict": "consistent", "type": "t"})

        (message,) = (await aws._json("sqs", "AmazonSQS.ReceiveMessage", {"QueueUrl": queue}))["Messages"]
        received = json.loads(message["Body"])
        assert received["Message"] == '{"a": "1 & 2 = 无"}'
        assert received["MessageAttributes"]["verdict"] == {"Type": "String", "Value": "consistent"}

    on_moto(journey)


def test_a_refused_event_names_the_code_in_the_xml(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        with pytest.raises(AwsError) as caught:
            await aws.publish("arn:aws:sns:eu-west-1:123456789012:none", "x", {})
        assert (caught.value.code, caught.value.status) == ("NotFound", 404)
        assert "exist" in caught.value.message

    on_moto(journey)


def test_a_secret_comes_with_its_version_and_hides_in_a_repr(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        wanted = {"Name": "webhook", "SecretString": "whsec_abc", "ClientRequestToken": "t" * 32}
        created = await aws._json("secretsmanager", "secretsmanager.CreateSecret", wanted)

        secret = await aws.get_secret("webhook")

        assert (secret.value, secret.version) == ("whsec_abc", created["VersionId"])
        assert "whsec_abc" not in repr(secret)

    on_moto(journey)


def test_a_secret_that_isnt_there_is_refused(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        with pytest.raises(AwsError) as caught:
            await aws.get_secret("none")
        assert caught.value.code == "ResourceNotFoundException"

    on_moto(journey)


def test_an_item_is_written_once_and_read_back(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        await aws._dynamo("CreateTable", LEDGER)
        item = {"pk": "cmp#1", "state": "new", "step": 0, "tasks": [{"id": "a", "owned": True}], "none": None}
        await aws.put_item("ledger", item, condition="attribute_not_exists(pk)")

        assert await aws.get_item("ledger", {"pk": "cmp#1"}) == item
        assert await aws.get_item("ledger", {"pk": "cmp#2"}) is None
        with pytest.raises(ConditionFailed) as caught:
            await aws.put_item("ledger", {"pk": "cmp#1"}, condition="attribute_not_exists(pk)")
        assert caught.value.item == item

    on_moto(journey)


def test_an_update_returns_the_item_as_it_is_now(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        await aws._dynamo("CreateTable", LEDGER)
        await aws.put_item("ledger", {"pk": "cmp#1", "step": 3})

        changed = await aws.update_item(
            "ledger",
            {"pk": "cmp#1"},
            update="SET #step = #step + :one, lease = :lease",
            condition="#step = :was",
            names={"#step": "step"},
            values={":one": 1, ":was": 3, ":lease": {"token": "t", "until": 12.5}},
        )

        assert changed == {"pk": "cmp#1", "step": 4, "lease": {"token": "t", "until": 12.5}}
        with pytest.raises(ConditionFailed) as caught:
            await aws.update_item(
                "ledger",
                {"pk": "cmp#1"},
                update="SET step = :was",
                condition="step = :was",
                values={":was": 3},
            )
        assert caught.value.item == changed

    on_moto(journey)


def test_an_index_is_read_page_by_page_in_either_order(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        await aws._dynamo("CreateTable", LEDGER)
        for number in range(5):
            await aws.put_item("ledger", {"pk": f"cmp#{number}", "due": "due", "due_at": 10 + number})
        wanted: dict[str, Any] = {
            "index": "due",
            "key_condition": "due = :due AND due_at <= :now",
            "values": {":due": "due", ":now": 13},
            "limit": 3,
        }

        first = await aws.query("ledger", **wanted)
        second = await aws.query("ledger", **wanted, start=first.next)
        backwards = await aws.query("ledger", **wanted, forward=False)

        assert [item["due_at"] for item in first.items] == [10, 11, 12]
        assert [item["due_at"] for item in second.items] == [13]
        assert second.next is None
        assert [item["due_at"] for item in backwards.items] == [13, 12, 11]

    on_moto(journey)


def test_an_item_is_deleted_only_while_the_condition_holds(on_moto: Any) -> None:
    async def journey(aws: Aws) -> None:
        await aws._dynamo("CreateTable", LEDGER)
        await aws.put_item("ledger", {"pk": "job#1", "owner": "a"})
        theirs: dict[str, Any] = {"condition": "#o = :me", "names": {"#o": "owner"}}

        with pytest.raises(ConditionFailed):
            await aws.delete_item("ledger", {"pk": "job#1"}, **theirs, values={":me": "b"})
        await aws.delete_item("ledger", {"pk": "job#1"}, **theirs, values={":me": "a"})

        assert await aws.get_item("ledger", {"pk": "job#1"}) is None
        await aws.delete_item("ledger", {"pk": "job#1"})

    on_moto(journey)


class Script:
    """A server that gives one prepared answer after the other; the last one stays."""

    def __init__(self, *answers: web.Response | None) -> None:
        self.answers = list(answers)
        self.requests: list[web.Request] = []
        self.pauses: list[float] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def sent(script: Script, serve: Serve, connect: Connect, **env: str) -> AwsError | None:
    """Send one message to the scripted server; return what it raised."""

    async def run() -> AwsError | None:
        async with serve(script.answer) as url, connect(url, env, pause=script.pause, random=lambda: 1.0) as aws:
            try:
                await aws.send("http://sqs/1/polls", "x")
            except AwsError as error:
                return error
            return None

    return asyncio.run(run())


def refusal(status: int, code: str) -> web.Response:
    return web.json_response({"__type": f"com.amazonaws.sqs#{code}", "message": "no"}, status=status)


def fine() -> web.Response:
    return web.json_response({"MessageId": "1"})


@pytest.mark.parametrize(
    "answer", [refusal(400, "ThrottlingException"), refusal(500, "InternalFailure"), web.Response(status=503, body=b"")]
)
def test_a_throttled_or_failed_call_is_made_again_after_a_pause(
    answer: web.Response, serve: Serve, connect: Connect
) -> None:
    script = Script(answer, answer, fine())

    assert sent(script, serve, connect) is None
    assert script.pauses == [0.1, 0.4]


def test_a_call_is_made_three_times_at_most(serve: Serve, connect: Connect) -> None:
    script = Script(refusal(503, "ServiceUnavailable"))

    error = sent(script, serve, connect)

    assert error is not None
    assert error.code == "ServiceUnavailable"
    assert len(script.requests) == 3


def test_a_refusal_is_final(serve: Serve, connect: Connect) -> None:
    script = Script(refusal(400, "InvalidMessageContents"), fine())

    error = sent(script, serve, connect)

    assert error is not None
    assert error.code == "InvalidMessageContents"
    assert len(script.requests) == 1


def test_a_dropped_connection_is_retried_at_once_and_then_after_a_pause(serve: Serve, connect: Connect) -> None:
    script = Script(None, None, fine())

    assert sent(script, serve, connect) is None
    assert script.pauses == [0.4]


def test_no_answer_at_all_is_an_error_that_says_so(serve: Serve, connect: Connect) -> None:
    error = sent(Script(None), serve, connect)

    assert error is not None
    assert (error.code, error.status) == ("Unreachable", 0)
    assert "sqs gave no answer: ServerDisconnectedError" in str(error)


def test_a_body_in_another_format_survives_in_the_message(serve: Serve, connect: Connect) -> None:
    page = "<html><body>Forbidden by a gateway</body></html>"

    error = sent(Script(web.Response(status=403, text=page, content_type="text/html")), serve, connect)

    assert error is not None
    assert (error.code, error.status, error.message) == ("Unknown", 403, page)


def test_a_json_service_that_answers_xml_is_still_understood(serve: Serve, connect: Connect) -> None:
    xml = (
        "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Wrong key.</Message></Error></ErrorResponse>"
    )

    error = sent(Script(web.Response(status=403, text=xml)), serve, connect)

    assert error is not None
    assert (error.code, error.message) == ("SignatureDoesNotMatch", "Wrong key.")


@given(status=st.integers(300, 599), body=st.binary(max_size=400) | st.text(max_size=200).map(lambda t: t.encode()))
def test_no_error_body_crashes_the_reader(status: int, body: bytes) -> None:
    error = error_from(status, {}, body)

    assert error.status == status
    assert len(error.message) <= 400


@pytest.mark.parametrize("body", [b"[" * 100_000, b'"text"', b"null", b'{"__type": null}', b'{"__type": {"a": 1}}'])
def test_odd_json_is_no_crash_either(body: bytes) -> None:
    assert error_from(400, {}, body).status == 400


def test_the_trace_header_goes_along(serve: Serve, connect: Connect) -> None:
    script = Script(fine())
    trace = "Root=1-65f1a2b3-0123456789abcdef01234567;Parent=1;Sampled=0;Lineage=1:abc:0"
    token = trace_header.set(trace)
    try:
        assert sent(script, serve, connect) is None
    finally:
        trace_header.reset(token)

    assert sent(script, serve, connect) is None
    assert [request.headers.get("X-Amzn-Trace-Id") for request in script.requests] == [trace, None]


def test_an_item_is_read_consistently(serve: Serve, connect: Connect) -> None:
    asked: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(json.loads(await request.read()))
        return web.json_response({})

    async def journey() -> None:
        async with serve(answer) as url, connect(url) as aws:
            await aws.get_item("ledger", {"pk": "cmp#1"})

    asyncio.run(journey())
    assert asked == [{"TableName": "ledger", "Key": {"pk": {"S": "cmp#1"}}, "ConsistentRead": True}]


def test_temporary_credentials_send_their_token(serve: Serve, connect: Connect) -> None:
    script = Script(fine())

    assert sent(script, serve, connect, AWS_SESSION_TOKEN="temporary") is None
    assert script.requests[0].headers["X-Amz-Security-Token"] == "temporary"
    assert "x-amz-security-token" in script.requests[0].headers["Authorization"]


class Dialled(Exception):
    """Carries the URL that would have been called."""


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://sqs.eu-west-1.amazonaws.com/"),
        ("cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/"),
    ],
)
def test_without_a_redirection_the_endpoint_is_the_regions_own(region: str, url: str) -> None:
    dialled: list[str] = []

    async def note(_session: Any, _context: Any, params: aiohttp.TraceRequestStartParams) -> None:
        dialled.append(str(params.url))
        raise Dialled

    async def journey() -> None:
        tracing = aiohttp.TraceConfig()
        tracing.on_request_start.append(note)
        env = {"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        async with aiohttp.ClientSession(trace_configs=[tracing]) as session:
            with pytest.raises(Dialled):
                await Aws(session, env, lambda: NOW).send("q", "x")

    asyncio.run(journey())
    assert dialled == [url]
