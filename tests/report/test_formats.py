"""The forms of a report: which suffix stands for which, and JSON, which is the data itself."""

import json
from pathlib import Path

import pytest

from functions.pipeline.report.formats import FORMS, MEDIA_TYPES, form_of, render
from tests.report.events import NASTY, hostile

EVENT = json.loads((Path(__file__).parents[2] / "events/comparison.finished.json").read_text())


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("a/report.html", "html"),
        ("REPORT.HTM", "html"),
        ("x.md", "markdown"),
        ("x.markdown", "markdown"),
        ("junit.xml", "junit"),
        ("x.json", "json"),
        ("x.txt", None),
        ("html", None),
        ("-", None),
    ],
)
def test_a_suffix_stands_for_a_form(path: str, form: str | None) -> None:
    assert form_of(path) == form


def test_json_is_the_data_itself() -> None:
    assert json.loads(render(EVENT["data"], "json")) == EVENT["data"]


def test_json_holds_whatever_a_name_is() -> None:
    content = hostile([*NASTY])
    assert json.loads(render(content, "json").decode("utf-8")) == content


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_made_of_a_real_event(form: str) -> None:
    for known in FORMS:
        if known == form:
            assert b"inconsistent" in render(EVENT["data"], known)
            assert MEDIA_TYPES[known]
