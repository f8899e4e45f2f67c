"""What is read through TLS is what is read without it, and certificates are verified where the URL says so."""

from pathlib import Path

import pytest

from functions.comparer.core.engine import Stop, Stopped, Unreadable
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.mysql.snapshot import MysqlSnapshot
from functions.comparer.mysql.url import read
from tests.comparer.mysql.servers import Database, reading_of, rows_of, running, server_url
from tests.comparer.mysql.tls_front import tls_front
from tests.comparer.stopping import assert_within_a_second, stopped_after
from tests.comparer.tls_front import certificate


def endpoint(port: int, database: str, options: str, base: Path) -> MysqlEndpoint:
    """The server of the tests behind TLS."""
    return MysqlEndpoint(read(f"mysql://{server_url().user}@127.0.0.1:{port}/{database}?{options}", {}, base))


def test_rows_are_the_same_with_tls_and_without(own: Database, tmp_path: Path) -> None:
    own.run("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)")
    own.run(f"INSERT INTO t VALUES {', '.join(f'''({n}, REPEAT('x', {n * 1000}))''' for n in range(100))}")
    pem = certificate(tmp_path, "127.0.0.1")
    with own.snapshot() as plain, tls_front(server_url().host, server_url().port, pem) as port:
        reading = reading_of(plain, "t", ("id", "v"))
        expected = rows_of(plain, reading)
        for options in ("ssl_mode=PREFERRED", "ssl_mode=REQUIRED", f"ssl_ca={pem.name}&ssl_mode=VERIFY_IDENTITY"):
            with endpoint(port, own.name, options, tmp_path).snapshot(own.name, Stop()) as found:
                assert isinstance(found, MysqlSnapshot)
                assert rows_of(found, reading) == expected


def test_a_certificate_that_is_not_trusted_or_another_hosts_is_refused_where_it_is_verified(
    own: Database, tmp_path: Path
) -> None:
    pem, other = certificate(tmp_path, "db.example.com"), certificate(tmp_path, "other.example.com")
    with tls_front(server_url().host, server_url().port, pem) as port:
        assert endpoint(port, own.name, f"ssl_ca={pem.name}", tmp_path).names() == {own.name}
        for options in (f"ssl_ca={pem.name}&ssl_mode=VERIFY_IDENTITY", f"ssl_ca={other.name}", "ssl_mode=VERIFY_CA"):
            with pytest.raises(Unreadable, match="certificate verify failed") as caught:
                endpoint(port, own.name, options, tmp_path).names()
            assert caught.value.cause == "connection"
        (tmp_path / "none.pem").write_text("no certificate")
        for missing in ("none.pem", "missing.pem"):
            with pytest.raises(Unreadable, match="ssl_ca: "):
                endpoint(port, own.name, f"ssl_ca={missing}", tmp_path).names()


def test_a_server_without_tls_is_refused_where_it_is_required(own: Database, tmp_path: Path) -> None:
    if dict(own.rows("SHOW GLOBAL VARIABLES LIKE 'have_ssl'")).get("have_ssl") != "DISABLED":
        pytest.skip("the server of the tests speaks TLS")
    with pytest.raises(Unreadable, match="SSL is required"):
        endpoint(server_url().port, own.name, "ssl_mode=REQUIRED", tmp_path).names()


def test_a_stream_through_tls_is_stopped_within_a_second(own: Database, tmp_path: Path) -> None:
    own.endless()
    pem = certificate(tmp_path, "127.0.0.1")

    def attempt() -> float:
        stop = Stop()
        with (
            tls_front(server_url().host, server_url().port, pem) as port,
            endpoint(port, own.name, "ssl_mode=REQUIRED", tmp_path).snapshot(own.name, stop) as found,
        ):
            assert isinstance(found, MysqlSnapshot)
            stream = found.stream(reading_of(found, "w", ("n",), key=0))
            taken = stopped_after(stop, lambda: bool(running(own.connection, "`w`")), lambda: next(stream))
            with pytest.raises(Stopped):
                found.tables()
        return taken

    assert_within_a_second(attempt)
