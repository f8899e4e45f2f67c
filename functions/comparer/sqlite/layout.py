"""How a table lies in two SQLite databases, and by what its rows can be brought together: read from the catalogs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from functions.comparer.core.table import Rule, TablePlan
from functions.comparer.sqlite.catalog import quoted
from functions.comparer.sqlite.shape import affinity

SOURCE, TARGET = "main", "other"
"""What the two databases are called in a connection that has both."""

# SQLite's limit for the columns of a result (SQLITE_MAX_COLUMN), and how many a key may have to be taken here.
MOST_COLUMNS = 2000
_MOST_KEY_COLUMNS = 100
_ROWID_NAMES = ("rowid", "oid", "_rowid_")

# Called by a schema that has no tables of its own: one of the user's may have the name of a function.
_TABLES = """
    SELECT schema, CAST(name AS BLOB), wr, strict FROM temp.pragma_table_list
    WHERE schema IN ('main', 'other') AND type IN ('table', 'shadow')
"""
_COLUMNS = """
    SELECT cid, CAST(name AS BLOB), CAST(type AS BLOB), pk FROM temp.pragma_table_xinfo(?2, ?1) WHERE hidden <> 1
"""
_INDEXES = """
    SELECT l.origin, CAST(l.name AS BLOB), x.cid, x."desc", CASE upper(x.coll)
        WHEN 'BINARY' THEN 'exact' WHEN 'NOCASE' THEN 'nocase' WHEN 'RTRIM' THEN 'rtrim' END
    FROM temp.pragma_index_list(?2, ?1) AS l, temp.pragma_index_xinfo(l.name, ?1) AS x
    WHERE l."unique" AND NOT l.partial AND x.key ORDER BY l.origin <> 'pk', l.seq, x.seqno
"""


@dataclass(frozen=True)
class Side:
    """One table. `columns`: in the order of the plan; `key`: what brings its rows in order.

    `index`: the unique index over the key, which is the table itself where it has no rowid; None: the rows lie in the
    order of the key, which is the rowid. `rowid`: the name of what leads from an index to the rows apart from it.
    """

    schema: str
    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    index: str | None
    rowid: str | None = None

    def named(self, alias: str) -> str:
        """What stands after FROM for the rows in the order of the key; of an index apart from them, its entries."""
        how = "NOT INDEXED" if self.index is None else f"INDEXED BY {quoted(self.index)}"
        return f"{self.schema}.{quoted(self.table)} AS {alias} {how}"

    def plain(self, alias: str) -> str:
        """What stands after FROM for the rows in any order, never through an index apart from them."""
        return f"{self.schema}.{quoted(self.table)} AS {alias} NOT INDEXED"


@dataclass(frozen=True)
class Layout:
    """Both sides of a table. `merged`: both lie in the order of the rowid, so that they can be read side by side.

    `kinds` and `rules`: of what brings the rows in order; `typed`: the positions of the columns in which an integer
    and a real can be equal; `encoding`: of all texts.
    """

    source: Side
    target: Side
    kinds: tuple[str, ...]
    rules: tuple[Rule, ...]
    typed: tuple[int, ...]
    merged: bool
    encoding: str


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    primary: bool


@dataclass(frozen=True)
class _Index:
    """A unique index: the numbers of its columns, when two of their texts are alike, and whether all go the same way.

    A rule is None where only another program knows it; a number is negative where there is no column.
    """

    name: str
    primary: bool
    columns: tuple[int, ...]
    rules: tuple[Rule | None, ...]
    one_way: bool


@dataclass(frozen=True)
class _Table:
    """What the catalog says of a table. `alias`: the number of the column that is the rowid."""

    schema: str
    name: str
    has_rowid: bool
    columns: Mapping[int, _Column]
    indexes: tuple[_Index, ...]
    alias: int | None

    def by_key(self, columns: tuple[str, ...], key: tuple[str, ...], rules: tuple[Rule, ...]) -> Side | None:
        """The table in the order of its key; None: nothing brings its rows in that order."""
        found = {column.name: number for number, column in self.columns.items()}
        numbers = tuple(found[name] for name in key)
        if self.alias is not None and numbers == (self.alias,):
            return Side(self.schema, self.name, columns, key, None)
        fitting = (i for i in self.indexes if i.one_way and (i.columns, i.rules) == (numbers, rules))
        index = next(fitting, None)
        if index is None:
            return None
        rowid = self._rowid() if self.has_rowid else None
        # What an index says of a row must be looked up in the row, which has to be reached for that.
        reached = rowid is not None if self.has_rowid else index.primary
        return Side(self.schema, self.name, columns, key, index.name, rowid) if reached else None

    def by_rowid(self, columns: tuple[str, ...]) -> Side | None:
        """The table in the order of its rowid; None: it has none, or its columns leave no name for it."""
        name = self._rowid() if self.has_rowid else None
        return None if name is None else Side(self.schema, self.name, columns, (name,), None)

    def _rowid(self) -> str | None:
        if self.alias is not None:
            return self.columns[self.alias].name
        taken = {_folded(column.name) for column in self.columns.values()}
        return next((name for name in _ROWID_NAMES if _folded(name) not in taken), None)


Listed = Mapping[tuple[str, bytes], tuple[bool, bool]]
"""The tables by schema and name: whether each is without a rowid, and whether it is strict."""


def listed(connection: apsw.Connection) -> Listed:
    """All tables of both databases. Raises errors of apsw.

    Asked for once: SQLite goes through all of them even if it is asked for one.
    """
    rows = connection.execute(_TABLES)
    return {(schema, name): (bool(without_rowid), bool(strict)) for schema, name, without_rowid, strict in rows}


def layout(connection: apsw.Connection, plan: TablePlan, encoding: str, tables: Listed) -> Layout | None:
    """How the rows of a table can be brought together; None: not by what SQLite offers. Raises errors of apsw.

    `tables`: of the same transaction. None too where the tables are no longer those that the plan was made for.
    """
    source, target = (_table(connection, schema, plan.table, encoding, tables) for schema in (SOURCE, TARGET))
    if source is None or target is None or not _planned(plan, source, target):
        return None
    ours, theirs = (tuple(pair[side] for pair in plan.columns) for side in (0, 1))
    if plan.key:
        keys = [tuple(names[position] for position in plan.key) for names in (ours, theirs)]
        sides = source.by_key(ours, keys[0], plan.rules), target.by_key(theirs, keys[1], plan.rules)
    else:
        sides = source.by_rowid(ours), target.by_rowid(theirs)
    if sides[0] is None or sides[1] is None:
        return None
    return _layout(plan, sides[0], sides[1], encoding)


def _layout(plan: TablePlan, source: Side, target: Side, encoding: str) -> Layout | None:
    by_rowid = source.index is None and target.index is None
    # A row, its rowid and a word about its types must not be too many columns.
    merged = by_rowid and len(plan.columns) + 2 <= MOST_COLUMNS
    if len(plan.key) > _MOST_KEY_COLUMNS or not (plan.key or merged):
        return None
    # A REAL column hands out no integers, and a rowid is always one. A TEXT column has numbers only if its declaration
    # was altered behind SQLite's back, but then it has both.
    reals = ("REAL", "REAL")
    return Layout(
        source,
        target,
        kinds=tuple(plan.kinds[position][0] for position in plan.key) or ("INTEGER",),
        rules=plan.rules or ("exact",),
        typed=tuple(at for at, kinds in enumerate(plan.kinds) if kinds != reals and not (by_rowid and at in plan.key)),
        merged=merged,
        encoding=encoding,
    )


def _table(connection: apsw.Connection, schema: str, name: str, encoding: str, tables: Listed) -> _Table | None:
    found = tables.get((schema, name.encode(encoding, errors="surrogatepass")))
    if found is None:
        return None
    without_rowid, strict = found
    columns = {}
    for number, raw, declared, primary in connection.execute(_COLUMNS, (schema, name)):
        kind = affinity(declared.decode(encoding, errors="replace"), strict=strict)
        # Tables with a name that is no text have no plan.
        columns[number] = _Column(raw.decode(encoding, errors="backslashreplace"), kind, bool(primary))
    members = connection.execute(_INDEXES, (schema, name)).fetchall()
    alias = None
    if not without_rowid and not any(origin == "pk" for origin, *_ in members):
        alias = next((number for number, column in columns.items() if column.primary), None)
    indexes = tuple(_indexes(members, encoding))
    return _Table(schema, name, not without_rowid, columns, indexes, alias)


def _indexes(rows: Sequence[tuple[Any, ...]], encoding: str) -> Iterator[_Index]:
    members: dict[tuple[str, bytes], list[tuple[Any, ...]]] = {}
    for origin, raw, *member in rows:
        members.setdefault((origin, raw), []).append(tuple(member))
    for (origin, raw), parts in members.items():
        try:
            name = raw.decode(encoding)
        except UnicodeDecodeError:
            continue  # No statement can name it.
        numbers, descending, rules = zip(*parts, strict=True)
        yield _Index(name, origin == "pk", numbers, rules, one_way=len(set(descending)) == 1)


def _planned(plan: TablePlan, source: _Table, target: _Table) -> bool:
    """Whether the tables are as they were when the plan was made, as far as a plan can tell."""
    ours, theirs = ({column.name: column.kind for column in table.columns.values()} for table in (source, target))
    for (first, second), kinds in zip(plan.columns, plan.kinds, strict=True):
        if (ours.pop(first, None), theirs.pop(second, None)) != kinds:
            return False
    # What is left on both sides would have been planned, had it been there.
    return {_folded(name) for name in ours}.isdisjoint(map(_folded, theirs))


def _folded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass").lower()  # Of bytes only ASCII letters.
