"""Slack: what its blocks look like, what nothing in them can do, and what its answers mean."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from functions.pipeline.channels import slack
from functions.pipeline.channels.channel import Again, Delivered, Outcome, Refused
from functions.pipeline.channels.cut import utf16
from functions.pipeline.channels.harmless import JOINER
from functions.pipeline.comparison import Verdict
from functions.pipeline.destinations import Destination
from functions.pipeline.tell import tell
from functions.pipeline.telling import Language, Link, Telling
from tests.chat import nasty, samples
from tests.chat.conftest import Golden
from tests.chat.many_names import by_many_names
from tests.chat.tellings import NOW, answer, full_of

HOOK = Destination(channel="slack", url="https://hooks.slack.com/services/T0/B0/x")
LINKS = ["https://reports.example/cmp_42?expires=1&signature=a%2Bb", "https://console.huaweicloud.com/drs/"]
#: What its clients may make a link or a mention of where it stands in text.
FOUND = re.compile(rf"://|(?i:www)\.|@[^\s{JOINER}]")
KEYS = {
    "header": {"type", "text"},
    "rich_text": {"type", "elements"},
    "rich_text_section": {"type", "elements"},
    "rich_text_list": {"type", "elements", "style"},
    "text": {"type", "text", "style"},
    "plain_text": {"type", "text", "emoji"},
    "divider": {"type"},
    "actions": {"type", "elements"},
    "button": {"type", "text", "url", "action_id"},
}


def sent(telling: Telling) -> dict[str, Any]:
    payload = json.loads(slack.post(HOOK, telling, NOW).body)
    assert isinstance(payload, dict)
    return payload


def typed(part: Any) -> Iterator[dict[str, Any]]:
    """Every part of the blocks that has a type."""
    if isinstance(part, dict):
        if "type" in part:
            yield part
        for value in part.values():
            yield from typed(value)
    elif isinstance(part, list):
        for value in part:
            yield from typed(value)


def check(telling: Telling) -> None:
    payload = sent(telling)
    assert payload.keys() == {"text", "mrkdwn", "unfurl_links", "unfurl_media", "blocks"}
    check_notification(payload["text"])
    blocks = payload["blocks"]
    parts = list(typed(blocks))
    buttons = [part for part in parts if part["type"] == "button"]
    check_limits(blocks, buttons)
    for part in parts:
        assert part.keys() <= KEYS[part["type"]], part  # no mrkdwn, link, user, broadcast or emoji
        if part["type"] in {"text", "plain_text"}:
            assert part["text"].strip(" ")
            assert part.get("emoji") is not True
            code = part.get("style") == {"code": True}
            assert "\n" not in part["text"] if code else not FOUND.search(part["text"]), part
    assert [button["url"] for button in buttons] == LINKS


def check_notification(text: str) -> None:
    """Escaped as Slack asks: no angle bracket, and `&` in three entities alone."""
    assert 1 <= utf16(text) <= 1000
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text)
    assert not FOUND.search(text)


def check_limits(blocks: list[dict[str, Any]], buttons: list[dict[str, Any]]) -> None:
    assert len(blocks) <= 50
    assert utf16(blocks[0]["text"]["text"]) <= 150
    assert utf16(json.dumps(blocks, ensure_ascii=False)) <= 12_000
    for button in buttons:
        assert utf16(button["text"]["text"]) <= 75
        assert len(button["url"]) <= 3000


@by_many_names
def test_no_name_is_markup_a_mention_or_a_link(names: list[str]) -> None:
    check(full_of(names))


def test_no_name_of_the_corpus_is_markup_a_mention_or_a_link() -> None:
    for names in nasty.corpus_in_tens():
        check(full_of(names))
        check(nasty.telling(names))
        check(nasty.telling(names, "zh"))


def test_names_are_code_that_can_be_copied() -> None:
    names = ["<!channel> & *b* @everyone `x` http://evil.example"]
    listed = [part for part in typed(sent(full_of(names))["blocks"]) if part.get("style") == {"code": True}]
    assert {part["text"] for part in listed} == {names[0]}


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("event", [*map(samples.event, samples.VERDICTS), samples.huge()], ids=lambda e: e.data.verdict)
def test_its_own_library_reads_and_validates_every_message(event: Any, language: Any) -> None:
    blocks = sent(tell(event, language, links=samples.LINKS))["blocks"]
    read = Block.parse_all(blocks)
    assert [block.to_dict() for block in read] == blocks
    for block in read:
        block.validate_json()


def test_a_url_that_is_too_long_or_no_web_address_is_no_button() -> None:
    links = (Link("Report", "https://reports.example/" + "x" * 4000), Link("Bad", "javascript:alert(1)"))
    assert not [part for part in typed(sent(replace(full_of(["a"]), links=links))) if part["type"] == "actions"]


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, "ok", Delivered()),
        (
            200,
            "<html>welcome to the proxy</html>",
            Again("Slack answered 200 with something that is not its own answer"),
        ),
        (400, "invalid_payload", Refused("Slack refuses (400): it can't read the message (invalid_payload)")),
        (400, "invalid_blocks", Refused("Slack refuses (400): it can't read the message (invalid_blocks)")),
        (
            403,
            "action_prohibited",
            Refused("Slack refuses (403): the workspace does not allow this webhook to post (action_prohibited)"),
        ),
        (
            404,
            "no_service",
            Refused("Slack refuses (404): the webhook is gone: make a new one and copy its URL (no_service)"),
        ),
        (
            404,
            "no_active_hooks",
            Refused("Slack refuses (404): the webhook is gone: make a new one and copy its URL (no_active_hooks)"),
        ),
        (410, "channel_is_archived", Refused("Slack refuses (410): the channel is archived (channel_is_archived)")),
        (
            404,
            "<html>T0/B0/x</html>",
            Refused("Slack refuses (404): the webhook is gone: make a new one and copy its URL"),
        ),
        (500, "rollup_error", Again("Slack answered 500")),
        (503, "", Again("Slack answered 503")),
        (408, "", Again("Slack answered 408")),
    ],
)
def test_an_answer_means_what_slack_says_of_it(status: int, body: str, outcome: Outcome) -> None:
    assert slack.judge(answer(status, body)) == outcome


def test_too_many_messages_wait_as_long_as_it_asks() -> None:
    assert slack.judge(answer(429, "rate_limited", retry_after="30")) == Again("Slack answered 429", 30)


def test_it_keeps_below_its_limit() -> None:
    assert slack.PACE.messages / slack.PACE.seconds <= 0.8


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("verdict", samples.VERDICTS)
def test_a_verdict_is_told_as_its_golden_file_has_it(verdict: Verdict, language: Language, golden: Golden) -> None:
    golden("slack", f"{verdict}.{language}", sent(tell(samples.event(verdict), language, links=samples.LINKS)))


@pytest.mark.parametrize("name", nasty.LONG, ids=lambda name: ascii(name[:10]))
def test_a_message_of_one_endless_name_fits_too(name: str) -> None:
    check(full_of([name]))
