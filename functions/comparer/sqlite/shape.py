"""The columns and the keys of a SQLite table, as a comparison of its values needs to know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from functions.comparer.core.engine import TableUnreadable
from functions.comparer.core.table import Column, Key, Rule, Shape
from functions.comparer.sqlite.catalog import Table, quoted
from functions.comparer.sqlite.file import upper

_COLUMNS = """
    SELECT cid, CAST(name AS BLOB), CAST(type AS BLOB), "notnull", pk FROM temp.pragma_table_xinfo(?, 'main')
    WHERE hidden <> 1 ORDER BY cid
"""
# Unique indexes over whole rows, the one of the primary key first, by the columns that make the rows unique.
_INDEXES = """
    SELECT l.seq, l.origin, x.cid, CASE upper(x.coll)
        WHEN 'BINARY' THEN 'exact' WHEN 'NOCASE' THEN 'nocase' WHEN 'RTRIM' THEN 'rtrim' END
    FROM temp.pragma_index_list(?, 'main') AS l, temp.pragma_index_xinfo(l.name, 'main') AS x
    WHERE l."unique" AND NOT l.partial AND x.key ORDER BY l.origin <> 'pk', l.seq, x.seqno
"""
_AFFINITIES = (
    (("INT",), "INTEGER"),
    (("CHAR", "CLOB", "TEXT"), "TEXT"),
    (("BLOB",), "BLOB"),
    (("REAL", "FLOA", "DOUB"), "REAL"),
)


@dataclass(frozen=True)
class _Declared:
    name: str
    kind: str
    not_null: bool
    in_primary_key: bool


@dataclass(frozen=True)
class _Index:
    """A unique index: the rule of each of its columns, by the column's number; None: no rule that is known here."""

    primary: bool
    rules: dict[int, Rule | None]


def affinity(declared: str, *, strict: bool = False) -> str:
    """How a column of that type keeps its values (SQLite, "Datatypes", 3.1). `strict`: the table is STRICT."""
    kind = upper(declared)
    if not kind or (strict and kind == "ANY"):
        return "BLOB"
    return next((found for words, found in _AFFINITIES if any(word in kind for word in words)), "NUMERIC")


def shape(connection: apsw.Connection, table: Table, encoding: str) -> Shape:
    """The table as it is declared. Raises `TableUnreadable` for what no statement can name, and errors of apsw."""
    if table.contentless:
        raise TableUnreadable("it is a full-text index that keeps no values", damaged=False)
    columns = _columns(connection, table, encoding)
    # What can't be computed (a function is missing, a module can't be asked) is told before any value is read.
    expressions = ", ".join(f"t.{quoted(column.name)}" for column in columns.values())
    connection.execute(f"SELECT {expressions} FROM {table.source} LIMIT 0")  # noqa: S608 (quoted names)
    keys = () if table.virtual else tuple(_keys(connection, table, columns))
    return Shape(tuple(Column(column.name, column.kind) for column in columns.values()), keys)


def _columns(connection: apsw.Connection, table: Table, encoding: str) -> dict[int, _Declared]:
    found = {}
    for number, raw, declared, not_null, primary in connection.execute(_COLUMNS, (table.name,)):
        try:
            name = raw.decode(encoding)
        except UnicodeDecodeError:
            shown = raw.decode(encoding, errors="backslashreplace")
            raise TableUnreadable(f"the name of its column {shown} is not valid UTF-8", damaged=False) from None
        kind = "BLOB" if table.virtual else affinity(declared.decode(encoding, errors="replace"), strict=table.strict)
        found[number] = _Declared(name, kind, bool(not_null), bool(primary))
    return found


def _keys(connection: apsw.Connection, table: Table, columns: Mapping[int, _Declared]) -> Iterator[Key]:
    """The primary key, then the shortest of the others."""
    found: dict[int, _Index] = {}
    members: list[Any] = connection.execute(_INDEXES, (table.name,)).fetchall()
    for number, origin, at, rule in members:
        index = found.setdefault(number, _Index(origin == "pk", {}))
        index.rules[at] = _both(index.rules[at], rule) if at in index.rules else rule
    # The primary key has no index where it is the rowid itself: then it is an integer and never NULL.
    alias = () if any(i.primary for i in found.values()) else tuple(at for at, c in columns.items() if c.in_primary_key)
    if alias:
        yield _key([columns[at] for at in alias], ["exact"])
    for index in sorted(found.values(), key=lambda index: (not index.primary, len(index.rules), list(index.rules))):
        rules = [rule for rule in index.rules.values() if rule is not None]
        # An index over an expression, or in an order that only another program knows.
        if len(rules) < len(index.rules) or not columns.keys() >= index.rules.keys():
            continue
        nullable = [columns[at] for at in index.rules if not columns[at].not_null and at not in alias]
        if not nullable or (index.primary and not _holds_null(connection, table, nullable)):
            yield _key([columns[at] for at in index.rules], rules)


def _both(one: Rule | None, other: Rule | None) -> Rule | None:
    """The rule of a column that an index has twice, in which rows differ that do under either; None: no such rule."""
    if one == other or None in {one, other}:
        return one and other
    return "exact" if "exact" in {one, other} else None


def _key(columns: Sequence[_Declared], rules: Sequence[Rule]) -> Key:
    return Key(tuple(column.name for column in columns), tuple(column.kind for column in columns), tuple(rules))


def _holds_null(connection: apsw.Connection, table: Table, columns: Sequence[_Declared]) -> bool:
    """Whether a primary key has NULL in it, which SQLite lets happen except in WITHOUT ROWID and STRICT tables."""
    condition = " OR ".join(f"t.{quoted(column.name)} IS NULL" for column in columns)
    statement = f"SELECT 1 FROM main.{quoted(table.name)} AS t WHERE {condition} LIMIT 1"  # noqa: S608 (quoted names)
    return connection.execute(statement).fetchone() is not None
