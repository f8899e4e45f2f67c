"""Every verdict in both languages, as each channel but Slack, Teams and Amazon Q tells it: golden files to read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from functions.pipeline.channels.registry import channel
from functions.pipeline.comparison import Verdict
from functions.pipeline.destinations import ChannelName
from functions.pipeline.finished_event import FinishedEvent, read_finished
from functions.pipeline.tell import tell
from functions.pipeline.telling import Language
from tests.chat import samples
from tests.chat.conftest import Golden
from tests.chat.tellings import NOW, SECRET, destination

CHANNELS: tuple[ChannelName, ...] = ("feishu", "lark", "dingtalk", "wecom", "discord", "google_chat", "telegram")
SIGNED = {"feishu", "lark", "dingtalk"}
EVENT = Path("events/comparison.finished.json").read_text("utf-8")


def body(name: ChannelName, event: FinishedEvent, language: Language) -> bytes:
    to = destination(name, **({"secret": SECRET} if name in SIGNED else {}))
    return channel(name).post(to, tell(event, language, links=samples.LINKS), NOW).body


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("verdict", samples.VERDICTS)
@pytest.mark.parametrize("name", CHANNELS)
def test_a_verdict_is_told_as_its_golden_file_has_it(
    name: ChannelName, verdict: Verdict, language: Language, golden: Golden
) -> None:
    golden(name, f"{verdict}.{language}", json.loads(body(name, samples.event(verdict), language)))


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("name", CHANNELS)
def test_a_huge_event_is_told_too_and_says_how_much_is_not_listed(name: ChannelName, language: Language) -> None:
    told = tell(samples.huge(), language, links=samples.LINKS)
    sent = json.dumps(json.loads(body(name, samples.huge(), language)), ensure_ascii=False).replace("\\\\", "")
    assert told.more is not None
    assert told.more.lstrip("+") in sent


def test_a_webhook_sends_the_event_with_the_headers_of_its_golden_file(golden: Golden) -> None:
    telling = replace(tell(read_finished(EVENT), "en"), event=EVENT)
    to = destination("webhook", secret="whsec_bmV3IGtleSBvZiAyNCBieXRlcyEhISEh whsec_b2xkIGtleSBvZiAyNCBieXRlcyEhISEh")
    post = channel("webhook").post(to, telling, NOW)
    golden("webhook", "inconsistent", {"headers": dict(post.headers), "body": json.loads(post.body)})


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("verdict", samples.VERDICTS)
def test_a_webhook_sends_every_verdict_as_its_event_in_whatever_language_people_are_told(
    verdict: Verdict, language: Language, golden: Golden
) -> None:
    event = samples.event(verdict)
    told = replace(tell(event, language), event=event.model_dump_json(exclude_none=True))
    post = channel("webhook").post(
        destination("webhook", secret="whsec_bmV3IGtleSBvZiAyNCBieXRlcyEhISEh", language=language), told, NOW
    )
    assert json.loads(post.body)["data"]["verdict"] == verdict
    golden("webhook", f"{verdict}.{language}", {"headers": dict(post.headers), "body": json.loads(post.body)})
