"""The SELECTs that read a table's rows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from functions.comparer.core.engine import TableUnreadable
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Reading, Row, Value
from functions.comparer.postgres.bounds import Bound, beyond, bound, up_to
from functions.comparer.postgres.columns import PgColumn
from functions.comparer.postgres.names import quoted, text
from functions.comparer.postgres.shape import PgTable

_FAR: Final = "294247-01-10"
"""The first day for whose moments a cell has no room."""
_SAMPLED: Final = 16
"""Blocks of a table that are looked at for every part that it is to be cut into."""


def wires(table: PgTable, reading: Reading) -> list[tuple[int, str]]:
    """What a decoder of the rows has to know. Raises `TableUnreadable` for a column that is not what it was."""
    columns = _columns(table, reading)
    for column, kind in zip(columns, reading.kinds, strict=True):
        column.checked(kind)
    forms = [column.wire_as(kind) for column, kind in zip(columns, reading.kinds, strict=True)]
    return [(int(kind), wire) for kind, wire in forms]


def streaming(table: PgTable, reading: Reading, after: Row | None, upto: Row | None) -> str:
    """All rows, or those between two keys, in the order of their keys."""
    key = _columns(table, reading)[: reading.key]
    kinds = reading.kinds[: reading.key]
    statement = _select(table, reading)
    conditions = between(table, reading, after, upto)
    if conditions:
        statement += f" WHERE {' AND '.join(conditions)}"
    if key:
        statement += f" ORDER BY {', '.join(column.order(kind) for column, kind in zip(key, kinds, strict=True))}"
    return statement


def between(table: PgTable, reading: Reading, after: Row | None, upto: Row | None) -> list[str]:
    """The conditions for rows whose keys lie between two."""
    key, kinds = _columns(table, reading)[: reading.key], reading.kinds[: reading.key]
    lower = [] if after is None else [beyond(key, kinds, after)]
    return lower if upto is None else [*lower, up_to(key, kinds, upto)]


def misplacing(table: PgTable, reading: Reading) -> str | None:
    """Whether a key has a moment that no cell has room for, which is a text there; None: no key column can have one."""
    key = zip(_columns(table, reading)[: reading.key], reading.kinds, strict=False)
    moments = [column for column, kind in key if kind in {Kind.TIMESTAMP, Kind.INSTANT}]
    far = [f"({column.sql} >= '{_FAR}' AND {column.sql} < 'infinity')" for column in moments]
    if not far:
        return None
    return f"SELECT EXISTS (SELECT FROM {table.table.source} WHERE {' OR '.join(far)})"  # noqa: S608 (quoted names)


def looking_up(table: PgTable, reading: Reading, keys: Sequence[Row]) -> Iterator[str]:
    """The rows with these keys, in as many statements as it takes."""
    columns, kinds = _columns(table, reading)[: reading.key], reading.kinds
    groups: dict[tuple[str, ...], list[str]] = {}
    for key in dict.fromkeys(keys):
        found = [_equal(*part) for part in zip(columns, kinds, key, strict=False)]
        parts = [part for part in found if part is not None]
        if len(parts) == len(found):  # Else the table can't hold it.
            groups.setdefault(tuple(part.expression for part in parts), []).append(
                ", ".join(part.literal for part in parts)
            )
    for expressions, literals in groups.items():
        if len(expressions) == 1:
            yield f"{_select(table, reading)} WHERE {expressions[0]} IN ({', '.join(literals)})"
        else:
            rows = ", ".join(f"({row})" for row in literals)
            yield f"{_select(table, reading)} WHERE ({', '.join(expressions)}) IN (VALUES {rows})"


def _equal(column: PgColumn, kind: Kind, value: Value) -> Bound | None:
    found = bound(column, kind, value)
    if not isinstance(found, Bound) or not found.exact:
        return None
    # Not every encoding has every character: there other texts are told by their bytes.
    if not isinstance(value, str) or not (column.unicode or value.isascii()):
        return found
    if kind in {Kind.TEXT, Kind.JSON} and column.deterministic:
        # Equal texts are equal under every collation, and only the column's own may have an index.
        if column.texts:
            return Bound(column.sql, f"{text(value)}::pg_catalog.text")
        if column.wire == "p":
            if value.endswith(" "):
                return None  # In SQL they don't count; of the column's texts they are left out.
            return Bound(column.sql, f"{text(value)}::pg_catalog.bpchar")
    return found


def remembered(table: PgTable, reading: Reading) -> str | None:
    """The key's values that the server keeps as those that cut the table evenly; None: it keeps none of such a key."""
    if reading.key != 1:
        return None
    (column,) = _columns(table, reading)[:1]
    found = table.table
    return f"""SELECT {column.read} FROM (
        SELECT pg_catalog.unnest(s.histogram_bounds::pg_catalog.text::{column.native}[]) AS {quoted(column.name)}
        FROM pg_catalog.pg_stats AS s WHERE s.schemaname = {text(found.schema)} AND s.tablename = {text(found.name)}
        AND s.attname = {text(column.name)} AND s.inherited = {str(found.partitioned).upper()}) AS t"""  # noqa: S608


def sampled(table: PgTable, reading: Reading, blocks: int, parts: int) -> str:
    """The keys in some blocks of the table, which has so many of them."""
    key = ", ".join(column.read for column in _columns(table, reading)[: reading.key])
    share = min(100.0, 100.0 * parts * _SAMPLED / max(1, blocks))
    return f"SELECT {key} FROM {table.table.source} TABLESAMPLE pg_catalog.system ({share:.6f}) REPEATABLE (1)"  # noqa: S608


def _select(table: PgTable, reading: Reading) -> str:
    columns = zip(_columns(table, reading), reading.kinds, strict=True)
    expressions = ", ".join(column.read_as(kind) for column, kind in columns)
    return f"SELECT {expressions} FROM {table.table.source}"  # noqa: S608 (quoted names)


def _columns(table: PgTable, reading: Reading) -> list[PgColumn]:
    try:
        return [table.columns[name] for name in reading.columns]
    except KeyError as error:
        raise TableUnreadable(f"it has no column {error.args[0]} any more", damaged=True) from None
