"""Which of the tasks that are due begin: no server is to have more connections than its number.

A task holds the connections that it begins with until it has ended. The one that is due first begins first. Another may
begin before it over servers that have room, but not again and again: a task that is held up by a later one keeps its
servers free. Of all others, so that it is the next to begin; but as long as it waits for a comparison of values, which
may take hours, only of further ones of these: short tasks don't wait for two of them.

Where comparisons of values could take all of a number, they leave enough for one other task: it is often a short one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from functions.comparer.core.allowance import Connections, Wanted, numbers, shares, sides_on


@dataclass(frozen=True)
class Due:
    """A task that may begin. `since`: when it became due, in seconds; `sides`: its source and its target."""

    id: str
    since: float
    sides: tuple[Wanted, Wanted]

    @property
    def long(self) -> bool:
        """Whether it may take hours, as a comparison of values."""
        return any(side.many for side in self.sides)

    @property
    def servers(self) -> frozenset[str]:
        """Where it reads, files aside."""
        return frozenset(sides_on(self.sides))


@dataclass(frozen=True)
class Held:
    """A task that runs, and the connections that it has."""

    due: Due
    connections: Connections


def admitted(due: Sequence[Due], running: Sequence[Held], at_once: int) -> list[Held]:
    """Those that begin now, of the ones that are due in their order, with up to `at_once` running at a time.

    A server has more than its number in one case only: it is 1, and a task of which both sides are there has it alone.
    """
    used = _used(running)
    found = list(_beginning(due, [held.due for held in running], used, at_once))
    if not found:
        return []
    given = iter(shares([side for task in found for side in task.sides], _left(found, running, used)))
    return [Held(task, (next(given), next(given))) for task in found]


def _beginning(due: Sequence[Due], running: Sequence[Due], used: Counter[str], at_once: int) -> Iterator[Due]:
    """Those for which there is room, were each side to have one connection."""
    begun, used = list(running), Counter(used)
    kept, kept_from_long = set[str](), set[str]()
    for task in due:
        if len(begun) >= at_once:
            return
        full = task.servers - _with_room(task, begun, used)
        if not full and not task.servers & (kept | kept_from_long if task.long else kept):
            begun.append(task)
            used += sides_on(task.sides)
            yield task
            continue
        ahead = [other for other in begun if other.servers & full]
        if any(other.since > task.since for other in ahead):
            keeping = kept_from_long if any(other.long for other in ahead) else kept
            keeping |= task.servers


def _with_room(task: Due, begun: Collection[Due], used: Mapping[str, int]) -> frozenset[str]:
    """The servers of a task that have enough connections left for it; one that nobody uses always has."""
    most = numbers(side for other in (*begun, task) for side in other.sides)
    needed = sides_on(task.sides)
    return frozenset(server for server in needed if not used[server] or used[server] + needed[server] <= most[server])


def _left(found: Sequence[Due], running: Sequence[Held], used: Counter[str]) -> Mapping[str, int]:
    """What the new tasks may have of each server beyond one for each side."""
    tasks = [*(held.due for held in running), *found]
    most = numbers(side for task in tasks for side in task.sides)
    least = sides_on(side for task in found for side in task.sides)
    greedy = sides_on(side for task in found for side in task.sides if side.many)
    one_more = {server: max(sides_on(task.sides)[server] for task in tasks) for server in most}
    return {
        server: min(most[server] - used[server] - least[server], most[server] - greedy[server] - one_more[server])
        for server in most
    }


def _used(running: Sequence[Held]) -> Counter[str]:
    found = Counter[str]()
    for held in running:
        for side, number in zip(held.due.sides, held.connections, strict=True):
            if side.server is not None:
                found[side.server] += number
    return found
