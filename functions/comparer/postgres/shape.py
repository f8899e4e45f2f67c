"""The columns and the keys of a PostgreSQL table, as a comparison of its values needs to know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from functions.comparer.core.table import Column, Key, Rule, Shape
from functions.comparer.postgres.catalog import Table
from functions.comparer.postgres.columns import PgColumn
from functions.comparer.postgres.failures import of_table
from functions.comparer.postgres.session import Session

# The last row of each column's chain of domains is what it is based on; types of the server's own by their names. Of
# one with fields, or an array of such, these belong to its name: their values come in the order of the fields.
_COLUMNS: Final = """
    WITH RECURSIVE base AS (
        SELECT a.attnum, a.attname, a.attnotnull, a.attcollation, a.atttypid AS type, a.atttypmod AS length, 0 AS depth
            FROM pg_attribute AS a WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT b.attnum, b.attname, b.attnotnull, b.attcollation, t.typbasetype,
                CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE b.length END, b.depth + 1
            FROM base AS b JOIN pg_type AS t ON t.oid = b.type WHERE t.typtype = 'd'
    )
    SELECT DISTINCT ON (b.attnum) b.attnum, b.attname, b.attnotnull,
        CASE WHEN n.nspname = 'pg_catalog' OR t.typname = 'citext' THEN t.typname ELSE '' END,
        format_type(b.type, CASE WHEN t.typcategory IN ('N', 'S', 'D', 'V') THEN b.length END) || coalesce((
            SELECT ' (' || string_agg(concat_ws(' ', quote_ident(f.attname), format_type(f.atttypid, NULL)), ', '
                ORDER BY f.attnum) || ')'
            FROM pg_type AS o JOIN pg_attribute AS f ON f.attrelid = o.typrelid
            WHERE o.oid IN (t.oid, t.typelem) AND o.typtype = 'c' AND f.attnum > 0 AND NOT f.attisdropped), ''),
        t.typtype = 'e',
        CASE WHEN t.typname = 'bit' THEN greatest(b.length, 0) ELSE 0 END, b.attcollation,
        coalesce(l.collisdeterministic, true)
    FROM base AS b JOIN pg_type AS t ON t.oid = b.type JOIN pg_namespace AS n ON n.oid = t.typnamespace
        LEFT JOIN pg_collation AS l ON l.oid = b.attcollation
    ORDER BY b.attnum, b.depth DESC
"""
# Unique over whole rows: neither partial nor over expressions.
_INDEXES: Final = """
    SELECT x.indisprimary, array_to_string((x.indkey::int2[])[0:x.indnkeyatts - 1], ' ')
    FROM pg_index AS x WHERE x.indrelid = $1::oid AND x.indisunique AND x.indisvalid AND x.indpred IS NULL
        AND x.indexprs IS NULL
    ORDER BY x.indisprimary DESC, x.indnkeyatts, x.indkey::text
"""
_DEFAULT, _C, _POSIX = "100", "950", "951"


@dataclass(frozen=True)
class PgTable:
    """A table, its columns in order, and its keys, the primary one first."""

    table: Table
    columns: Mapping[str, PgColumn]
    keys: tuple[Key, ...]

    @property
    def shape(self) -> Shape:
        """The same as the comparison knows it."""
        columns = (Column(column.name, column.native, column.type) for column in self.columns.values())
        return Shape(tuple(columns), self.keys)


@dataclass(frozen=True)
class Texts:
    """How a database keeps texts: in Unicode (or as they come), and sorted by their bytes unless told otherwise."""

    unicode: bool
    bytewise: bool


def read_shape(session: Session, table: Table, texts: Texts) -> PgTable:
    """The table as the snapshot has it, if it can be read now.

    Raises `TableUnreadable`, as for one that was dropped or that we may not read, `Unreadable` and `Stopped`.
    """
    with of_table():
        columns: dict[str, tuple[PgColumn, bool]] = {}
        for number, name, not_null, base, native, enum, bits, collation, exact in session.rows(_COLUMNS, table.oid):
            bytewise = collation in {_C, _POSIX} or (collation == _DEFAULT and texts.bytewise)
            found = PgColumn(
                name or "", base or "", native or "", enum == "t", int(bits or 0), bytewise, exact == "t", texts.unicode
            )
            columns[number or ""] = found, not_null == "t"
        keys = tuple(_keys(session, table, columns))
        # What can't be read (a permission is missing, the table is gone) is told before any value is.
        expressions = ", ".join(column.read for column, _ in columns.values())
        session.run(f"SELECT {expressions} FROM {table.source} LIMIT 0")  # noqa: S608 (quoted names)
        session.let_go()
    return PgTable(table, {column.name: column for column, _ in columns.values()}, keys)


def _keys(session: Session, table: Table, columns: Mapping[str, tuple[PgColumn, bool]]) -> Iterator[Key]:
    for _, numbers in session.rows(_INDEXES, table.oid):
        found = [columns.get(number) for number in (numbers or "").split()]
        members = [column for column, not_null in filter(None, found) if not_null]
        if len(members) == len(found) > 0:
            names = tuple(column.name for column in members)
            if len(set(names)) == len(names):
                exact: Rule = "exact"
                yield Key(names, tuple(column.native for column in members), (exact,) * len(members))
