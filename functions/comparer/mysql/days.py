"""Keys with days that no calendar has, which MySQL may hold: 2024-00-10, 2024-02-31, or any day of the year 0. Pure.

Among canonical cells such a day is a misfit: a text behind all moments. MySQL's own order has it between them, so a
table that has one in its key is put in order by what its cells say, without an index.
"""

from __future__ import annotations

from typing import Final

from functions.comparer.core.cells import MOMENT, cells_of, moment, placed
from functions.comparer.core.kinds import Kind
from functions.comparer.core.packing import key_cells
from functions.comparer.core.table import Value
from functions.comparer.mysql.columns import Described
from functions.comparer.mysql.literals import bytes_literal, real_day

_TAG: Final = bytes((MOMENT,))
_BEHIND_ALL_DAYS: Final = b"\xff"
_ZERO_MOMENT: Final = "0000-00-00 00:00:00.000000"
_ZERO: Final = {Kind.DATE: "0000-00-00", Kind.TIMESTAMP: _ZERO_MOMENT, Kind.INSTANT: _ZERO_MOMENT}
"""With its end a text is filled up that lacks its fraction or all of its clock."""
_HELD_BY: Final = frozenset({"date", "datetime"})
"""What a column is that may have such days: a TIMESTAMP has none."""


def strange(column: Described) -> str | None:
    """The condition that a column's day is none of the calendar; None: it can't have such a day."""
    if column.data_type not in _HELD_BY:
        return None
    name = column.quoted
    leap = f"(YEAR({name}) % 4 = 0 AND (YEAR({name}) % 100 <> 0 OR YEAR({name}) % 400 = 0))"
    last = f"ELT(MONTH({name}), 31, 28 + {leap}, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)"
    return (
        f"({name} <> TIMESTAMP'0000-00-00 00:00:00'"
        f" AND (YEAR({name}) = 0 OR MONTH({name}) = 0 OR DAY({name}) = 0 OR DAY({name}) > 28 AND DAY({name}) > {last}))"
    )


def expression(column: Described, kind: Kind) -> str:
    """What puts all of a column's days in the order of their cells: a tag, for misfits a letter, and the text."""
    tag = f"IF({strange(column)}, X'0974', {bytes_literal(_TAG)})"
    return f"CONCAT({tag}, CAST({written(column, kind)} AS BINARY))"


def literal(kind: Kind, value: Value) -> tuple[str, bool] | None:
    """Where a key's value stands among what `expression` says, and whether that is the value itself.

    If it is not, it is the greatest below it; None: there is none below.
    """
    ((tag, body),) = placed(cells_of(key_cells((value,), (kind,))))
    if tag != MOMENT:
        return (bytes_literal(bytes((tag,)) + body), True) if value is not None else None
    text = str(value).removesuffix("+00")
    if " BC" in text:
        return bytes_literal(_TAG + _ZERO[kind].encode()), False
    if real_day(text) or text == "0000-00-00":
        return bytes_literal(_TAG + (text + _ZERO[kind][len(text) :]).encode()), True
    return (bytes_literal(_TAG + _BEHIND_ALL_DAYS), False) if body > moment(0)[1:] else None


def written(column: Described, kind: Kind) -> str:
    """A day as its cell says it where it is a misfit."""
    text = f"CAST({column.quoted} AS CHAR)"
    if kind is Kind.DATE:
        return text
    if column.type.kind is Kind.DATE:
        return f"CONCAT({text}, ' 00:00:00.000000')"
    return f"RPAD(CONCAT({text}, IF(LOCATE('.', {text}), '', '.')), 26, '0')"
