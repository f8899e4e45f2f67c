"""PostgreSQL: a server, or one of its databases, read in one snapshot each and never written to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from functions.comparer.core.engine import Snapshot, Stop, Unreadable
from functions.comparer.postgres.catalog import TYPES, Catalog
from functions.comparer.postgres.failures import StatementFailed, of_database
from functions.comparer.postgres.pool import Pool
from functions.comparer.postgres.session import Session
from functions.comparer.postgres.shape import Texts
from functions.comparer.postgres.snapshot import PostgresSnapshot
from functions.comparer.postgres.url import PostgresUrl, parsed

_OLDEST: Final = 130000
_BESIDES: Final = ("postgres", "template1")
"""Databases that nearly every server has, to ask for the others."""
# Those of who runs the server for others.
_SERVERS_OWN: Final = ("rdsadmin", "cloudsqladmin", "alloydbadmin", "azure_maintenance", "azure_sys")
_NAMES: Final = """
    SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate AND datallowconn AND datconnlimit <> -2
"""
# Every server begins with a database of that name; it is one of the user's if something of the user's is in it.
_USED: Final = """
    SELECT pg_catalog.current_database() <> 'postgres' OR EXISTS (SELECT FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm')
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                AND d.objid = c.oid AND d.deptype = 'e'))
"""
_ABOUT: Final = "SELECT oid, datcollate, {provider} FROM pg_catalog.pg_database WHERE datname = current_database()"


class PostgresEndpoint:
    """The databases of one server, or one of them."""

    engine = "PostgreSQL"
    types = TYPES

    def __init__(self, url: PostgresUrl) -> None:
        """Nothing is opened yet."""
        self._url = url

    @classmethod
    def of_url(cls, url: str, env: Mapping[str, str], base: Path) -> PostgresEndpoint:
        """The endpoint that a URL names; `base`: of relative paths in it. Raises `BadUrl`."""
        return cls(parsed(url, env, base))

    @property
    def single(self) -> bool:
        """Whether the URL names one database."""
        return self._url.database is not None

    def names(self, stop: Stop | None = None) -> frozenset[str]:
        """The database of the URL if there is one of that name; without one, all that are not the server's own."""
        stop = stop or Stop()
        if self._url.database is not None:
            return self._one(self._url.database, stop)
        with closing(self._any(stop)) as session, of_database():
            found = {name for (name,) in session.rows(_NAMES) if name} - set(_SERVERS_OWN)
            ((used,),) = session.rows(_USED)
        return frozenset(found if used == "t" else found - {"postgres"})

    def hidden(self, names: Collection[str], stop: Stop | None = None) -> frozenset[str]:  # noqa: ARG002
        """See `Endpoint.hidden`: everybody may read which databases there are."""
        return frozenset()

    @property
    def server(self) -> str:
        """See `Endpoint.server`."""
        return f"postgresql {self._url.server}"

    @property
    def connections(self) -> int:
        """See `Endpoint.connections`."""
        return self._url.connections

    @contextmanager
    def snapshot(self, name: str, stop: Stop, connections: int | None = None) -> Iterator[Snapshot]:
        """Connect and begin a transaction, which is what the snapshot lasts for."""
        with ExitStack() as stack:
            first = stack.enter_context(closing(self._session(name, stop)))
            first.begin()

            def another(exported: str) -> Session:
                session = self._session(name, stop)
                try:
                    session.begin(exported)
                except BaseException:
                    session.close()
                    raise
                return session

            version, texts = _about(first, self._url.server)
            catalog = Catalog(first, self._url.schema)
            pool = stack.enter_context(closing(Pool(first, another, connections or self.connections, stop)))
            yield PostgresSnapshot(pool, catalog, texts, version)

    def _session(self, database: str, stop: Stop) -> Session:
        session = Session(self._url, database, stop)
        if session.release < _OLDEST:
            session.close()
            raise Unreadable(f"{self._url.server}: its PostgreSQL is older than release 13", "connection")
        return session

    def _one(self, database: str, stop: Stop) -> frozenset[str]:
        try:
            self._session(database, stop).close()
        except Unreadable as refused:
            # Why a connection was refused is told in the server's language alone.
            try:
                with closing(self._any(stop)) as session, of_database():
                    there = session.rows("SELECT FROM pg_catalog.pg_database WHERE datname = $1", database)
            except Unreadable:
                raise refused from None
            if there:
                raise
            return frozenset()
        return frozenset({database})

    def _any(self, stop: Stop) -> Session:
        first, second = _BESIDES
        try:
            return self._session(first, stop)
        except Unreadable:
            try:
                return self._session(second, stop)
            except Unreadable:
                pass
            raise


def _about(session: Session, server: str) -> tuple[str, Texts]:
    """What stays the same of a database as long as it is the same one, and how it keeps texts."""
    provider = "datlocprovider" if session.release >= 150000 else "'c'"
    with of_database():
        ((oid, collation, kind),) = session.rows(_ABOUT.format(provider=provider))
        try:
            ((identity,),) = session.rows("SELECT system_identifier FROM pg_catalog.pg_control_system()")
        except StatementFailed:  # Not everybody may ask.
            identity = server
    # The server's own provider knows no other order than that of code points.
    bytewise = kind == "b" or (kind == "c" and collation in {"C", "POSIX"})
    return f"{identity}-{oid}", Texts(session.encoding, bytewise)
