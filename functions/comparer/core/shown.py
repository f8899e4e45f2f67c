"""A row that differs, as people are shown it: keys as texts, and the statements that show the row."""

from __future__ import annotations

from collections.abc import Sequence

from functions.comparer.core.engine import Snapshot
from functions.comparer.core.results import RowDifference
from functions.comparer.core.table import Difference, Malformed, Row, TablePlan, Value

_LONGEST = 200


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
    )


def _statement(snapshot: Snapshot, table: str, columns: Sequence[str], values: Row | None) -> str | None:
    return None if values is None else snapshot.statement(table, columns, values)


def _texts(key: Row | None) -> tuple[str | None, ...] | None:
    return None if key is None else tuple(text_of(value) for value in key)


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
