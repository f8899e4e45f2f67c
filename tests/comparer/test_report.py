"""Sheets and the file they become: a text stays a text, a number exact, and where a sheet is full another goes on."""

import io
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook  # type: ignore[import-untyped]  # no type information is published
from openpyxl.utils.escape import unescape  # type: ignore[import-untyped]  # the same

from functions.comparer.core.engine import Stop, Stopped
from functions.comparer.export.report import Row, Sheet
from functions.comparer.export.workbook import MOST_TEXT, shown, write_workbook
from tests.comparer.served import EPOCH

# Any text that Python has, lone surrogates and control characters among it.
TEXTS = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(["=", "+", "-", "@"]).flatmap(
    lambda first: st.text(max_size=10).map(lambda rest: first + rest)
)


def written(folder: Path, sheets: Iterable[Sheet], **limits: int) -> dict[str, list[tuple[Any, ...]]]:
    path = folder / "report.xlsx"
    write_workbook(path, sheets, EPOCH, Stop(), **limits)
    book = load_workbook(io.BytesIO(path.read_bytes()))
    return {sheet.title: [tuple(sheet.iter_rows())[n] for n in range(sheet.max_row)] for sheet in book.worksheets}


def value_of(cell: Any) -> Any:
    return unescape(cell.value) if isinstance(cell.value, str) else cell.value


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=20))
@example(
    ["=1+1", "_x0041_", "\r\n\t", "\ud800", "\ufffe\uffff", "12345678901234567890", "http://x", "#N/A", "TRUE", ""]
)
def test_every_text_comes_back_as_the_text_that_is_shown(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("texts")
    _, *found = written(folder, [Sheet("s", ("text",), [(text, 1) for text in texts])])["s"]
    assert [value_of(row[0]) or "" for row in found] == [shown(text) for text in texts]
    assert all(row[0].data_type in {"s", "n"} for row in found)
    assert all(row[0].data_type == "s" for row in found if row[0].value)
    # An editor that opens such a cell doesn't take it for a formula either.
    assert all(row[0].quotePrefix for row in found if (row[0].value or "").startswith(("=", "+", "-", "@")))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain é 😀", "plain é 😀"),
        ("a\x00b\x1f", "a\\x00b\\x1f"),
        ("line\r\nend\t", "line\\x0d\nend\t"),
        ("\ud83d|\udc00", "\\ud83d|\\udc00"),
        ("\ufffe", "\\ufffe"),
        ("x" * MOST_TEXT, "x" * MOST_TEXT),
    ],
)
def test_what_a_cell_can_not_hold_is_shown_escaped(text: str, seen: str) -> None:
    assert shown(text) == seen


@pytest.mark.parametrize("text", ["x" * 32_768, "😀" * 16_384, "\x00" * 32_767, "x" * 10**6])
def test_a_text_that_is_too_long_is_cut_and_says_how_long_it_was(text: str) -> None:
    seen = shown(text)
    assert len(seen.encode("utf-16-le")) // 2 <= MOST_TEXT
    assert seen.endswith(f"… (cut: {len(text):,} characters)")
    assert len(seen.encode("utf-16-le")) // 2 > MOST_TEXT - 4
    seen.encode()  # no half of a pair is left


@pytest.mark.parametrize("number", [0, -1, 10**15 - 1, 1 - 10**15])
def test_a_number_of_up_to_fifteen_digits_is_a_number(tmp_path: Path, number: int) -> None:
    _, row = written(tmp_path, [Sheet("s", ("number",), [(number,)])])["s"]
    assert (row[0].value, row[0].data_type) == (number, "n")


@pytest.mark.parametrize("number", [10**15, -(10**15), 2**63 - 1, -(2**63)])
def test_a_longer_number_is_its_digits(tmp_path: Path, number: int) -> None:
    _, row = written(tmp_path, [Sheet("s", ("number",), [(number,)])])["s"]
    assert (row[0].value, row[0].data_type) == (str(number), "s")


def test_nothing_is_an_empty_cell(tmp_path: Path) -> None:
    _, row = written(tmp_path, [Sheet("s", ("a", "b"), [(None, "x")])])["s"]
    assert [cell.value for cell in row] == [None, "x"]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 12), st.integers(2, 5))
def test_a_full_sheet_goes_on_in_the_next(tmp_path_factory: pytest.TempPathFactory, count: int, most: int) -> None:
    folder = tmp_path_factory.mktemp("full")
    found = written(folder, [Sheet("s", ("n",), [(n,) for n in range(count)]), Sheet("t", ("n",), [])], most_rows=most)
    *pages, last = found.values()
    assert [row[0].value for row in last] == ["n"]
    assert list(found) == ["s", *(f"s {n}" for n in range(2, len(pages) + 1)), "t"]
    assert all(page[0][0].value == "n" for page in pages)
    assert all(len(page) == most for page in pages[:-1])
    assert [row[0].value for page in pages for row in page[1:]] == list(range(count))


def test_a_large_file_is_written_in_little_memory(tmp_path: Path) -> None:
    def many() -> Iterable[Row]:
        yield from ((n, f"{n:04}" * 250) for n in range(4_000))

    tracemalloc.start()
    try:
        write_workbook(tmp_path / "large.xlsx", [Sheet("s", ("n", "text"), many())], EPOCH, Stop())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000  # four megabytes of text went through


def test_writing_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    stop = Stop()

    def rows() -> Iterable[Row]:
        yield (1,)
        stop.ask()
        yield (2,)
        pytest.fail("it went on")

    with pytest.raises(Stopped):
        write_workbook(tmp_path / "stopped.xlsx", [Sheet("s", ("n",), rows())], EPOCH, stop)
