"""Telegram: what its HTML looks like, what nothing in it can do, and what its answers mean."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from functions.pipeline.channels import telegram
from functions.pipeline.channels.channel import Again, Delivered, Outcome, Refused
from functions.pipeline.channels.cut import utf16
from tests.chat import nasty
from tests.chat.many_names import by_many_names
from tests.chat.tellings import NOW, answer, destination, full_of, shown

LINKS = ["https://reports.example/cmp_42?expires=1&signature=a%2Bb", "https://console.huaweicloud.com/drs/"]
#: What clients and server find by themselves: mentions, hashtags, cashtags, commands, links, addresses, times of media.
FOUND = re.compile(r"@\w|#\w|\$[A-Z]|/\w|://|\w\.\w|\d:\d")


class Read(HTMLParser):
    """The message as the service reads it: which tags, and what stands in and out of them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.code: list[str] = []
        self.outside: list[str] = []
        self.all: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert [name for name, _ in attrs] == (["href"] if tag == "a" else [])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.all.append(data)
        (self.code if "code" in self.open else self.outside).append(data)


def text(names: list[str]) -> str:
    payload = json.loads(telegram.post(destination("telegram"), full_of(names), NOW).body)
    assert payload["link_preview_options"] == {"is_disabled": True}
    assert payload["parse_mode"] == "HTML"
    return str(payload["text"])


def check(names: list[str]) -> None:
    sent = text(names)
    assert set(re.findall(r"&[^;\s]*;?", sent)) <= {"&lt;", "&gt;", "&amp;", "&quot;"}  # the four that it knows
    read = Read(sent)
    assert read.open == []
    assert read.seen <= {"a", "b", "code", "i"}
    assert read.links == LINKS
    assert 1 <= utf16("".join(read.all)) <= 4096
    assert not FOUND.search("\n".join(read.outside)), "a client would see a link, a mention or a command"


@by_many_names
def test_no_name_is_markup_a_mention_a_command_or_a_link(names: list[str]) -> None:
    check(names)


def test_no_name_of_the_corpus_is_markup_a_mention_a_command_or_a_link() -> None:
    for names in nasty.corpus_in_tens():
        check(names)


@pytest.mark.parametrize("name", ["shop.orders", "@everyone", "<b>a&b</b>", "/start", "x" * 10_000])
def test_a_name_is_code_as_it_is(name: str) -> None:
    assert set(Read(text([name])).code) & {shown(name, most) for most in (200, 120, 80, 60)}


def test_it_goes_to_the_chat_of_the_destination() -> None:
    post = telegram.post(destination("telegram", chat_id="@drs_verdicts"), full_of(["x"]), NOW)
    assert json.loads(post.body)["chat_id"] == "@drs_verdicts"
    assert post.url == "https://api.telegram.org/bot123:abc/sendMessage"


def test_it_keeps_below_both_of_the_limits() -> None:
    assert telegram.PACE.messages / telegram.PACE.seconds <= 0.8
    assert telegram.PACE.messages / telegram.PACE.seconds * 60 <= 0.8 * 20


def no(code: int, says: str, **parameters: int) -> dict[str, Any]:
    return {"ok": False, "error_code": code, "description": says} | ({"parameters": parameters} if parameters else {})


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"ok": True, "result": {"message_id": 7}}, Delivered()),
        (
            429,
            no(429, "Too Many Requests: retry after 31", retry_after=31),
            Again("Telegram answered 429", 31.0),
        ),
        (429, no(429, "Too Many Requests"), Again("Telegram answered 429", None)),
        (500, no(500, "Internal Server Error"), Again("Telegram answered 500")),
        (502, "<html>", Again("Telegram answered 502")),
        (
            400,
            no(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009),
            Refused("Telegram refuses (400): the group has a new chat_id, -1009"),
        ),
    ],
)
def test_only_ok_is_delivered_and_what_passes_is_tried_again(status: int, body: Any, outcome: Outcome) -> None:
    assert telegram.judge(answer(status, body)) == outcome


@pytest.mark.parametrize(
    ("status", "says", "hint"),
    [
        (400, "Bad Request: chat not found", "chat not found"),
        (401, "Unauthorized", "token is wrong"),
        (403, "Forbidden: bot was blocked by the user", "was blocked"),
        (404, "Not Found", "/sendMessage"),
    ],
)
def test_a_refusal_says_what_can_be_done_and_what_the_service_says(status: int, says: str, hint: str) -> None:
    outcome = telegram.judge(answer(status, no(status, says)))
    assert isinstance(outcome, Refused)
    assert hint in outcome.reason
    assert says in outcome.reason


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"ok": 1}', '{"ok": false}'])
def test_a_200_that_is_not_the_services_own_is_not_delivered(body: str) -> None:
    assert isinstance(telegram.judge(answer(200, body)), Again)
