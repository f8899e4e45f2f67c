"""What SHOW GRANTS says a user may do: with a whole database, and with single tables of it.

Source: the servers' pages on SHOW GRANTS and on GRANT, and how both choose among several entries for one database.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

ALL: Final = "ALL PRIVILEGES"
EVERYTHING: Final = f"GRANT {ALL} ON *.* TO ``@`%`"
_OF_COLUMNS: Final = " of columns"
SELECTED: Final = f"SELECT{_OF_COLUMNS}"
"""The right to read some columns of a table."""

# No part of a name is gone back into: there are too many ways to read one of nothing but backticks.
_NAME: Final = r"`(?:[^`]|``)*+`"
_GRANT: Final = re.compile(
    rf"(?P<verb>GRANT|REVOKE) (?P<rights>(?:[^`]|{_NAME})+?) ON (?P<schema>\*|{_NAME})\.(?P<table>\*|{_NAME})"
    rf" (?:TO|FROM) (?P<grantee>{_NAME}(?:@{_NAME})?|[^ ]+)",
    re.DOTALL,
)
_ROLE: Final = re.compile(_NAME)
_COLUMNS: Final = re.compile(rf" \((?:[^`)]|{_NAME})*\)")
_PLAIN: Final = re.compile(r"[^\\%_]*")
_WILD: Final = re.compile(r"(?<!\\)(?:\\\\)*[%_]")


@dataclass(frozen=True)
class Grant:
    """One of them. `pattern`: of the names of databases; None: all. `table`: of that name; None: all."""

    rights: frozenset[str]
    pattern: str | None
    table: str | None
    grantee: str
    revoked: bool

    @property
    def holder(self) -> str | None:
        """Whose entries for a database the server chooses one of: the user's, everybody's, or (None) its roles'."""
        return None if _ROLE.fullmatch(self.grantee) else self.grantee


@dataclass(frozen=True)
class Rights:
    """What a user may do with everything in a database, and with single tables of it.

    `server`: of the former what comes with rights on the whole server.
    """

    everything: frozenset[str]
    tables: Mapping[str, frozenset[str]]
    server: frozenset[str]


def grant_of(line: str) -> Grant | None:
    """A line of SHOW GRANTS; None: it is about something else, as a role, a routine or a default."""
    found = _GRANT.match(line)
    if found is None:
        return None
    # A right on some columns is none on the table.
    rights = frozenset(right.strip() for right in _COLUMNS.sub(_OF_COLUMNS, found["rights"]).split(","))
    schema, table = (None if name == "*" else name[1:-1].replace("``", "`") for name in found.group("schema", "table"))
    return Grant(rights, schema, table, found["grantee"], found["verb"] == "REVOKE")


def rights_on(schema: str, lines: Iterable[str], *, fold: bool, literal: bool = False) -> Rights:
    """A user's rights on a database. `fold`: names of databases that differ in case alone are equal to the server.

    `literal`: names of databases are no patterns, as to a server from which rights can be revoked in part.
    """
    grants = [found for found in map(grant_of, lines) if found]
    everything, server = set[str](), set[str]()
    for holder in {found.holder for found in grants}:
        own = [found for found in grants if found.holder == holder and found.table is None]
        of_all = _together(found.rights for found in own if found.pattern is None)
        # The name of what is revoked is never a pattern.
        revoked = _together(
            found.rights for found in own if found.revoked and _equal(found.pattern or "", schema, fold=fold)
        )
        of_all = of_all - revoked - ({ALL} if revoked else set())
        server |= of_all
        everything |= of_all
        given = [found for found in own if not found.revoked]
        everything |= _of_database(given, schema, fold=fold, literal=literal)
    tables: dict[str, frozenset[str]] = {}
    for found in grants:
        if found.table is not None and _equal(found.pattern or "", schema, fold=fold):
            tables[found.table] = tables.get(found.table, frozenset()) | found.rights
    return Rights(frozenset(everything), tables, frozenset(server))


def _of_database(grants: Collection[Grant], schema: str, *, fold: bool, literal: bool) -> frozenset[str]:
    """Of one holder. Of several entries for a database the server follows a single one, the most exact."""
    entries: dict[str, frozenset[str]] = {}
    for found in grants:
        if found.pattern is not None:
            entries[found.pattern] = entries.get(found.pattern, frozenset()) | found.rights
    if literal:
        return _together(rights for name, rights in entries.items() if _equal(name, schema, fold=fold))
    exact = [rights for pattern, rights in entries.items() if _is(pattern, schema, fold=fold)]
    likely = exact or [rights for pattern, rights in entries.items() if _like(pattern, schema, fold=fold)]
    return frozenset.intersection(*likely) if likely else frozenset()


def _together(rights: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*rights)


def _is(pattern: str, name: str, *, fold: bool) -> bool:
    """Whether a pattern is that very name and stands for no other."""
    return not _WILD.search(pattern) and _equal(re.sub(r"\\(.)", r"\1", pattern), name, fold=fold)


def _like(pattern: str, name: str, *, fold: bool) -> bool:
    """Whether a name is one of those that a pattern stands for."""
    beginning = _PLAIN.match(pattern)
    if beginning and not _equal(name[: beginning.end()], beginning[0], fold=fold):
        return False  # As it is of nearly all, if there are thousands.
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wanted = "".join({"%": ".*", "_": "."}.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(wanted, name, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None


def _equal(one: str, other: str, *, fold: bool) -> bool:
    return one == other or (fold and one.lower() == other.lower())
