"""What a SQLite database says of itself: its tables, its other objects, its constraints, and names that are no text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from functions.comparer.core.engine import Stop, TableUnreadable, member
from functions.comparer.sqlite.constraints import checks, foreign_key, key
from functions.comparer.sqlite.file import unreadable
from functions.comparer.sqlite.shadows import is_own

# Names are asked for as bytes: apsw hands out nothing that is not valid UTF-8. The functions are called by a schema
# that has no tables of its own: one of the user's may have the name of a function.
_TABLES = """
    SELECT CAST(t.name AS BLOB), t.type, CAST(s.sql AS BLOB), t.wr, t.strict
    FROM temp.pragma_table_list AS t LEFT JOIN main.sqlite_master AS s ON s.type = 'table' AND s.name = t.name
    WHERE t.schema = 'main' AND t.type IN ('table', 'virtual', 'shadow') AND lower(substr(t.name, 1, 7)) <> 'sqlite_'
"""
_OBJECTS = """
    SELECT type, CAST(name AS BLOB), CAST(tbl_name AS BLOB) FROM main.sqlite_master
    WHERE type IN ('view', 'index', 'trigger') AND lower(substr(name, 1, 7)) <> 'sqlite_'
"""
_PRIMARY_KEY = "SELECT CAST(name AS BLOB) FROM temp.pragma_table_xinfo(?, 'main') WHERE pk > 0 ORDER BY pk"
_UNIQUE = """
    SELECT l.seq, CAST(x.name AS BLOB)
    FROM temp.pragma_index_list(?, 'main') AS l, temp.pragma_index_info(l.name, 'main') AS x
    WHERE l.origin = 'u' ORDER BY l.seq, x.seqno
"""
_FOREIGN_KEYS = """
    SELECT id, CAST("table" AS BLOB), CAST("from" AS BLOB), CAST("to" AS BLOB), on_update, on_delete
    FROM temp.pragma_foreign_key_list(?, 'main') ORDER BY id, seq
"""
# A full-text table without content of its own or another's, the option's name written in full or (fts5) shortened.
_NO_CONTENT = re.compile(r"""\bc(?:o(?:n(?:t(?:e(?:nt?)?)?)?)?)?\s*=\s*(?:''|""|``|\[\]|[,)])""", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A table as the catalog has it."""

    name: str
    kind: str
    sql: str
    without_rowid: bool
    strict: bool

    @property
    def virtual(self) -> bool:
        """Whether a module keeps the rows."""
        return self.kind == "virtual"

    @property
    def contentless(self) -> bool:
        """Whether it is a full-text index that keeps no values."""
        return self.virtual and _NO_CONTENT.search(self.sql) is not None

    @property
    def source(self) -> str:
        """What stands after FROM; the table is called `t`. Never an index: a damaged one has other rows."""
        return f"main.{quoted(self.name)} AS t" + ("" if self.virtual else " NOT INDEXED")


class Catalog:
    """The catalog in one read transaction. Every method raises `Unreadable` or `Stopped`."""

    def __init__(self, connection: apsw.Connection, path: Path, stop: Stop) -> None:
        self._connection = connection
        self._path = path
        self._stop = stop
        self._unspeakable: set[str] = set()
        self._known: Mapping[str, Table] | None = None
        ((encoding,),) = self.rows("PRAGMA main.encoding")
        self.encoding = {"UTF-8": "utf-8", "UTF-16le": "utf-16-le", "UTF-16be": "utf-16-be"}[encoding]
        """How Python calls the encoding of all texts of the database."""

    def tables(self) -> Mapping[str, Table]:
        """All tables that hold rows of the user's, by name."""
        if self._known is None:
            found = {}
            for raw, kind, sql, without_rowid, strict in self.rows(_TABLES):
                name = self.name(raw)
                text = (sql or b"").decode(self.encoding, errors="replace")
                found[name] = Table(name, kind, text, bool(without_rowid), bool(strict))
            virtual = {name: table.sql for name, table in found.items() if table.virtual}
            self._known = {
                name: table
                for name, table in found.items()
                if table.kind != "shadow" or not is_own(name, table.sql, virtual)
            }
        return self._known

    def table(self, name: str) -> Table:
        """One of `tables()`. Raises `TableUnreadable` if no statement can name it."""
        found = self.tables().get(name)
        if found is None:
            raise TableUnreadable("it doesn't exist", damaged=False)
        if name in self._unspeakable:
            raise TableUnreadable("its name is not valid UTF-8", damaged=False)
        return found

    def objects(self, *, neutral: bool = False) -> Iterator[tuple[str, str]]:
        """The type and the name of every view, index, trigger and constraint.

        `neutral`: without CHECK constraints, which every engine says in its own SQL.
        """
        for kind, raw, owner in self.rows(_OBJECTS):
            name = self.name(raw)
            yield kind.upper(), member(self.name(owner), name) if kind == "index" else name
        for name, table in self.tables().items():
            # A virtual table declares none, and one whose module is missing can't even be asked.
            if not table.virtual and name not in self._unspeakable:
                for constraint in self._constraints(table, neutral=neutral):
                    yield "CONSTRAINT", member(name, constraint)

    def _constraints(self, table: Table, *, neutral: bool) -> Iterator[str]:
        columns = self.rows(_PRIMARY_KEY, table.name)
        if columns:
            yield key("PRIMARY KEY", [self.name(name) for (name,) in columns])
        unique: dict[int, list[str]] = {}
        for number, name in self.rows(_UNIQUE, table.name):
            unique.setdefault(number, []).append(self.name(name))
        yield from (key("UNIQUE", names) for names in unique.values())
        foreign: dict[int, list[tuple[str, ...]]] = {}
        for number, owner, own, other, on_update, on_delete in self.rows(_FOREIGN_KEYS, table.name):
            names = (self.name(name or b"") for name in (owner, own, other))
            foreign.setdefault(number, []).append((*names, on_update, on_delete))
        yield from (foreign_key(parts) for parts in foreign.values())
        if not neutral:
            yield from checks(table.sql)

    def rows(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """All rows of a statement about the catalog."""
        self._stop.check()
        try:
            return self._connection.execute(statement, values).fetchall()
        except apsw.Error as error:
            raise unreadable(self._path, error) from error

    def name(self, raw: bytes) -> str:
        """A name as text. One that is not valid is shown, and remembered as one that no statement can name."""
        try:
            return raw.decode(self.encoding)
        except UnicodeDecodeError:
            shown = raw.decode(self.encoding, errors="backslashreplace")
            self._unspeakable.add(shown)
            return shown


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'
