"""Which tables are asked about at once, where one question about many of them costs little more than about one.

What an answer about many doesn't tell of one is asked again of that one, when it is its turn: nothing that is wrong
with one table is told of another.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Final

_MOST_TABLES: Final = 256
_MOST_ROWS: Final = 20_000
"""Of an answer, which is held in memory as a whole."""
_GROWTH: Final = 4
_MOST_SENT: Final = 250_000
"""Characters of the statements that are sent at a time: servers are usually set to take a megabyte at least."""


class Ahead:
    """Reads ahead as long as tables are asked for in order, ever further; otherwise of each table alone.

    So whoever wants all of them asks seldom, and whoever wants a few doesn't pay for the others.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = sorted(names)
        self._end = -1  # Behind the last batch. The first one is of one table, even if that is the first of all.
        self._size = 0
        self._most = _MOST_TABLES

    def batch(self, name: str) -> list[str]:
        """What is to be read for this table: itself, and those that are probably asked for next."""
        at = bisect_left(self._names, name)
        if at == len(self._names) or self._names[at] != name:
            return [name]
        # Some may have been passed over: tables that only one side has are not asked for.
        in_order = self._end <= at <= self._end + self._size
        self._size = min(self._most, _GROWTH * self._size) if in_order else 1
        self._end = at + self._size
        return self._names[at : self._end]

    def took(self, rows: int) -> None:
        """So many rows was the answer about the last batch."""
        if rows > _MOST_ROWS:
            self._most = max(1, self._size * _MOST_ROWS // rows)

    def alone(self) -> None:
        """From now on every table alone: something is wrong with one of them, and nobody knows with which."""
        self._most = 1


class Trials:
    """The statements that find out which tables can be read: many are sent at a time, each with others only once."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}

    def add(self, statements: Mapping[str, str]) -> None:
        """These wait to be sent, by the names of their tables."""
        self._waiting.update(statements)

    def batch(self, name: str, statement: str) -> Mapping[str, str]:
        """What is to be sent for this table: its own statement first, and those that wait if it has waited too."""
        found = {name: statement}
        if name in self._waiting:
            room = _MOST_SENT - len(statement)
            for other, waiting in list(self._waiting.items()):  # Another thread may ask as well.
                room -= len(waiting) if other != name else 0
                if room < 0:
                    break
                found[other] = waiting
        for other in found:
            self._waiting.pop(other, None)
        return found
