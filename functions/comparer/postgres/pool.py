"""The connections that see one snapshot of a database: one at first, more as several threads read at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from functions.comparer.core.engine import Stop, Unreadable
from functions.comparer.core.hanging_up import all_ended
from functions.comparer.postgres.session import Session

_MOMENT: Final = 0.2


class Pool:
    """Hands out sessions, each to one reader at a time."""

    def __init__(self, first: Session, another: Callable[[str], Session], most: int, stop: Stop) -> None:
        """`first` has begun its transaction; `another` opens a session that sees the snapshot of that name."""
        self._first = first
        self._another = another
        self._most = most
        self._stop = stop
        self._changed = threading.Condition()
        self._free = [first]
        self._holders: dict[Session, int] = {}
        self._opening = 0
        self._snapshot: str | None = None

    @property
    def most(self) -> int:
        """How many sessions there may be at a time."""
        return self._most

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for the block, waiting for one if all are taken. Raises `Unreadable` and `Stopped`.

        Raises RuntimeError where that would be for ever: this thread itself holds one and there can be no other.
        """
        session = self._taken()
        try:
            yield session
        finally:
            with self._changed:
                del self._holders[session]
                if not session.closed:
                    self._free.append(session)
                self._changed.notify()

    def close(self) -> None:
        """Close what is open; what is still held too, for nobody is to read after the end."""
        with self._changed:
            open_ones = (*self._free, *self._holders)
            self._free.clear()
        all_ended([session.abandon for session in open_ones])

    def _taken(self) -> Session:
        while True:
            with self._changed:
                session = self._waited()
                if session is not None:
                    return session
                self._opening += 1
            # Others may give theirs back while this one is being opened.
            opened = self._opened()
            if opened is not None:
                return opened

    def _waited(self) -> Session | None:
        """A free session as soon as there is one; None: a further one may be opened."""
        while True:
            self._stop.check()
            if self._free:
                session = self._free.pop()
                self._holders[session] = threading.get_ident()
                if self._most > 1 and self._snapshot is None:
                    self._snapshot = self._exported(session)
                return session
            if len(self._holders) + self._opening < self._most:
                return None
            if threading.get_ident() in self._holders.values():
                raise RuntimeError(f"this thread reads already, and there are no more than {self._most} connections")
            self._changed.wait(_MOMENT)

    def _exported(self, session: Session) -> str:
        try:
            return session.export()
        except BaseException:
            del self._holders[session]
            raise

    def _opened(self) -> Session | None:
        """A further session; None: there can't be one, but one that is there will be free."""
        try:
            session = self._begun()
        except Unreadable:
            with self._changed:
                self._opening -= 1
                self._most = max(1, len(self._holders) + len(self._free) + self._opening)
                there = bool(self._holders or self._free)
                hopeless = not there or threading.get_ident() in self._holders.values()
            if hopeless or self._first.closed:
                raise
            return None
        except BaseException:
            with self._changed:
                self._opening -= 1
            raise
        with self._changed:
            self._opening -= 1
            self._holders[session] = threading.get_ident()
        return session

    def _begun(self) -> Session:
        if self._snapshot is None or self._first.closed:
            raise Unreadable("the connection that holds the snapshot was lost", "connection")
        return self._another(self._snapshot)
