"""Comparisons of values of databases in memory, and a diary of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.databases import Scope
from functions.comparer.core.engine import Stop
from functions.comparer.core.kept import Kept
from functions.comparer.core.results import (
    ContentsResult,
    DatabaseContents,
    DataResult,
    OnProgress,
    RowDifference,
    TableContents,
)
from tests.comparer.memory_engine import (
    MemoryDatabase,
    MemoryEndpoint,
    MemoryTable,
    nothing,
)

CONSISTENT, INCONSISTENT = DataResult.CONSISTENT, DataResult.INCONSISTENT
FAILED, CAN_NOT_COMPARE = DataResult.FAILED, DataResult.CAN_NOT_COMPARE


@dataclass
class Diary(Kept):
    """Keeps what is found as `Kept` does, and writes down what it is told. `found`: of an earlier run."""

    found: dict[str, TableContents] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    tables: list[TableContents] = field(default_factory=list)
    ends: list[tuple[str, DataResult]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def earlier(self, database: str, table: str) -> TableContents | None:
        return self.found.get(table)

    def planned(self, database: DatabaseContents) -> None:
        self.told.append("planned")
        self.tables = [replace(table) for table in database.tables]

    def begun(self, database: str, table: TableContents) -> None:
        self.told.append(f"begun {table.table}")
        super().begun(database, table)

    def compared(self, database: str, table: TableContents, differences: Sequence[RowDifference]) -> None:
        self.told.append(f"compared {table.table}")
        self.found[table.table] = replace(table)
        super().compared(database, table, differences)

    def ended(self, database: DatabaseContents) -> None:
        self.ends.append((database.source_db, database.result))


def endpoint(happens: Callable[[str, str], None] = nothing, join: int = 0, /, **tables: MemoryTable) -> MemoryEndpoint:
    return MemoryEndpoint({"shop": MemoryDatabase(tables)}, happens=happens, join=join)


def compare(
    source: MemoryEndpoint,
    target: MemoryEndpoint,
    recorder: Kept | None = None,
    *,
    scope: Scope | None = None,
    stop: Stop | None = None,
    progress: OnProgress = lambda _: None,
    result: ContentsResult | None = None,
) -> ContentsResult:
    found = ContentsResult() if result is None else result
    compare_contents(source, target, {}, scope, stop or Stop(), found, recorder or Kept(), progress)
    return found


def tables_of(found: ContentsResult) -> dict[str, TableContents]:
    return {table.table: table for database in found.databases for table in database.tables}


def raising(error: Exception, *, when: str, table: str = "") -> Callable[[str, str], None]:
    def happens(what: str, name: str) -> None:
        if what == when and name == table:
            raise error

    return happens
