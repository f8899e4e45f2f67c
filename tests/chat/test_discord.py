"""Discord: what its embed looks like, what nothing in it can do, and what its answers mean."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from functions.pipeline.channels import discord
from functions.pipeline.channels.channel import Again, Delivered, Outcome, Refused
from functions.pipeline.channels.cut import utf16
from functions.pipeline.channels.harmless import JOINER
from functions.pipeline.telling import Fact
from tests.chat import nasty
from tests.chat.many_names import by_many_names
from tests.chat.tellings import NOW, answer, destination, full_of, shown

LINKS = ["https://reports.example/cmp_42?expires=1&signature=a%2Bb", "https://console.huaweicloud.com/drs/"]
#: Its rule: a backslash takes the meaning from any character that is no ASCII letter or digit and no space.
ESCAPED = re.compile(r"\\[^0-9A-Za-z\s]")
MARKUP = re.compile(r"[\\`*_~|<>\[\]#@:]")


def sent(names: list[str]) -> dict[str, Any]:
    payload = json.loads(discord.post(destination("discord"), full_of(names), NOW).body)
    assert isinstance(payload, dict)
    return payload


def unescaped(text: str) -> str:
    """What the service shows of a text without markup of ours."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text).replace(JOINER, "")


def check(names: list[str]) -> None:
    payload = sent(names)
    assert payload.keys() == {"embeds", "allowed_mentions"}
    assert payload["allowed_mentions"] == {"parse": []}
    (embed,) = payload["embeds"]
    assert embed.keys() <= {"title", "description", "color", "fields", "footer"}
    check_sizes(embed)
    for text in [embed["title"], *(field[part] for field in embed["fields"] for part in ("name", "value"))]:
        assert not MARKUP.search(ESCAPED.sub("", text)), text
    assert unescaped(embed["title"]) in {shown(names[0], most) for most in (150, 120, 100, 80, 60)}
    assert not re.search(r"^(?:[-+=>#]|\d+[.)](?:\s|$))", embed["description"], re.MULTILINE), (
        "a list, a heading or a quotation"
    )
    check_description(ESCAPED.sub("", embed["description"]).split("\n"))


def check_sizes(embed: dict[str, Any]) -> None:
    fields = embed["fields"]
    assert len(fields) <= 25
    texts = [embed["title"], embed["description"], embed.get("footer", {"text": "-"})["text"]]
    texts += [field[part] for field in fields for part in ("name", "value")]
    assert all(text.strip() for text in texts)
    assert utf16(embed["title"]) <= 256
    assert utf16(embed["description"]) <= 4096
    assert all(utf16(field["name"]) <= 256 and utf16(field["value"]) <= 1024 for field in fields)
    assert sum(map(utf16, texts)) <= 6000


def check_description(lines: list[str]) -> None:
    """Without what is escaped, all markup is ours."""
    *lines, links = lines
    assert re.fullmatch(r"\[[^\[\]]*\]\(\S+\) · \[[^\[\]]*\]\(\S+\)", links)
    assert re.findall(r"\]\((\S+)\)", links) == LINKS
    for line in lines:
        bare = re.sub(r"^• \*\*([^*]*)\*\* |^\*\*([^*]*)\*\*$", r"\1\2", line)
        assert not MARKUP.search(bare), line


@by_many_names
def test_no_name_is_markup_a_mention_or_a_link(names: list[str]) -> None:
    check(names)


def test_no_name_of_the_corpus_is_markup_a_mention_or_a_link() -> None:
    for names in nasty.corpus_in_tens():
        check(names)


def test_each_part_fits_and_so_do_all_of_them_together() -> None:
    many = replace(full_of(["x"]), facts=(Fact("word", "\\" * 400),) * 12)
    long = replace(full_of(["\\" * 55]), sentence="\\" * 300, facts=())
    for told in (many, long):
        (embed,) = json.loads(discord.post(destination("discord"), told, NOW).body)["embeds"]
        check_sizes(embed)


def test_an_ordinary_name_reads_as_it_is() -> None:
    assert r"• **shop.order\_items** " in sent(["shop.order_items"])["embeds"][0]["description"]


def test_it_waits_for_the_answer_whatever_else_the_url_asks_for() -> None:
    assert discord.post(destination("discord"), full_of(["x"]), NOW).url.endswith("/abc?wait=true")
    in_a_thread = destination("discord", url="https://discord.com/api/webhooks/1/a?thread_id=7")
    assert discord.post(in_a_thread, full_of(["x"]), NOW).url.endswith("/a?thread_id=7&wait=true")


def test_it_keeps_below_what_is_seen_of_its_limits() -> None:
    assert discord.PACE.messages <= 0.8 * 5
    assert discord.PACE.messages / discord.PACE.seconds * 60 <= 0.8 * 30


@pytest.mark.parametrize(
    ("given_answer", "outcome"),
    [
        (answer(200, {"id": "1234", "type": 0, "embeds": []}), Delivered()),
        (answer(204), Delivered()),
        (
            answer(429, {"message": "You are being rate limited.", "retry_after": 0.65, "global": False}),
            Again("Discord answered 429", 0.65),
        ),
        (answer(429, "error code: 1015", retry_after="30"), Again("Discord answered 429", 30.0)),
        (answer(429, {"retry_after": "soon"}), Again("Discord answered 429", None)),
        (answer(403, "<html>error 1020"), Again("Discord's network answered 403", None)),
        (answer(500, {"message": "500: Internal Server Error", "code": 0}), Again("Discord answered 500")),
    ],
)
def test_only_the_message_itself_is_delivered_and_what_passes_is_tried_again(
    given_answer: Any, outcome: Outcome
) -> None:
    assert discord.judge(given_answer) == outcome


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (404, {"message": "Unknown Webhook", "code": 10015}, "make a new one"),
        (401, {"message": "Invalid Webhook Token", "code": 50027}, "copy its URL"),
        (403, {"message": "Missing Permissions", "code": 50013}, "may not write"),
        (400, {"message": "Invalid Form Body", "code": 50035}, "can't read"),
    ],
)
def test_a_refusal_says_what_can_be_done_and_what_the_service_says(
    status: int, body: dict[str, Any], hint: str
) -> None:
    outcome = discord.judge(answer(status, body))
    assert isinstance(outcome, Refused)
    assert hint in outcome.reason
    assert body["message"] in outcome.reason


def test_a_redirect_is_refused() -> None:
    assert isinstance(discord.judge(answer(301)), Refused)


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"id": 1}'])
def test_a_200_that_is_not_the_services_own_is_not_delivered(body: str) -> None:
    assert isinstance(discord.judge(answer(200, body)), Again)
