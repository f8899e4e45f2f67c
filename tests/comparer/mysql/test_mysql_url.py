"""What a URL of a MySQL server says, and that nothing of it is repeated which may be a password."""

from pathlib import Path

import pytest

from functions.comparer.bad_url import BadUrl
from functions.comparer.mysql.endpoint import MysqlEndpoint
from functions.comparer.mysql.url import read

SECRET = "hunter2"


def test_a_url_says_where_the_server_is_and_which_database_is_meant(tmp_path: Path) -> None:
    url = read(
        "mysql://me:p%40%E4@[::1]:3307/my%20shop?connections=3&connect_timeout=2.5&statement_timeout=60", {}, tmp_path
    )
    assert (url.host, url.port, url.user, url.password, url.database) == ("::1", 3307, "me", b"p@\xe4", "my shop")
    assert (url.connections, url.connect_timeout, url.statement_timeout) == (3, 2.5, 60)
    assert MysqlEndpoint.of_url("mysql://h/shop", {}, tmp_path).single


def test_what_a_url_leaves_out_is_as_usual(tmp_path: Path) -> None:
    url = read("mariadb://h", {}, tmp_path)
    assert (url.port, url.database, url.password, url.ssl_mode) == (3306, None, b"", "PREFERRED")
    assert (url.connect_timeout, url.statement_timeout) == (10, 0)
    assert url.connections >= 1
    assert not MysqlEndpoint.of_url("mysql://h", {}, tmp_path).single


def test_a_password_may_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    assert read("mysql://u@h?password_env=P", {"P": SECRET}, tmp_path).password == SECRET.encode()
    assert read("mysql://u@h?password_file=secret", {}, tmp_path).password_file == tmp_path / "secret"


def test_a_certificate_is_for_verifying_and_verifies(tmp_path: Path) -> None:
    assert read("mysql://h?ssl_ca=ca.pem", {}, tmp_path).ssl_mode == "VERIFY_CA"
    assert read("mysql://h?ssl_ca=ca.pem&ssl_mode=verify_identity", {}, tmp_path).verifying
    with pytest.raises(BadUrl, match="ssl_ca is for"):
        read("mysql://h?ssl_ca=ca.pem&ssl_mode=REQUIRED", {}, tmp_path)


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        (f"u:{SECRET}/x@h/d", "can't be read"),
        (f"u:x@h/d#{SECRET}", "#"),
        (f"u:{SECRET}#x@h/d", "can't be read"),
        (f"u:x?{SECRET}@h/d", "can't be read"),
        (f"u@x?{SECRET}=@h/d", "not known"),
        (f"u:{SECRET}@h/d/e", "/"),
        (f"u:{SECRET}@h:99999/d", "can't be read"),
        (f"u:{SECRET}@h:0/d", "port"),
        (f"u:{SECRET}@[h/d", "can't be read"),
        (f"u:{SECRET}@h?ssl_mode={SECRET}", "ssl_mode"),
        (f"u:{SECRET}@h?connections=0", "connections"),
        (f"u:{SECRET}@h?connections=many", "connections"),
        (f"u:{SECRET}@h?connect_timeout=nan", "connect_timeout"),
        (f"u:{SECRET}@h?statement_timeout=-1", "statement_timeout"),
        (f"u:{SECRET}@h?password_env=X", "twice"),
        (f"u@h?password_env={SECRET}", "password_env"),
        (f"u:{SECRET}@h?ssl_mode=REQUIRED&ssl_mode=DISABLED", "twice"),
        ("u@h?password_file=", "password_file"),
        ("%ff@h", "user"),
    ],
)
def test_what_is_wrong_is_told_by_its_name_and_never_by_its_value(rest: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(BadUrl, match=told) as caught:
        read(f"mysql://{rest}", {}, tmp_path)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_password_is_in_no_text_of_what_was_read(tmp_path: Path) -> None:
    assert SECRET not in repr(read(f"mysql://u:{SECRET}@h", {}, tmp_path))
