"""However often a comparison is interrupted, what is found of two databases is what the reference finds at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from functions.comparer.compare import Comparison
from functions.comparer.core import streamed
from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.engine import Stop, Stopped
from functions.comparer.core.kept import Kept
from functions.comparer.core.options import Options
from functions.comparer.core.results import ContentsResult, KeptRow, RowDifference, TableContents
from functions.comparer.urls import endpoint_of
from tests.comparer.engines.servers import PAIRS, Database, Engine, MysqlDatabase
from tests.comparer.engines.test_pairs_property import ONCE, TWICE, judge
from tests.comparer.engines.typed_tables import Table, make, tables

# Two databases of SQLite are compared by SQLite itself, from marks of its own.
CROSSING = [pair for pair in PAIRS if pair != ("sqlite", "sqlite")]
TABLES = 6
EXAMPLES = 3
LONG_EXAMPLES = 60


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of a few rows are cut into ranges, digested, and compared in several parts."""
    monkeypatch.setattr(streamed, "_WORTH_DIGESTS", 0)
    monkeypatch.setattr(streamed, "_WORTH_RANGES", 0)
    monkeypatch.setattr(streamed, "_DIGEST_ROWS", 2)
    monkeypatch.setattr(streamed, "_CHUNK_ROWS", 3)
    monkeypatch.setattr(streamed, "_CHUNK_DIFFERENCES", 1)


class Interrupted(Kept):
    """What all runs have found, as a later one learns it; each run is stopped after so many parts."""

    def __init__(self) -> None:
        super().__init__()
        self.stop = Stop()
        self._found: dict[str, TableContents] = {}
        self._left = 0

    def run(self, parts: int) -> Stop:
        """Begin the next run."""
        self.stop, self._left = Stop(), parts
        return self.stop

    def earlier(self, database: str, table: str) -> TableContents | None:
        return deepcopy(self._found.get(table))

    def kept(self, database: str, table: str) -> Sequence[KeptRow]:
        rows = self.differences.get((database, table), ())
        return [KeptRow(row.kind, row.mark) for row in rows if row.mark is not None]

    def compared(self, database: str, table: TableContents, differences: Sequence[RowDifference]) -> None:
        super().compared(database, table, differences)
        self._found[table.table] = deepcopy(table)
        self._left -= 1
        if not self._left:
            self.stop.ask()


def compared(source: str, target: str, options: Options, parts: int) -> tuple[Comparison, int]:
    """What is found in as many runs as it takes, each three parts longer than the last, and how many these were."""
    recorder, runs = Interrupted(), 0
    while True:
        found = ContentsResult()
        ours, theirs = (endpoint_of(url, Path()) for url in (source, target))
        stop, runs = recorder.run(parts + 3 * runs), runs + 1
        try:
            compare_contents(ours, theirs, {}, None, stop, found, recorder, options=options)
        except Stopped:
            continue
        return Comparison(None, None, found, recorder.differences), runs


def check(databases: tuple[Database, Database], examples: int) -> None:
    """Compare so many databases, a few parts at a time."""
    source, target = databases
    uuids = all(entry.mariadb for entry in databases if isinstance(entry, MysqlDatabase))
    interrupted = 0

    def url(database: Database, connections: int) -> str:
        return database.url if database.engine == "sqlite" else f"{database.url}?connections={connections}"

    @settings(max_examples=examples, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    @given(
        tables(source.engine, target.engine, TABLES, uuids=uuids),
        st.sampled_from([ONCE, ONCE, ONCE, TWICE]),
        st.integers(3, 12),
        st.sampled_from([1, 1, 3]),
    )
    def agree(made: Sequence[Table], options: Options, parts: int, connections: int) -> None:
        nonlocal interrupted
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(make, databases, (made, made), (0, 1)))
        comparison, runs = compared(url(source, connections), url(target, connections), options, parts)
        wrong = [judge(table, databases, comparison) for table in made]
        assert not any(wrong), "\n\n".join(filter(None, wrong))
        interrupted += runs > 1

    agree()
    assert interrupted


@pytest.mark.parametrize("engines", CROSSING, ids="-".join)
def test_an_interrupted_comparison_finds_what_the_reference_finds(
    engines: tuple[Engine, Engine], database_at: Callable[[Engine, int], Database]
) -> None:
    check((database_at(engines[0], 0), database_at(engines[1], 1)), EXAMPLES)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("engines", CROSSING, ids="-".join)
def test_hundreds_of_interrupted_tables_of_every_pair_are_compared_as_the_reference_does(
    engines: tuple[Engine, Engine], database_at: Callable[[Engine, int], Database]
) -> None:
    check((database_at(engines[0], 0), database_at(engines[1], 1)), LONG_EXAMPLES)
