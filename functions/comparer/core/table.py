"""A table and its rows as a comparison of values sees them: plain values, whatever the engine."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from functions.comparer.core.kinds import ColumnType, Kind


class Malformed(NamedTuple):
    """A text that is not valid in its encoding (``utf-8``, ``utf-16-le`` …): its bytes as they are stored."""

    encoding: str
    raw: bytes


Value = int | float | Decimal | str | bytes | Malformed | None
"""A value with its type, whatever the engine: 1, 1.0, '1' and b'1' are four values; -0.0 and 0.0 are one.

Of moments and UUIDs it is the text.
"""
Row = tuple[Value, ...]
Rule = Literal["exact", "nocase", "rtrim"]
"""When two texts are the same key: equal bytes; ASCII letters alike in either case; trailing spaces don't count."""


ANYTHING = ColumnType(Kind.ANY, "")
"""The type of a column that takes any value."""


@dataclass(frozen=True)
class Column:
    """A column, the engine's word for how it keeps its values (in SQLite, the affinity), and what it holds."""

    name: str
    kind: str
    type: ColumnType = ANYTHING


@dataclass(frozen=True)
class Key:
    """Columns that together name a row, at most one and never with NULL; numbers are alike where 1 = 1.0.

    `kinds` and `rules` are per column: two keys name the same rows only if both are equal on both sides.
    """

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Shape:
    """A table as a comparison of its values needs to know it. `keys`: the best first, the primary key before others."""

    columns: tuple[Column, ...]
    keys: tuple[Key, ...]


DifferenceKind = Literal["missing", "extra", "changed"]


@dataclass(frozen=True)
class Difference:
    """One row that differs. `missing`: in the source alone; `extra`: in the target alone; `changed`: in both.

    The keys are typed values, those of the key's columns or, in a table without a key, of all compared columns; a side
    without the row has none. `columns`: of a changed row, the names (in the source) of the columns that differ.
    `mark`: by which the row is found again; None: it can't be.
    """

    kind: DifferenceKind
    source_key: Row | None
    target_key: Row | None
    columns: tuple[str, ...] = ()
    mark: str | None = None


@dataclass(frozen=True)
class Chunk:
    """A part of a table that has been compared: how many rows it has and how many of them differ.

    `mark`: a text from which the comparison of the table goes on; None: it can't go on from here, or the table is done.
    `differences`: as many of them as there was room for, in a stable order.
    """

    mark: str | None
    source_rows: int
    target_rows: int
    missing: int = 0
    extra: int = 0
    changed: int = 0
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class TablePlan:
    """How the values of one table are compared. Columns are pairs of a source and a target name, in source order.

    `key`: positions in `columns` of what names a row; empty: rows are compared as a multiset. `rules`: of the key.
    `common`: of each column as what its values are compared (`kinds.common`); empty: both sides tell values apart by
    their own types, as SQLite does.
    """

    table: str
    columns: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str], ...]
    key: tuple[int, ...]
    rules: tuple[Rule, ...]
    common: tuple[Kind, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What one side reads of a table as canonical rows (`cells`): its own names of the columns, those of the key first.

    `kinds`: as what each column is written. `key`: how many columns are the key; 0: there is none.
    """

    table: str
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    key: int
