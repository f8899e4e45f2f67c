"""MySQL and MariaDB: every schema is a database. Only read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from functions.comparer.core.engine import Snapshot, Stop, Unreadable
from functions.comparer.mysql import catalog, databases
from functions.comparer.mysql.decoding import mysql_decoder
from functions.comparer.mysql.errors import Trouble, database_error
from functions.comparer.mysql.identity import identity
from functions.comparer.mysql.link import Interrupt, Link, Server
from functions.comparer.mysql.sessions import Session, Sessions
from functions.comparer.mysql.snapshot import MysqlSnapshot
from functions.comparer.mysql.stream import Decoding
from functions.comparer.mysql.url import MysqlUrl, read


class MysqlEndpoint:
    """The databases of one server, or the one that its URL names."""

    engine = "MySQL"
    types = catalog.TYPES

    def __init__(self, url: MysqlUrl, *, decoding: Decoding = mysql_decoder) -> None:
        """`decoding` makes what decodes rows."""
        self._url = url
        self._decoding = decoding
        self._server = Server(url)

    @classmethod
    def of_url(cls, url: str, env: Mapping[str, str], base: Path) -> MysqlEndpoint:
        """The endpoint that a URL names (`url.read`). Nothing is opened yet. Raises `BadUrl`."""
        return cls(read(url, env, base))

    @property
    def single(self) -> bool:
        """Whether the URL names a database: then its name says nothing about which database it corresponds to."""
        return self._url.database is not None

    def names(self, stop: Stop | None = None) -> frozenset[str]:
        """The databases that the user may see, or the one that the URL names if it is there. Raises `Unreadable`."""
        wanted = self._url.database
        with self._asking(stop or Stop()) as link:
            if wanted is None:
                return catalog.databases(link.rows)
            found = databases.called(link.rows, wanted, fold=identity(link.rows).fold)
            if not found and databases.hidden(link.rows, [wanted]):
                raise Unreadable(f"{self._server.name}: {databases.HIDDEN.format(wanted)}", "connection")
        return found

    def hidden(self, names: Collection[str], stop: Stop | None = None) -> frozenset[str]:
        """See `Endpoint.hidden`. Raises `Unreadable`."""
        if not names or self.single:
            return frozenset()
        with self._asking(stop or Stop()) as link:
            return databases.hidden(link.rows, names)

    @contextmanager
    def _asking(self, stop: Stop) -> Iterator[Link]:
        """A connection of its own."""
        with closing(self._server.connect(stop)) as link:
            interrupt = Interrupt(self._server, link)
            try:
                with stop.interrupting(interrupt):
                    stop.check()
                    yield link
            except Trouble as error:
                raise database_error(self._server.name, error, asked=stop.asked) from error
            finally:
                interrupt.settle()

    @property
    def server(self) -> str:
        """See `Endpoint.server`."""
        return self._server.name

    @property
    def connections(self) -> int:
        """See `Endpoint.connections`."""
        return self._url.connections

    @contextmanager
    def snapshot(self, name: str, stop: Stop, connections: int | None = None) -> Iterator[Snapshot]:
        """Connect as often as may be, and begin a transaction on each connection."""
        sessions = Sessions(lambda: Session(self._server, self._url, stop), connections or self.connections)
        try:
            sessions.open()
            found = MysqlSnapshot(sessions, self._server.name, name, stop, self._decoding)
            found.check()
            yield found
        finally:
            sessions.close()
