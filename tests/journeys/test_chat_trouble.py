"""What goes wrong on our side while verdicts are told: workers die, calls break, the secret is not what it must be."""

import json
from urllib.parse import urlencode

import pytest

from functions.local.faults import Call, Crash, Drop, Fault
from functions.pipeline.aws import FORM
from tests.chat.served import Busy, Gone
from tests.journeys.chats import DEAD_LETTERS, QUEUE, chatting, failures, finished, logged, metric, publish, tell
from tests.journeys.loop import travel
from tests.journeys.test_crashes import Nth


async def one_telling(nth: Nth) -> None:
    """A verdict for two destinations, one of which is gone, while a call breaks once."""
    async with chatting("webhook", "slack", fault=nth) as (w, chats):
        chats.always("slack", Gone())
        event = finished()
        await tell(w, event)
        most = 2 if nth.hit else 1
        assert {sent.headers["webhook-id"] for sent in chats.told("webhook")} == {event["id"]}, nth.hit
        assert 1 <= len(chats.told("webhook")) <= most, nth.hit
        assert 1 <= len(chats.arrived["slack"]) <= most, nth.hit
        ids = {e["id"] for e in w.events("failed")}
        assert ids == {f"{event['subject']}:delivery_failed:slack"}, nth.hit
        assert len({json.dumps(e) for e in w.events("failed")}) == len(ids), "one id is the same bytes"
        assert w.cloud.peek(QUEUE) == w.cloud.peek(DEAD_LETTERS) == [], nth.hit


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("fault", "phase"), [(Crash(), "before"), (Crash(), "after"), (Drop(), "after")])
def test_whatever_call_breaks_everybody_is_told_and_nobody_more_than_twice(fault: Fault, phase: str) -> None:
    n = 0
    while True:
        nth = Nth("ChatFunction", phase, n + 1, fault)
        travel(one_telling(nth))
        if nth.hit is None:
            break
        n += 1
    assert n >= 11


def test_a_worker_that_dies_between_post_and_mark_posts_once_more() -> None:
    def fault(call: Call) -> Fault | None:
        posted = (call.function, call.service, call.phase) == ("ChatFunction", "http", "after")
        return Crash() if posted and call.invocation <= 2 else None

    async def journey() -> None:
        async with chatting("slack", fault=fault) as (w, chats):
            await tell(w)
            assert len(chats.told("slack")) == 2
            assert w.cloud.peek(QUEUE) == w.cloud.peek(DEAD_LETTERS) == []

    travel(journey())


@pytest.mark.parametrize(
    ("secret", "named"),
    [
        ("{", "JSON"),
        ('{"ops": {"channel": "pager", "url": "https://hooks.slack.com/services/T0/B0/hidden"}}', "ops.channel"),
        ('{"ops": {"channel": "slack", "url": "https://attacker.example/services/T0/B0/hidden"}}', "url"),
        ('{"ops": {"channel": "webhook", "url": "https://hooks.example/hidden"}}', "secret"),
    ],
)
def test_events_wait_for_a_secret_that_can_be_read_and_the_alarm_is_raised(secret: str, named: str) -> None:
    async def journey() -> None:
        async with chatting("slack") as (w, chats):
            good = w.cloud.secret("DestinationsSecret")
            w.cloud.put_secret("DestinationsSecret", secret)
            await publish(w, finished())
            # More often than a message may be received.
            await w.cloud.settle(until=lambda: metric(w, "DestinationsInvalid") >= 8)
            assert failures(w) == []
            assert all(named in note["reason"] for note in logged(w, "destinations.invalid"))
            assert "hidden" not in str(w.log)
            w.cloud.put_secret("DestinationsSecret", good)
            await w.rest()
            assert len(chats.told("slack")) == 1
            assert w.cloud.peek(DEAD_LETTERS) == []

    travel(journey())


def test_a_delivery_to_a_destination_that_is_no_more_is_dropped_with_a_word() -> None:
    async def journey() -> None:
        async with chatting("slack") as (w, _):
            now = w.clock.now()
            await w.enqueue({"destination": "former", "first_at": now, "at": now, "event": finished()}, QUEUE)
            await w.rest()
            (note,) = logged(w, "delivery.dropped")
            assert note["destination"] == "former"
            assert failures(w) == []

    travel(journey())


@pytest.mark.parametrize("message", ["no JSON", "{}", '{"type": "parity.comparison.started.v1"}', '{"destination": 1}'])
def test_what_is_no_verdict_is_a_dead_letter_with_its_reason(message: str) -> None:
    async def journey() -> None:
        async with chatting("slack") as (w, chats):
            await w.enqueue(message, QUEUE)
            await w.rest()
            (letter,) = w.cloud.peek(DEAD_LETTERS)
            assert letter.body == message
            assert letter.attributes["reason"]
            assert chats.arrived["slack"] == []

    travel(journey())


def test_a_url_or_secret_that_no_message_can_be_made_for_is_refused_without_being_shown() -> None:
    async def journey() -> None:
        async with chatting() as (w, chats):
            wrong = chats.destination("webhook", "hidden-path", secret="no base64 at all: hidden")
            w.cloud.put_secret("DestinationsSecret", json.dumps({"own": wrong}))
            await tell(w)
            (failure,) = failures(w)
            assert failure["destination"] == "own"
            assert "hidden" not in str(w.log) + str(failure)

    travel(journey())


def test_no_url_of_a_destination_is_ever_written_down() -> None:
    async def journey() -> None:
        async with chatting("slack", "webhook") as (w, chats):
            dead = {"channel": "slack", "url": "http://127.0.0.1:9/services/T0/hidden", "any_host": True}
            w.cloud.put_secret("DestinationsSecret", chats.secret("slack", dead=dead))
            chats.always("slack", Gone())
            await publish(w, finished())
            await w.cloud.settle(until=lambda: logged(w, "delivery.again") != [] and failures(w) != [])
            told = str(w.log) + str(w.events("failed"))
            assert chats.url not in told
            assert "hidden" not in told

    travel(journey())


def test_amazon_q_gets_its_own_form_on_its_own_topic() -> None:
    async def journey() -> None:
        async with chatting("slack", parameters={"AmazonQ": "true", "Language": "zh-cn"}) as (w, chats):
            # Somebody subscribes: any queue of the stack that nobody reads will do.
            form = {
                "Action": "Subscribe",
                "Version": "2010-03-31",
                "TopicArn": w.cloud.resource("AmazonQTopic").arn,
                "Protocol": "sqs",
                "Endpoint": w.cloud.queue("RequestsDeadLetters").arn,
                "Attributes.entry.1.key": "RawMessageDelivery",
                "Attributes.entry.1.value": "true",
            }
            await w.cloud.client()._call("sns", {"content-type": FORM}, urlencode(form).encode())
            event = finished()
            await tell(w, event)
            (notification,) = w.cloud.peek("RequestsDeadLetters")
            told = json.loads(notification.body)
            assert (told["version"], told["source"]) == ("1.0", "custom")
            assert told["content"]["description"]
            assert event["data"]["job_id"] in json.dumps(told)
            assert len(chats.told("slack")) == 1

    travel(journey())


def test_without_the_parameter_there_is_no_topic_for_amazon_q() -> None:
    async def journey() -> None:
        async with chatting() as (w, _):
            assert "AmazonQTopic" not in w.cloud.stack.topics
            await tell(w)
            assert [note["destinations"] for note in logged(w, "verdict.told")] == [[]]

    travel(journey())


def test_a_report_that_cant_be_put_costs_no_delivery_and_is_tried_once() -> None:
    async def journey() -> None:
        async with chatting("slack", "webhook", parameters={"ReportsBucket": "acme-reports"}) as (w, chats):
            chats.script("slack", Busy())
            await tell(w)
            assert len(chats.told("slack")) == len(chats.told("webhook")) == 1
            (failed,) = logged(w, "report.failed")
            assert failed["level"] == "ERROR"
            assert failed["code"]

    travel(journey())
