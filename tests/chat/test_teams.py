"""Microsoft Teams: what its card looks like, what nothing in it can do, and what its answers mean."""

import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from functions.pipeline.channels import teams
from functions.pipeline.channels.channel import Again, Delivered, Outcome, Refused
from functions.pipeline.channels.harmless import JOINER
from functions.pipeline.comparison import Verdict
from functions.pipeline.destinations import Destination
from functions.pipeline.tell import tell
from functions.pipeline.telling import Language, Link, Telling
from tests.chat import nasty, samples
from tests.chat.conftest import Golden
from tests.chat.many_names import by_many_names
from tests.chat.tellings import NOW, answer, full_of

FLOW = Destination(
    channel="teams",
    url="https://prod-01.westeurope.logic.azure.com/workflows/0/triggers/manual/paths/invoke?api-version=1&sig=x",
)
LINKS = ["https://reports.example/cmp_42?expires=1&signature=a%2Bb", "https://console.huaweicloud.com/drs/"]
FOUND = re.compile(rf"://|(?i:www)\.|@[^\s{JOINER}]|\{{\{{")


def closed(kind: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {"type": {"const": kind}} | required | (optional or {})
    return {
        "type": "object",
        "properties": properties,
        "required": ["type", *required],
        "additionalProperties": False,
    }


TEXT = {"type": "string", "minLength": 1}
RUN = closed(
    "TextRun",
    {"text": TEXT},
    {
        "size": {"enum": ["Default", "Small", "Medium", "Large", "ExtraLarge"]},
        "weight": {"enum": ["Default", "Lighter", "Bolder"]},
        "fontType": {"enum": ["Default", "Monospace"]},
        "isSubtle": {"type": "boolean"},
    },
)
LINE = closed(
    "RichTextBlock",
    {"inlines": {"type": "array", "minItems": 1, "items": RUN}},
    {
        "spacing": {"enum": ["Default", "None", "Small", "Medium", "Large", "ExtraLarge", "Padding"]},
        "separator": {"type": "boolean"},
    },
)
BANNER = closed(
    "Container",
    {
        "style": {"enum": ["default", "emphasis", "good", "attention", "warning", "accent"]},
        "bleed": {"type": "boolean"},
        "items": {"type": "array", "minItems": 1, "items": LINE},
    },
)
OPEN = closed("Action.OpenUrl", {"title": TEXT, "url": {"type": "string", "pattern": "^https?://"}})
#: The parts of Adaptive Cards 1.4 that a card of ours is made of, as that version's schema has them, and no others.
CARD = closed(
    "AdaptiveCard",
    {
        "$schema": {"const": "http://adaptivecards.io/schemas/adaptive-card.json"},
        "version": {"const": "1.4"},
        "lang": {"enum": ["en", "zh"]},
        "fallbackText": {"pattern": "^Parity: [a-z_]+$"},
        "body": {"type": "array", "minItems": 2, "items": {"oneOf": [BANNER, LINE]}},
        "msteams": {"const": {"width": "Full"}},
    },
    {"actions": {"type": "array", "minItems": 1, "maxItems": 6, "items": OPEN}},
)
PARTS = {"message", "AdaptiveCard", "Container", "RichTextBlock", "TextRun", "Action.OpenUrl"}
KINDS = re.compile(r'(?<!\\)"type": "([\w.]+)"')
VALID = jsonschema.Draft202012Validator(CARD)


def sent(telling: Telling) -> tuple[dict[str, Any], bytes]:
    body = teams.post(FLOW, telling, NOW).body
    payload = json.loads(body)
    (attachment,) = payload["attachments"]
    assert payload == {"type": "message", "attachments": [attachment]}
    assert attachment == {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": attachment["content"],
    }
    return attachment["content"], body


def check(telling: Telling) -> None:
    card, body = sent(telling)
    assert len(body) <= 28 * 1000
    assert card["fallbackText"] == f"Parity: {telling.verdict}"
    assert set(KINDS.findall(body.decode())) <= PARTS
    for text in nasty.texts(card["body"]):
        assert not FOUND.search(text), text
    assert [action["url"] for action in card["actions"]] == LINKS
    assert not [action for action in card["actions"] if FOUND.search(action["title"])]


def check_parts(telling: Telling) -> None:
    """The schema too, which takes four times as long as everything else."""
    check(telling)
    assert not [error.message for error in VALID.iter_errors(sent(telling)[0])]


@by_many_names
def test_no_name_is_markup_a_mention_a_date_or_a_link(names: list[str]) -> None:
    check(full_of(names))


def test_no_name_of_the_corpus_is_markup_a_mention_a_date_or_a_link() -> None:
    for names in nasty.corpus_in_tens():
        check_parts(full_of(names))
        check_parts(nasty.telling(names))
        check_parts(nasty.telling(names, "zh"))


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("event", [*map(samples.event, samples.VERDICTS), samples.huge()], ids=lambda e: e.data.verdict)
def test_every_verdict_is_a_card_of_parts_that_its_version_has(event: Any, language: Any) -> None:
    check_parts(tell(event, language, links=samples.LINKS))


def test_text_is_never_where_markdown_is_read() -> None:
    card, _ = sent(full_of(["**b** [x](http://evil.example)"]))
    kinds = set(re.findall(r'"type": "(\w+)"', json.dumps(card)))
    assert kinds == {"AdaptiveCard", "Container", "RichTextBlock", "TextRun"}
    assert card["body"][0]["items"][0]["inlines"][0]["text"] == f"**b** [x](http:{JOINER}//evil.example)"


def test_a_card_without_links_has_no_actions() -> None:
    card, _ = sent(replace(full_of(["a"]), links=(Link("x", "javascript:alert(1)"),)))
    assert "actions" not in card


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (202, "", Delivered()),
        (200, "1", Delivered()),
        (
            200,
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
            Again("Teams answered 200, and in it that the delivery failed"),
        ),
        (
            400,
            '{"error":{"code":"WorkflowTriggerIsNotEnabled"}}',
            Refused("Teams refuses (400): it can't read the message, or the workflow is turned off"),
        ),
        (401, "", Refused("Teams refuses (401): the URL's signature is wrong: copy the workflow's URL again")),
        (404, "", Refused("Teams refuses (404): the workflow is gone: make a new one and copy its URL")),
        (413, "", Refused("Teams refuses (413): it does not take this request")),
        (408, "", Again("Teams answered 408")),
        (502, "", Again("Teams answered 502")),
    ],
)
def test_an_answer_means_what_workflows_say_of_it(status: int, body: str, outcome: Outcome) -> None:
    assert teams.judge(answer(status, body)) == outcome


def test_too_many_messages_wait_as_long_as_it_asks() -> None:
    assert teams.judge(answer(429, "", retry_after="7")) == Again("Teams answered 429", 7)


@pytest.mark.parametrize(
    "host",
    [
        "prod-01.westeurope.logic.azure.com",
        "default0123.4a.environment.api.powerplatform.com",
        "prod-01.usgovtexas.logic.azure.us",
    ],
)
def test_both_kinds_of_hosts_are_known(host: str) -> None:
    assert Destination(channel="teams", url=f"https://{host}:443/workflows/0?sig=x").channel == "teams"


def test_it_keeps_below_its_limit() -> None:
    assert teams.PACE.messages / teams.PACE.seconds <= 0.8 * 4


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("verdict", samples.VERDICTS)
def test_a_verdict_is_told_as_its_golden_file_has_it(verdict: Verdict, language: Language, golden: Golden) -> None:
    golden("teams", f"{verdict}.{language}", sent(tell(samples.event(verdict), language, links=samples.LINKS))[0])


@pytest.mark.parametrize("name", nasty.LONG, ids=lambda name: ascii(name[:10]))
def test_a_message_of_one_endless_name_fits_too(name: str) -> None:
    check_parts(full_of([name]))
