"""A row that differs, as people are shown it: keys as texts, and the statements that show the row."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

from functions.comparer.core.engine import Snapshot
from functions.comparer.core.results import RowDifference
from functions.comparer.core.table import Difference, Malformed, TablePlan, Value

_LONGEST = 200
_TEXT_BYTES = 57  # An empty text, and the place that names it.
_BEGINNING, _END = 24, 15
"""Characters of a long value that its literal shows."""


class Showing:
    """Makes the differences of one table ready to be shown."""

    def __init__(self, plan: TablePlan, source: Snapshot, target: Snapshot) -> None:
        places = plan.key or range(len(plan.columns))
        self._table = plan.table
        self._source, self._target = source, target
        self._ours, self._theirs = (tuple(plan.columns[place][side] for place in places) for side in (0, 1))

    def row(self, difference: Difference) -> RowDifference:
        """The row as it is shown. Raises `Unreadable` or `Stopped`."""
        ours, theirs = difference.source_key, difference.target_key
        return RowDifference(
            difference.kind,
            None if ours is None else tuple(map(text_of, ours)),
            None if theirs is None else tuple(map(text_of, theirs)),
            None if ours is None else self._source.statement(self._table, self._ours, ours),
            None if theirs is None else self._target.statement(self._table, self._theirs, theirs),
            difference.columns,
            None if ours is None else tuple(map(literal_of, ours)),
            None if theirs is None else tuple(map(literal_of, theirs)),
            difference.mark,
        )


def weight(row: RowDifference) -> int:
    """How many bytes the row takes in memory, roughly: its texts, and what each one takes besides."""
    size = len(row.source_sql or "") + len(row.target_sql or "") + 2 * _TEXT_BYTES + 8 * len(row.columns)
    for texts in (row.source_key, row.target_key, row.source_literals, row.target_literals):
        for text in texts or ():
            size += _TEXT_BYTES + len(text or "")
    return size


def literal_of(value: Value) -> str:
    """A value for people as it is written in SQL: other values have other literals, whatever their types.

    Of a long value it has the beginning, the end, the length and some digits that only this value has (of SHA-256). A
    text with characters that can't be shown, or a backslash among them, is written as PostgreSQL does: E'a\\n'.
    """
    match value:
        case int() | Decimal():
            return str(value)
        case None:
            return "NULL"
        case bytes():
            return _cut(value.hex().upper(), "X'{}'", value, "bytes")
        case Malformed(raw=raw):
            return _cut(raw.hex().upper(), "CAST(X'{}' AS TEXT)", raw, "bytes")
        case str():
            form = "'{}'" if value.isprintable() else "E'{}'"
            return _cut(value, form, value.encode("utf-8", "surrogatepass"), "characters")
        case float():
            return repr(value + 0.0).replace("inf", "9e999")


def _cut(text: str, form: str, raw: bytes, unit: str) -> str:
    """A text in its quotes, whole or shortened in the middle; `raw`: all of the value."""
    escaped = _escaped if form.startswith("E") else str
    if len(text) <= _BEGINNING + 1 + _END:
        return form.format(escaped(text).replace("'", "''"))
    parts = (escaped(part).replace("'", "''") for part in (text[:_BEGINNING], text[-_END:]))
    length = len(raw) if unit == "bytes" else len(text)
    return f"{form.format('…'.join(parts))} ({length:,} {unit}, #{sha256(raw).hexdigest()[:8]})"


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text)


def text_of(value: Value) -> str | None:
    """A value for people: numbers in full, text as it is, bytes as X'…', NULL as None. What is cut tells its length.

    The text can be written in every encoding of Unicode: what can't is shown with a backslash.
    """
    if value is None:
        return None
    if isinstance(value, (int, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) and value.is_finite() else str(value)
    if isinstance(value, bytes):
        cut = value[: _LONGEST // 2]
        return f"X'{cut.hex().upper()}'" if cut == value else f"X'{cut.hex().upper()}…' ({len(value):,} bytes)"
    if isinstance(value, float):
        value += 0.0  # -0.0 and 0.0 are one value; every other number stays as it is.
    text = _text(value) if isinstance(value, (str, Malformed)) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"


def _text(value: str | Malformed) -> str:
    text = value.raw.decode(value.encoding, "backslashreplace") if isinstance(value, Malformed) else value
    return text.encode("utf-8", "backslashreplace").decode()
