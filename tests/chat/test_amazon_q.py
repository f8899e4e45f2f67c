"""Amazon Q Developer: what its custom notification looks like, and what nothing in it can do in Slack or in Teams."""

import json
import re
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from functions.pipeline.channels import amazon_q
from functions.pipeline.channels.cut import utf16
from functions.pipeline.channels.harmless import JOINER
from functions.pipeline.comparison import Verdict
from functions.pipeline.tell import tell
from functions.pipeline.telling import Language, Telling
from tests.chat import nasty, samples
from tests.chat.conftest import Golden
from tests.chat.many_names import by_many_names
from tests.chat.tellings import full_of

LINKS = ["https://reports.example/cmp_42?expires=1&signature=a%2Bb", "https://console.huaweicloud.com/drs/"]
STRING = {"type": "string", "minLength": 1}
STRINGS = {"type": "array", "minItems": 1, "items": STRING}
#: The form that the administrator guide gives, closed: what it does not know, it drops in silence.
VALID = jsonschema.Draft202012Validator(
    {
        "type": "object",
        "required": ["version", "source", "content"],
        "additionalProperties": False,
        "properties": {
            "version": {"const": "1.0"},
            "source": {"const": "custom"},
            "id": STRING,
            "content": {
                "type": "object",
                "required": ["description"],
                "additionalProperties": False,
                "properties": {
                    "textType": {"const": "client-markdown"},
                    "title": STRING,
                    "description": STRING,
                    "nextSteps": STRINGS,
                    "keywords": STRINGS,
                },
            },
            "metadata": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "threadId": STRING,
                    "summary": STRING,
                    "eventType": STRING,
                    "relatedResources": STRINGS,
                    "additionalContext": {"type": "object", "additionalProperties": STRING},
                },
            },
        },
    }
)
#: Markup of Slack or of Teams: brackets, entities, bold, struck, code, italics, emoji; and what clients link.
ACTIVE = re.compile(
    rf"[<>&*~`\[\]\\]|(?<![^\W_])_|_(?![^\W_])|:[\w+'-]+:|://|(?i:www)\.|@[^\s{JOINER}]|[^\W_]\.[^\W\d_]"
)


def sent(telling: Telling) -> dict[str, Any]:
    document = json.loads(amazon_q.render(telling))
    assert isinstance(document, dict)
    return document


def check(telling: Telling) -> None:
    document = sent(telling)
    assert not [error.message for error in VALID.iter_errors(document)]
    content, metadata = document["content"], document["metadata"]
    assert utf16(content["title"]) <= 250
    assert utf16(content["description"]) <= 2800
    assert utf16(metadata["summary"]) <= 250
    *steps, report, console = content["nextSteps"]
    assert [report.rpartition(" ")[2], console.rpartition(" ")[2]] == LINKS
    words = [report.rpartition(" ")[0], console.rpartition(" ")[0]]
    for text in [content["title"], metadata["summary"], *metadata["relatedResources"], *steps, *words]:
        check_text(text)
    for line in content["description"].split("\n"):
        check_line(line)


def check_line(line: str) -> None:
    """Bold, bullets and code are ours; within code, only what Slack parses before it is looked for."""
    head = re.fullmatch(r"\*([^*]*)\*", line)
    entry = re.fullmatch(r"• `([^`]*)`: (.*)", line)
    if entry:
        assert not re.search(rf"[<>&]|://|@[^\s{JOINER}]", entry[1]), entry[1]
    check_text(head[1] if head else entry[2] if entry else line)


def check_text(text: str) -> None:
    assert not ACTIVE.search(text), text


@by_many_names
def test_no_name_is_markup_a_mention_an_emoji_or_a_link(names: list[str]) -> None:
    check(full_of(names))


def test_no_name_of_the_corpus_is_markup_a_mention_an_emoji_or_a_link() -> None:
    for names in nasty.corpus_in_tens():
        check(full_of(names))
        check(nasty.telling(names))
        check(nasty.telling(names, "zh"))


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("event", [*map(samples.event, samples.VERDICTS), samples.huge()], ids=lambda e: e.data.verdict)
def test_every_verdict_is_a_notification_of_the_documented_form(event: Any, language: Any) -> None:
    check(tell(event, language, links=samples.LINKS))


def test_a_parser_of_markdown_finds_our_own_code_and_italics_alone() -> None:
    for names in nasty.corpus_in_tens():
        tokens = MarkdownIt("commonmark").parse(sent(full_of(names))["content"]["description"])
        inlines = [child for token in tokens for child in token.children or ()]
        assert {token.type for token in inlines} <= {"text", "softbreak", "code_inline", "em_open", "em_close"}
        assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}


def test_verdicts_of_one_drs_job_are_one_thread() -> None:
    told = [sent(tell(samples.event(verdict), "en"))["metadata"]["threadId"] for verdict in samples.VERDICTS]
    assert set(told) == {f"drs/{samples.JOB}"}


def test_an_ordinary_name_is_code_that_can_be_copied() -> None:
    assert "• `shop.order_lines`: " in sent(full_of(["shop.order_lines"]))["content"]["description"]


def test_what_a_custom_action_takes_is_exact() -> None:
    context = sent(replace(full_of(["a"]), job_id="a_b<c>*"))["metadata"]["additionalContext"]
    assert context == {"verdict": "inconsistent", "job_id": "a_b<c>*", "comparison_id": "cmp_42"}


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("verdict", samples.VERDICTS)
def test_a_verdict_is_told_as_its_golden_file_has_it(verdict: Verdict, language: Language, golden: Golden) -> None:
    golden("amazon_q", f"{verdict}.{language}", sent(tell(samples.event(verdict), language, links=samples.LINKS)))


@pytest.mark.parametrize("name", nasty.LONG, ids=lambda name: ascii(name[:10]))
def test_a_message_of_one_endless_name_fits_too(name: str) -> None:
    check(full_of([name]))


def test_a_title_of_wide_letters_alone_is_cut_too() -> None:
    check(replace(full_of(["a"]), title="👍" * 1000))
