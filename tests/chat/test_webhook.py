"""The outbound webhook: the event as it is stored, signed as Standard Webhooks has it, and what answers mean."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from functions.pipeline.channels import webhook
from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Post, Refused
from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.finished_event import read_finished
from tests.chat.many_names import by_many_names
from tests.chat.tellings import NOW, answer, destination, full_of

EVENT = Path("events/comparison.finished.json").read_text("utf-8")
ID = json.loads(EVENT)["id"]
NEW, OLD = "whsec_bmV3IGtleSBvZiAyNCBieXRlcyEhISEh", "whsec_b2xkIGtleSBvZiAyNCBieXRlcyEhISEh"


def sent(secret: str, event: str = EVENT, now: float = NOW) -> Post:
    telling = replace(full_of(["orders"]), event_id=ID, event=event)
    return webhook.post(destination("webhook", secret=secret), telling, now)


def test_the_body_is_the_stored_event_byte_by_byte() -> None:
    assert sent(NEW).body == EVENT.encode()
    assert read_finished(sent(NEW).body).id == ID


def test_it_is_a_cloud_event_in_structured_mode() -> None:
    assert sent(NEW).headers["content-type"] == "application/cloudevents+json; charset=UTF-8"


def test_the_id_stays_and_the_timestamp_is_of_the_attempt() -> None:
    first, second = sent(NEW), sent(NEW, now=1_900_003_600.2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == ID
    assert (first.headers["webhook-timestamp"], second.headers["webhook-timestamp"]) == ("1900000431", "1900003600")


# The library reads the time itself: what it is to verify has to be sent now.


def test_the_library_of_the_specification_verifies_it() -> None:
    post = sent(NEW, now=time.time())
    assert Webhook(NEW).verify(post.body, dict(post.headers)) == json.loads(EVENT)


@pytest.mark.parametrize("secret", [f"{NEW} {OLD}", json.dumps({"keys": [NEW, OLD]})])
def test_while_keys_rotate_either_of_them_verifies_it(secret: str) -> None:
    post = sent(secret, now=time.time())
    assert len(post.headers["webhook-signature"].split(" ")) == 2
    for key in (NEW, OLD):
        assert Webhook(key).verify(post.body, dict(post.headers)) == json.loads(EVENT)


def test_another_body_another_id_or_another_key_is_not_verified() -> None:
    post = sent(NEW, now=time.time())
    headers = dict(post.headers)
    for key, body, changed in (
        (NEW, post.body + b" ", headers),
        (NEW, post.body, headers | {"webhook-id": "cmp_43:finished"}),
        (OLD, post.body, headers),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, changed)


@by_many_names
def test_any_names_are_sent_as_they_are_and_verified(names: list[str]) -> None:
    event = json.dumps({"id": ID, "data": {"tables": names}}, ensure_ascii=False)
    post = sent(NEW, event, now=time.time())
    assert Webhook(NEW).verify(post.body, dict(post.headers)) == json.loads(event)


def test_without_an_event_there_is_nothing_to_send() -> None:
    with pytest.raises(ValueError, match=r"^event: "):
        sent(NEW, "")


def test_an_id_with_a_dot_is_not_signed() -> None:
    telling = replace(full_of(["x"]), event_id="cmp_42.finished", event=EVENT)
    with pytest.raises(ValueError, match=r"^event_id: "):
        webhook.post(destination("webhook", secret=NEW), telling, NOW)


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_???", '{"keys": ["whsec_short"]}', f"{NEW} x", "{"])
def test_a_key_that_can_not_be_read_is_named_and_never_shown(secret: str) -> None:
    with pytest.raises(BadSecret) as raised:
        sent(secret)
    assert secret not in str(raised.value)


@pytest.mark.parametrize("secret", [" ", '{"keys": []}'])
def test_no_key_signs_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^secret: "):
        sent(secret)


@pytest.mark.parametrize(
    ("given_answer", "outcome"),
    [
        (answer(200), Delivered()),
        (answer(202, "<html>"), Delivered()),
        (answer(299, "no"), Delivered()),
        (answer(410), Refused("The webhook is gone (410): its receiver wants no more events")),
        (answer(429, retry_after="17"), Again("The webhook answered 429", 17.0)),
        (answer(503, retry_after="0.5"), Again("The webhook answered 503", 0.5)),
        (
            answer(503, retry_after="Sun, 06 Nov 2033 08:50:00 GMT", date="Sun, 06 Nov 2033 08:49:37 GMT"),
            Again("The webhook answered 503", 23.0),
        ),
        (answer(503, retry_after="Sun, 06 Nov 2033 08:50:00 GMT"), Again("The webhook answered 503", None)),
        (answer(503, retry_after="-1"), Again("The webhook answered 503", None)),
        (answer(503, retry_after="inf"), Again("The webhook answered 503", None)),
    ],
)
def test_any_2xx_is_delivered_and_gone_is_gone(given_answer: Answer, outcome: Outcome) -> None:
    assert webhook.judge(given_answer) == outcome


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 418, 500, 502, 504])
def test_every_other_failure_is_tried_again_as_the_specification_has_it(status: int) -> None:
    assert webhook.judge(answer(status)) == Again(f"The webhook answered {status}")


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
def test_a_redirect_is_not_followed_and_refused(status: int) -> None:
    assert isinstance(webhook.judge(answer(status)), Refused)
