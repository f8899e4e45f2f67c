"""What a PostgreSQL database says of itself: its tables and the names of its other objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from functions.comparer.core.engine import TableUnreadable, member
from functions.comparer.postgres.constraints import definition
from functions.comparer.postgres.failures import of_database
from functions.comparer.postgres.names import quoted, shown
from functions.comparer.postgres.session import Session

TYPES: Final = (
    "TABLE",
    "VIEW",
    "INDEX",
    "TRIGGER",
    "FUNCTION",
    "PROCEDURE",
    "TYPE",
    "EXTENSIONS",
    "CONSTRAINT",
    "RULE",
)
"""The object types that PostgreSQL has, as DRS names them; materialized views are counted as views."""


def _own(catalog: str, oid: str) -> str:
    """The condition that no extension has brought the object."""
    return f"""NOT EXISTS (SELECT FROM pg_depend AS d
        WHERE d.classid = '{catalog}'::regclass AND d.objid = {oid} AND d.deptype = 'e')"""


# Schemas of the user's, or the one that is chosen ($1).
_SCHEMAS: Final = r"n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND ($1::text IS NULL OR n.nspname = $1)"
# Relations of the user's, by kind ($2): neither temporary nor partitions, which are parts of another.
_RELATIONS: Final = f"""pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE {_SCHEMAS} AND c.relkind = ANY ($2::"char"[]) AND c.relpersistence <> 't' AND NOT c.relispartition
    AND {_own("pg_class", "c.oid")}"""
_TABLES: Final = f"SELECT c.oid, n.nspname, c.relname, c.relkind, greatest(0, c.reltuples)::int8 FROM {_RELATIONS}"  # noqa: S608 (no input)
# What belongs to a relation, which may be a view.
_MEMBERS: Final = f"""
    WITH owner AS (SELECT c.oid, n.nspname, c.relname FROM {_RELATIONS})
    SELECT 'INDEX', o.nspname, o.relname, i.relname, EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.oid
            AND k.contype IN ('p', 'u', 'x'))
        FROM owner AS o JOIN pg_index AS x ON x.indrelid = o.oid JOIN pg_class AS i ON i.oid = x.indexrelid
    UNION ALL SELECT 'TRIGGER', o.nspname, o.relname, t.tgname, false
        FROM owner AS o JOIN pg_trigger AS t ON t.tgrelid = o.oid WHERE NOT t.tgisinternal
    UNION ALL SELECT 'RULE', o.nspname, o.relname, r.rulename, false
        FROM owner AS o JOIN pg_rewrite AS r ON r.ev_class = o.oid WHERE r.rulename <> '_RETURN'
"""  # noqa: S608 (no input)
_ROUTINES: Final = f"""
    SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, n.nspname, p.proname,
        (SELECT coalesce(string_agg(format_type(a.type, NULL), ', ' ORDER BY a.place), '')
            FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)),
        p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE {_SCHEMAS} AND {_own("pg_proc", "p.oid")}
        AND NOT EXISTS (SELECT FROM pg_depend AS i
            WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')
"""  # noqa: S608 (no input)
# Not those that a table or another type brings with it: its rows, arrays, multiranges.
_USER_TYPES: Final = f"""
    SELECT n.nspname, t.typname FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
    WHERE {_SCHEMAS} AND {_own("pg_type", "t.oid")} AND t.typisdefined AND (t.typtype IN ('d', 'e', 'r')
        OR (t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type AS e WHERE e.typarray = t.oid))
        OR EXISTS (SELECT FROM pg_class AS c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
"""  # noqa: S608 (no input)
# What the server itself begins with has a low number.
_EXTENSIONS: Final = "SELECT extname FROM pg_extension WHERE oid >= 16384"
_CONSTRAINTS: Final = f"""
    WITH owner AS (SELECT c.oid, n.nspname, c.relname FROM {_RELATIONS})
    SELECT o.nspname, o.relname, k.conname, k.contype, k.confupdtype, k.confdeltype, fn.nspname, f.relname,
        (SELECT array_agg(a.attname::text ORDER BY p.place) FROM unnest(k.conkey) WITH ORDINALITY AS p (number, place)
            JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = p.number)::text[],
        (SELECT array_agg(a.attname::text ORDER BY p.place) FROM unnest(k.confkey) WITH ORDINALITY AS p (number, place)
            JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = p.number)::text[]
    FROM owner AS o JOIN pg_constraint AS k ON k.conrelid = o.oid
        LEFT JOIN pg_class AS f ON f.oid = k.confrelid LEFT JOIN pg_namespace AS fn ON fn.oid = f.relnamespace
    -- Not those that a foreign key has for every partition of the other table.
    WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0
"""  # noqa: S608 (no input)
_STORED: Final = "{r,p}"
_VIEWS: Final = "{v,m}"
_OWNERS: Final = "{r,p,v,m}"


@dataclass(frozen=True)
class Table:
    """A table as the catalog has it. `partitioned`: its rows are in its partitions.

    `rows`: how many it has by the server's statistics; 0: they know nothing of it, or of none.
    """

    oid: str
    schema: str
    name: str
    partitioned: bool
    rows: int = 0

    @property
    def source(self) -> str:
        """What stands after FROM; the table is called t. Tables that inherit from it are tables of their own."""
        return f"{'' if self.partitioned else 'ONLY '}{self.path} AS t"

    @property
    def path(self) -> str:
        """Its name in a statement."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


class Catalog:
    """The catalog as one snapshot has it. `schema`: the one that alone counts. Raises `Unreadable` and `Stopped`."""

    def __init__(self, session: Session, schema: str | None) -> None:
        self._schema = schema
        with of_database():
            found = session.rows(_TABLES, schema, _STORED)
        self.tables: Mapping[str, Table] = {
            self._name(space, name): Table(_known(oid), _known(space), _known(name), kind == "p", int(rows or 0))
            for oid, space, name, kind, rows in found
        }
        """All tables that hold rows of the user's, by their names."""

    def table(self, name: str) -> Table:
        """One of `tables`. Raises `TableUnreadable`."""
        found = self.tables.get(name)
        if found is None:
            raise TableUnreadable("it doesn't exist", damaged=False)
        return found

    def objects(self, session: Session, *, neutral: bool) -> Mapping[str, frozenset[str]]:
        """The names of all objects by type; see `Snapshot.objects`."""
        found: dict[str, set[str]] = {kind: set() for kind in TYPES}
        found["TABLE"].update(self.tables)
        with of_database():
            for kind, name in self._all(session, neutral=neutral):
                found[kind].add(name)
        return {kind: frozenset(names) for kind, names in found.items()}

    def _all(self, session: Session, *, neutral: bool) -> Iterator[tuple[str, str]]:
        for _, space, name, *_ in session.rows(_TABLES, self._schema, _VIEWS):
            yield "VIEW", self._name(space, name)
        for kind, space, owner, name, backing in session.rows(_MEMBERS, self._schema, _OWNERS):
            # Elsewhere a trigger's name is no other's of the whole database.
            if neutral and kind == "TRIGGER":
                yield kind, _known(name)
            elif not (neutral and backing == "t"):
                yield _known(kind), member(self._name(space, owner), _known(name))
        for kind, space, name, arguments, triggered in session.rows(_ROUTINES, self._schema):
            if not neutral:
                yield _known(kind), f"{self._name(space, name)}({arguments})"
            elif triggered != "t":  # Elsewhere a trigger holds what it does.
                yield _known(kind), self._name(space, name)
        for space, name in session.rows(_USER_TYPES, self._schema):
            yield "TYPE", self._name(space, name)
        for (name,) in session.rows(_EXTENSIONS):
            yield "EXTENSIONS", _known(name)
        yield from self._constraints(session, neutral=neutral)

    def _constraints(self, session: Session, *, neutral: bool) -> Iterator[tuple[str, str]]:
        for space, owner, name, kind, *rest in session.rows(_CONSTRAINTS, self._schema, _STORED):
            table = self._name(space, owner)
            if not neutral:
                yield "CONSTRAINT", member(table, _known(name))
                continue
            update, delete, other_space, other, own_columns, other_columns = rest
            referred = self._name(other_space, other) if other else ""
            said = definition(_known(kind), own_columns, referred, other_columns, update, delete)
            if said:
                yield "CONSTRAINT", member(table, said)

    def _name(self, schema: str | None, name: str | None) -> str:
        return shown(_known(schema), _known(name), self._schema)


def _known(value: str | None) -> str:
    """A value that the catalog always has."""
    if value is None:
        raise AssertionError
    return value
