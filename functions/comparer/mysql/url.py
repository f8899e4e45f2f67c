"""What a ``mysql://`` URL says, checked before anything is opened. Pure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

from functions.comparer.bad_url import BadUrl

FORM: Final = "mysql://user@host:port/dbname?ssl_mode=…&ssl_ca=…&password_env=NAME"
SSL_MODES: Final = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
_VERIFYING: Final = ("VERIFY_CA", "VERIFY_IDENTITY")
_PARAMETERS: Final = (
    "connect_timeout",
    "connections",
    "password_env",
    "password_file",
    "ssl_ca",
    "ssl_mode",
    "statement_timeout",
)
_PORTS: Final = 65_535
_MOST_CONNECTIONS: Final = 64
_LONGEST_SECONDS: Final = 31_536_000.0

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class MysqlUrl:
    """A server, how to log in there and which database is meant; None: all of them.

    The password is `password`, or what `password_file` holds when a connection is made. Times are in seconds, 0: none.
    """

    host: str
    port: int
    user: str
    password: bytes = field(repr=False)
    password_file: Path | None
    database: str | None
    ssl_mode: str
    ssl_ca: Path | None
    connect_timeout: float
    statement_timeout: float
    connections: int

    @property
    def verifying(self) -> bool:
        """Whether the server has to show a certificate that is trusted."""
        return self.ssl_mode in _VERIFYING


def read(url: str, env: Mapping[str, str], base: Path) -> MysqlUrl:
    """Read a URL; a relative path is relative to `base`, `env` has the variable that `password_env` names.

    Raises `BadUrl`. What is wrong is told by its name: what stands at a wrong place may be a piece of a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise BadUrl(f"the MySQL URL can't be read; special characters are written as %XX; allowed: {FORM}") from None
    if parts.fragment or parts.path.count("/") > 1:
        raise BadUrl(f"the MySQL URL has a # or a / too much; written as %23 and %2F they are allowed; {FORM}")
    options = _options(given)
    mode, ca = _ssl(options, base)
    return MysqlUrl(
        host=host or "127.0.0.1",
        port=3306 if port is None else _within("port", port, 1, _PORTS),
        user=_text("user", parts.username or ""),
        password=_password(parts.password, options, env),
        password_file=_path("password_file", options, base),
        database=_text("dbname", parts.path[1:]) or None,
        ssl_mode=mode,
        ssl_ca=ca,
        connect_timeout=_number(options, "connect_timeout", 10.0, float, 0.0, _LONGEST_SECONDS),
        statement_timeout=_number(options, "statement_timeout", 0.0, float, 0.0, _LONGEST_SECONDS),
        connections=_number(options, "connections", _usual_connections(), int, 1, _MOST_CONNECTIONS),
    )


def _options(given: list[tuple[str, str]]) -> dict[str, str]:
    options = dict(given)
    if not options.keys() <= set(_PARAMETERS):
        raise BadUrl(f"the MySQL URL has a parameter that is not known; known: {', '.join(_PARAMETERS)}")
    if len(options) < len(given):
        raise BadUrl("the MySQL URL has a parameter twice")
    return options


def _ssl(options: Mapping[str, str], base: Path) -> tuple[str, Path | None]:
    ca = _path("ssl_ca", options, base)
    mode = options.get("ssl_mode", "VERIFY_CA" if ca else "PREFERRED").upper()
    if mode not in SSL_MODES:
        raise BadUrl(f"ssl_mode is not known; allowed: {', '.join(SSL_MODES)}")
    if ca and mode not in _VERIFYING:
        raise BadUrl(f"ssl_ca is for ssl_mode {' and '.join(_VERIFYING)}")
    return mode, ca


def _password(written: str | None, options: Mapping[str, str], env: Mapping[str, str]) -> bytes:
    if (written is not None) + ("password_env" in options) + ("password_file" in options) > 1:
        raise BadUrl("the MySQL URL has its password twice; allowed: in the URL, password_env or password_file")
    if "password_env" in options:
        if options["password_env"] not in env:
            raise BadUrl("password_env names a variable that is not set")
        return env[options["password_env"]].encode("utf-8", "surrogateescape")
    return unquote_to_bytes(written or "")


def _path(name: str, options: Mapping[str, str], base: Path) -> Path | None:
    if name not in options:
        return None
    if not options[name] or "\0" in options[name]:
        raise BadUrl(f"{name} is not the path of a file")
    try:
        return base / Path(options[name]).expanduser()
    except RuntimeError:
        raise BadUrl(f"{name} begins with nobody's home") from None


def _text(name: str, written: str) -> str:
    try:
        return unquote_to_bytes(written).decode()
    except UnicodeDecodeError:
        raise BadUrl(f"the {name} of the MySQL URL is not UTF-8") from None


def _number(
    options: Mapping[str, str], name: str, usual: _Number, read: Callable[[str], _Number], least: _Number, most: _Number
) -> _Number:
    try:
        return _within(name, read(options[name]), least, most) if name in options else usual
    except ValueError:
        raise BadUrl(f"{name} is not a number from {least} to {most}") from None


def _within(name: str, value: _Number, least: _Number, most: _Number) -> _Number:
    if not least <= value <= most:
        raise BadUrl(f"{name} is not a number from {least} to {most}")
    return value


def _usual_connections() -> int:
    return max(1, (os.cpu_count() or 1) // 2)
