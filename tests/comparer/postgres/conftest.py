"""Databases on a real PostgreSQL server."""

from collections.abc import Iterator

import pytest

from tests.comparer.postgres.server import Database, Server, reachable


@pytest.fixture(scope="session")
def server() -> Server:
    """The server; a test is skipped where there is none."""
    return reachable()


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[Database]:
    """A database of the tests of one module: to make and to drop one takes longer than most tests."""
    with server.database() as database:
        yield database
