"""Database URLs: which engine reads them, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import Final

from functions.comparer.bad_url import BadUrl
from functions.comparer.core.engine import Endpoint

__all__ = ["ALLOWED", "BadUrl", "endpoint_of", "redacted"]

ALLOWED: Final = (
    "sqlite:///relative/file.db, sqlite:////absolute/file.db, a folder of .db files in either form, or simply its path;"
    " postgresql://user@host:port/database; mysql://user@host:port/database"
)
_POSTGRES: Final = frozenset({"postgresql", "postgres"})
_MYSQL: Final = frozenset({"mysql", "mariadb"})
# Greedy: rather too much is left out than a part of a password. One may be in the query too.
_PASSWORD = re.compile(r"(?<=://)([^/?#:@]*):.*(?=@)")
_IN_QUERY = re.compile(r"(?i)([?&](?:password|passwd|pwd|sslpassword)=)[^&#]*")


def endpoint_of(url: str, base: Path, env: Mapping[str, str] = environ) -> Endpoint:
    """The endpoint that a URL names; a relative path is relative to `base`. Nothing is opened yet. Raises `BadUrl`.

    What follows ``sqlite:///`` is taken as it is: no escapes, no query. Three slashes are relative, four absolute. Of
    the other engines a module is imported when it is named. `env`: where ``password_env`` looks.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme in _POSTGRES:
        from functions.comparer.postgres.endpoint import PostgresEndpoint  # noqa: PLC0415 (a driver that few need)

        return PostgresEndpoint.of_url(url, env, base)
    if separator and scheme in _MYSQL:
        from functions.comparer.mysql.endpoint import MysqlEndpoint  # noqa: PLC0415 (a driver that few need)

        return MysqlEndpoint.of_url(url, env, base)
    return _sqlite(scheme, separator, rest, url, base)


def redacted(url: str) -> str:
    """The URL as it may be shown: without a password."""
    return _IN_QUERY.sub(r"\1***", _PASSWORD.sub(r"\1:***", url))


def _sqlite(scheme: str, separator: str, rest: str, url: str, base: Path) -> Endpoint:
    from functions.comparer.sqlite.endpoint import SqliteEndpoint  # noqa: PLC0415 (as the others)

    if not separator:
        if url.partition(":")[0] in _POSTGRES | _MYSQL:
            # No path: as one it would be repeated in messages, with its password.
            raise BadUrl(f"two slashes follow the scheme; allowed: {ALLOWED}")
        path = url
    elif scheme != "sqlite":
        # Only the scheme is repeated: what follows may hold a password.
        raise BadUrl(f"the scheme {scheme!r} is not supported; allowed: {ALLOWED}")
    elif not rest.startswith("/"):
        raise BadUrl(f"a SQLite URL has no host; allowed: {ALLOWED}")
    else:
        path = rest[1:]
    if not path or "\0" in path:
        raise BadUrl(f"no path; allowed: {ALLOWED}")
    try:
        return SqliteEndpoint(base / Path(path).expanduser())
    except RuntimeError:
        raise BadUrl(f"{path.partition('/')[0]} is nobody's home here; allowed: {ALLOWED}") from None
