"""Several connections that work on one table at the same time, and hand over what they find in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any, Generic, TypeVar

import apsw

from functions.comparer.core.engine import Stop
from functions.comparer.sqlite.file import table_unreadable
from functions.comparer.sqlite.statements import Statement

_MOST_WORKERS = 4
_JOBS_AHEAD = 2  # per worker: enough that none waits while what was found is recorded
_INTERRUPT_SECONDS = 0.05

_Part = TypeVar("_Part")
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Pace:
    """How large parts are: `rows` of the first one; those to come are as large as they may be by the `clock`."""

    rows: int
    clock: Callable[[], float]


class Session:
    """A connection that has both databases open, in one read transaction."""

    def __init__(self, connection: apsw.Connection, path: Path, stop: Stop) -> None:
        self.connection = connection
        self._path = path
        self.stop = stop

    def rows(self, statement: Statement) -> Iterator[tuple[Any, ...]]:
        """All rows of a statement. Raises `TableUnreadable`, `Unreadable` and `Stopped`."""
        self.stop.check()
        try:
            yield from self.connection.execute(statement.sql, statement.values)
        except apsw.Error as error:
            raise table_unreadable(self._path, error) from error

    def row(self, statement: Statement) -> tuple[Any, ...] | None:
        """The only row of a statement, if there is one. Raises as `rows` does."""
        found = list(self.rows(statement))
        return found[0] if found else None

    def number(self, statement: Statement) -> int:
        """The only value of a statement. Raises as `rows` does."""
        ((value,),) = self.rows(statement)
        return int(value)


def workers() -> int:
    """How many connections are worth it on this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MOST_WORKERS, cores)


def in_order(
    sessions: Sequence[Session],
    draw: Callable[[Session], _Part | None],
    compare: Callable[[Session, _Part], _Found],
) -> Iterator[_Found]:
    """What `compare` finds in every part, in the order in which `draw` has cut them.

    `draw` is never called by two threads at a time; None: there is no more. What either raises is raised in its place
    in the order. No part is begun that is far ahead of what has been taken; none runs on when this ends.
    """
    part = draw(sessions[0])
    # Most tables are one part, and not worth a thread.
    alone = True
    while part is not None and (alone or len(sessions) == 1):
        yield compare(sessions[0], part)
        part, alone = draw(sessions[0]), False
    if part is None:
        return
    drawn = [part]
    with ThreadPoolExecutor(len(sessions), thread_name_prefix="joint") as pool:
        jobs = _Jobs(sessions, lambda session: drawn.pop() if drawn else draw(session), compare, pool)
        try:
            yield from jobs.found(_JOBS_AHEAD * len(sessions))
        finally:
            jobs.end()


class _Jobs(Generic[_Part, _Found]):
    """Jobs in a pool of threads. Each cuts its part when the one before has cut its own, and then compares it."""

    def __init__(
        self,
        sessions: Sequence[Session],
        draw: Callable[[Session], _Part | None],
        compare: Callable[[Session, _Part], _Found],
        pool: ThreadPoolExecutor,
    ) -> None:
        self._sessions = sessions
        self._draw = draw
        self._compare = compare
        self._pool = pool
        self._free: SimpleQueue[Session] = SimpleQueue()
        for session in sessions:
            self._free.put(session)
        self._turn = Event()
        self._turn.set()
        self._waiting: deque[Future[tuple[_Found] | None]] = deque()
        self._over = False

    def found(self, ahead: int) -> Iterator[_Found]:
        for _ in range(ahead):
            self._submit()
        while (found := self._waiting[0].result()) is not None:
            self._waiting.popleft()
            yield found[0]
            self._submit()

    def end(self) -> None:
        """Let nothing begin any more, and stop what runs; an interrupt may miss a statement that is about to start."""
        self._over = True
        while wait(self._waiting, timeout=0).not_done:
            for session in self._sessions:
                session.connection.interrupt()
            wait(self._waiting, timeout=_INTERRUPT_SECONDS)

    def _submit(self) -> None:
        turn, self._turn = self._turn, Event()
        self._waiting.append(self._pool.submit(self._job, turn, self._turn))

    def _job(self, turn: Event, following: Event) -> tuple[_Found] | None:
        # The pool starts jobs in the order in which they were submitted, so that the one before has its thread.
        turn.wait()
        session = self._free.get()
        try:
            try:
                part = None if self._over else self._draw(session)
            finally:
                following.set()
            return None if part is None else (self._compare(session, part),)
        finally:
            self._free.put(session)
