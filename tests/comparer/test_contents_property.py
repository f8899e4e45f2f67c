"""Whatever is in two SQLite databases, and however they are compared: exactly what the reference finds is found."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.comparer.core.compare_contents import compare_contents
from functions.comparer.core.engine import Endpoint, Joint, Snapshot, Stop, Stopped
from functions.comparer.core.kept import Kept
from functions.comparer.core.results import ContentsResult, RowDifference, TableContents
from functions.comparer.sqlite.crew import Pace
from functions.comparer.sqlite.endpoint import SqliteEndpoint, SqliteSnapshot
from functions.comparer.sqlite.joint import open_joint
from tests.comparer.nasty_databases import NastyDatabase, nasty_pairs, write
from tests.comparer.reference import Expected, expected

Pair = tuple[NastyDatabase, NastyDatabase]
Compare = Callable[[Path, Path, Kept], ContentsResult]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nasty")


def by_itself(source: Path, target: Path, recorder: Kept, methods: Collection[str] | None = None) -> ContentsResult:
    """Compare as it is done by default."""
    found = ContentsResult()
    compare_contents(SqliteEndpoint(source), SqliteEndpoint(target), {}, None, Stop(), found, recorder, methods=methods)
    return found


def row_by_row(source: Path, target: Path, recorder: Kept) -> ContentsResult:
    """Compare in the way that works for any two engines."""
    return by_itself(source, target, recorder, methods=())


@dataclass(frozen=True)
class InSmallParts:
    """SQLite, but that two databases are compared a few rows at a time."""

    endpoint: SqliteEndpoint
    part_rows: int
    workers: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.endpoint, name)

    @contextmanager
    def snapshot(self, name: str, stop: Stop, connections: int | None = None) -> Iterator[Snapshot]:
        with self.endpoint.snapshot(name, stop) as snapshot:
            assert isinstance(snapshot, SqliteSnapshot)
            yield cast("Snapshot", _SmallParts(snapshot, self.part_rows, self.workers))


@dataclass(frozen=True)
class _SmallParts:
    snapshot: SqliteSnapshot
    part_rows: int
    workers: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.snapshot, name)

    def joint(self, target: "_SmallParts") -> AbstractContextManager[Joint] | None:
        ours, theirs = self.snapshot, target.snapshot
        # By a clock like this one every part took neither so short nor so long that the next would have another size.
        pace = Pace(self.part_rows, count(0.0, 0.15).__next__)
        return open_joint(ours.file, theirs.file, ours.stop, most=self.workers, pace=pace)


def in_parts(source: Path, target: Path, recorder: Kept, rows: int, workers: int, stop: Stop) -> ContentsResult:
    """Compare a few rows at a time."""
    found = ContentsResult()
    ours, theirs = (cast("Endpoint", InSmallParts(SqliteEndpoint(path), rows, workers)) for path in (source, target))
    compare_contents(ours, theirs, {}, None, stop, found, recorder)
    return found


class Interrupted(Kept):
    """Keeps what is found over several runs, and stops each one after so many parts."""

    def __init__(self, parts: Iterator[int]) -> None:
        super().__init__()
        self.parts = parts
        self.stop = Stop()
        self.left = 0
        self.resumed = 0
        self.found: dict[tuple[str, str], TableContents] = {}

    def again(self) -> Stop:
        """Another run: how it is stopped. Without parts left it isn't."""
        self.stop, self.left = Stop(), next(self.parts, 1_000_000)
        return self.stop

    def earlier(self, database: str, table: str) -> TableContents | None:
        found = self.found.get((database, table))
        self.resumed += found is not None and found.mark is not None
        return replace(found) if found else None

    def compared(self, database: str, table: TableContents, differences: Sequence[RowDifference]) -> None:
        super().compared(database, table, differences)
        self.found[database, table.table] = replace(table)
        self.left -= 1
        if self.left <= 0:
            self.stop.ask()


def resumed(source: Path, target: Path, recorder: Interrupted, rows: int) -> ContentsResult:
    """Compare in as many runs as it takes."""
    while True:
        try:
            return in_parts(source, target, recorder, rows, 1, recorder.again())
        except Stopped:
            continue


def agrees(folder: Path, pair: Pair, compare: Compare, recorder: Kept) -> Counter[str]:
    """Compare two databases; every finding must be the reference's. The methods by which tables were compared."""
    source, target = folder / "source.db", folder / "target.db"
    for database, path in zip(pair, (source, target), strict=True):
        write(database, path)
    result = compare(source, target, recorder)
    assert not result.failures
    tables = [(database.source_db, table) for database in result.databases for table in database.tables]
    found = {
        table.table: Expected(
            str(table.result), table.source_rows, table.target_rows, table.missing, table.extra, table.changed,
            Counter(
                (d.kind, d.source_key, d.target_key, frozenset(d.columns))
                for d in recorder.differences.get((database, table.table), ())
            ),
        )
        for database, table in tables
    }  # fmt: skip
    assert found == expected(source, target)
    return Counter(table.method for _, table in tables)


def check(folder: Path, examples: int, compare: Compare) -> Counter[str]:
    """Compare so many pairs; how often each method was used."""
    used: Counter[str] = Counter()

    @settings(max_examples=examples)
    @given(nasty_pairs())
    def agree(pair: Pair) -> None:
        used.update(agrees(folder, pair, compare, Kept()))

    agree()
    return used


def check_in_parts(folder: Path, examples: int) -> Counter[str]:
    used: Counter[str] = Counter()

    @settings(max_examples=examples)
    @given(nasty_pairs(), st.integers(1, 4), st.integers(1, 2))
    def agree(pair: Pair, rows: int, workers: int) -> None:
        def compare(source: Path, target: Path, recorder: Kept) -> ContentsResult:
            return in_parts(source, target, recorder, rows, workers, Stop())

        used.update(agrees(folder, pair, compare, Kept()))

    agree()
    return used


def check_resumed(folder: Path, examples: int) -> int:
    """How often a table went on from a mark."""
    goings_on = 0

    @settings(max_examples=examples)
    @given(nasty_pairs(), st.integers(1, 3), st.lists(st.integers(1, 6), max_size=8))
    def agree(pair: Pair, rows: int, parts: list[int]) -> None:
        nonlocal goings_on
        recorder = Interrupted(iter(parts))
        agrees(folder, pair, lambda source, target, _: resumed(source, target, recorder, rows), recorder)
        goings_on += recorder.resumed

    agree()
    return goings_on


@pytest.mark.parametrize("_part", range(2))
def test_what_is_found_by_default_is_what_the_reference_finds(folder: Path, _part: int) -> None:
    used = check(folder, 400, by_itself)
    assert min(used["joined"], used["paired"], used["spilled"]) > 3


@pytest.mark.parametrize("_part", range(2))
def test_what_is_found_row_by_row_is_what_the_reference_finds(folder: Path, _part: int) -> None:
    assert set(check(folder, 350, row_by_row)) <= {"spilled", ""}


def test_what_is_found_in_small_parts_is_what_the_reference_finds(folder: Path) -> None:
    used = check_in_parts(folder, 400)
    assert min(used["joined"], used["paired"]) > 20


def test_what_is_found_after_interruptions_is_what_the_reference_finds(folder: Path) -> None:
    assert check_resumed(folder, 250) > 20


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("_part", range(20))
def test_fifty_thousand_pairs_of_databases_are_compared_as_the_reference_does(folder: Path, _part: int) -> None:
    # In parts, because what generates the examples remembers all of a run.
    check(folder, 1_000, by_itself)
    check(folder, 600, row_by_row)
    check_in_parts(folder, 500)
    assert check_resumed(folder, 400) > 20
