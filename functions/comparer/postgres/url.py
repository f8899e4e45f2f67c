"""The URL of a PostgreSQL server or database, taken apart. Pure but for the file with the password."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from functions.comparer.bad_url import BadUrl
from functions.comparer.core.engine import Unreadable

FORM: Final = "postgresql://user@host:port/dbname?parameter=value&…"
PARAMETERS: Final = (
    "schema",
    "sslmode",
    "sslrootcert",
    "connect_timeout",
    "statement_timeout",
    "password_env",
    "password_file",
    "connections",
)
SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SCHEMES = ("postgresql", "postgres")
_SECONDS = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,3})?")
_WHOLE = re.compile(r"[0-9]{1,5}")
# Names of others that are told if they are not allowed; what else stands there may be a piece of a password.
_WELL_KNOWN = frozenset(
    {
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "passfile",
        "options",
        "application_name",
        "sslcert",
        "sslkey",
        "sslcrl",
        "sslpassword",
        "sslnegotiation",
        "ssl_mode",
        "ssl_ca",
        "channel_binding",
        "gssencmode",
        "target_session_attrs",
        "service",
        "search_path",
    }
)


@dataclass(frozen=True)
class PostgresUrl:
    """Which server and database, and how to reach it. Texts are None where libpq's own default holds.

    `database` None: all of the server. `schema` None: all schemas. Times are in seconds, 0: none.
    """

    host: str | None
    port: int | None
    user: str | None
    database: str | None
    schema: str | None = None
    sslmode: str | None = None
    sslrootcert: str | None = None
    connect_timeout: float = 10.0
    statement_timeout: float = 0.0
    connections: int = 1
    _password: Callable[[], str | None] = field(default=lambda: None, repr=False, compare=False)

    def password(self) -> str | None:
        """The password; None: there is none. Raises `Unreadable` if its file can't be read."""
        return self._password()

    @property
    def server(self) -> str:
        """The server as people are told of it."""
        host = self.host or "the local socket"
        return f"{host}:{self.port}" if self.port else host


def parsed(url: str, env: Mapping[str, str], base: Path) -> PostgresUrl:
    """The URL taken apart; relative paths are relative to `base`. Raises `BadUrl`, which repeats no value."""
    if "#" in url:
        raise BadUrl(f"write # as %23; allowed: {FORM}")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadUrl(f"it can't be taken apart; allowed: {FORM}") from None
    if parts.scheme not in _SCHEMES:
        raise BadUrl(f"the scheme is none of {', '.join(_SCHEMES)}; allowed: {FORM}")
    account, _, address = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    host, port = _address(address)
    given = _query(parts.query)
    return PostgresUrl(
        host=host,
        port=port,
        user=_decoded(user) or None,
        database=_decoded(parts.path.removeprefix("/")) or None,
        schema=given.get("schema") or None,
        sslmode=_one_of("sslmode", given.get("sslmode"), SSL_MODES),
        sslrootcert=_path(given.get("sslrootcert"), base),
        connect_timeout=_seconds("connect_timeout", given.get("connect_timeout"), 10.0),
        statement_timeout=_seconds("statement_timeout", given.get("statement_timeout"), 0.0),
        connections=_connections(given.get("connections")),
        _password=_password_of(_decoded(password), given, env, base),
    )


def _address(text: str) -> tuple[str | None, int | None]:
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        separator, port = rest[:1], rest[1:]
        if not closing or separator not in {"", ":"}:
            raise BadUrl(f"an address of IPv6 stands in brackets; allowed: {FORM}")
    else:
        host, separator, port = text.partition(":")
    if "," in text:
        raise BadUrl(f"there is more than one host; allowed: {FORM}")
    if port and not (_WHOLE.fullmatch(port) and 1 <= int(port) <= 65_535):
        raise BadUrl(
            f"the port must be a number from 1 to 65535 (write /, ? and @ in a password as %2F, %3F, %40): {FORM}"
        )
    return _decoded(host) or None, int(port) if port else None


def _query(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split("&")):
        name, _, value = part.partition("=")
        if name not in PARAMETERS:
            told = repr(name) if name in _WELL_KNOWN else "a parameter"
            raise BadUrl(f"{told} is not known here; allowed: {', '.join(PARAMETERS)}")
        if name in found:
            raise BadUrl(f"{name!r} is there twice")
        found[name] = _decoded(value)
    return found


def _decoded(text: str) -> str:
    try:
        found = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadUrl("what is written with % must be UTF-8") from None
    if "\0" in found:
        raise BadUrl("%00 can't be in it")
    return found


def _one_of(name: str, value: str | None, allowed: tuple[str, ...]) -> str | None:
    if value and value not in allowed:
        raise BadUrl(f"{name!r} must be one of {', '.join(allowed)}")
    return value or None


def _path(value: str | None, base: Path) -> str | None:
    # libpq knows this word: the certificates that the system trusts.
    return value if not value or value == "system" else str(base / Path(value))


def _seconds(name: str, value: str | None, default: float) -> float:
    if value is None:
        return default
    if not _SECONDS.fullmatch(value):
        raise BadUrl(f"{name!r} must be a number of seconds, 0 for none")
    return float(value)


def _connections(value: str | None) -> int:
    if value is None:
        return max(1, (os.cpu_count() or 1) // 2)
    if not (_WHOLE.fullmatch(value) and 1 <= int(value) <= 1000):
        raise BadUrl("'connections' must be a number from 1 to 1000")
    return int(value)


def _password_of(
    password: str, given: Mapping[str, str], env: Mapping[str, str], base: Path
) -> Callable[[], str | None]:
    variable, file = given.get("password_env"), given.get("password_file")
    if sum(map(bool, (password, variable, file))) > 1:
        raise BadUrl("the password must come from one place: the URL, 'password_env' or 'password_file'")
    if variable:
        found = env.get(variable)
        if found is None:
            raise BadUrl("'password_env' must name a variable of the environment that is set")
        return lambda: found
    if file:
        return lambda: _read(base / Path(file))
    return lambda: password or None


def _read(path: Path) -> str:
    """The file is read whenever a connection is made, so that a new password is taken up."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise Unreadable(f"the file that 'password_file' names can't be read: {reason}", "connection") from error
