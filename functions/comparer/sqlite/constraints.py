"""The declared constraints of a SQLite table, written so that equal declarations have equal names.

SQLite names few constraints, so one is told by what it says. Only CHECKs have to be found in the table's own statement;
everything else comes from the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

# String or quoted name, comment, word, or any other single character (SQLite, "tokenizing").
_TOKEN = re.compile(
    r"""
    '(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\]
    | --[^\n]* | /\*.*?(?:\*/|$) | \w+ | \s+ | [<>=!|&~]+ | .
    """,
    re.VERBOSE | re.DOTALL,
)


def key(kind: str, columns: Sequence[str]) -> str:
    """``PRIMARY KEY (a, b)`` or ``UNIQUE (a, b)``."""
    return f"{kind} ({', '.join(columns)})"


def foreign_key(parts: Sequence[tuple[str, ...]]) -> str:
    """``FOREIGN KEY (a) REFERENCES t (b) ON DELETE CASCADE``.

    `parts`: (table, from, to, on update, on delete) per column; `to` is empty where the declaration names no columns
    and so means the other table's primary key.
    """
    table, _, to, on_update, on_delete = parts[0]
    text = f"FOREIGN KEY ({', '.join(part[1] for part in parts)}) REFERENCES {table}"
    if to:
        text += f" ({', '.join(part[2] for part in parts)})"
    for event, action in (("UPDATE", on_update), ("DELETE", on_delete)):
        if action != "NO ACTION":
            text += f" ON {event} {action}"
    return text


def checks(ddl: str) -> Iterator[str]:
    """Every ``CHECK (...)`` of a CREATE TABLE statement, comments dropped and blanks made one."""
    tokens = [token for token in _TOKEN.findall(ddl) if not token.startswith(("--", "/*"))]
    words = [token for token in tokens if not token.isspace()]
    for at, word in enumerate(words):
        if word.upper() == "CHECK" and words[at + 1 : at + 2] == ["("]:
            yield "CHECK " + _written(_balanced(words[at + 1 :]))


def _written(words: Iterable[str]) -> str:
    text = ""
    for word in words:
        tight = text.endswith(("(", ".")) or word in {")", ",", "."}
        text += word if tight or not text else " " + word
    return text


def _balanced(words: Sequence[str]) -> Iterator[str]:
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        yield word
        if depth == 0:
            return
