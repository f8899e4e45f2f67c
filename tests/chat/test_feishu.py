"""Feishu and Lark: what a card looks like, what nothing in it can do, and what their answers mean."""

import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from functions.pipeline.channels import feishu, lark
from functions.pipeline.channels.channel import Again, Delivered, Outcome, Refused
from functions.pipeline.telling import Link
from tests.chat import nasty
from tests.chat.many_names import by_many_names
from tests.chat.tellings import NOW, SECRET, answer, destination, full_of, shown


def sent(names: list[str]) -> tuple[dict[str, Any], bytes]:
    body = feishu.post(destination("feishu", secret=SECRET), full_of(names), NOW).body
    return json.loads(body), body


def tagged(part: Any) -> Iterator[dict[str, Any]]:
    """Every part of a card that has a tag."""
    if isinstance(part, dict):
        if "tag" in part:
            yield part
        for value in part.values():
            yield from tagged(value)
    elif isinstance(part, list):
        for value in part:
            yield from tagged(value)


def check(names: list[str]) -> None:
    payload, body = sent(names)
    assert len(body) <= 20 * 1000
    parts = list(tagged(payload["card"]))
    assert {part["tag"] for part in parts} <= {"plain_text", "div", "hr", "action", "button"}
    texts = [part["content"] for part in parts if part["tag"] == "plain_text"]
    assert all(text.strip() for text in texts)
    buttons = [part["url"] for part in parts if part["tag"] == "button"]
    assert buttons == [
        "https://reports.example/cmp_42?expires=1&signature=a%2Bb",
        "https://console.huaweicloud.com/drs/",
    ]


@by_many_names
def test_no_name_is_anything_but_plain_text(names: list[str]) -> None:
    check(names)


def test_no_name_of_the_corpus_is_anything_but_plain_text() -> None:
    for names in nasty.corpus_in_tens():
        check(names)


def test_a_name_is_shown_as_it_is() -> None:
    payload, _ = sent(["<at id=all></at> a&b *c*"])
    assert payload["card"]["header"]["title"] == {"tag": "plain_text", "content": "<at id=all></at> a&b *c*"}


def test_of_a_long_list_the_end_is_left_out_and_counted() -> None:
    payload, body = sent(["名" * 10_000])
    lines = payload["card"]["elements"][1]["text"]["content"].split("\n")
    name = shown("名" * 10_000, 120)
    assert lines == [shown("名" * 10_000, 60) + ":", *[f"• {name}  {name}"] * 12, "• …  +8", shown("名" * 10_000, 60)]
    assert 15_000 < len(body) < 20_000


def test_a_link_that_is_no_web_page_is_no_button() -> None:
    told = full_of(["x"], links=(Link("x", "javascript:alert(1)"), Link("y", "tel:1")))
    assert '"button"' not in feishu.post(destination("feishu"), told, NOW).body.decode()


def test_the_signature_is_made_of_the_whole_seconds_and_the_secret_with_an_empty_message() -> None:
    payload, _ = sent(["x"])
    key = b"1900000431\n" + SECRET.encode()
    assert payload["timestamp"] == "1900000431"
    assert payload["sign"] == b64encode(hmac.new(key, b"", "sha256").digest()).decode()


def test_without_a_secret_nothing_is_signed() -> None:
    payload = json.loads(feishu.post(destination("feishu"), full_of(["x"]), NOW).body)
    assert payload.keys() == {"msg_type", "card"}


def test_it_keeps_below_both_of_the_limits() -> None:
    assert feishu.PACE.messages <= 0.8 * 5
    assert feishu.PACE.messages / feishu.PACE.seconds * 60 <= 0.8 * 100


def test_lark_is_the_same_at_another_host() -> None:
    assert (lark.post, lark.judge, lark.PACE) == (feishu.post, feishu.judge, feishu.PACE)
    assert lark.post(destination("lark"), full_of(["x"]), NOW).url.startswith("https://open.larksuite.com/")


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"code": 0, "msg": "success", "data": {}}, Delivered()),
        (200, {"StatusCode": 0, "StatusMessage": "success", "Extra": None}, Delivered()),
        (200, {"code": 11232, "msg": "frequency limited"}, Again("Feishu/Lark has too much to do (11232)", 95.0)),
        (429, {"code": 9499, "msg": "too many request"}, Again("Feishu/Lark has too much to do (9499)", 95.0)),
        (200, {"code": 55, "msg": "internal"}, Again("Feishu/Lark answered 55: internal")),
        (500, {"code": 0}, Again("Feishu/Lark answered 500")),
        (502, "<html>", Again("Feishu/Lark answered 502")),
    ],
)
def test_only_code_0_is_delivered_and_what_passes_is_tried_again(status: int, body: Any, outcome: Outcome) -> None:
    assert feishu.judge(answer(status, body)) == outcome


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (19021, "clock"),
        (19022, "IP addresses"),
        (19024, "keywords"),
        (9499, "can't read the message"),
        (19001, "copy the webhook URL"),
    ],
)
def test_a_refusal_says_what_can_be_done(code: int, hint: str) -> None:
    outcome = feishu.judge(answer(200, {"code": code, "msg": "sign match fail"}))
    assert isinstance(outcome, Refused)
    assert hint in outcome.reason


@pytest.mark.parametrize("body", ["", "<html>", "[]", "null", "{}", '{"code": "0"}', '{"code": false}', "[" * 100_000])
def test_a_200_that_is_not_the_services_own_is_not_delivered(body: str) -> None:
    assert isinstance(feishu.judge(answer(200, body)), Again)


def test_a_redirect_and_an_unknown_hook_are_refused() -> None:
    assert isinstance(feishu.judge(answer(302)), Refused)
    assert isinstance(feishu.judge(answer(404, "404 page not found")), Refused)
