"""How objects of PostgreSQL are named, in statements and for people. Pure."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as it stands in a statement; there is none with NUL."""
    return "'" + value.replace("'", "''") + "'"


def shown(schema: str, name: str, chosen: str | None) -> str:
    """The name of an object, by which no other of its kind goes: ``t``, ``schema.t``, ``"a.b".t``.

    `chosen`: the schema that alone counts, in which names are bare.
    """
    if chosen is not None:
        return name
    return _part(name) if schema == "public" else f"{_part(schema)}.{_part(name)}"


def _part(name: str) -> str:
    return quoted(name) if "." in name or '"' in name else name
