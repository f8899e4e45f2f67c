"""The tables of one snapshot as a comparison needs to know them, many of them looked up at a time."""

from __future__ import annotations

from functions.comparer.core.ahead import Ahead, Trials
from functions.comparer.postgres.catalog import Catalog
from functions.comparer.postgres.failures import StatementFailed, of_table
from functions.comparer.postgres.session import LET_GO, Session
from functions.comparer.postgres.shape import PgTable, Texts, read_shapes


class Tables:
    """What is known of them."""

    def __init__(self, catalog: Catalog, texts: Texts) -> None:
        self._catalog = catalog
        self._texts = texts
        self._ahead = Ahead(catalog.tables)
        self._described: dict[str, PgTable] = {}
        self._readable: set[str] = set()
        self._trials = Trials()

    def known(self, name: str) -> PgTable | None:
        """The table if it has been found to be readable."""
        return self._described[name] if name in self._readable else None

    def read(self, session: Session, name: str) -> PgTable:
        """The table as the snapshot has it, if it can be read now.

        Raises `TableUnreadable`, as for one that was dropped or that we may not read, `Unreadable` and `Stopped`.
        """
        with of_table():
            if name not in self._described:
                self._describe(session, name)
            self._try(session, name)
        return self._described[name]

    def _describe(self, session: Session, name: str) -> None:
        self._catalog.table(name)
        batch = [other for other in self._ahead.batch(name) if other not in self._described]
        try:
            self._look_up(session, batch)
        except StatementFailed:
            if len(batch) == 1:
                raise
            self._ahead.alone()
            self._look_up(session, [name])

    def _look_up(self, session: Session, names: list[str]) -> None:
        found = read_shapes(session, [self._catalog.table(name) for name in names], self._texts)
        self._ahead.took(sum(len(table.columns) for table in found))
        self._described.update(zip(names, found, strict=True))
        self._trials.add({name: table.probe for name, table in zip(names, found, strict=True)})

    def _try(self, session: Session, name: str) -> None:
        """Find out whether the table can be read: nobody learns of a missing permission in the middle of the values."""
        batch = self._trials.batch(name, self._described[name].probe)
        try:
            # The locks on one table are given up before those on the next one are waited for.
            session.glance(f"; {LET_GO}; ".join(batch.values()))
        except StatementFailed:
            # Nobody knows which one it was: each is tried alone, when it is asked for.
            if len(batch) == 1:
                raise
            session.glance(batch[name])
            batch = {name: batch[name]}
        self._readable.update(batch)
