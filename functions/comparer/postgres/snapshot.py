"""One PostgreSQL database as it was at one moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from functions.comparer.core.cells import cells_of, key_in, placed, rows_in, values_of
from functions.comparer.core.engine import Bounds, Digest, Digester, Joint, Snapshot, TableUnreadable
from functions.comparer.core.merging import OutOfOrder
from functions.comparer.core.table import Reading, Row, Shape
from functions.comparer.postgres import digests, shown, statements
from functions.comparer.postgres.catalog import Catalog, Table
from functions.comparer.postgres.cuts import finer
from functions.comparer.postgres.decoding import pg_decoder
from functions.comparer.postgres.failures import of_table
from functions.comparer.postgres.names import text
from functions.comparer.postgres.pool import Pool
from functions.comparer.postgres.session import LET_GO, Session, TextRow, rows_of
from functions.comparer.postgres.settings import IN_PLACE
from functions.comparer.postgres.shape import PgTable, Texts
from functions.comparer.postgres.stream import copied
from functions.comparer.postgres.tables import Tables

# A table that was emptied or rewritten looks empty to a snapshot that is older: its rows are elsewhere then, on disk.
# What the catalog says is as old as the snapshot, what the functions say is of now.
_SAME: Final = """
    SELECT pg_catalog.pg_relation_filenode(c.oid) IS NOT DISTINCT FROM c.relfilenode
        AND pg_catalog.to_regclass({path}) = c.oid::pg_catalog.regclass
    FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}
"""
_SAME_PARTS: Final = """
    WITH RECURSIVE part AS (
        SELECT {oid}::pg_catalog.oid AS oid
        UNION ALL SELECT i.inhrelid FROM part AS p JOIN pg_catalog.pg_inherits AS i ON i.inhparent = p.oid
    ), leaf AS (
        SELECT c.oid, c.relfilenode FROM part AS p JOIN pg_catalog.pg_class AS c USING (oid) WHERE c.relkind = 'r'
    )
    SELECT (SELECT coalesce(bool_and(pg_relation_filenode(oid) IS NOT DISTINCT FROM relfilenode), true) FROM leaf)
        AND (SELECT count(*) FROM part)
            = (SELECT count(*) FROM pg_partition_tree({oid}) AS t JOIN part AS p ON p.oid = t.relid)
        AND to_regclass({path}) = {oid}::pg_catalog.oid::pg_catalog.regclass
"""
# What the server expects to find, by the size of the table or of its partitions.
_EXPECTED: Final = "EXPLAIN (FORMAT JSON) SELECT FROM {source}"
_KEPT_BOUNDS: Final = 100
"""How many parts the bounds make that a server keeps unless it is told to keep fewer or more."""
_BLOCKS: Final = """
    SELECT (sum(pg_relation_size(t.relid)) / current_setting('block_size')::int8)::int8
    FROM (SELECT relid FROM pg_partition_tree($1::oid) UNION SELECT $1::oid::regclass) AS t
"""


@dataclass(frozen=True)
class _Hashes:
    """A `Digester`."""

    form: str
    divisible: bool
    of: Callable[[Sequence[Bounds]], Iterator[Digest]]


class PostgresSnapshot:
    """Some connections in read-only transactions that see the same moment."""

    def __init__(self, pool: Pool, catalog: Catalog, texts: Texts, version: str) -> None:
        self._pool = pool
        self._catalog = catalog
        self._version = version
        self._encoding = texts.encoding
        self._tables = Tables(catalog, texts)

    def objects(self, *, neutral: bool = False) -> Mapping[str, frozenset[str]]:
        """See `Snapshot.objects`."""
        with self._pool.session() as session:
            return self._catalog.objects(session, neutral=neutral)

    def tables(self) -> frozenset[str]:
        """See `Snapshot.tables`."""
        return frozenset(self._catalog.tables)

    def hidden(self, names: Collection[str]) -> frozenset[str]:  # noqa: ARG002
        """See `Snapshot.hidden`: everybody may read the catalog."""
        return frozenset()

    def hidden_types(self) -> Mapping[str, str]:
        """See `Snapshot.hidden_types`: everybody may read the catalog."""
        return {}

    def count(self, table: str) -> int:
        """See `Snapshot.count`."""
        found = self._catalog.table(table)
        with self._reading(found) as session:
            ((rows,),) = session.rows(f"SELECT pg_catalog.count(*) FROM {found.source}")  # noqa: S608 (quoted names)
        return int(rows or 0)

    def version(self) -> str:
        """See `Snapshot.version`: which database it is. What is in it moves."""
        return self._version

    def shape(self, table: str) -> Shape:
        """See `Snapshot.shape`."""
        return self._table(table).shape

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        """See `Snapshot.rows`: there are none, because every column has a type."""
        del columns
        raise TableUnreadable(f"the columns of {table} have types, by which alone they are read", damaged=False)

    def stream(self, reading: Reading, after: Row | None = None, upto: Row | None = None) -> Iterator[bytes]:
        """See `Snapshot.stream`. Each that is open takes a connection, for which it waits if need be.

        A second one of the same thread raises RuntimeError if there can't be another connection.
        """
        table = self._table(reading.table)
        if (after or upto) and self._misplaces(table, reading):
            raise OutOfOrder
        yield from self._blocks(table, reading, statements.streaming(table, reading, after, upto))

    def at(self, reading: Reading, keys: Sequence[Row]) -> Iterator[bytes]:
        """See `Snapshot.at`."""
        table = self._table(reading.table)
        for statement in statements.looking_up(table, reading, keys):
            yield from self._blocks(table, reading, statement)

    def split(self, reading: Reading, parts: int) -> list[Row]:
        """Up to `parts` - 1 keys, in order, that cut a table into about equal parts; none: it can't be told where.

        Raises `TableUnreadable`, `Unreadable` and `Stopped`.
        """
        if not reading.key or parts < 2:
            return []
        table = self._table(reading.table)
        keys = Reading(reading.table, reading.columns[: reading.key], reading.kinds[: reading.key], reading.key)
        remembered = statements.remembered(table, keys)
        found = self._sorted(table, keys, remembered) if remembered else []
        if _KEPT_BOUNDS < len(found) < parts:
            numbers = [value for (value,) in found if isinstance(value, int)]
            if len(numbers) == len(found):
                return [(cut,) for cut in finer(numbers, parts)]
        elif len(found) < parts:
            found = self._sorted(table, keys, statements.sampled(table, keys, self._size(table.table), parts))
        cuts = dict.fromkeys(len(found) * part // parts for part in range(1, parts))
        return [found[cut] for cut in cuts if 0 < cut < len(found)]

    def digester(self, reading: Reading) -> Digester | None:
        """See `Snapshot.digester`: the server's own hash functions."""
        table = self._table(reading.table)
        form = digests.form(table, reading)
        if form is None:
            return None
        encoded = f"{self._encoding} {form}"  # texts are hashed as they are kept
        return _Hashes(encoded, digests.divisible(table, reading), partial(self._digests, table, reading))

    @property
    def connections(self) -> int:
        """See `Snapshot.connections`."""
        return self._pool.most

    def about(self, table: str) -> int:
        """See `Snapshot.about`: what the server's statistics say; of a new table what it guesses from its size."""
        found = self._catalog.table(table)
        if found.rows:
            return found.rows
        with self._pool.session() as session, of_table():
            ((plan,),) = session.glance(_EXPECTED.format(source=found.source))
        return int(json.loads(plan or "")[0]["Plan"]["Plan Rows"])

    @property
    def moves(self) -> bool:
        """See `Snapshot.moves`."""
        return True

    def statement(self, table: str, columns: Sequence[str], values: Row) -> str:
        """See `Snapshot.statement`."""
        return shown.statement(self._table(table), columns, values)

    def joint(self, target: Snapshot) -> AbstractContextManager[Joint] | None:
        """See `Snapshot.joint`: what comes as canonical rows is compared as such."""
        del target
        return None

    def _table(self, name: str) -> PgTable:
        found = self._tables.known(name)
        if found is None:
            with self._pool.session() as session:
                found = self._tables.read(session, name)
        return found

    def _misplaces(self, table: PgTable, reading: Reading) -> bool:
        """Whether the server has some row elsewhere than canonical rows have it."""
        statement = statements.misplacing(table, reading)
        if statement is None:
            return False
        with self._reading(table.table) as session:
            ((found,),) = session.rows(statement)
        return found == "t"

    def _blocks(self, table: PgTable, reading: Reading, statement: str) -> Iterator[bytes]:
        decoder = pg_decoder(statements.wires(table, reading), reading.key)
        with self._pool.session() as session, of_table():
            if not reading.key:
                session.run(IN_PLACE)
            # As long as the rows are read nobody can change the table: the answer is as good as if it were asked later.
            same, _ = yield from copied(session, statement, decoder, (_same(table.table), LET_GO))
            _check(rows_of(same))

    def _digests(self, table: PgTable, reading: Reading, ranges: Sequence[Bounds]) -> Iterator[Digest]:
        digesting, check = digests.digesting(table, reading), _same(table.table)
        with self._pool.session() as session, of_table():
            for after, upto in ranges:
                statement = digesting(statements.between(table, reading, after, upto))
                # Nothing is told of a range before it is known to be the table's: two emptied ones would be equal.
                session.start(f"{statement}; {check}; {LET_GO}")
                (row,), same = map(rows_of, session.finished()[:2])
                _check(same)
                yield digests.read(row)

    def _sorted(self, table: PgTable, keys: Reading, statement: str) -> list[Row]:
        """The keys that a statement tells, each once, in the order of canonical rows."""
        found = {key_in(row) for block in self._blocks(table, keys, statement) for row in rows_in(block)}
        return [values_of(cells_of(key), keys.kinds) for key in sorted(found, key=lambda key: placed(cells_of(key)))]

    def _size(self, table: Table) -> int:
        with self._reading(table) as session:
            ((blocks,),) = session.rows(_BLOCKS, table.oid)
        return int(blocks or 0)

    @contextmanager
    def _reading(self, table: Table) -> Iterator[Session]:
        """Within the block the table's rows are read; its locks are given up at the end."""
        with self._pool.session() as session, of_table():
            yield session
            _check(session.glance(_same(table)))


def _same(table: Table) -> str:
    """The statement that tells whether a table is still what it was."""
    return (_SAME_PARTS if table.partitioned else _SAME).format(oid=int(table.oid), path=text(table.path))


def _check(answer: Sequence[TextRow]) -> None:
    if answer != [("t",)]:
        raise TableUnreadable("it was emptied, rewritten or replaced while it was compared", damaged=True)
