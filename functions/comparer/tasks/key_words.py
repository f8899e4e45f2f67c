"""How the keys of a table's differing rows are shown: as texts, and no two different ones alike. Pure.

The API has one text for a value and none for its type. As long as that text means one key among the table's rows that
are kept, it is shown; where it means several (1 and '1', X'31' and a text that looks like it, two long texts that begin
alike), each of them is shown as it is written in SQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from functions.comparer.tasks.found import Parts, every

Side = Literal["source", "target"]
_Words = tuple[str | None, ...]
_SIDES: tuple[Side, Side] = ("source", "target")


@dataclass(frozen=True)
class KeyWords:
    """The words of one table's keys. `as_in_sql`: those that are shown so; NULL is None in any case."""

    as_in_sql: frozenset[_Words]

    def of(self, entry: Mapping[str, Any], side: Side) -> list[str | None] | None:
        """The key that a kept row (`RowDifference` as a JSON object) has on a side; None: the side lacks the row."""
        text, exact = _text(entry, side), _exact(entry, side)
        words = exact if exact in self.as_in_sql else text
        return None if words is None else list(words)


def key_words(entries: Iterable[Mapping[str, Any]]) -> KeyWords:
    """The words for the keys of these rows."""
    keys = dict(_keys(entries))
    as_in_sql = set[_Words]()
    while True:
        meant = defaultdict[_Words, set[_Words]](set)
        for exact, text in keys.items():
            meant[exact if exact in as_in_sql else text].add(exact)
        alike = {exact for keys_of_words in meant.values() if len(keys_of_words) > 1 for exact in keys_of_words}
        if alike <= as_in_sql:
            return KeyWords(frozenset(as_in_sql))
        # Once more: what is written as in SQL may be what another key's text is.
        as_in_sql |= alike


def key_words_of(parts: Parts, task_id: str, part: str) -> KeyWords:
    """The words for the keys of all rows that are kept as this part: a key has the same words on every page."""
    return key_words(every(parts, task_id, part))


def _keys(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[_Words, _Words]]:
    for entry in entries:
        for side in _SIDES:
            text, exact = _text(entry, side), _exact(entry, side)
            if text is not None and exact is not None:
                yield exact, text


def _text(entry: Mapping[str, Any], side: Side) -> _Words | None:
    key = entry[f"{side}_key"]
    return None if key is None else tuple(key)


def _exact(entry: Mapping[str, Any], side: Side) -> _Words | None:
    """The key as in SQL; None: there is none, or an earlier release kept the row, which had no such words."""
    text, literals = _text(entry, side), entry.get(f"{side}_literals")
    if text is None or literals is None:
        return None
    return tuple(None if value is None else literal for value, literal in zip(text, literals, strict=True))
