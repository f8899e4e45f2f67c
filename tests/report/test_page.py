"""The report as a page: it says what is so, stays small, and nothing in it comes from a name."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.pipeline.comparison import Verdict
from functions.pipeline.report.formats import render
from functions.pipeline.report.text import shown
from functions.pipeline.telling import Language
from tests.report.events import ANY_NAMES, NASTY, data, hostile, kind, level, many_tables, table, three_tables

LANGUAGES: tuple[Language, ...] = ("en", "zh")
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "p", "div", "span", "strong"),
    *("ul", "li", "dl", "dt", "dd", "time", "bdi", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption"),
    *("svg", "symbol", "path", "use", "title", "desc", "line", "circle", "rect", "g", "text"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "id", "dir", "scope", "colspan", "datetime", "role"),
    *("href", "viewBox", "d", "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin"),
    *(
        "stroke-dasharray",
        "aria-hidden",
        "aria-labelledby",
        "aria-describedby",
        "width",
        "height",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
    ),
    *("cx", "cy", "r", "transform", "text-anchor"),
}


def parsed(event_data: dict[str, Any], language: Language = "en") -> Element:
    """The page as an HTML5 parser reads it, which lets no mistake pass."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root: Element = parser.parse(render(event_data, "html", language).decode())
    return root


def words(page: Element) -> str:
    return " ".join(" ".join(page.itertext()).split()).replace(" ,", ",")


@settings(max_examples=60)
@given(ANY_NAMES, st.sampled_from(LANGUAGES))
@example([*NASTY], "en")
@example([*NASTY], "zh")
def test_no_element_and_no_attribute_comes_from_a_name(names: list[str], language: Language) -> None:
    page = parsed(hostile(names), language)
    for element in page.iter():
        if isinstance(element.tag, str):
            assert element.tag.rpartition("}")[2] in ELEMENTS
            assert {name.rpartition("}")[2] for name in element.attrib} <= ATTRIBUTES
            assert re.fullmatch("#m-[a-z]+", element.get("href", "#m-x"))
    assert [e.text for e in page.iter("style")] == [e.text for e in parsed(data()).iter("style")]


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_shown_as_it_is_or_by_the_numbers_of_what_cannot_be_seen(name: str) -> None:
    names = [bdi.text for bdi in parsed(hostile([name])).iter("bdi")]
    assert shown(name) in names or not name
    assert all(text and text.isprintable() for text in names)


@settings(max_examples=40)
@given(ANY_NAMES)
@example([*NASTY])
@example([f"{n}{'&' * 500}" for n in range(200)])
@example(["\U0001f600" * 300] * 300)
def test_a_page_is_below_100_kb_whatever_the_names(names: list[str]) -> None:
    assert len(render(hostile(names), "html")) < 100_000


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_of_3000_tables_is_below_100_kb_and_says_what_it_leaves_out(language: Language) -> None:
    content = render(many_tables(), "html", language)
    assert len(content) < 100_000
    page = words(parsed(many_tables(), language))
    assert page.count("shop_4.table_2980") == 1
    rest = {"en": "2,841 further tables agree", "zh": "其余 2,841 张表一致"}
    assert rest[language] in page
    assert "shop_1.table_0001" in page  # could not be compared
    assert "shop_2.table_0002" not in page  # agrees


def test_every_table_that_differs_is_listed_or_counted() -> None:
    tables = [table(f"{'long_name_' * 9}{n:04}", 10, 9) for n in range(3_000)]
    page = parsed(three_tables() | {"data": level(tables, "lines")})
    said = words(page)
    listed = len(re.findall(r"shop\.long_name_", said))
    left = re.search(r"([\d,]+) more tables not listed here", said)
    assert left
    assert listed > 50
    assert listed + int(left[1].replace(",", "")) == 3_000


def test_what_an_event_has_left_out_already_is_counted_too() -> None:
    cut = level([table("orders", 3, 2)], tables_omitted=2_999)
    cut["totals"] = {"compared": 2_990, "inconsistent": 40, "incomplete": 10}
    said = words(parsed(three_tables() | {"data": cut}))
    assert "3,000 tables: 40 differ, 10 not compared" in said
    assert "49 more tables not listed here; 2,950 further tables agree" in said


def test_what_differs_comes_first_and_what_agrees_last() -> None:
    page = parsed(three_tables())
    heads = [th.find("bdi") for th in page.iter("th")]
    assert [bdi.text for bdi in heads if bdi is not None] == [
        *("TABLE", "INDEX", "ROUTINE", "DB", "VIEW", "CONSTRAINT"),
        *("shop.orders", "shop.audit", "shop.customers"),
    ]


def test_rows_are_shown_by_their_keys_and_the_others_counted() -> None:
    said = words(parsed(three_tables()))
    assert "changed: 17 only in source: 4711" in said
    assert "only in source: 4711 only in target: <b>90</b> 10 more rows not listed here" in said


def test_rows_that_look_alike_are_shown_by_their_statements() -> None:
    rows = [{"source_key": ["1"], "source_sql": f"SELECT * FROM t WHERE id = {value}"} for value in ("1", "'1'")]
    said = words(parsed(three_tables() | {"data": level([table("t", 2, 0, rows=rows, difference_rows=2)])}))
    assert "only in source: SELECT * FROM t WHERE id = 1, SELECT * FROM t WHERE id = '1'" in said


def test_several_databases_have_a_table_of_their_own_and_one_is_named_only_if_it_has_another_name() -> None:
    database = {"source_db": "shop", "target_db": "shop", "tables": 3, "inconsistent": 1, "result": "inconsistent"}
    for several, told in (
        ([database], False),
        ([database | {"target_db": "shop_v2"}], True),
        ([database, database | {"source_db": "crm", "target_db": "crm"}], True),
    ):
        said = words(parsed(three_tables() | {"data": level([table("t", 3, 2)], databases=several)}))
        assert ("Database Tables Differs Not compared Result shop" in said) is told
        assert ("shop → shop_v2 3 1 0" in said) is (several[0]["target_db"] == "shop_v2")


def test_what_was_not_compared_is_said() -> None:
    objects_only = data(
        levels={"objects": "consistent", "lines": "not_requested", "contents": "not_requested"},
        data=None,
        caveats=["objects_only", "of_a_newer_release"],
    )
    said = words(parsed(objects_only))
    assert "Rows: how many rows each table has." in said
    assert "Values: equal row counts do not prove equal rows." in said
    assert "of_a_newer_release" in said
    said = words(parsed(three_tables()))
    assert "Every table that the request does not name." in said
    assert "Values: 1 table could not be compared." in said
    assert "Objects, rows and values were all compared." in words(parsed(data()))


@pytest.mark.parametrize(
    "verdict",
    [
        "consistent",
        "inconsistent",
        "incomplete",
        "failed",
        "cancelled",
        "timed_out",
        "superseded",
        "rejected",
        "expired",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_verdict_has_its_word_its_colour_and_its_shape(verdict: Verdict, language: Language) -> None:
    page = parsed(data(verdict=verdict, error_code="DRS.M00303", error_msg="It did not work."), language)
    banner = next(div for div in page.iter("div") if "verdict" in div.get("class", ""))
    tone = banner.get("class", "").split()[1]
    assert [
        use.get("{http://www.w3.org/1999/xlink}href") or use.get("href") for use in banner.iter() if "use" in use.tag
    ] == [f"#m-{tone}"]
    known = {"consistent": "good", "inconsistent": "bad", "incomplete": "unsure"}
    assert tone == known.get(verdict, "ended")
    heading = next(page.iter("h1")).text
    assert heading
    if language == "en":
        assert heading.lower() == verdict.replace("_", " ")
    assert "DRS.M00303 It did not work." in words(page)


def test_what_an_event_says_is_said_in_the_language_of_the_page_and_a_direct_comparison_in_english() -> None:
    page = parsed(three_tables(), "zh")
    assert "对象不一致（TABLE、INDEX 有差异）" in words(page)
    assert "暂不要切换" in words(page)
    assert not [e for e in page.iter() if e is not page and e.get("lang")]
    direct = parsed(three_tables() | {"comparison_id": "", "job_id": ""}, "zh")
    said = [e.text for e in direct.iter() if e.get("lang") == "en"]
    assert said == [three_tables()["summary"], three_tables()["next_step"]]


def test_the_policy_lets_in_the_style_and_nothing_else() -> None:
    page = parsed(data())
    (style,) = page.iter("style")
    policy = next(m.get("content") for m in page.iter("meta") if m.get("http-equiv") == "Content-Security-Policy")
    digest = b64encode(sha256((style.text or "").encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'none'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in (style.text or "")


def test_a_page_says_its_language_and_its_tables_say_what_their_heads_are_for() -> None:
    assert parsed(data(), "zh").get("lang") == "zh-Hans"
    page = parsed(three_tables())
    assert page.get("lang") == "en"
    assert {th.get("scope") for th in page.iter("th")} == {"col", "row"}
    picture = next(e for e in page.iter() if str(e.tag).endswith("svg") and e.get("role") == "img")
    named = {e.get("id"): e.text for e in picture if e.get("id")}
    assert [picture.get("aria-labelledby"), picture.get("aria-describedby")] == list(named)
    assert "TABLE: source 4, target 3" in (named["pd"] or "")


def test_the_picture_is_to_scale() -> None:
    types = [kind("TABLE", 999, 9), kind("VIEW", 0, 0)]
    page = parsed(data(objects={"types": types}))
    places = [e.get("cx") for e in page.iter() if str(e.tag).endswith("circle")]
    assert places == ["98.5%", "1.5%"]
    squares = [e.get("x") for e in page.iter() if str(e.tag).endswith("rect")]
    assert squares == ["33.83%", "1.5%"]  # a third of the way: log10(1 + 9) of log10(1 + 999)


def test_there_is_a_page_where_nothing_was_compared() -> None:
    rejected = data(
        verdict="rejected",
        levels={"objects": "rejected", "lines": "not_requested", "contents": "rejected"},
        objects=None,
        data=None,
        drs_tasks=[],
        started_at=None,
    )
    said = words(parsed(rejected))
    assert "Objects: the comparison ended as “rejected” and proves nothing." in said


def test_a_chinese_sentence_has_chinese_marks() -> None:
    page = render(three_tables(), "html", "zh").decode()
    for sentence in ("共 6 个类型：2 个不一致，1 个未对比", "共 3 张表：1 个不一致，1 个未对比；13 行不一致"):
        assert sentence in page
    assert "各类型对象数量：○ 源库，■ 目标库（对数刻度）" in page
