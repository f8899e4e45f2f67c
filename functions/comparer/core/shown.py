"""A row that differs, as people are shown it: keys as texts, and the statements that show the row."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from functions.comparer.core.engine import Snapshot
from functions.comparer.core.results import RowDifference
from functions.comparer.core.table import Difference, Malformed, Row, TablePlan, Value

_LONGEST = 200
_TEXT_BYTES = 57  # An empty text, and the place that names it.
_BEGINNING, _END = 24, 15
"""Characters of a long value that its literal shows."""


def shown(difference: Difference, plan: TablePlan, source: Snapshot, target: Snapshot) -> RowDifference:
    """Make a difference ready to be shown. Raises `Unreadable` or `Stopped`."""
    places = plan.key or range(len(plan.columns))
    ours, theirs = ([plan.columns[place][side] for place in places] for side in (0, 1))
    return RowDifference(
        difference.kind,
        _texts(difference.source_key),
        _texts(difference.target_key),
        _statement(source, plan.table, ours, difference.source_key),
        _statement(target, plan.table, theirs, difference.target_key),
        difference.columns,
        _literals(difference.source_key),
        _literals(difference.target_key),
    )


def weight(row: RowDifference) -> int:
    """How many bytes the row takes in memory, roughly: its texts, and what each one takes besides."""
    parts = (row.source_key, row.target_key, row.source_literals, row.target_literals)
    texts = [text for texts in parts for text in texts or ()]
    return sum(_TEXT_BYTES + len(text or "") for text in (*texts, row.source_sql, row.target_sql)) + 8 * len(
        row.columns
    )


def _statement(snapshot: Snapshot, table: str, columns: Sequence[str], values: Row | None) -> str | None:
    return None if values is None else snapshot.statement(table, columns, values)


def _texts(key: Row | None) -> tuple[str | None, ...] | None:
    return None if key is None else tuple(text_of(value) for value in key)


def _literals(key: Row | None) -> tuple[str, ...] | None:
    return None if key is None else tuple(literal_of(value) for value in key)


def literal_of(value: Value) -> str:
    """A value for people as it is written in SQL: other values have other literals, whatever their types.

    Of a long value it has the beginning, the end, the length and some digits that only this value has (of SHA-256). A
    text with characters that can't be shown, or a backslash among them, is written as PostgreSQL does: E'a\\n'.
    """
    match value:
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
        case _:
            return repr(value)


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
