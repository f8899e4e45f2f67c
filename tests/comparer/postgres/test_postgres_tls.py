"""What is read through TLS is what is read without it, and certificates are verified where the URL says so."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from functions.comparer.core.engine import Stop, Unreadable
from functions.comparer.postgres.endpoint import PostgresEndpoint
from tests.comparer.postgres.server import Database, Server, read, reading
from tests.comparer.postgres.tls_front import tls_front
from tests.comparer.stopping import after, assert_within_a_second, stopped_after
from tests.comparer.tls_front import certificate


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[Database]:
    with server.database() as database:
        database.run(
            "CREATE TABLE t (id int PRIMARY KEY, v text)",
            "INSERT INTO t SELECT i, repeat('x', i * 100) FROM generate_series(1, 300) AS i",
        )
        yield database


def endpoint(database: Database, port: int, options: str, base: Path) -> PostgresEndpoint:
    """The server of the tests behind TLS."""
    account = urlsplit(database.server.url).netloc.rpartition("@")[0]
    url = f"postgresql://{account}@127.0.0.1:{port}/{database.name}?{options}"
    return PostgresEndpoint.of_url(url, os.environ, base)


def address(database: Database) -> tuple[str, int]:
    parts = urlsplit(database.server.url)
    return parts.hostname or "127.0.0.1", parts.port or 5432


def test_rows_are_the_same_with_tls_and_without(filled: Database, tmp_path: Path) -> None:
    pem = certificate(tmp_path, "127.0.0.1")
    with filled.snapshot() as plain, tls_front(*address(filled), pem) as port:
        expected = read(plain, "t")
        assert len(expected) == 300
        for options in ("", "sslmode=require", f"sslmode=verify-full&sslrootcert={pem.name}"):
            with endpoint(filled, port, options, tmp_path).snapshot(filled.name, Stop()) as found:
                assert found._pool._first.connection.ssl_in_use  # type: ignore[attr-defined]
                assert read(found, "t") == expected
                assert found.count("t") == 300


def test_a_certificate_that_is_not_trusted_or_another_hosts_is_refused_where_it_is_verified(
    filled: Database, tmp_path: Path
) -> None:
    pem, other = certificate(tmp_path, "db.example.com"), certificate(tmp_path, "127.0.0.1")
    with tls_front(*address(filled), pem) as port:
        verified = endpoint(filled, port, f"sslmode=verify-ca&sslrootcert={pem.name}", tmp_path)
        assert verified.names() == {filled.name}
        for options in (f"verify-full&sslrootcert={pem.name}", f"verify-ca&sslrootcert={other.name}"):
            with pytest.raises(Unreadable, match="certificate") as error:
                endpoint(filled, port, f"sslmode={options}", tmp_path).names()
            assert error.value.cause == "connection"
        with pytest.raises(Unreadable, match=r"missing\.pem"):
            endpoint(filled, port, "sslmode=verify-ca&sslrootcert=missing.pem", tmp_path).names()


def test_a_stream_through_tls_is_stopped_within_a_second_and_left_early_as_well(
    filled: Database, tmp_path: Path
) -> None:
    filled.run("INSERT INTO t SELECT i, repeat('x', 10000) FROM generate_series(1000, 6000) AS i")
    pem = certificate(tmp_path, "127.0.0.1")

    def attempt() -> float:
        stop = Stop()
        with (
            tls_front(*address(filled), pem) as port,
            endpoint(filled, port, "sslmode=require", tmp_path).snapshot(filled.name, stop) as found,
        ):
            wanted = reading(found, "t")
            stream = found.stream(wanted)
            next(stream)
            stream.close()  # type: ignore[attr-defined]
            assert found.count("t") == 5301
            with filled.connect() as holder, holder.transaction():
                holder.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
                return stopped_after(stop, after(0.2), lambda: next(iter(found.stream(wanted))))

    assert_within_a_second(attempt)
