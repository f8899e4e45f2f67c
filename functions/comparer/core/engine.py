"""What the comparer asks of a database engine. The comparing knows nothing else about one.

An `Endpoint` is one side of a DRS job: some databases, found by name. A `Snapshot` is one database, read at one moment.
A new engine is one module with a class for each, and a line in `urls`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, NamedTuple, Protocol, TypeVar

from functions.comparer.core.printable import printable
from functions.comparer.core.table import Chunk, Reading, Row, Shape, TablePlan

_Item = TypeVar("_Item")
_OWNER = re.compile(r"`((?:[^`]|``)*)`\.`")

Cause = Literal["connection", "time", "statement"]
"""Why something can't be read: no connection, a statement that took too long, or one that failed."""
SideName = Literal["source", "target"]
Trouble = tuple[SideName, Cause] | None
"""Which side can't be read and why; None: not known."""


class _Unread(Exception):
    """Something can't be read. `side`: which one it is of, as soon as somebody knows."""

    def __init__(self, message: str, cause: Cause) -> None:
        super().__init__(printable(message))
        self.cause: Cause = cause
        self.side: SideName | None = None

    @property
    def trouble(self) -> Trouble:
        """Which side can't be read and why."""
        return None if self.side is None else (self.side, self.cause)


class Unreadable(_Unread):
    """A whole database, or a whole endpoint, can't be read. The message is for people and has no secret."""

    def __init__(self, message: str, cause: Cause = "statement") -> None:
        super().__init__(message, cause)


class TableUnreadable(_Unread):
    """One table can't be read, the others can. The message is for people and has no secret.

    `damaged`: the database is at fault (corrupt pages, a failing disk, a table that is gone), so that the comparison as
    a whole has failed; otherwise the table is of a kind that can't be compared here.
    """

    def __init__(self, message: str, *, damaged: bool, cause: Cause = "statement") -> None:
        super().__init__(message, cause)
        self.damaged = damaged


class Stopped(Exception):
    """The comparison was asked to stop."""


class Stop:
    """How one thread stops the comparison that runs in another."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._interrupts: list[Callable[[], None]] = []

    @property
    def asked(self) -> bool:
        """Whether stopping was asked for."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask for it, and interrupt every statement that runs now.

        A statement that starts at this very moment may escape: ask again until the comparison has ended.
        """
        self._asked.set()
        with self._lock:
            for interrupt in self._interrupts:
                interrupt()

    def check(self) -> None:
        """Raise `Stopped` once stopping was asked for."""
        if self._asked.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Wait that long at most; raise `Stopped` as soon as stopping is asked for."""
        if self._asked.wait(seconds):
            raise Stopped

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Within the block, `ask` calls `interrupt`; after the block it never does."""
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)


class Joint(Protocol):
    """Two databases that one engine can compare by itself, without handing out every row."""

    def takes(self, plan: TablePlan) -> bool:
        """Whether it can compare a table of this plan."""
        ...

    def method(self, plan: TablePlan) -> str:
        """How it compares a table that it takes, in a word: a mark is only good for the method that gave it."""
        ...

    def length(self, plan: TablePlan) -> int:
        """How many rows the two tables have together. Raises as `chunks` does."""
        ...

    def chunks(self, plan: TablePlan, after: str | None, room: int) -> Iterator[Chunk]:
        """Compare a table from the mark `after` on (None: from its beginning), handing out up to `room` differences.

        The chunks are in order; together they are the rest of the table. Raises `TableUnreadable`, `Unreadable` (as for
        a file that was replaced or a table that was altered meanwhile) and `Stopped`.
        """
        ...


Bounds = tuple[Row | None, Row | None]
"""Of a range of keys: those greater than the first, up to and with the second; None: no bound."""


class Digest(NamedTuple):
    """What a server tells of the rows in a range: how many, and a digest of their values; None: it can't tell."""

    rows: int
    value: str | None


class Digester(Protocol):
    """Has a server digest the rows of a table by itself, so that nobody has to read them.

    Equal digests of one `form` are digests of equal rows, but for one case in 2^64; others say nothing, not even that
    the rows differ.
    """

    @property
    def form(self) -> str:
        """What is digested and how."""
        ...

    @property
    def divisible(self) -> bool:
        """Whether the digest of a range of keys takes its share of the time for all rows, and no more."""
        ...

    def of(self, ranges: Sequence[Bounds]) -> Iterator[Digest]:
        """The digest of each range, in order. Takes a connection as a stream does, and raises as it does."""
        ...


class Snapshot(Protocol):
    """One database as it was at one moment. Every method raises `Unreadable` or `Stopped`."""

    def objects(self, *, neutral: bool = False) -> Mapping[str, frozenset[str]]:
        """The names of all objects, by type; objects that belong to another are named `` `table`.`index` ``.

        `neutral`: for a comparison with another engine. What an engine names by itself is told by what it says:
        constraints as ``PRIMARY KEY (id)``, and the indexes that they bring are no objects of their own.
        """
        ...

    def tables(self) -> frozenset[str]:
        """The names of all tables that hold rows of the user's."""
        ...

    def hidden(self, names: Collection[str]) -> frozenset[str]:
        """Of tables, or views, that this one seems to lack: those that may be there all the same, hidden from the user.

        Whatever is asked about one of them raises `TableUnreadable`.
        """
        ...

    def hidden_types(self) -> Mapping[str, str]:
        """The object types of which there may be more than `objects` tells, each with the right that would show them.

        What `hidden` asks of tables by name this says of all objects of a type.
        """
        ...

    def count(self, table: str) -> int:
        """The exact number of rows of one of `tables()`. Raises `TableUnreadable` too."""
        ...

    def about(self, table: str) -> int:
        """About how many rows the table has, for progress alone. Raises `TableUnreadable` too."""
        ...

    def version(self) -> str:
        """Changes whenever the database is written to or replaced: only under the same one may a comparison go on.

        Of a database that moves it is the same as long as it is the same database.
        """
        ...

    def shape(self, table: str) -> Shape:
        """What a comparison of values needs to know. `TableUnreadable`: it can't be compared, and why."""
        ...

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        """Every row, in no particular order but always the same under one version. Raises `TableUnreadable` too.

        Only of engines that tell values apart by their own types (`Kind.ANY`).
        """
        ...

    def stream(self, reading: Reading, after: Row | None = None, upto: Row | None = None) -> Iterator[bytes]:
        """Every row as canonical rows (`cells`), many in a block, no block empty. Raises `TableUnreadable` too.

        With a key they come in its canonical order, those with keys greater than `after` up to and with `upto` alone;
        keys are values as `cells.values_of` makes them. An engine that can't keep that order (a key that is not
        unique, values of another type) hands all rows out all the same: whoever merges them sees it. Of a part of them
        that can't be seen: there it raises `merging.OutOfOrder`, or keeps the order.
        """
        ...

    def digester(self, reading: Reading) -> Digester | None:
        """What digests the rows of a table; None: this engine can't, or not those of such columns."""
        ...

    @property
    def connections(self) -> int:
        """How many streams of this database may be open at a time, each in a thread of its own."""
        ...

    def split(self, reading: Reading, parts: int) -> Sequence[Row]:
        """Up to `parts` - 1 keys, in order, that cut a table into about equal parts; none where that can't be told.

        From statistics or samples: as fast as can be. Raises `TableUnreadable` too.
        """
        ...

    def at(self, reading: Reading, keys: Sequence[Row]) -> Iterator[bytes]:
        """As `stream`, in any order, the rows with these keys alone (at most a thousand)."""
        ...

    @property
    def moves(self) -> bool:
        """Whether others may write to the database meanwhile, so that what differs has to be read again later."""
        ...

    def statement(self, table: str, columns: Sequence[str], values: Row) -> str:
        """The SELECT, in this engine's SQL, that shows the rows with these values; never more than about 2 kB."""
        ...

    def joint(self, target: Snapshot) -> AbstractContextManager[Joint] | None:
        """Both databases together, `self` being the source; None: this engine can't compare these two by itself."""
        ...


class Endpoint(Protocol):
    """One side of a DRS job: databases that can be read, and never anything else."""

    @property
    def engine(self) -> str:
        """The engine's name: names that it gives by itself are only compared with those of the same one."""
        ...

    @property
    def types(self) -> tuple[str, ...]:
        """The object types that this engine has, as DRS names them, without DB."""
        ...

    @property
    def single(self) -> bool:
        """Whether it is one database by nature: then its name says nothing about which database it corresponds to."""
        ...

    def names(self, stop: Stop | None = None) -> frozenset[str]:
        """The names of the databases. Raises `Unreadable`, and `Stopped` if there is a `stop` that asks for it."""
        ...

    def hidden(self, names: Collection[str], stop: Stop | None = None) -> frozenset[str]:
        """Of databases that this side seems to lack: those that it may have all the same, hidden from the user.

        Opening one of them raises `Unreadable`, as this does, and this `Stopped` too.
        """
        ...

    @property
    def server(self) -> str | None:
        """Where its connections lead, by which those of several endpoints count together; None: they are files."""
        ...

    @property
    def connections(self) -> int:
        """How many connections there may be to the server at a time."""
        ...

    def snapshot(self, name: str, stop: Stop, connections: int | None = None) -> AbstractContextManager[Snapshot]:
        """Open the database of that name for reading, over so many connections at most; None: as many as may be.

        Raises `Unreadable` or `Stopped`.
        """
        ...


@contextmanager
def of_side(side: SideName) -> Iterator[None]:
    """Within the block one side is read: what can't be read says so."""
    try:
        yield
    except (Unreadable, TableUnreadable) as error:
        error.side = error.side or side
        raise


def sided(items: Iterator[_Item], side: SideName) -> Iterator[_Item]:
    """One side's rows: what can't be read says so."""
    with of_side(side), closed(items):
        yield from items


@contextmanager
def closed(items: Iterator[_Item]) -> Iterator[Iterator[_Item]]:
    """An engine's rows or chunks, which end with the block: a statement that is left open may hold its file."""
    try:
        yield items
    finally:
        if isinstance(items, Generator):
            items.close()


def member(owner: str, name: str) -> str:
    """The value of an object that belongs to another, as DRS writes it: `` `table`.`index` ``."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in (owner, name))


def owner_of(name: str) -> str:
    """The owner in what `member` has made; of any other object its own name."""
    found = _OWNER.match(name)
    return found[1].replace("``", "`") if found else name
