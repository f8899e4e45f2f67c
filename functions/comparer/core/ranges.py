"""Ranges of keys that are compared at the same time, each in a thread of its own, and the mark of what is left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, Full, Queue
from threading import Event
from typing import Any, Generic, TypeVar

from functions.comparer.core.engine import Stop, closed

_BEAT_SECONDS = 0.1
_AHEAD = 2
"""Parts of each worker that may wait to be taken."""


@dataclass(frozen=True)
class Range:
    """What is left of a range: keys (as cells) after `low` up to and with `high`; None: no bound; `over`: nothing."""

    low: bytes | None
    high: bytes | None
    over: bool = False

    @cached_property
    def text(self) -> str:
        """As it is in a mark. Marks are many, and most of their ranges are those of the one before."""
        return json.dumps([_hex(self.low), _hex(self.high), self.over])


def marked(ranges: Sequence[Range]) -> str | None:
    """What is left of all ranges as a text; None: nothing is."""
    left = [part.text for part in ranges if not part.over]
    return f"[{', '.join(left)}]" if left else None


def joined(ranges: Sequence[Range], workers: int) -> list[Range]:
    """What is left, with ranges that meet made one, as long as there is a fair share for each worker."""
    left = [part for part in ranges if not part.over]
    share = -(-len(left) // workers)
    found: list[list[Range]] = []
    for part in left:
        if found and len(found[-1]) < share and part.low is not None and found[-1][-1].high == part.low:
            found[-1].append(part)
        else:
            found.append([part])
    return [Range(run[0].low, run[-1].high) for run in found]


def unmarked(mark: str) -> list[Range]:
    """The ranges of a mark. Raises ValueError for what is none."""
    return [_range(entry) for entry in json.loads(mark)]


def _hex(cells: bytes | None) -> str | None:
    return None if cells is None else cells.hex()


def _cells(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)


def _range(entry: Any) -> Range:
    match entry:
        case [None | str() as low, None | str() as high, bool(over)]:
            return Range(_cells(low), _cells(high), over)
    raise ValueError("it is not a mark of this comparison")


_Item = TypeVar("_Item")
_Part = TypeVar("_Part")


def at_once(
    compare: Callable[[_Item], Iterator[_Part]], items: Sequence[_Item], workers: int, stop: Stop
) -> Iterator[tuple[int, _Part]]:
    """What `compare` finds in every item, each with the item's number, as it is found. So many run at the same time.

    What one of them raises ends all of them, and is raised here; so does closing this.
    """
    work = _Work[_Item, _Part](len(items), workers)
    with ThreadPoolExecutor(workers, thread_name_prefix="range") as pool:
        try:
            for number, item in enumerate(items):
                pool.submit(work.run, number, compare, item)
            yield from work.found(stop)
        finally:
            work.end()


@dataclass(frozen=True)
class _Ended:
    """An item has no more; `error`: because of this."""

    error: BaseException | None


class _Work(Generic[_Item, _Part]):
    def __init__(self, items: int, workers: int) -> None:
        self._items = items
        self._queue: Queue[tuple[int, _Part | _Ended]] = Queue(workers * _AHEAD)
        self._over = Event()

    def run(self, number: int, compare: Callable[[_Item], Iterator[_Part]], item: _Item) -> None:
        """Compare one item. Never raises: what is raised is handed out."""
        if self._over.is_set():
            return
        error: BaseException | None = None
        try:
            with closed(compare(item)) as parts:
                for found in parts:
                    if not self._put(number, found):
                        return
        except BaseException as raised:  # noqa: BLE001 (raised again by whoever takes it)
            error = raised
        self._put(number, _Ended(error))

    def found(self, stop: Stop) -> Iterator[tuple[int, _Part]]:
        left = self._items
        while left:
            stop.check()
            try:
                number, found = self._queue.get(timeout=_BEAT_SECONDS)
            except Empty:
                continue
            if not isinstance(found, _Ended):
                yield number, found
            elif found.error is not None:
                raise found.error
            else:
                left -= 1

    def end(self) -> None:
        """Let every item end with its next part."""
        self._over.set()

    def _put(self, number: int, found: _Part | _Ended) -> bool:
        while not self._over.is_set():
            try:
                self._queue.put((number, found), timeout=_BEAT_SECONDS)
            except Full:
                continue
            return True
        return False
