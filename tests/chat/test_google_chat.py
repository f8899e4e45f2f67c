"""Google Chat: what its card looks like, what nothing in it can do, and what its answers mean."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from functions.pipeline.channels import google_chat
from functions.pipeline.channels.channel import Again, Answer, Delivered, Outcome, Refused
from tests.chat import nasty
from tests.chat.many_names import by_many_names
from tests.chat.samples import JOB
from tests.chat.tellings import NOW, answer, destination, full_of

LINKS = ["https://reports.example/cmp_42?expires=1&signature=a%2Bb", "https://console.huaweicloud.com/drs/"]
#: What a client may recognise by itself.
FOUND = re.compile(r"://|(?i:www)\.|@[^\s\u2060]")


class Read(HTMLParser):
    """A text of a card as the service reads it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


def sent(names: list[str]) -> tuple[dict[str, Any], bytes]:
    body = google_chat.post(destination("google_chat"), full_of(names), NOW).body
    return json.loads(body), body


def values(part: Any, key: str) -> Iterator[Any]:
    """Every text under a key."""
    if isinstance(part, dict):
        if isinstance(part.get(key), str):
            yield part[key]
        for value in part.values():
            yield from values(value, key)
    elif isinstance(part, list):
        for value in part:
            yield from values(value, key)


def check(names: list[str]) -> None:
    payload, body = sent(names)
    assert len(body) <= 32_000
    assert payload.keys() == {"fallbackText", "cardsV2", "thread"}  # and so no text, in which mentions are read
    card = payload["cardsV2"][0]["card"]
    plain = [payload["fallbackText"], card["header"]["title"], *values(card, "topLabel")]
    widgets = [widget for section in card["sections"] for widget in section["widgets"]]
    plain += [button["text"] for widget in widgets for button in widget.get("buttonList", {}).get("buttons", ())]
    assert all(text.strip() and not re.search("[<>&]", text) and not FOUND.search(text) for text in plain)
    html = [w[kind]["text"] for w in widgets for kind in ("textParagraph", "decoratedText") if kind in w]
    for text in html:
        assert set(re.findall(r"&[^;\s]*;?", text)) <= {"&lt;", "&gt;", "&amp;"}
        read = Read(text)
        assert {tag for tag, _ in read.tags} <= {"b", "i", "br", "font"}
        assert [attrs for _, attrs in read.tags if attrs] in ([], [[("color", "#c5221f")]])
        assert not FOUND.search(read.text), "a client would see a link or a mention"
    assert list(values(card, "url")) == LINKS


@by_many_names
def test_no_name_is_markup_a_mention_or_a_link(names: list[str]) -> None:
    check(names)


def test_no_name_of_the_corpus_is_markup_a_mention_or_a_link() -> None:
    for names in nasty.corpus_in_tens():
        check(names)


def test_an_ordinary_name_reads_as_it_is() -> None:
    assert "<b>shop.order_items (a&amp;b)</b>" in sent(["shop.order_items (a&b)"])[1].decode()


def test_all_verdicts_of_a_drs_job_are_one_thread() -> None:
    post = google_chat.post(destination("google_chat"), full_of(["x"]), NOW)
    assert json.loads(post.body)["thread"] == {"threadKey": f"drs-{JOB}"}
    assert parse_qs(urlsplit(post.url).query, strict_parsing=True) == {
        "key": ["k"],
        "token": ["t"],
        "messageReplyOption": ["REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"],
    }


def test_it_keeps_below_its_limit() -> None:
    assert google_chat.PACE.messages / google_chat.PACE.seconds <= 0.8


def error(code: int, status: str, says: str) -> dict[str, Any]:
    return {"error": {"code": code, "status": status, "message": says}}


@pytest.mark.parametrize(
    ("given_answer", "outcome"),
    [
        (answer(200, {"name": "spaces/AAA/messages/BBB.BBB", "thread": {"name": "spaces/AAA/threads/C"}}), Delivered()),
        (
            answer(429, error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted"), retry_after="5"),
            Again("Google Chat answered 429", 5.0),
        ),
        (answer(429, "x"), Again("Google Chat answered 429", None)),
        (answer(503, error(503, "UNAVAILABLE", "x")), Again("Google Chat answered 503", None)),
    ],
)
def test_only_the_message_itself_is_delivered_and_what_passes_is_tried_again(
    given_answer: Answer, outcome: Outcome
) -> None:
    assert google_chat.judge(given_answer) == outcome


@pytest.mark.parametrize(
    ("status", "says", "hint"),
    [
        (400, "Invalid JSON payload received.", "can't read"),
        (401, "Request had invalid authentication credentials.", "copy its URL"),
        (403, "The caller does not have permission", "may not write"),
        (404, "Requested entity was not found.", "make a new one"),
    ],
)
def test_a_refusal_says_what_can_be_done_and_what_the_service_says(status: int, says: str, hint: str) -> None:
    outcome = google_chat.judge(answer(status, error(status, "X", says)))
    assert isinstance(outcome, Refused)
    assert hint in outcome.reason
    assert says in outcome.reason


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"name": "x"}', '{"error": "x"}'])
def test_a_200_that_is_not_the_services_own_is_not_delivered(body: str) -> None:
    assert isinstance(google_chat.judge(answer(200, body)), Again)
