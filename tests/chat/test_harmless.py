"""What keeps text from doing anything, what makes a telling smaller, and what all answers have in common."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.channels.answers import json_object, retry_after, said, seconds
from functions.pipeline.channels.harmless import JOINER, safe_url, unblocked, unlinked, wide
from functions.pipeline.channels.smaller import EMPTY, ever_smaller, first_fitting
from functions.pipeline.telling import Found, Telling
from tests.chat import nasty
from tests.chat.tellings import answer, full_of


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("https://evil.example", f"https:{JOINER}//evil.example"),
        ("WWW.evil.example", f"WWW{JOINER}.evil.example"),
        ("@everyone", f"@{JOINER}everyone"),
        ("shop.orders a:b 3/2", "shop.orders a:b 3/2"),
    ],
)
def test_a_link_and_a_mention_are_broken_and_a_name_is_left_whole(text: str, harmless: str) -> None:
    assert unlinked(text) == harmless
    assert unlinked(text).replace(JOINER, "") == text


@pytest.mark.parametrize("text", ["# h", "> q", "- l", "* l", "1. l", "12) l", "---", "=", "1."])
def test_what_would_be_a_block_at_the_beginning_of_a_line_is_none(text: str) -> None:
    assert unblocked(text) == JOINER + text


@pytest.mark.parametrize("text", ["orders", "2030-03-17", "7 min", "054ba152d480", "1.5 rows", "数据"])
def test_what_can_be_copied_has_nothing_hidden_in_it(text: str) -> None:
    assert unblocked(text) == text


def test_look_alikes_are_as_many_characters() -> None:
    assert wide("<a href='x'>[b](c) `d` &lt;") == "＜a href='x'＞［b］(c) ˋdˋ ＆lt;"  # noqa: RUF001 - look-alikes


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x?y=1&z=a%2Bb#c", "https://a.example/x?y=1&z=a%2Bb#c"),
        ("HTTP://a.example:8080/", "HTTP://a.example:8080/"),
        ('https://a.example/)("<>[]|`\\ é', "https://a.example/%29%28%22%3C%3E%5B%5D%7C%60%5C%20%C3%A9"),
        ("javascript:alert(1)", None),
        ("//a.example", None),
        ("https://", None),
        ("ftp://a.example", None),
        (" https://a.example", None),
        ("", None),
    ],
)
def test_a_url_can_not_end_before_its_end_and_is_of_the_web(url: str, safe: str | None) -> None:
    assert safe_url(url) == safe


@given(st.text(max_size=50))
def test_no_url_holds_what_markup_is_made_of(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9:/?#@!$&+,;=%\-._~]+", safe_url(f"https://a.example/{text}") or "")


@given(nasty.ten_names)
def test_every_version_is_no_larger_than_the_one_before_and_has_no_empty_text(names: list[str]) -> None:
    sizes = []
    for told in ever_smaller(full_of(names)):
        texts = [told.title, told.sentence, *(t for f in told.found for t in (f.name, f.what))]
        texts += [t for f in told.facts for t in (f.word, f.value)]
        assert all(text.strip() for text in texts)
        sizes.append(sum(map(len, texts)))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 500


def of(count: int) -> Telling:
    return replace(full_of(["x"]), found=tuple(Found(f"t{n}", "differs") for n in range(count)))


def test_what_is_left_out_of_the_list_is_counted() -> None:
    assert next(ever_smaller(of(20))).found[-1] == Found("t19", "differs")
    assert next(ever_smaller(of(21))).found[-1] == Found("…", "+1")


def test_the_largest_version_that_fits_is_taken_and_none_is_an_error() -> None:
    assert first_fitting(of(20), lambda told: len(told.found), lambda count: count <= 9) == 7  # six, and what is not
    with pytest.raises(ValueError, match="too large"):
        first_fitting(of(20), lambda told: told, lambda _: False)


def test_a_name_of_nothing_is_a_dash() -> None:
    assert next(ever_smaller(full_of([" \n "]))).title == EMPTY


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3.0), (0.25, 0.25), ("7", 7.0), (True, None), (-1, None), ("nan", None), ("1e999", None), (None, None)],
)
def test_seconds_are_finite_and_not_negative(value: object, number: float | None) -> None:
    assert seconds(value) == number


def test_a_huge_number_of_seconds_is_none() -> None:
    assert seconds(10**400) is None


def test_a_date_that_is_none_asks_for_nothing() -> None:
    assert retry_after(answer(503, retry_after="tomorrow", date="Sun, 06 Nov 2033 08:49:37 GMT")) is None


def test_a_date_in_the_past_is_now() -> None:
    past = answer(503, retry_after="Sun, 06 Nov 2033 08:49:36 GMT", date="Sun, 06 Nov 2033 08:49:37 GMT")
    assert retry_after(past) == 0.0


@pytest.mark.parametrize("body", ["", "[]", "1", "{", "[" * 100_000, "\ud7ff"])
def test_what_is_no_json_object_is_none(body: str) -> None:
    assert json_object(answer(200, body)) is None


def test_what_a_service_says_is_cut_and_visible() -> None:
    assert said("a\n\x1b" + "b" * 10_000).startswith("a �b")
    assert len(said("b" * 10_000)) == 200
    assert said(None) == said("") == "it doesn't say why"


def test_a_text_that_ends_like_the_beginning_of_a_url_makes_none_of_the_next_one() -> None:
    assert "://" not in unlinked("//:") + unlinked("//host")
