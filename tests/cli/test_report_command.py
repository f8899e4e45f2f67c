"""`parity report`, `parity compare --report`: the report is where it was asked for, the code is the verdict's."""

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from functions.local.samples import Samples
from tests.cli.conftest import Parity
from tests.cli.served_door import Scripted, ServedDoor
from tests.report.events import COMPARISON, data, three_tables

ASKED = f"GET /comparisons/{COMPARISON}"


def view(of: dict[str, Any] | None = None) -> Scripted:
    known = {"comparison_id": COMPARISON, "state": "finished" if of else "polling"}
    return Scripted(200, known | ({"verdict": of["verdict"], "event": {"data": of}} if of else {}))


@pytest.mark.parametrize(
    ("form", "start"),
    [("html", "<!DOCTYPE html><html lang="), ("markdown", "## ✅ Consistent"), ("junit", "<?xml "), ("json", "{\n")],
)
def test_a_report_is_written_in_the_form_that_is_asked_for(
    parity: Parity, door: ServedDoor, form: str, start: str
) -> None:
    door.answer(ASKED, view(data()))
    ended = parity("report", COMPARISON, "--format", form)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(start)


def test_html_is_what_it_writes_if_nobody_says_otherwise(parity: Parity, door: ServedDoor) -> None:
    door.answer(ASKED, view(three_tables()))
    ended = parity("report", COMPARISON, "--language", "zh")
    assert ended.code == 1
    assert '<html lang="zh-Hans">' in ended.out


def test_the_suffix_of_the_file_tells_the_form(parity: Parity, door: ServedDoor, home: Path) -> None:
    door.answer(ASKED, view(three_tables()))
    ended = parity("report", COMPARISON, "-o", "out.xml")
    assert (ended.code, ended.out, ended.err) == (1, "", "")
    assert ElementTree.parse(home / "out.xml").getroot().tag == "testsuites"


def test_a_suffix_that_tells_no_form_is_refused_unless_the_form_is_given(parity: Parity, door: ServedDoor) -> None:
    door.answer(ASKED, view(data()))
    ended = parity("report", COMPARISON, "-o", "out.pdf")
    assert ended.code == 2
    assert "--output: out.pdf: the suffix tells the format; allowed: .html, .htm, .md" in ended.err
    assert not door.asked
    assert parity("report", COMPARISON, "-o", "out.txt", "--format", "markdown").code == 0
    assert Path("out.txt").read_text().startswith("## ")


def test_a_report_of_what_still_runs_is_not_written_and_the_code_is_75(
    parity: Parity, door: ServedDoor, home: Path
) -> None:
    door.answer(ASKED, view())
    ended = parity("report", COMPARISON, "-o", "out.html")
    assert ended.code == 75
    assert ended.err == f"parity: {COMPARISON} has no verdict yet (polling): try again, or `parity watch` it\n"
    assert list(home.glob("*out*")) == []


def test_an_unknown_comparison_is_a_usage_error(parity: Parity, door: ServedDoor) -> None:
    door.answer(ASKED, Scripted(404, {"detail": "No comparison has this id, or its id is forgotten."}))
    ended = parity("report", COMPARISON)
    assert ended.code == 2
    assert "No comparison has this id" in ended.err


@pytest.mark.parametrize(
    ("path", "why"),
    [("gone/out.html", "there is no folder gone"), (".", "is a folder"), ("nope.txt", "the suffix tells the format")],
)
def test_compare_refuses_a_report_that_it_could_not_write_before_it_compares(
    parity: Parity, shop: Samples, path: str, why: str
) -> None:
    ended = parity("compare", str(shop.source), str(shop.target), "--report", "ok.html", "--report", path)
    assert ended.code == 2
    assert "--report: " in ended.err
    assert why in ended.err or path == "."
    assert not Path("ok.html").exists()


def test_compare_writes_as_many_reports_as_are_asked_for(parity: Parity, shop: Samples, home: Path) -> None:
    files = ("out.html", "out.md", "out.xml", "out.json")
    options = [option for file in files for option in ("--report", file)]
    ended = parity("compare", str(shop.source), str(shop.target), *options)
    assert ended.code == 1
    assert ended.out.splitlines()[-1].startswith("inconsistent: ")
    page = (home / "out.html").read_text()
    assert "audit_log" in page
    assert str(shop.source) in page
    assert (home / "out.md").read_text().startswith("## ❌ Inconsistent\n")
    root = ElementTree.parse(home / "out.xml").getroot()
    assert root.find(".//testcase[@name='TABLE']/failure") is not None
    content = json.loads((home / "out.json").read_text())
    assert content["verdict"] == "inconsistent"
    assert content["source"] == str(shop.source)
    assert content["started_at"] <= content["finished_at"]


def test_a_report_in_json_holds_all_rows_and_one_for_people_more_than_the_terminal(
    parity: Parity, shop: Samples, home: Path
) -> None:
    pair = (str(shop.source), str(shop.target), "--contents")
    shown = parity("compare", *pair, "--report", "out.html").out
    assert "13 rows only in source" not in shown
    assert parity("compare", *pair, "--report", "out.json").out == shown
    tables = json.loads((home / "out.json").read_text())["contents"]["tables"]
    assert all(table["rows_omitted"] == 0 for table in tables)
    assert len((home / "out.html").read_text().split("only in source (13): ")[1].split("</li>")[0].split(", ")) == 13


def test_a_report_goes_beside_json_on_standard_output(parity: Parity, shop: Samples, home: Path) -> None:
    ended = parity("compare", str(shop.source), str(shop.target), "--json", "--report", "out.md")
    assert json.loads(ended.out)["verdict"] == "inconsistent"
    assert (home / "out.md").exists()


def test_a_file_that_is_there_is_replaced_whole_and_readable_as_the_mask_allows(
    parity: Parity, shop: Samples, home: Path
) -> None:
    (home / "out.md").write_text("old")
    mask = os.umask(0o022)
    try:
        parity("compare", str(shop.source), str(shop.target), "--report", "out.md")
    finally:
        os.umask(mask)
    assert (home / "out.md").read_text().startswith("## ")
    assert stat.S_IMODE((home / "out.md").stat().st_mode) == 0o644
    assert [p.name for p in home.iterdir() if "out.md" in p.name] == ["out.md"]


def test_a_report_can_go_into_a_pipe(parity: Parity, shop: Samples, home: Path) -> None:
    os.mkfifo(home / "pipe.md")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((home / "pipe.md").read_text()))
    reader.start()
    ended = parity("compare", str(shop.source), str(shop.target), "--report", "pipe.md")
    reader.join(10)
    assert ended.code == 1
    assert read[0].startswith("## ❌ Inconsistent")
