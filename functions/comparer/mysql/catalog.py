"""What MySQL and MariaDB say of a database: its tables and their columns, its other objects, its constraints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from functions.comparer.core.engine import member
from functions.comparer.mysql.columns import Described
from functions.comparer.mysql.constraints import foreign_key, key

TYPES: Final = ("TABLE", "VIEW", "EVENT", "ROUTINE", "INDEX", "TRIGGER", "CONSTRAINT", "TABLE_COLLATION")
"""The object types of a database, as DRS names them."""
SYSTEM: Final = frozenset({"mysql", "information_schema", "performance_schema", "sys"})
"""The server's own databases."""

# Columns are named one by one and are read by their place: MySQL 8 writes their names in capitals.
_TABLES = """
    SELECT table_name, table_collation FROM information_schema.tables
    WHERE table_schema = %s AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
"""
_NAMED: Final = {
    "VIEW": "SELECT table_name FROM information_schema.views WHERE table_schema = %s",
    "EVENT": "SELECT event_name FROM information_schema.events WHERE event_schema = %s",
    "ROUTINE": "SELECT CONCAT(routine_type, ' ', routine_name) FROM information_schema.routines"
    " WHERE routine_schema = %s",
    "TRIGGER": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = %s",
}
_COLUMNS = """
    SELECT table_name, column_name, data_type, column_type, character_set_name, collation_name, character_octet_length,
        numeric_scale, is_nullable
    FROM information_schema.columns WHERE table_schema = %s AND {of_tables} ORDER BY table_name, ordinal_position
"""
_CHECKS_OF_MARIADB = """
    SELECT table_name, constraint_name, check_clause FROM information_schema.check_constraints
    WHERE constraint_schema = %s AND {of_tables}
"""
_ROWS = "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = %s AND {of_tables}"
_INDEXES = """
    SELECT table_name, index_name, non_unique, column_name, sub_part, index_type
    FROM information_schema.statistics WHERE table_schema = %s AND {of_tables}
    ORDER BY table_name, index_name, seq_in_index
"""
_CONSTRAINTS = """
    SELECT table_name, constraint_name, constraint_type FROM information_schema.table_constraints
    WHERE table_schema = %s
"""
_KEY_COLUMNS = """
    SELECT table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name,
        referenced_column_name
    FROM information_schema.key_column_usage WHERE table_schema = %s
    ORDER BY table_name, constraint_name, ordinal_position
"""
_RULES = """
    SELECT table_name, constraint_name, update_rule, delete_rule FROM information_schema.referential_constraints
    WHERE constraint_schema = %s
"""

Query = Callable[..., list[tuple[Any, ...]]]
"""Runs a statement with its values."""


class _Part(NamedTuple):
    """A column of a constraint, and what it refers to."""

    column: str
    schema: str | None
    table: str | None
    to: str | None


@dataclass
class Index:
    """An index: its columns in order, None for an expression. `whole`: whether no column of it is cut."""

    table: str
    name: str
    unique: bool
    method: str
    columns: list[str | None] = field(default_factory=list)
    whole: bool = True

    @property
    def constrains(self) -> bool:
        """Whether that no two rows are alike in it is said by its columns: those of a primary key are never alike."""
        return self.unique and (self.whole or self.name == "PRIMARY")


def databases(query: Query) -> frozenset[str]:
    """The names of all databases but the server's own."""
    return frozenset(name for (name,) in query("SHOW DATABASES") if name.lower() not in SYSTEM)


def tables(query: Query, schema: str) -> dict[str, str]:
    """All tables that hold rows, each with its collation."""
    return dict(query(_TABLES, schema))


def columns(query: Query, schema: str, names: Sequence[str], *, mariadb: bool) -> dict[str, list[Described]]:
    """The columns of some tables, in order; of one that doesn't exist there are none."""
    # MariaDB keeps JSON as a text, and has it checked.
    said = _asked(query, _CHECKS_OF_MARIADB, schema, names) if mariadb else []
    checks = {(owner, clause) for owner, _, clause in said}
    found: dict[str, list[Described]] = {}
    for owner, name, data_type, column_type, charset, collation, octets, scale, nullable in _asked(
        query, _COLUMNS, schema, names
    ):
        found.setdefault(owner, []).append(
            Described(
                name,
                data_type.lower(),
                column_type,
                charset,
                collation,
                octets,
                scale,
                nullable == "NO",
                json=data_type == "longtext" and (owner, _checked_as_json(name)) in checks,
            )
        )
    return found


def _checked_as_json(column: str) -> str:
    """What MariaDB checks of a column of JSON, as its catalog says it."""
    return f"json_valid(`{column.replace('`', '``')}`)"


def indexes(query: Query, schema: str, names: Sequence[str] | None = None) -> list[Index]:
    """The indexes of some tables, or of all tables."""
    found: dict[tuple[str, str], Index] = {}
    for owner, name, repeats, column, cut, method in _asked(query, _INDEXES, schema, names):
        index = found.setdefault((owner, name), Index(owner, name, not repeats, method))
        index.columns.append(column)
        index.whole &= cut is None and column is not None
    return list(found.values())


def rows(query: Query, schema: str, names: Sequence[str]) -> dict[str, int]:
    """How many rows some tables have, as the server estimates."""
    return {name: int(estimate or 0) for name, estimate in _asked(query, _ROWS, schema, names)}


def _asked(query: Query, statement: str, schema: str, names: Sequence[str] | None) -> list[tuple[Any, ...]]:
    """The rows of a statement whose first column is a table's name; without `names`, of all tables."""
    if names is None:
        return query(statement.format(of_tables="TRUE"), schema)
    # A server finds one table by its name, but goes through all of them for a list.
    condition = "= %s" if len(names) == 1 else f"IN ({', '.join(['%s'] * len(names))})"
    found = query(statement.format(of_tables=f"table_name {condition}"), schema, *names)
    # To the server names may be equal that are not: t and T.
    wanted = set(names)
    return [row for row in found if row[0] in wanted]


def objects(query: Query, schema: str, *, neutral: bool, mariadb: bool) -> Mapping[str, frozenset[str]]:
    """See `Snapshot.objects`."""
    found: dict[str, frozenset[str]] = {
        kind: frozenset(name for (name,) in query(statement, schema)) for kind, statement in _NAMED.items()
    }
    owned = tables(query, schema)
    found["TABLE"] = frozenset(owned)
    found["TABLE_COLLATION"] = frozenset(member(name, _known(collation)) for name, collation in owned.items())
    constraints = _constraints(query, schema, _types_of_columns(query, schema) if mariadb else frozenset())
    every = indexes(query, schema)
    if neutral:
        said = {(index.table, index.name) for index in every if index.constrains}
        found["CONSTRAINT"] = frozenset(_definitions(query, schema, constraints, said))
        every = [index for index in every if not index.constrains and not _backs(index, constraints)]
    else:
        found["CONSTRAINT"] = frozenset(member(table, name) for table, name, _ in constraints)
    found["INDEX"] = frozenset(member(index.table, index.name) for index in every)
    return found


_Constraints = Mapping[tuple[str, str, str], list[_Part]]
"""The columns of every constraint, by its table, its name and its type."""


def _types_of_columns(query: Query, schema: str) -> frozenset[tuple[str, str]]:
    """The CHECKs of MariaDB, by table and name, that nobody has declared: they make a column one of JSON.

    MySQL, which has a type for it, has no such constraint.
    """
    checks = _asked(query, _CHECKS_OF_MARIADB, schema, None)
    return frozenset((table, name) for table, name, clause in checks if clause == _checked_as_json(name))


def _constraints(query: Query, schema: str, left_out: Collection[tuple[str, str]]) -> _Constraints:
    parts: dict[tuple[str, str, bool], list[_Part]] = {}
    for table, name, column, *reference in query(_KEY_COLUMNS, schema):
        # A unique key and a foreign key may have the same name.
        parts.setdefault((table, name, reference[1] is not None), []).append(_Part(column, *reference))
    return {
        (table, name, kind): parts.get((table, name, kind == "FOREIGN KEY"), [])
        for table, name, kind in query(_CONSTRAINTS, schema)
        if kind != "CHECK" or (table, name) not in left_out
    }


def _known(collation: str) -> str:
    """A collation by the name that servers of today give it: until they were able to do more, this was all of UTF-8."""
    return collation.replace("utf8_", "utf8mb3_", 1) if collation.startswith("utf8_") else collation


def _definitions(
    query: Query, schema: str, constraints: _Constraints, keys: Collection[tuple[str, str]]
) -> Iterator[str]:
    """Every constraint by what it says; `keys`: those that are unique in whole columns, by table and name.

    CHECKs are left out: each engine writes their expressions in its own way. So are keys of expressions and of parts
    of texts: to another engine they are indexes.
    """
    rules = {(table, name): (update, delete) for table, name, update, delete in query(_RULES, schema)}
    for (table, name, kind), parts in constraints.items():
        own = [part.column for part in parts]
        if kind in {"PRIMARY KEY", "UNIQUE"}:
            if (table, name) in keys:
                yield member(table, key(kind, own))
        elif kind == "FOREIGN KEY" and parts:
            update, delete = rules.get((table, name), ("NO ACTION", "NO ACTION"))
            first = parts[0]
            other = first.table or ""
            if first.schema != schema:
                other = f"{first.schema}.{other}"
            yield member(table, foreign_key(own, other, [part.to or "" for part in parts], update, delete))


def _backs(index: Index, constraints: _Constraints) -> bool:
    """Whether the server has made an index for a foreign key: it is named like that, or like its first column."""
    for (table, name, kind), parts in constraints.items():
        own = [part.column for part in parts]
        if kind == "FOREIGN KEY" and table == index.table and own == index.columns and index.name in {name, own[0]}:
            return True
    return False
