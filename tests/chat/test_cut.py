"""Text that somebody else has chosen: nothing invisible in it, and cut where people see letters."""

# ruff: noqa: RUF001 - letters of other scripts are the point

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.channels.cut import ELLIPSIS, fitted, utf8, utf16, visible
from tests.chat import nasty

sizes = st.sampled_from([len, utf8, utf16])
#: Letters of many characters, as they are written; what Unicode has changed its mind on is left out.
letters = st.lists(
    st.sampled_from(
        [
            "a",
            " ",
            "é",
            "e\u0301",
            "名",
            "👍🏽",
            "🇨🇳",
            "👨\u200d👩\u200d👧",
            "각",
            "\u1100\u1161\u11a8",
            "ก็",
            "❤\ufe0f",
            "\r\n",
        ]
    ),
    max_size=30,
).map("".join)


@given(nasty.names)
def test_what_is_visible_is_one_line_without_anything_that_hides_or_turns(name: str) -> None:
    seen = visible(name)
    assert seen.isprintable() or not regex.search(
        r"[\p{Cc}\p{Cf}--[\u200c\u200d]]|\p{Zl}|\p{Zp}|\p{Cs}", seen, regex.V1
    )
    assert not regex.search(r"[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u2060\ufeff]", seen)
    assert visible(seen) == seen


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("orders", "orders"),
        ("two\r\nlines\tand a tab", "two lines and a tab"),
        ("ord\u200bers", "ord\ufffders"),
        ("\u202esredro", "\ufffdsredro"),
        ("a\x00\x07\u2066\ufffeb", "a\ufffdb"),
        ("@every\u200done", "@every\ufffdone"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("שלום", "שלום"),
        ("a" + "\u0301" * 50, "a" + "\u0301" * 8),
    ],
)
def test_hidden_characters_show_and_letters_of_every_script_stay(name: str, seen: str) -> None:
    assert visible(name) == seen


@given(nasty.names, st.integers(3, 60), sizes)
def test_whatever_is_cut_fits_and_is_a_beginning(name: str, most: int, size: nasty.Size) -> None:
    cut = fitted(name, most, size)
    assert size(cut) <= most
    assert cut == name or (cut.endswith(ELLIPSIS) and name.startswith(cut.removesuffix(ELLIPSIS)))


@given(letters, st.integers(3, 60), sizes)
def test_no_letter_is_cut_in_two(text: str, most: int, size: nasty.Size) -> None:
    kept = fitted(text, most, size).removesuffix(ELLIPSIS)
    ends = {match.end() for match in regex.finditer(r"\X", text)} | {0}
    assert kept == text or any(text[:end].rstrip() == kept for end in ends)


@given(letters, st.integers(3, 60), sizes)
def test_no_more_is_cut_than_has_to_be(text: str, most: int, size: nasty.Size) -> None:
    kept = fitted(text, most, size)
    ends = [match.end() for match in regex.finditer(r"\X", text)]
    fitting = [end for end in ends if size(text[:end] + ELLIPSIS) <= most]
    assert kept == text or len(kept) - 1 == len(text[: max(fitting, default=0)].rstrip())


def test_a_letter_without_end_is_cut_within() -> None:
    assert len(fitted("a" + "\u0301" * 10_000, 100)) > 60


def test_a_size_that_not_even_the_ellipsis_has_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        fitted("abc", 2, utf8)
