"""WeCom: what its Markdown looks like, what nothing in it can do, and what its answers mean."""

import json
import re
from typing import Any

import pytest

from functions.pipeline.channels import wecom
from functions.pipeline.channels.channel import Again, Delivered, Outcome, Refused
from tests.chat import nasty
from tests.chat.many_names import by_many_names
from tests.chat.tellings import NOW, answer, destination, full_of

#: A text of others: no character of it can be part of a tag, a link, code, bold or an entity.
TEXT = r"[^\n<>`*\[\]&]*"
URL = r"https://[^\s()<>\[\]*]+"
#: Every line that there may be, and nothing else: whatever does not match is something that we did not write.
LINE = re.compile(
    rf'### <font color="(?:info|comment|warning)">{TEXT}</font>'
    rf"|\*\*{TEXT}\*\*"
    rf"|`{TEXT}` {TEXT}"
    rf'|> {TEXT}: <font color="comment">{TEXT}</font>'
    rf"|\[{TEXT}\]\({URL}\)(?: \[{TEXT}\]\({URL}\))*"
    rf"|(?![#>*+=~_|-]|\d{{1,9}}[.)](?:\s|$)){TEXT}"
)


def content(names: list[str]) -> str:
    payload = json.loads(wecom.post(destination("wecom"), full_of(names), NOW).body)
    assert payload.keys() == {"msgtype", "markdown"}  # and so no mentioned_list
    return str(payload["markdown"]["content"])


def check(names: list[str]) -> None:
    text = content(names)
    assert len(text.encode()) <= 4096
    for line in text.split("\n"):
        assert LINE.fullmatch(line), line
        outside = re.sub(rf"\]\({URL}\)", "]", line)
        assert not re.search(r"://|(?i:www)\.|@[^\s\u2060]", outside), "a client would see a link or a mention"
    assert re.findall(r"\]\(([^)]*)\)", text) == [
        "https://reports.example/cmp_42?expires=1&signature=a%2Bb",
        "https://console.huaweicloud.com/drs/",
    ]


@by_many_names
def test_no_name_is_markup_a_mention_or_a_link(names: list[str]) -> None:
    check(names)


def test_no_name_of_the_corpus_is_markup_a_mention_or_a_link() -> None:
    for names in nasty.corpus_in_tens():
        check(names)


def test_an_ordinary_name_is_code_that_can_be_copied() -> None:
    assert "\n`shop.order_items (new) #1` " in content(["shop.order_items (new) #1"])


def test_what_is_no_longer_listed_is_counted() -> None:
    assert "\n`…` +" in content(["订单表" * 40])


def test_it_keeps_below_its_limit() -> None:
    assert wecom.PACE.messages / wecom.PACE.seconds * 60 <= 0.8 * 20


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"errcode": 0, "errmsg": "ok"}, Delivered()),
        (
            200,
            {"errcode": 45009, "errmsg": "api freq out of limit"},
            Again("WeCom takes no more messages of this robot now (45009)", 60.0),
        ),
        (200, {"errcode": -1, "errmsg": "system busy"}, Again("WeCom answered -1: system busy")),
        (504, "", Again("WeCom answered 504")),
        (
            200,
            {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1], from ip: 1.2.3.4"},
            Refused(
                "WeCom refuses (93000): the URL's key is no robot's (any more): copy the webhook URL again",
            ),
        ),
    ],
)
def test_only_errcode_0_is_delivered(status: int, body: Any, outcome: Outcome) -> None:
    assert wecom.judge(answer(status, body)) == outcome


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"errcode": null}', '{"errcode": false}'])
def test_a_200_that_is_not_the_services_own_is_not_delivered(body: str) -> None:
    assert isinstance(wecom.judge(answer(200, body)), Again)
