"""The rows of a SQLite table as typed values, exactly as they are stored.

apsw hands out texts that are valid UTF-8, and that is what nearly every database has. Whatever else a text may be is
read as bytes and decoded here, and so is every text of a database in UTF-16, where SQLite mends in silence.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain

import apsw

from functions.comparer.core.table import Malformed, Row, Value
from functions.comparer.sqlite.catalog import Table, quoted
from functions.comparer.sqlite.keys import Bindable

# The decoders themselves: finding one by its name takes longer than decoding.
_DECODE = {"utf-8": codecs.utf_8_decode, "utf-16-le": codecs.utf_16_le_decode, "utf-16-be": codecs.utf_16_be_decode}
# Two expressions for each column, and SQLite allows 2000 in one statement.
_COLUMNS_AT_ONCE = 1000


@dataclass(frozen=True)
class Choice:
    """Which rows, and in which order: what stands after the table, and the values that it binds."""

    sql: str = ""
    values: tuple[Bindable, ...] = ()


EVERY = Choice()
"""Every row, in the order in which they are stored."""


def read(
    connection: apsw.Connection, table: Table, columns: Sequence[str], encoding: str, choice: Choice = EVERY
) -> Iterator[Row]:
    """The rows that are chosen. Raises errors of apsw."""
    given = 0
    if encoding == "utf-8":
        expressions = ", ".join(f"t.{quoted(column)}" for column in columns)
        with closing(connection.cursor()) as cursor:
            try:
                statement = f"SELECT {expressions} FROM {table.source} {choice.sql}"  # noqa: S608 (quoted names)
                for row in cursor.execute(statement, choice.values):
                    given += 1
                    yield row
            except UnicodeDecodeError:
                pass  # The row that was about to come, and all after it, are read as bytes.
            else:
                return
    yield from _exactly(connection, table, columns, encoding, given, choice)


def _exactly(
    connection: apsw.Connection, table: Table, columns: Sequence[str], encoding: str, skipped: int, choice: Choice
) -> Iterator[Row]:
    """The rows after the first `skipped` ones: a table is always read in the same order."""
    with ExitStack() as stack:
        cursors = []
        for first in range(0, len(columns), _COLUMNS_AT_ONCE):
            cursor = stack.enter_context(closing(connection.cursor()))
            expressions = ", ".join(map(_as_bytes, columns[first : first + _COLUMNS_AT_ONCE]))
            statement = f"SELECT {expressions} FROM {table.source} {choice.sql} LIMIT -1 OFFSET ?"  # noqa: S608
            cursors.append(cursor.execute(statement, (*choice.values, skipped)))
        decode = _DECODE[encoding]
        for parts in zip(*cursors, strict=True):
            row = parts[0] if len(parts) == 1 else tuple(chain.from_iterable(parts))
            pairs = zip(row[::2], row[1::2], strict=True)
            try:
                yield tuple([decode(value, "strict", True)[0] if text else value for text, value in pairs])
            except UnicodeDecodeError:
                yield tuple([_text(row[at + 1], encoding) if row[at] else row[at + 1] for at in range(0, len(row), 2)])


def _as_bytes(column: str) -> str:
    name = f"t.{quoted(column)}"
    return f"typeof({name}) = 'text', CASE WHEN typeof({name}) = 'text' THEN CAST({name} AS BLOB) ELSE {name} END"


def _text(stored: bytes, encoding: str) -> Value:
    try:
        return str(stored, encoding)
    except UnicodeDecodeError:
        return Malformed(encoding, stored)
