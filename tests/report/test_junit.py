"""The report as JUnit XML: what Jenkins and GitLab take, red unless all is proven."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from lxml import etree

from functions.pipeline.report.formats import render
from tests.report.events import ANY_NAMES, NASTY, data, hostile, kind, level, many_tables, table, three_tables

SCHEMA = etree.RelaxNG(file=str(Path(__file__).with_name("junit.rng")))
ENDED = ("failed", "cancelled", "timed_out", "superseded", "rejected", "expired")


def parsed(event_data: dict[str, Any]) -> Any:
    root = etree.fromstring(render(event_data, "junit"))
    SCHEMA.assertValid(root)
    for suite in root.iter("testsuite"):
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors")) == len(suite.findall("testcase/error"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
    assert int(root.get("tests")) == len(root.findall("testsuite/testcase"))
    return root


def cases(root: Any, suite: str) -> dict[str, str]:
    found = root.findall(f"testsuite[@name='parity.{suite}']/testcase")
    return {case.get("name"): case[0].tag if len(case) else "passed" for case in found}


def red(root: Any) -> bool:
    return int(root.get("failures")) + int(root.get("errors")) > 0


@settings(max_examples=60)
@given(ANY_NAMES)
@example([*NASTY])
def test_any_name_makes_valid_xml_of_our_elements_alone(names: list[str]) -> None:
    root = parsed(hostile(names))
    elements = {element.tag for element in root.iter()}
    ours = {"testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped"}
    assert elements <= ours
    assert len(cases(root, "objects")) >= 1


def test_a_type_and_a_table_are_cases_and_what_differs_has_failed() -> None:
    root = parsed(three_tables())
    assert cases(root, "objects") == {
        "DB": "passed",
        "TABLE": "failure",
        "INDEX": "failure",
        "VIEW": "passed",
        "ROUTINE": "error",
        "CONSTRAINT": "passed",
    }
    assert cases(root, "values") == {"shop.orders": "failure", "shop.customers": "passed", "shop.audit": "error"}
    assert cases(root, "rows") == {"comparison": "skipped"}
    failure = root.find(".//testcase[@name='shop.orders']/failure")
    assert failure.get("message") == "13 rows differ; 1,200 rows in the source, 1,187 in the target"
    assert failure.text.splitlines() == [
        "changed: 17",
        "only in source: 4711",
        "only in target: <b>90</b>",
        "10 more rows",
    ]
    error = root.find(".//testcase[@name='shop.audit']/error")
    assert "The table has no primary key." in error.get("message")


def test_what_agrees_is_green() -> None:
    assert not red(parsed(data()))


@pytest.mark.parametrize("verdict", ["inconsistent", "incomplete", *ENDED])
def test_every_other_verdict_is_red_even_without_any_entry(verdict: str) -> None:
    bare = data(
        verdict=verdict,
        levels={"objects": verdict, "lines": "not_requested", "contents": "consistent"},
        objects=None,
        error_code="DRS.M00303",
        error_msg="no",
    )
    root = parsed(bare)
    assert red(root)
    told = root.find("testsuite[@name='parity.objects']/testcase")[0]
    assert told.tag == ("failure" if verdict == "inconsistent" else "error")
    assert told.get("message") == f"{verdict}: DRS.M00303 no"
    unexplained = data(verdict=verdict, levels=dict.fromkeys(("objects", "lines", "contents"), "not_requested"))
    assert red(parsed(unexplained))


def test_tables_that_the_event_leaves_out_are_not_green() -> None:
    cut = level([table("orders", 3, 2)], tables_omitted=2_999)
    cut["totals"] = {"compared": 2_990, "inconsistent": 40, "incomplete": 10}
    root = parsed(three_tables() | {"data": cut})
    told = [(c.get("name"), c[0].tag if len(c) else "passed") for c in root.findall("testsuite[3]/testcase")]
    assert told == [
        ("shop.orders", "failure"),
        ("tables not listed", "failure"),
        ("tables not listed", "error"),
        ("2,950 further tables agree (not listed)", "passed"),
    ]


def test_3000_tables_are_3000_cases() -> None:
    root = parsed(many_tables())
    assert len(cases(root, "values")) == 3_000


def test_a_type_with_very_many_names_tells_some_and_counts_the_rest() -> None:
    names = [f"t{n}" for n in range(1_000)]
    root = parsed(data(verdict="inconsistent", objects={"types": [kind("TABLE", 1_000, 0, only_in_source=names)]}))
    lines = root.find(".//failure").text.splitlines()
    assert len(lines) == 201
    assert lines[-1] == "800 more names"
