"""Which databases of a server a user may see: to who has no right on one a server doesn't tell whether it exists."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import pymysql

from functions.comparer.mysql.catalog import Query, databases
from functions.comparer.mysql.columns import quoted
from functions.comparer.mysql.errors import DENIED_DATABASE, number_of

HIDDEN: Final = "the user may not use the database {!r}, and so isn't told whether it exists"
"""What to say of a database that may be there."""


def called(query: Query, name: str, *, fold: bool) -> frozenset[str]:
    """The database of that name, if it can be seen. `fold`: to the server names that differ in case alone are equal.

    Raises what the query raises.
    """
    return frozenset(found for found in databases(query) if found == name or (fold and found.lower() == name.lower()))


def hidden(query: Query, names: Collection[str]) -> frozenset[str]:
    """Of databases that can't be seen: those that may be there. Raises what the query raises, but for refusals."""
    # Of each by itself: what a user may use can be a pattern, and all but some.
    return frozenset(name for name in names if denied(query, name))


def denied(query: Query, name: str) -> bool:
    """Whether the user may not use a database, or it may not exist."""
    try:
        query(f"USE {quoted(name)}")
    except pymysql.MySQLError as error:
        return number_of(error) == DENIED_DATABASE
    return False
