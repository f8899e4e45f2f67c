"""The constraints of a table by what they say, as the comparison with another engine needs them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

# In MySQL both mean the same, and which one the catalog says depends on the server alone.
_USUAL: Final = frozenset({"NO ACTION", "RESTRICT"})


def key(kind: str, columns: Sequence[str]) -> str:
    """``PRIMARY KEY (a, b)`` or ``UNIQUE (a, b)``."""
    return f"{kind} ({', '.join(columns)})"


def foreign_key(columns: Sequence[str], table: str, to: Sequence[str], on_update: str, on_delete: str) -> str:
    """``FOREIGN KEY (a) REFERENCES t (b) ON DELETE CASCADE``; the usual action is left out."""
    text = f"FOREIGN KEY ({', '.join(columns)}) REFERENCES {table} ({', '.join(to)})"
    for event, action in (("UPDATE", on_update), ("DELETE", on_delete)):
        if action not in _USUAL:
            text += f" ON {event} {action}"
    return text
