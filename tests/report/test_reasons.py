"""A report tells why each level ended and what the request left out: by the event's own words, or an older event's."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from typing import Any

import pytest
from lxml import etree

from functions.pipeline.report.formats import Form, render
from functions.pipeline.telling import Language
from tests.report.events import data

TEXT_FORMS: tuple[Form, ...] = ("html", "markdown")
REST = {
    "en": {
        "tables": "Every table that the request does not name.",
        "databases": "Every database that the request does not name.",
    },
    "zh": {"tables": "请求中未指定的其他表。", "databases": "请求中未指定的其他数据库。"},
}


def ended(**more: Any) -> dict[str, Any]:
    """An event of two levels that ended without a result, as the release before wrote it unless `more` is given."""
    event = data(
        verdict="rejected",
        summary="objects comparison was refused by DRS: DRS.M00304 Not ready.; row counts comparison failed: disk full",
        levels={"objects": "rejected", "lines": "failed", "contents": "not_requested"},
        error_code="DRS.M00304",
        error_msg="Not ready.",
        objects=None,
        data=None,
    )
    return event | more


REASONS = {"objects": "DRS.M00304 Not ready.", "lines": "disk full"}


def told(event: dict[str, Any], form: Form, language: Language = "en") -> str:
    text = render(event, form, language).decode()
    if form == "html":
        text = "".join(etree.HTML(text).itertext())
    return text


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_the_reason_of_each_level_is_told_once_in_the_list_of_what_went_wrong(form: Form) -> None:
    apart = told(ended(reasons=REASONS, summary="see below"), form)
    assert apart.count("DRS.M00304 Not ready.") == 1
    assert apart.count("Rows: disk full") == 1
    assert "Rows: disk full" not in told(ended(), form)
    assert "行数：disk full" in told(ended(reasons=REASONS), form, "zh")


def test_in_junit_each_level_has_its_own_reason() -> None:
    def messages(event: dict[str, Any]) -> list[str]:
        return etree.fromstring(render(event, "junit")).xpath("//error/@message")  # type: ignore[no-any-return]

    assert messages(ended(reasons=REASONS)) == ["rejected: DRS.M00304 Not ready.", "failed: disk full"]
    assert messages(ended(reasons={"objects": "x"}))[1].startswith("failed: objects comparison was refused")
    assert messages(ended()) == ["rejected: DRS.M00304 Not ready.", "failed: DRS.M00304 Not ready."]


@pytest.mark.parametrize("what", ["tables", "databases"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("form", TEXT_FORMS)
def test_what_a_request_left_out_is_told_by_the_word_and_of_an_older_event_by_its_sentence(
    form: Form, language: Language, what: str
) -> None:
    sentence = REST[language][what]
    older = data(summary=f"values consistent (3 tables); objects and all other {what} not compared")
    assert told(data(left_out=[what]), form, language).count(sentence) == 1
    assert told(older, form, language).count(sentence) == 1
    assert sentence not in told(older | {"left_out": []}, form, language)
    assert told(data(left_out=["of_a_later_release"]), form, language) == told(data(left_out=[]), form, language)
