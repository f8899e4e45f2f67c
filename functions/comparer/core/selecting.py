"""The SELECT that shows a row to people, kept short: the longest conditions give way. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

STATEMENT_BYTES: Final = 2000
"""How long a statement is at most. A literal is cut to this: what it stands in is too long to be shown then."""
# What the comment on left out conditions takes at most.
_COMMENT: Final = 80


def select_of(head: str, conditions: Sequence[str]) -> str:
    """A SELECT without its WHERE, and what that has to say, as one statement of at most `STATEMENT_BYTES` bytes."""
    whole = f"{head} WHERE {' AND '.join(conditions)}"
    # As nearly all are. The bound is lower than that of the search, so that both agree.
    if _size(whole) <= STATEMENT_BYTES - _COMMENT - len(conditions) * len(" AND "):
        return whole
    room = STATEMENT_BYTES - _COMMENT - _size(head)
    if room < 0:
        return "/* the name of the table is too long to be shown */"
    kept = set()
    for at in sorted(range(len(conditions)), key=lambda at: _size(conditions[at])):
        room -= _size(conditions[at]) + len(" WHERE ")
        if room >= 0:
            kept.add(at)
    if kept:
        head += " WHERE " + " AND ".join(conditions[at] for at in sorted(kept))
    if len(kept) < len(conditions):
        head += f" /* {len(conditions) - len(kept)} of {len(conditions)} conditions are too long and left out */"
    return head


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
