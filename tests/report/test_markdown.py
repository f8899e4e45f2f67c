"""The report as Markdown: rendered as GitHub does, nothing in it comes from a name, and a comment has room for it."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from functions.pipeline.report.formats import render
from functions.pipeline.report.markdown import code
from functions.pipeline.report.text import shown
from functions.pipeline.telling import Language
from tests.report.events import ANY_NAMES, NASTY, data, hostile, level, many_tables, table, three_tables

HEADINGS = {"❌ Inconsistent", "What went wrong", "Not compared, and good to know", "Objects", "Values"} | {
    *("❌ 不一致", "出现的问题", "未对比的内容及说明", "对象", "内容"),
}
LANGUAGES: tuple[Language, ...] = ("en", "zh")
HTML = {
    "<details><summary>Details</summary>",
    "<details><summary>Rows that differ</summary>",
    "<details><summary>详情</summary>",
    "<details><summary>差异行</summary>",
    "</details>",
}
# In a text, not in a code span: whatever a platform could make a mention, a reference or a link of.
SPEAKING = set("@#!~$%[]<>\\`")


def markdown(event_data: dict[str, Any], language: Language = "en") -> str:
    return render(event_data, "markdown", language).decode()


def rendered(text: str) -> list[Token]:
    return MarkdownIt("gfm-like").parse(text)


def inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


@settings(max_examples=60)
@given(ANY_NAMES, st.sampled_from(LANGUAGES))
@example([*NASTY], "en")
@example([*NASTY], "zh")
def test_a_name_makes_no_link_picture_html_mention_heading_or_list(names: list[str], language: Language) -> None:
    tokens = rendered(markdown(hostile(names), language))
    kinds = {token.type for token in inline(tokens)}
    assert kinds <= {"text", "code_inline", "softbreak", "text_special", "strong_open", "strong_close"}
    assert {t.content.strip() for t in tokens if t.type == "html_block"} <= HTML
    assert not [t for t in tokens if t.type in {"fence", "code_block", "hr", "blockquote_open"}]
    headings = [tokens[n + 1].content for n, t in enumerate(tokens) if t.type == "heading_open"]
    assert set(headings) <= HEADINGS
    for token in inline(tokens):
        if token.type in {"text", "text_special"}:
            assert not SPEAKING & set(token.content), token.content
            assert "://" not in token.content


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("around", ["{}", "| {} | x |\n| --- | --- |\n| {} | y |", "- {}, {}"])
def test_a_name_is_read_as_it_is_in_a_line_a_table_and_a_list(name: str, around: str) -> None:
    tokens = rendered(around.replace("{}", code(name)))
    cells = [t for t in tokens if t.type == "inline"]
    whole = "".join(child.content for child in inline(tokens))
    assert whole.count(shown(name) or "\u2013") >= around.count("{}")
    assert len(cells) == (4 if "|" in around else 1)


@settings(max_examples=40)
@given(ANY_NAMES)
@example([*NASTY])
@example([f"{n}{'|' * 500}" for n in range(200)])
def test_a_comment_has_room_for_it(names: list[str]) -> None:
    assert len(markdown(hostile(names))) <= 60_000


@pytest.mark.parametrize("language", ["en", "zh"])
def test_3000_tables_have_room_and_what_is_left_out_is_counted(language: Language) -> None:
    text = markdown(many_tables(), language)
    assert len(text) <= 60_000
    assert "`shop_4.table_2980`" in text
    assert "2,841" in text


def test_every_table_that_differs_is_listed_or_counted() -> None:
    tables = [table(f"{'long_name_' * 9}{n:04}", 10, 9) for n in range(3_000)]
    text = markdown(three_tables() | {"data": level(tables, "lines")})
    left = text.partition(" more tables not listed here")[0].split()[-1]
    assert text.count("| `shop.long_name_") + int(left.replace(",", "")) == 3_000


def test_it_says_what_differs_by_name() -> None:
    text = markdown(three_tables())
    assert "| Objects | ❌ inconsistent | 6 types: 2 differ, 1 not compared |" in text
    assert "| `shop.orders` | 1,200 | 1,187 | 13 | ❌ differs |" in text
    assert "- `INDEX` only in source: `orders.by_customer`, `orders.by_day`" in text
    assert "  - only in target: `<b>90</b>`" in text
    assert "**Next:** Do not switch yet: look at the differences, let the replication catch up, and" in text
    assert "- Every table that the request does not name." in text


def test_what_to_do_next_is_said_in_chinese_too() -> None:
    assert "**下一步:** 暂不要切换：先查看差异，等同步追上后再次对比。\n" in markdown(three_tables(), "zh")


def test_what_agrees_is_short() -> None:
    text = markdown(data())
    assert text.startswith("## ✅ Consistent\n")
    assert "3 tables agree" in text
    assert "- Objects, rows and values were all compared." in text
