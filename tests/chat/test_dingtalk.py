"""DingTalk: what its Markdown looks like, what nothing in it can do, and what its answers mean."""

import base64
import hmac
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from functions.pipeline.channels import dingtalk
from functions.pipeline.channels.channel import Again, Delivered, Outcome, Refused
from tests.chat import nasty
from tests.chat.many_names import by_many_names
from tests.chat.tellings import NOW, SECRET, answer, destination, full_of

LINKS = ["https://reports.example/cmp_42?expires=1&signature=a%2Bb", "https://console.huaweicloud.com/drs/"]
COMMONMARK = MarkdownIt("commonmark")
#: What ours is made of.
BLOCKS = {"heading", "paragraph", "bullet_list", "list_item", "inline"}
INLINES = {"text", "text_special", "strong", "link", "softbreak"}


def sent(names: list[str]) -> tuple[dict[str, Any], bytes]:
    body = dingtalk.post(destination("dingtalk"), full_of(names), NOW).body
    return json.loads(body), body


def tokens(text: str) -> list[Token]:
    """What CommonMark reads, as its own parser says."""
    return COMMONMARK.parse(text)


def kind(token: Token) -> str:
    return token.type.removesuffix("_open").removesuffix("_close")


def check(names: list[str]) -> None:
    payload, body = sent(names)
    assert len(body) <= 20 * 1000
    assert payload["at"] == {"isAtAll": False}
    text = payload["markdown"]["text"]
    blocks = tokens(text)
    assert {kind(token) for token in blocks} <= BLOCKS
    assert [token.tag for token in blocks if token.type == "heading_open"] == ["h3"]
    assert sum(token.type == "bullet_list_open" for token in blocks) in {1, 2}  # differences, facts
    inlines = [child for token in blocks for child in token.children or ()]
    assert {kind(token) for token in inlines} <= INLINES
    assert [str(token.attrs["href"]) for token in inlines if token.type == "link_open"] == LINKS
    body_text, _, last = text.rpartition("\n\n")
    assert not re.search(r"://|(?i:www)\.|@[^\s\u2060]|[<>`\[\]&]", body_text), (
        "a client would see a link, a tag or a mention"
    )
    assert [re.sub(r".*]\((.*)\)", r"\1", link) for link in last.split(" · ")[-2:]] == LINKS


@by_many_names
def test_no_name_is_markup_a_mention_or_a_link(names: list[str]) -> None:
    check(names)


def test_no_name_of_the_corpus_is_markup_a_mention_or_a_link() -> None:
    for names in nasty.corpus_in_tens():
        check(names)


def test_an_ordinary_name_reads_as_it_is() -> None:
    payload, _ = sent(["shop.order_items (new)"])
    inlines = [child for token in tokens(payload["markdown"]["text"]) for child in token.children or ()]
    assert {token.content for token in inlines if token.type == "text"} >= {"shop.order_items (new)"}


def test_the_signature_is_in_the_query_of_milliseconds_and_the_secret() -> None:
    url = dingtalk.post(destination("dingtalk", secret=SECRET), full_of(["x"]), NOW).url
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    expected = hmac.new(SECRET.encode(), b"1900000431700\n" + SECRET.encode(), "sha256").digest()
    assert query == {
        "access_token": ["0123"],
        "timestamp": ["1900000431700"],
        "sign": [base64.b64encode(expected).decode()],
    }


def test_without_a_secret_the_url_is_left_as_it_is() -> None:
    assert dingtalk.post(destination("dingtalk"), full_of(["x"]), NOW).url.endswith("/robot/send?access_token=0123")


def test_it_keeps_below_its_limit() -> None:
    assert dingtalk.PACE.messages / dingtalk.PACE.seconds * 60 <= 0.8 * 20


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"errcode": 0, "errmsg": "ok"}, Delivered()),
        (
            200,
            {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"},
            Again("DingTalk has muted the robot for ten minutes (130101)", 600.0),
        ),
        (200, {"errcode": 410100}, Again("DingTalk has muted the robot for ten minutes (410100)", 600.0)),
        (200, {"errcode": -1, "errmsg": "busy"}, Again("DingTalk answered -1: busy")),
        (503, "", Again("DingTalk answered 503")),
    ],
)
def test_only_errcode_0_is_delivered_and_what_passes_is_tried_again(status: int, body: Any, outcome: Outcome) -> None:
    assert dingtalk.judge(answer(status, body)) == outcome


@pytest.mark.parametrize(
    ("code", "says", "hint"),
    [
        (310000, "keywords not in content", "keyword"),
        (310000, "sign not match", "signature"),
        (310000, "ip 1.2.3.4 not in whitelist", "IP address"),
        (300001, "token is not exist", "copy the webhook URL"),
        (400013, "", "dissolved"),
        (400102, "", "switched off"),
    ],
)
def test_a_refusal_says_what_can_be_done_and_what_the_service_says(code: int, says: str, hint: str) -> None:
    outcome = dingtalk.judge(answer(200, {"errcode": code, "errmsg": says}))
    assert isinstance(outcome, Refused)
    assert hint in outcome.reason
    assert says in outcome.reason


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"errcode": "0"}', '{"errcode": false}'])
def test_a_200_that_is_not_the_services_own_is_not_delivered(body: str) -> None:
    assert isinstance(dingtalk.judge(answer(200, body)), Again)
