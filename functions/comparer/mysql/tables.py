"""The tables of one snapshot as a comparison needs to know them, many of them looked up at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pymysql

from functions.comparer.core.ahead import Ahead, Trials
from functions.comparer.core.engine import TableUnreadable
from functions.comparer.mysql import catalog
from functions.comparer.mysql.columns import Described, quoted, selected
from functions.comparer.mysql.errors import DENIED, number_of, of_connection
from functions.comparer.mysql.sessions import Session

_NOWHERE: Final = "parity: no table is called this"
_MOST_ASKED: Final = 256
"""Of tables that may be hidden: each takes a round trip. The others are taken for hidden, as nearly all of them are."""


@dataclass(frozen=True)
class Known:
    """What the catalog says of a table. `unique`: its unique indexes; `rows`: about how many it has."""

    columns: Mapping[str, Described]
    unique: Sequence[catalog.Index]
    rows: int


class Tables:
    """What is known of them."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._ahead = Ahead()
        self._known: dict[str, Known] = {}
        self._trials = Trials()
        self._readable: set[str] = set()
        self._hidden: frozenset[str] = frozenset()

    def source(self, name: str) -> str:
        """What stands for the table after FROM."""
        return f"{quoted(self._schema)}.{quoted(name)}"

    def expect(self, names: Iterable[str]) -> None:
        """These are the tables that there are."""
        self._ahead = Ahead(names)

    def hide(self, session: Session, names: Iterable[str]) -> frozenset[str]:
        """Those of some tables that the catalog lacks that may be there all the same. Raises what `Trouble` lists.

        To who has no right at all on a table a server doesn't tell whether it exists, in its catalog or otherwise.
        """
        asked = sorted(names)
        # Whoever may read the whole database is told of every table.
        if not asked or not self._denied(session, _NOWHERE):
            return frozenset()
        found = {name for name in asked[:_MOST_ASKED] if self._denied(session, name)}
        self._hidden |= found.union(asked[_MOST_ASKED:])
        return self._hidden.intersection(asked)

    def check(self, name: str) -> None:
        """Raise `TableUnreadable` for a table that may be there and is hidden."""
        if name in self._hidden:
            raise TableUnreadable("the user may not read it, and so isn't told whether it exists", damaged=True)

    def _denied(self, session: Session, name: str) -> bool:
        try:
            session.glance((f"SELECT 1 FROM {self.source(name)} LIMIT 0",))  # noqa: S608 (quoted names)
        except pymysql.MySQLError as error:
            if of_connection(error):
                raise
            return number_of(error) == DENIED
        return False

    def known(self, name: str) -> Known | None:
        """The table if it has been looked up."""
        return self._known.get(name)

    def read(self, session: Session, name: str) -> Known:
        """The table as the catalog has it. Raises `TableUnreadable`, and what `Trouble` lists."""
        batch = [other for other in self._ahead.batch(name) if other not in self._known]
        try:
            self._look_up(session, batch)
        except pymysql.MySQLError as error:
            if len(batch) == 1 or of_connection(error):
                raise
            self._ahead.alone()
        if name not in self._known and len(batch) > 1:
            self._look_up(session, [name])
        if name not in self._known:
            raise TableUnreadable("it doesn't exist any more, or may not be read", damaged=True)
        return self._known[name]

    def readable(self, name: str) -> bool:
        """Whether `attempt` has found that the table can be read."""
        return name in self._readable

    def attempt(self, session: Session, name: str) -> None:
        """Find out whether a table that is known can be read. Raises what `Trouble` lists.

        Whoever may not read the table learns that here, and so does nobody else.
        """
        batch = self._trials.batch(name, self._probe(name))
        try:
            session.glance(tuple(batch.values()))
        except pymysql.MySQLError as error:
            # Nobody knows which one it was: each is tried alone, when it is asked for.
            if len(batch) == 1 or of_connection(error):
                raise
            session.glance((batch[name],))
            batch = {name: batch[name]}
        self._readable.update(batch)

    def _probe(self, name: str) -> str:
        # The catalog hides columns that may not be read, but `*` stands for them too.
        columns = ", ".join(map(selected, self._known[name].columns.values()))
        return f"SELECT *, {columns} FROM {self.source(name)} LIMIT 0"  # noqa: S608 (quoted names)

    def _look_up(self, session: Session, names: Sequence[str]) -> None:
        query, schema = session.rows, self._schema
        columns = catalog.columns(query, schema, names, mariadb=session.mariadb)
        indexes = catalog.indexes(query, schema, names)
        rows = catalog.rows(query, schema, names)
        self._ahead.took(sum(map(len, columns.values())))
        owned: dict[str, list[catalog.Index]] = {}
        for index in indexes:
            if index.unique:  # The others are no keys, and there may be many.
                owned.setdefault(index.table, []).append(index)
        for name, found in columns.items():
            named = {column.name: column for column in found}
            self._known[name] = Known(named, owned.get(name, ()), rows.get(name, 0))
        self._trials.add({name: self._probe(name) for name in columns})
