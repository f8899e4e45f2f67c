"""URLs of PostgreSQL: what they may say, and that what is secret in them stays so."""

import logging
import os
from pathlib import Path

import pytest

from functions.comparer.bad_url import BadUrl
from functions.comparer.core.engine import Stop, Unreadable
from functions.comparer.postgres.connecting import conninfo
from functions.comparer.postgres.endpoint import PostgresEndpoint
from functions.comparer.postgres.url import PostgresUrl, parsed

SECRET = "s3cr3t'\\ pass"
ENCODED = "s3cr3t%27%5C%20pass"


def of(url: str, env: dict[str, str] | None = None, base: Path = Path("/base")) -> PostgresUrl:
    return parsed(url, env or {}, base)


def test_a_url_says_where_and_who_and_how() -> None:
    found = of(
        f"postgresql://me%40home:{ENCODED}@db.example:6543/sh%2Fop?schema=s&sslmode=verify-full&sslrootcert=ca.pem"
        "&connect_timeout=2.5&statement_timeout=60&connections=4"
    )
    assert found == PostgresUrl(
        "db.example", 6543, "me@home", "sh/op", "s", "verify-full", "/base/ca.pem", 2.5, 60.0, 4
    )
    assert found.password() == SECRET


def test_what_it_does_not_say_is_as_libpq_has_it() -> None:
    found = of("postgres://")
    assert (found.host, found.port, found.user, found.database, found.sslmode) == (None,) * 5
    assert (found.connect_timeout, found.statement_timeout) == (10.0, 0.0)
    assert found.connections == max(1, (os.cpu_count() or 1) // 2)
    assert of("postgresql://[::1]:5432/d").host == "::1"
    assert of("postgresql://%2Fvar%2Frun/d").host == "/var/run"


def test_the_password_may_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    assert of("postgresql://u@h/d?password_env=PW", {"PW": SECRET}).password() == SECRET
    assert of("postgresql://u@h/d?password_file=secret", base=tmp_path).password() == SECRET
    gone = of("postgresql://u@h/d?password_file=gone", base=tmp_path)
    with pytest.raises(Unreadable, match="password_file") as error:
        gone.password()
    assert error.value.cause == "connection"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://u:s3cr3t@h/d?sslmode=s3cr3t", "sslmode"),
        ("postgresql://u:s3cr3t@h/d?connect_timeout=s3cr3t", "connect_timeout"),
        ("postgresql://u:s3cr3t@h/d?statement_timeout=-1", "statement_timeout"),
        ("postgresql://u:s3cr3t@h/d?connections=0", "connections"),
        ("postgresql://u:s3cr3t@h/d?password=s3cr3t", "password"),
        ("postgresql://u:s3cr3t@h/d?s3cr3t=1", "parameter"),
        ("postgresql://u:pa?s3cr3t@h/d", "parameter"),
        ("postgresql://u:pa/s3cr3t@h/d", "port"),
        ("postgresql://u:s3cr3t@h:s3cr3t/d", "port"),
        ("postgresql://u:s3cr3t@h:70000/d", "port"),
        ("postgresql://u:pa#s3cr3t@h/d", "%23"),
        ("postgresql://u:s3cr3t@h,g/d", "host"),
        ("postgresql://u:s3cr3t@[::1/d", "postgresql://"),
        ("postgresql://u:s3cr3t%ff@h/d", "UTF-8"),
        ("postgresql://u:s3cr3t%00@h/d", "%00"),
        ("postgresql://u:s3cr3t@h/d?password_env=PW", "password"),
        ("postgresql://u@h/d?password_env=s3cr3t", "password_env"),
        ("postgresql://u@h/d?schema=a&schema=s3cr3t", "schema"),
        ("s3cr3t://u@h/d", "scheme"),
    ],
)
def test_what_is_not_allowed_is_named_without_a_value(url: str, named: str) -> None:
    with pytest.raises(BadUrl, match=named) as error:
        of(url)
    assert "s3cr3t" not in str(error.value)


def test_no_password_is_in_what_an_endpoint_says_of_itself_or_of_its_errors(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"postgresql://nobody:{ENCODED}@127.0.0.1:1/nowhere"
    endpoint = PostgresEndpoint.of_url(url, {}, Path())
    told = [repr(endpoint), repr(parsed(url, {}, Path())), str(vars(endpoint))]
    for ask in (endpoint.names, lambda: endpoint.snapshot("nowhere", Stop()).__enter__()):
        with pytest.raises(Unreadable, match=r"127\.0\.0\.1") as error:
            ask()
        assert error.value.cause == "connection"
        told += [str(error.value), repr(error.value), str(error.value.__cause__), str(error.value.__context__)]
    told += [caplog.text, *capfd.readouterr()]
    assert not [text for text in told if "s3cr3t" in text]


def test_values_reach_libpq_as_they_are() -> None:
    import psycopg.conninfo

    url = of(f"postgresql://me:{ENCODED}@h/d")
    found = psycopg.conninfo.conninfo_to_dict(conninfo(url, "it's \\ a db").decode())
    assert (found["password"], found["dbname"], found["user"]) == (SECRET, "it's \\ a db", "me")
