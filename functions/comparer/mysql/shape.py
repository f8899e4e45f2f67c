"""The columns and the keys of a table, as a comparison of its values needs to know them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from functions.comparer.core.table import Column, Key, Rule, Shape
from functions.comparer.mysql.catalog import Index
from functions.comparer.mysql.columns import Described

_EXACT: Final[Rule] = "exact"
_LONGEST_KEY: Final = 3072
"""Bytes of a column that InnoDB's indexes take whole; of longer ones only a hash is unique."""


def shape(columns: Sequence[Described], indexes: Sequence[Index]) -> Shape:
    """The table as it is declared: the primary key first, then the shortest of the others."""
    named = {column.name: column for column in columns}
    unique = [index for index in indexes if index.unique and index.whole]
    unique.sort(key=lambda index: (index.name != "PRIMARY", len(index.columns), index.name))
    return Shape(
        tuple(Column(column.name, column.data_type, column.type) for column in columns),
        tuple(key for index in unique for key in _key(index, named)),
    )


def _key(index: Index, named: Mapping[str, Described]) -> Iterator[Key]:
    columns = [named[name] for name in index.columns if name is not None and name in named]
    if len(columns) == len(index.columns) and all(map(_names_rows, columns)):
        yield Key(
            tuple(column.name for column in columns),
            tuple(column.data_type for column in columns),
            (_EXACT,) * len(columns),
        )


def _names_rows(column: Described) -> bool:
    """Whether a column can be part of a key: never NULL, and short enough for being sorted as a whole."""
    return column.not_null and not column.type.lob and (column.octets or 0) <= _LONGEST_KEY
