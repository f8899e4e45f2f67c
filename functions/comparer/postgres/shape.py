"""The columns and the keys of a PostgreSQL table, as a comparison of its values needs to know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from functions.comparer.core.table import Column, Key, Rule, Shape
from functions.comparer.postgres.catalog import Table
from functions.comparer.postgres.columns import PgColumn
from functions.comparer.postgres.session import Session

# The last row of each column's chain of domains is what it is based on; types of the server's own by their names. Of
# one with fields, or an array of such, these belong to its name: their values come in the order of the fields.
# A NOT NULL that is not valid (from release 18 on) says nothing of the rows that were there before.
_COLUMNS: Final = """
    WITH RECURSIVE base AS (
        SELECT a.attrelid, a.attnum, a.attname, a.attcollation, a.atttypid AS type, a.atttypmod AS length, 0 AS depth,
                a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = a.attrelid
                    AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey)) AS not_null
            FROM pg_attribute AS a WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT b.attrelid, b.attnum, b.attname, b.attcollation, t.typbasetype,
                CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE b.length END, b.depth + 1, b.not_null
            FROM base AS b JOIN pg_type AS t ON t.oid = b.type WHERE t.typtype = 'd'
    )
    SELECT DISTINCT ON (b.attrelid, b.attnum) b.attrelid, b.attnum, b.attname, b.not_null,
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
    ORDER BY b.attrelid, b.attnum, b.depth DESC
"""
# Unique over whole rows: neither partial nor over expressions.
_INDEXES: Final = """
    SELECT x.indrelid, array_to_string((x.indkey::int2[])[0:x.indnkeyatts - 1], ' ')
    FROM pg_index AS x WHERE x.indrelid = ANY ($1::oid[]) AND x.indisunique AND x.indisvalid AND x.indpred IS NULL
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
    def probe(self) -> str:
        """The statement that fails if not all of the table can be read: a permission is missing, the table is gone."""
        expressions = ", ".join(column.read for column in self.columns.values())
        return f"SELECT {expressions} FROM {self.table.source} LIMIT 0"  # noqa: S608 (quoted names)

    @property
    def shape(self) -> Shape:
        """The same as the comparison knows it."""
        columns = (Column(column.name, column.native, column.type) for column in self.columns.values())
        return Shape(tuple(columns), self.keys)


@dataclass(frozen=True)
class Texts:
    """How a database keeps texts: in what encoding, and whether sorted by their bytes unless told otherwise."""

    encoding: str
    bytewise: bool

    @property
    def unicode(self) -> bool:
        """Whether they are in UTF-8, or handed out as they come."""
        return self.encoding in {"UTF8", "SQL_ASCII"}


def read_shapes(session: Session, tables: Sequence[Table], texts: Texts) -> list[PgTable]:
    """Tables as the snapshot has them. Raises `StatementFailed`, `Unreadable` and `Stopped`."""
    oids = f"{{{','.join(table.oid for table in tables)}}}"
    columns: dict[str, dict[str, PgColumn]] = {table.oid: {} for table in tables}
    for owner, number, name, not_null, base, native, enum, bits, collation, exact in session.rows(_COLUMNS, oids):
        bytewise = collation in {_C, _POSIX} or (collation == _DEFAULT and texts.bytewise)
        columns[owner or ""][number or ""] = PgColumn(
            name=name or "",
            base=base or "",
            native=native or "",
            enum=enum == "t",
            bits=int(bits or 0),
            bytewise=bytewise,
            deterministic=exact == "t",
            unicode=texts.unicode,
            nullable=not_null != "t",
        )
    keys: dict[str, list[Key]] = {table.oid: [] for table in tables}
    for owner, numbers in session.rows(_INDEXES, oids):
        keys[owner or ""].extend(_key(numbers or "", columns[owner or ""]))
    return [
        PgTable(table, {column.name: column for column in columns[table.oid].values()}, tuple(keys[table.oid]))
        for table in tables
    ]


def _key(numbers: str, columns: Mapping[str, PgColumn]) -> Iterator[Key]:
    found = [columns.get(number) for number in numbers.split()]
    members = [column for column in found if column is not None and not column.nullable]
    if len(members) == len(found) > 0:
        names = tuple(column.name for column in members)
        if len(set(names)) == len(names):
            exact: Rule = "exact"
            yield Key(names, tuple(column.native for column in members), (exact,) * len(members))
