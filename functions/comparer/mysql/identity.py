"""What a server says of itself: which one it is, and how it takes names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from functions.comparer.mysql.catalog import Query

_SETTINGS: Final = """
    SHOW GLOBAL VARIABLES WHERE Variable_name IN
    ('hostname', 'port', 'server_uuid', 'server_uid', 'lower_case_table_names', 'partial_revokes')
"""
_PARTS: Final = ("server_uuid", "server_uid", "hostname", "port")


@dataclass(frozen=True)
class Identity:
    """Of one server."""

    settings: Mapping[str, str]

    @property
    def fold(self) -> bool:
        """Whether names of databases are equal that differ in case alone."""
        return self.settings.get("lower_case_table_names") in {"1", "2"}

    @property
    def literal(self) -> bool:
        """Whether names of databases in rights are no patterns, as rights can be revoked in part."""
        return self.settings.get("partial_revokes") == "ON"

    def of(self, schema: str) -> str:
        """Which database of which server that is."""
        return "/".join((*(self.settings[part] for part in _PARTS if part in self.settings), schema))


def identity(query: Query) -> Identity:
    """What the server says. Raises what the query raises."""
    return Identity(dict(query(_SETTINGS)))
