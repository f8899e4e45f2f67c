"""Database URLs: which engine reads them."""

from __future__ import annotations

from pathlib import Path

from functions.comparer.core.engine import Endpoint
from functions.comparer.sqlite.endpoint import SqliteEndpoint

ALLOWED = (
    "sqlite:///relative/file.db, sqlite:////absolute/file.db, a folder of .db files in either form, or simply its path"
)


class BadUrl(ValueError):
    """A database URL that names no engine of this release; the message says what is allowed."""


def endpoint_of(url: str, base: Path) -> Endpoint:
    """The endpoint that a URL names; a relative path is relative to `base`. Nothing is opened yet. Raises `BadUrl`.

    What follows ``sqlite:///`` is taken as it is: no escapes, no query. Three slashes are relative, four absolute.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
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
