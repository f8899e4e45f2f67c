"""Databases on a real PostgreSQL server."""

from collections.abc import Iterator

import pytest

from tests.comparer.postgres.server import Database, Server, reachable


@pytest.fixture(scope="session")
def server() -> Server:
    """The server; a test is skipped where there is none."""
    return reachable()


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """A database of the test's own."""
    with server.database() as database:
        yield database
