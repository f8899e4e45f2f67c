"""An engine made of plain Python: what the comparing core knows of an engine is no more than this."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

from functions.comparer.core.cells import cells_of, key_in, placed, values_of
from functions.comparer.core.engine import Bounds, Digest, Digester, Joint, Snapshot, Stop
from functions.comparer.core.kinds import ColumnType, Kind
from functions.comparer.core.packing import key_cells, pack
from functions.comparer.core.table import Chunk, Column, Difference, Key, Reading, Row, Rule, Shape, TablePlan

Place = tuple[tuple[int, bytes], ...]
"""What canonical keys are ordered by."""


def shape(*names: str, key: Sequence[str] = ("id",)) -> Shape:
    """A table whose columns are all of one kind; no key: a multiset."""
    exact: Rule = "exact"
    keys = (Key(tuple(key), ("ANY",) * len(key), (exact,) * len(key)),) if key else ()
    return Shape(tuple(Column(name, "ANY") for name in names), keys)


def typed(key: Sequence[str] = ("id",), **columns: Kind) -> Shape:
    """A table whose columns are of these kinds."""
    exact: Rule = "exact"
    keys = (Key(tuple(key), ("",) * len(key), (exact,) * len(key)),) if key else ()
    return Shape(tuple(Column(name, "", ColumnType(kind, kind.name)) for name, kind in columns.items()), keys)


@dataclass
class MemoryTable:
    """A table as it is held in memory."""

    shape: Shape
    rows: Sequence[Row] = ()

    def read(self, columns: Sequence[str]) -> Iterator[Row]:
        names = [column.name for column in self.shape.columns]
        places = [names.index(column) for column in columns]
        return (tuple(row[place] for place in places) for row in self.rows)


def numbered(count: int, value: object = "v") -> MemoryTable:
    """A table (id, a) with so many rows."""
    return MemoryTable(shape("id", "a"), [(number, str(value)) for number in range(count)])


@dataclass
class MemoryDatabase:
    """A database; `version` is what it says of itself."""

    tables: dict[str, MemoryTable] = field(default_factory=dict)
    version: str = "1"


def nothing(*_: object) -> None:
    """What is done where nothing is to happen."""


class MemoryEndpoint:
    """Some databases. `happens` is called with everything that is asked of them, and may raise what an engine does."""

    engine = "memory"
    types = ("TABLE",)
    single = False

    def __init__(
        self,
        databases: Mapping[str, MemoryDatabase],
        *,
        happens: Callable[[str, str], None] = nothing,
        join: "int | Callable[[MemorySnapshot, MemorySnapshot], Joint]" = 0,
        moves: bool = False,
        connections: int = 1,
        digests: str = "",
        server: str | None = None,
    ) -> None:
        """`join`: how many keys a chunk of a joint has, or what makes one; 0: there is no joint.

        `digests`: the form of the digests of rows; empty: there are none; `untold`: they are none.
        """
        self.databases = databases
        self.happens = happens
        self.join = join
        self.moves = moves
        self.connections = connections
        self.digests = digests
        self.server = server or f"memory {id(self)}"

    def names(self, stop: Stop | None = None) -> frozenset[str]:
        self.happens("names", "")
        return frozenset(self.databases)

    def hidden(self, names: Collection[str], stop: Stop | None = None) -> frozenset[str]:
        return frozenset()

    @contextmanager
    def snapshot(self, name: str, stop: Stop, connections: int | None = None) -> Iterator[Snapshot]:
        self.happens("snapshot", name)
        yield MemorySnapshot(self, self.databases[name], stop, connections or self.connections)
        self.happens("closed", name)


class MemorySnapshot:
    """One database."""

    def __init__(self, endpoint: MemoryEndpoint, database: MemoryDatabase, stop: Stop, connections: int) -> None:
        self.endpoint = endpoint
        self.connections = connections
        self.database = database
        self.stop = stop

    def objects(self, *, neutral: bool = False) -> Mapping[str, frozenset[str]]:
        return {"TABLE": self.tables()}

    def tables(self) -> frozenset[str]:
        self.endpoint.happens("tables", "")
        return frozenset(self.database.tables)

    def hidden(self, names: Collection[str]) -> frozenset[str]:
        return frozenset()

    def hidden_types(self) -> Mapping[str, str]:
        return {}

    def count(self, table: str) -> int:
        self.endpoint.happens("count", table)
        return len(self.database.tables[table].rows)

    def about(self, table: str) -> int:
        return self.count(table)

    def version(self) -> str:
        self.endpoint.happens("version", "")
        return self.database.version

    def shape(self, table: str) -> Shape:
        self.endpoint.happens("shape", table)
        return self.database.tables[table].shape

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        self.endpoint.happens("rows", table)
        for row in self.database.tables[table].read(columns):
            self.endpoint.happens("row", table)
            yield row

    def stream(self, reading: Reading, after: Row | None = None, upto: Row | None = None) -> Iterator[bytes]:
        self.endpoint.happens("stream", reading.table)
        rows = self.picked(reading, after, upto)
        for row in sorted(rows, key=_place) if reading.key else rows:
            self.endpoint.happens("row", reading.table)
            yield row

    def picked(self, reading: Reading, after: Row | None, upto: Row | None) -> list[bytes]:
        """The rows between two keys."""
        low, high = (None if bound is None else self._placed(reading, bound) for bound in (after, upto))
        return [
            row
            for row in self._packed(reading)
            if (low is None or _place(row) > low) and (high is None or _place(row) <= high)
        ]

    def at(self, reading: Reading, keys: Sequence[Row]) -> Iterator[bytes]:
        self.endpoint.happens("at", reading.table)
        wanted = {self._placed(reading, key) for key in keys}
        yield from (row for row in self._packed(reading) if _place(row) in wanted)

    @property
    def moves(self) -> bool:
        return self.endpoint.moves

    def digester(self, reading: Reading) -> Digester | None:
        return MemoryDigester(self, reading) if self.endpoint.digests else None

    def split(self, reading: Reading, parts: int) -> Sequence[Row]:
        keys = sorted({key_in(row) for row in self._packed(reading)}, key=lambda key: placed(cells_of(key)))
        ends = [keys[len(keys) * number // parts] for number in range(1, parts)] if keys else []
        return [values_of(cells_of(key), reading.kinds[: reading.key]) for key in ends]

    def _packed(self, reading: Reading) -> list[bytes]:
        rows = self.database.tables[reading.table].read(reading.columns)
        return [pack([row], reading.kinds, reading.key) for row in rows]

    @staticmethod
    def _placed(reading: Reading, key: Row) -> Place:
        return placed(cells_of(key_cells(key, reading.kinds)))

    def statement(self, table: str, columns: Sequence[str], values: Row) -> str:
        self.endpoint.happens("statement", table)
        conditions = (f"{column} = {value!r}" for column, value in zip(columns, values, strict=True))
        return f"SELECT {table} WHERE {' AND '.join(conditions)}"

    def joint(self, target: Snapshot) -> AbstractContextManager[Joint] | None:
        if not self.endpoint.join or not isinstance(target, MemorySnapshot):
            return None
        join = self.endpoint.join
        return nullcontext(join(self, target) if callable(join) else MemoryJoint(self, target, join))


@dataclass(frozen=True)
class MemoryDigester:
    """What it digests is a text of the rows."""

    snapshot: MemorySnapshot
    reading: Reading

    @property
    def form(self) -> str:
        return self.snapshot.endpoint.digests

    @property
    def divisible(self) -> bool:
        return bool(self.reading.key)

    def of(self, ranges: Sequence[Bounds]) -> Iterator[Digest]:
        for after, upto in ranges:
            self.snapshot.endpoint.happens("digest", self.reading.table)
            rows = self.snapshot.picked(self.reading, after, upto)
            yield Digest(len(rows), None if self.form == "untold" else repr(sorted(rows)))


def _place(row: bytes) -> Place:
    """Where a canonical row stands."""
    return placed(cells_of(key_in(row)))


class MemoryJoint:
    """Compares tables with a key of one column, so many keys at once; its marks are keys."""

    def __init__(self, source: MemorySnapshot, target: MemorySnapshot, keys: int) -> None:
        self.source = source
        self.target = target
        self.keys = keys

    def takes(self, plan: TablePlan) -> bool:
        return len(plan.key) == 1

    def method(self, plan: TablePlan) -> str:
        del plan
        return "joined"

    def length(self, plan: TablePlan) -> int:
        return self.source.count(plan.table) + self.target.count(plan.table)

    def chunks(self, plan: TablePlan, after: str | None, room: int) -> Iterator[Chunk]:
        self.source.endpoint.happens(f"chunks after {after}", plan.table)
        (at,) = plan.key
        ours, theirs = (
            {row[at]: row for row in side.database.tables[plan.table].read([pair[number] for pair in plan.columns])}
            for number, side in enumerate((self.source, self.target))
        )
        keys = sorted(key for key in ours.keys() | theirs.keys() if isinstance(key, int))
        keys = [key for key in keys if after is None or key > int(after)]
        for first in range(0, len(keys), self.keys):
            chosen = keys[first : first + self.keys]
            self.source.endpoint.happens("chunk", plan.table)
            found = [self._difference(plan, key, ours.get(key), theirs.get(key)) for key in chosen]
            differences = [difference for difference in found if difference]
            kinds = [difference.kind for difference in differences]
            yield Chunk(
                str(chosen[-1]) if chosen[-1] != keys[-1] else None,
                sum(key in ours for key in chosen),
                sum(key in theirs for key in chosen),
                kinds.count("missing"),
                kinds.count("extra"),
                kinds.count("changed"),
                tuple(differences[:room]),
            )
            room -= len(differences[:room])

    @staticmethod
    def _difference(plan: TablePlan, key: object, ours: Row | None, theirs: Row | None) -> Difference | None:
        shown = (key,)
        if theirs is None:
            return Difference("missing", shown, None)  # type: ignore[arg-type]  # an integer
        if ours is None:
            return Difference("extra", None, shown)  # type: ignore[arg-type]  # an integer
        names = tuple(plan.columns[at][0] for at in range(len(ours)) if ours[at] != theirs[at])
        return Difference("changed", shown, shown, names) if names else None  # type: ignore[arg-type]  # an integer
