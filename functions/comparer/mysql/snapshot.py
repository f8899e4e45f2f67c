"""One database of a MySQL or MariaDB server, as the connections of one comparison see it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

import pymysql

from functions.comparer.core.engine import Digester, Joint, Snapshot, Stop, TableUnreadable, Unreadable
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Reading, Row, Shape
from functions.comparer.mysql import catalog, conditions, databases, days, shown
from functions.comparer.mysql.bounds import KeyColumn
from functions.comparer.mysql.columns import Described, decoded_as, raw_uuid, selected_as
from functions.comparer.mysql.errors import UNGUARDED, Trouble, database_error, number_of, table_error
from functions.comparer.mysql.grants import EVERYTHING, Rights, rights_on
from functions.comparer.mysql.identity import Identity, identity
from functions.comparer.mysql.parts import cuts
from functions.comparer.mysql.rights import hidden_types, selects_columns
from functions.comparer.mysql.sessions import Session, Sessions
from functions.comparer.mysql.shape import shape
from functions.comparer.mysql.stream import Decoding
from functions.comparer.mysql.tables import Known, Tables


class MysqlSnapshot:
    """One database, as each of some connections sees it."""

    def __init__(self, sessions: Sessions, server: str, name: str, stop: Stop, decoding: Decoding) -> None:
        self._sessions = sessions
        self._server = server
        self._name = name
        self._stop = stop
        self._decoding = decoding
        self._identity = Identity({})
        self._tables = Tables(name)
        self._own: Rights | None = None
        self._strange: dict[tuple[str, str], bool] = {}

    @property
    def connections(self) -> int:
        """See `Snapshot.connections`."""
        return self._sessions.most

    def about(self, table: str) -> int:
        """See `Snapshot.about`: what the server estimates."""
        return self._known(table).rows

    @property
    def moves(self) -> bool:
        """See `Snapshot.moves`."""
        return True

    def check(self) -> None:
        """Read what the server says of itself. Raises `Unreadable`, as where the database doesn't exist."""
        with self._database() as session:
            self._identity = identity(session.rows)
            found = self._name in catalog.databases(session.rows)
            hidden = not found and databases.denied(session.rows, self._name)
        if not found:
            said = databases.HIDDEN if hidden else "there is no database {!r} any more"
            raise Unreadable(f"{self._server}: {said.format(self._name)}", "connection")

    def objects(self, *, neutral: bool = False) -> Mapping[str, frozenset[str]]:
        """See `Snapshot.objects`."""
        with self._database() as session:
            return catalog.objects(session.rows, self._name, neutral=neutral, mariadb=session.mariadb)

    def tables(self) -> frozenset[str]:
        """See `Snapshot.tables`."""
        with self._database() as session:
            found = frozenset(catalog.tables(session.rows, self._name))
        self._tables.expect(found)
        return found

    def hidden(self, names: Collection[str]) -> frozenset[str]:
        """See `Snapshot.hidden`."""
        with self._database() as session:
            return self._tables.hide(session, names)

    def hidden_types(self) -> Mapping[str, str]:
        """See `Snapshot.hidden_types`."""
        with self._database() as session:
            grants = _grants(session)
            shown_tables = catalog.tables(session.rows, self._name)
            mariadb = session.mariadb
        own, servers = (self._rights(schema, grants) for schema in (self._name, "mysql"))
        return hidden_types(own, servers, shown_tables, mariadb=mariadb)

    def _check_columns(self, table: str) -> None:
        """Raise `TableUnreadable` where MySQL may hide columns: its `*` stands for none that are invisible."""
        if self._own is None:
            with self._table() as session:
                self._own = self._rights(self._name, () if session.mariadb else _grants(session))
        if selects_columns(self._own, table):
            told = "the user has the right SELECT on some columns alone, and may not be shown invisible ones"
            raise TableUnreadable(told, damaged=False)

    def _rights(self, schema: str, grants: Iterable[str]) -> Rights:
        return rights_on(schema, grants, fold=self._identity.fold, literal=self._identity.literal)

    def count(self, table: str) -> int:
        """See `Snapshot.count`."""
        self._tables.check(table)
        with self._table() as session:
            ((rows,),) = session.rows(f"SELECT COUNT(*) FROM {self._source(table)}")  # noqa: S608 (a quoted name)
        return int(rows)

    def version(self) -> str:
        """See `Snapshot.version`: which database of which server it is, however often it is written to."""
        return self._identity.of(self._name)

    def shape(self, table: str) -> Shape:
        """See `Snapshot.shape`."""
        known = self._known(table)
        self._check_columns(table)
        if not self._tables.readable(table):
            with self._table() as session:
                self._tables.attempt(session, table)
        return shape(list(known.columns.values()), known.unique)

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:  # noqa: ARG002
        """See `Snapshot.rows`: only engines whose columns take any value have such rows."""
        raise TableUnreadable("its rows can only be read as canonical rows", damaged=False)

    def stream(self, reading: Reading, after: Row | None = None, upto: Row | None = None) -> Iterator[bytes]:
        """See `Snapshot.stream`."""
        columns = self._chosen(reading)
        key = self._key(reading, columns)
        wanted = []
        if after is not None:
            wanted.append(conditions.after(key, after))
        if upto is not None:
            wanted.append(conditions.upto(key, upto))
        yield from self._read(reading, columns, wanted, conditions.order_by(key))

    def at(self, reading: Reading, keys: Sequence[Row]) -> Iterator[bytes]:
        """See `Snapshot.at`."""
        columns = self._chosen(reading)
        key = self._key(reading, columns)
        for some in conditions.batches(keys):
            yield from self._read(reading, columns, [conditions.among(key, some)], "")

    def split(self, reading: Reading, parts: int) -> list[Row]:
        """Up to `parts` - 1 keys, rising, that cut a table into parts of about as many rows; none: it can't be cut.

        Each is the last key of its part. Raises `TableUnreadable`, `Unreadable` and `Stopped`.
        """
        if reading.key != 1 or parts < 2:
            return []
        column = self._chosen(reading)[0]
        if column.type.kind is not Kind.INTEGER:
            return []
        name, source = column.quoted, self._source(reading.table)
        with self._table() as session:
            ((least, greatest),) = session.rows(f"SELECT MIN({name}), MAX({name}) FROM {source}")  # noqa: S608

            def rows(low: int, high: int) -> int:
                self._stop.check()
                where = f"{name} BETWEEN {low:d} AND {high:d}"
                return session.estimate(f"SELECT {name} FROM {source} WHERE {where}")  # noqa: S608

            return [(cut,) for cut in cuts(int(least), int(greatest), parts, rows)] if least is not None else []

    def digester(self, reading: Reading) -> Digester | None:  # noqa: ARG002
        """See `Snapshot.digester`: no hash of this server's is both exact and faster than handing the rows out."""
        return None

    def statement(self, table: str, columns: Sequence[str], values: Row) -> str:
        """See `Snapshot.statement`."""
        return shown.statement(self._name, table, self._described(table), columns, values)

    def joint(self, target: Snapshot) -> AbstractContextManager[Joint] | None:  # noqa: ARG002
        """See `Snapshot.joint`: there is none, every row is handed out."""
        return None

    def _read(
        self, reading: Reading, columns: Sequence[Described], wanted: Sequence[str], order: str
    ) -> Iterator[bytes]:
        chosen = [selected_as(column, kind) for column, kind in zip(columns, reading.kinds, strict=True)]
        statement = f"SELECT {', '.join(chosen)} FROM {self._source(reading.table)}"  # noqa: S608
        if wanted:
            statement += f" WHERE {' AND '.join(f'({condition})' for condition in wanted)}"
        if order:
            statement += f" ORDER BY {order}"
        kinds = [
            (decoded_as(column, kind), raw_uuid(column, kind))
            for column, kind in zip(columns, reading.kinds, strict=True)
        ]
        with self._table() as session:
            for block in session.blocks(statement, kinds, reading.key, self._decoding):
                yield block
                self._stop.check()

    def _key(self, reading: Reading, columns: Sequence[Described]) -> list[KeyColumn]:
        return conditions.key_of(
            columns, reading.kinds, reading.key, lambda column: self._has_strange_days(reading.table, column)
        )

    def _has_strange_days(self, table: str, column: Described) -> bool:
        """Whether a column has a day that no calendar has: then its own order is not that of the cells."""
        condition = days.strange(column)
        if condition is None:
            return False
        known = table, column.name
        if known not in self._strange:
            with self._table() as session:
                ((found,),) = session.rows(
                    f"SELECT EXISTS (SELECT 1 FROM {self._source(table)} WHERE {condition})"  # noqa: S608
                )
            self._strange[known] = int(found) == 1
        return self._strange[known]

    def _chosen(self, reading: Reading) -> list[Described]:
        columns = self._described(reading.table)
        try:
            return [columns[name] for name in reading.columns]
        except KeyError as error:
            raise TableUnreadable(f"its column {error.args[0]} doesn't exist any more", damaged=True) from None

    def _described(self, table: str) -> Mapping[str, Described]:
        return self._known(table).columns

    def _known(self, table: str) -> Known:
        self._tables.check(table)
        found = self._tables.known(table)
        if found is None:
            with self._table() as session:
                found = self._tables.read(session, table)
        return found

    def _source(self, table: str) -> str:
        return self._tables.source(table)

    @contextmanager
    def _database(self) -> Iterator[Session]:
        """A connection for reading what concerns the whole database."""
        self._stop.check()
        with self._sessions.taken() as session:
            try:
                yield session
            except Trouble as error:
                raise database_error(self._server, error, asked=self._stop.asked) from error

    @contextmanager
    def _table(self) -> Iterator[Session]:
        """A connection for reading one table."""
        self._stop.check()
        with self._sessions.taken() as session:
            try:
                yield session
            except Trouble as error:
                raise table_error(self._server, error, asked=self._stop.asked) from error


def _grants(session: Session) -> list[str]:
    """What the user may do, as the server tells it."""
    try:
        return [line for (line,) in session.rows("SHOW GRANTS")]
    except pymysql.MySQLError as error:
        if number_of(error) != UNGUARDED:
            raise
        return [EVERYTHING]  # Nobody has rights, and so nobody is refused any.
