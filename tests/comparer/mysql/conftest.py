"""The server that the tests of the MySQL engine run against."""

import os
from collections.abc import Iterator

import pymysql
import pytest

from functions.comparer.mysql.decoding import PlainMysqlDecoder, mysql_decoder
from functions.comparer.mysql.stream import Decoding
from tests.comparer.mysql.servers import Database, admin, database, server_url


@pytest.fixture(scope="session")
def server() -> Iterator[pymysql.Connection]:
    """A connection that may do everything. Where the tests have to run, a server that is missing is a failure."""
    try:
        connection = admin()
    except pymysql.MySQLError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no MySQL or MariaDB at {server_url().host}:{server_url().port} (PARITY_TEST_MYSQL): {error}")
    yield connection
    connection.close()


@pytest.fixture
def own(server: pymysql.Connection) -> Iterator[Database]:
    """A database of the test's own."""
    with database(server) as made:
        yield made


@pytest.fixture(scope="module")
def shared(server: pymysql.Connection) -> Iterator[Database]:
    """A database for the tests of a module, each of which has a table of its own."""
    with database(server) as made:
        yield made


_DECODERS: list[Decoding] = [PlainMysqlDecoder]
if not isinstance(mysql_decoder([], 0), PlainMysqlDecoder):
    _DECODERS.append(mysql_decoder)


@pytest.fixture(params=_DECODERS, ids=["plain", "compiled"][: len(_DECODERS)])
def decoding(request: pytest.FixtureRequest) -> Decoding:
    """Each decoder that there is."""
    chosen: Decoding = request.param
    return chosen
