"""Constraints written so that equal ones have equal names on every engine. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# An element of an array as PostgreSQL writes it: quoted where it must be.
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)')
_KEYS: Final = {"p": "PRIMARY KEY", "u": "UNIQUE"}
# To refuse at once and to refuse at the end are one to engines that know no end.
_ACTIONS: Final = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def definition(
    kind: str, columns: str | None, other: str, other_columns: str | None, update: str | None, delete: str | None
) -> str | None:
    """``PRIMARY KEY (a, b)``, ``UNIQUE (a)``, ``FOREIGN KEY (a) REFERENCES t (b) ON DELETE CASCADE``.

    The arguments are as `pg_constraint` has them, arrays as texts. None: a constraint that engines write differently.
    """
    if kind in _KEYS:
        return f"{_KEYS[kind]} ({', '.join(elements(columns))})"
    if kind != "f":
        return None
    text = f"FOREIGN KEY ({', '.join(elements(columns))}) REFERENCES {other} ({', '.join(elements(other_columns))})"
    for event, action in (("UPDATE", update), ("DELETE", delete)):
        if action in _ACTIONS:
            text += f" ON {event} {_ACTIONS[action]}"
    return text


def elements(array: str | None) -> Iterator[str]:
    """The elements of a text[] as PostgreSQL writes it; none is NULL."""
    for found in _ELEMENT.finditer(array or ""):
        yield re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) if found[2] is None else found[2]
