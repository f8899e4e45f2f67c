"""Sheets as an .xlsx file, written row by row: never more than a row is held in memory.

Every text is written as a text, whatever it begins with: nothing that a database holds becomes a formula, a link or a
number. What a cell can't hold is shown: control characters and lone surrogates escaped (``\\x07``), a text that is too
long cut, saying how long it was. A sheet that is full goes on in another of the same name and a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from xlsxwriter import Workbook  # type: ignore[import-untyped]  # it has types and doesn't say so

from functions.comparer.core.engine import Stop
from functions.comparer.export.report import Cell, Row, Sheet

MOST_ROWS: Final = 1_048_576
"""Rows of a sheet, its header included."""
MOST_TEXT: Final = 32_767
"""Length of a text in a cell, in UTF-16 units."""
_MOST_EXACT: Final = 10**15  # a spreadsheet's numbers have 15 digits
_WIDTH: Final = 24
# All but what XML can hold, and the carriage return, which it would turn into a line feed.
_UNHOLDABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMULAS: Final = ("=", "+", "-", "@")


def write_workbook(path: Path, sheets: Iterable[Sheet], made_at: float, stop: Stop, most_rows: int = MOST_ROWS) -> None:
    """Write the file, made at that time (epoch seconds). Raises `Stopped`, and `OSError` for a full disk."""
    # Inside the file's own folder, which goes away as a whole.
    options = {"constant_memory": True, "tmpdir": str(path.parent), "use_zip64": True}
    book = Workbook(str(path), options)
    book.set_properties({"created": datetime.fromtimestamp(made_at, UTC)})
    try:
        for sheet in sheets:
            _Writer(book, sheet, most_rows).write(stop)
    except BaseException:
        _abandon(book)
        raise
    book.close()


def shown(text: str) -> str:
    """A text as a cell can hold it."""
    escaped = _UNHOLDABLE.sub(_escaped, text)
    if 2 * len(escaped) <= MOST_TEXT:
        return escaped
    units = escaped.encode("utf-16-le")
    if len(units) <= 2 * MOST_TEXT:
        return escaped
    end = f"… (cut: {len(text):,} characters)"
    return units[: 2 * (MOST_TEXT - len(end))].decode("utf-16-le", "ignore") + end


def _abandon(book: Any) -> None:
    """Let go of a file that won't be finished: putting together what there is of it could take seconds."""
    book.fileclosed = True
    for page in book.worksheets():
        page.row_data_fh.close()


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class _Writer:
    """One sheet and its continuations."""

    def __init__(self, book: Any, sheet: Sheet, most_rows: int) -> None:
        self._book = book
        self._sheet = sheet
        self._most_rows = most_rows
        self._bold = book.add_format({"bold": True})
        # Marks a text that looks like a formula, so that it stays a text even when somebody edits the cell.
        self._quoted = book.add_format({"quote_prefix": True})
        self._names = (sheet.name if n == 1 else f"{sheet.name} {n}" for n in count(1))

    def write(self, stop: Stop) -> None:
        page, number = self._page(), 1
        for row in self._sheet.rows:
            stop.check()
            if number == self._most_rows:
                page, number = self._page(), 1
            self._row(page, number, row)
            number += 1

    def _page(self) -> Any:
        page = self._book.add_worksheet(next(self._names))
        page.freeze_panes(1, 0)
        page.set_column(0, len(self._sheet.header) - 1, _WIDTH)
        for column, name in enumerate(self._sheet.header):
            page.write_string(0, column, name, self._bold)
        return page

    def _row(self, page: Any, number: int, row: Row) -> None:
        for column, cell in enumerate(row):
            if cell is not None:
                self._cell(page, number, column, cell)

    def _cell(self, page: Any, number: int, column: int, cell: Cell) -> None:
        if isinstance(cell, int) and abs(cell) < _MOST_EXACT:
            refused = page.write_number(number, column, cell)
        else:
            text = shown(str(cell))
            refused = page.write_string(number, column, text, self._quoted if text.startswith(_FORMULAS) else None)
        if refused:
            raise ValueError(f"row {number}, column {column} of sheet {self._sheet.name!r} can't be written")
