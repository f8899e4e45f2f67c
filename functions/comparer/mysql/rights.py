"""Which objects of a database a user may not be shown: a server keeps silent about them, whatever is asked.

Source: what the servers' pages on the tables of INFORMATION_SCHEMA say of privileges, and MariaDB 10.11 itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from functions.comparer.mysql.grants import ALL, SELECTED, Rights

_CHANGING: Final = frozenset({"INSERT", "UPDATE", "DELETE"})
_BEYOND_READING: Final = _CHANGING | {
    "CREATE",
    "DROP",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "CREATE VIEW",
    "SHOW VIEW",
    "TRIGGER",
    "DELETE HISTORY",
    "DELETE VERSIONING ROWS",  # the same, in older releases
}
_OF_ROUTINES: Final = frozenset({"EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE"})
_ON_TABLES: Final = ("TABLE", "VIEW", "INDEX", "TABLE_COLLATION", "CONSTRAINT")


def hidden_types(rights: Rights, servers: Rights, tables: Collection[str], *, mariadb: bool) -> Mapping[str, str]:
    """The object types of which a user may not be shown all, each with the right on the database that would show them.

    `servers`: the user's rights on the database in which MariaDB keeps its routines. `tables`: those that the user is
    shown.
    """

    def may(some: Collection[str]) -> bool:
        return not rights.everything.isdisjoint({*some, ALL})

    hidden: dict[str, str] = {}
    if not may({"SELECT", *_BEYOND_READING}):
        hidden |= dict.fromkeys((*_ON_TABLES, "TRIGGER"), "SELECT")
    if mariadb and not may(_BEYOND_READING):
        hidden["CONSTRAINT"] = "SHOW VIEW"  # Rights on single tables don't show them.
    triggering = {"TRIGGER", ALL, *(_CHANGING if mariadb else ())}
    if not may(triggering) and any(triggering.isdisjoint(rights.tables.get(table, ())) for table in tables):
        hidden["TRIGGER"] = "TRIGGER"
    if not may({"EVENT"}):
        hidden["EVENT"] = "EVENT"
    if not (may(_OF_ROUTINES) or _reads_routines(rights, servers, mariadb=mariadb)):
        hidden["ROUTINE"] = "EXECUTE"
    return hidden


def selects_columns(rights: Rights, table: str) -> bool:
    """Whether a user may read columns of a table one by one, and not the table."""
    own = rights.tables.get(table, frozenset())
    return SELECTED in own and {"SELECT", ALL}.isdisjoint(rights.everything | own)


def _reads_routines(rights: Rights, servers: Rights, *, mariadb: bool) -> bool:
    """Whether all routines of the server are shown."""
    if mariadb:
        return bool({"SELECT", ALL} & (servers.everything | servers.tables.get("proc", frozenset())))
    return bool({"SELECT", "SHOW_ROUTINE", ALL} & rights.server)
