"""Whatever is in two databases of any two engines: exactly what the reference finds is found."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from functions.comparer.compare import Comparison, compare_databases
from functions.comparer.core import streamed
from functions.comparer.core.options import Options
from functions.comparer.core.results import TableContents
from tests.comparer import reference as of_sqlite
from tests.comparer.engines.reference import Expected, Shown, common, expected, read
from tests.comparer.engines.servers import PAIRS, Database, Engine, MysqlDatabase
from tests.comparer.engines.typed_tables import Column, Table, make, tables
from tests.comparer.engines.types_of_engines import SQLITE, TYPES, ColumnType

TABLES = 8
"""In one database, so that there are fewer of them to make."""
EXAMPLES = 28
LONG_EXAMPLES = 250
# What differs is not read again, or it is, twice, and nothing has moved meanwhile.
ONCE, TWICE = Options(settle=0), Options(settle=0.5, lag=0)


def compared(source: Database, target: Database, options: Options) -> Comparison:
    return compare_databases(source.url, target.url, contents=True, objects=False, lines=False, options=options)


def found_of(comparison: Comparison, table: TableContents) -> Expected:
    """What was found of a table, as the reference tells it."""
    (database,) = {name for name, _ in comparison.differences} or {""}
    rows = comparison.differences.get((database, table.table), ())
    return Expected(
        table.source_rows or 0,
        table.target_rows or 0,
        table.missing,
        table.extra,
        table.changed,
        Counter((row.kind, row.source_key, row.target_key, frozenset(row.columns)) for row in rows),
    )


def judge(table: Table, databases: tuple[Database, Database], comparison: Comparison) -> str | None:
    """How one table's result is not the reference's; None: it is."""
    assert comparison.contents is not None
    (database,) = comparison.contents.databases
    result = next((entry for entry in database.tables if entry.table == table.name), None)
    if result is None or str(result.result) == "FAILED_TO_COMPARE":
        return f"{table}\n{result or database}"
    source, target = (read(side, table, number) for number, side in enumerate(databases))
    orders = {source.ordered, target.ordered}
    keyed = has_key(table) and False not in orders and (None not in orders or result.method == "streamed")
    wanted, found = expected(table, source, target, keyed=keyed), found_of(comparison, result)
    if not keyed:
        found.differences = without_json(table, found.differences)
    there = result.method, str(result.result), found
    here = "streamed" if keyed else "scattered", wanted.result, wanted
    return None if here == there else f"{table}\n{result}\nfound:  {there}\nwanted: {here}"


def has_key(table: Table) -> bool:
    """Whether rows are brought together by the key: not where numbers of 64 bits would be put in order by 32."""
    held = [{entry.held for entry in table.columns[at].types} for at in table.key]
    return bool(held) and {"double", "single"} not in held


def without_json(table: Table, differences: Counter[Shown]) -> Counter[Shown]:
    """Of a table without a key all columns are shown, and of JSON not always the text that is stored."""
    kinds = common(table)
    found: Counter[Shown] = Counter()

    def masked(key: tuple[str | None, ...] | None) -> tuple[str | None, ...] | None:
        return None if key is None else tuple(
            "JSON" if kind == "json" and text is not None else text for kind, text in zip(kinds, key, strict=True)
        )  # fmt: skip

    for (kind, ours, theirs, columns), times in differences.items():
        found[kind, masked(ours), masked(theirs), columns] += times
    return found


def judge_sqlite(databases: tuple[Database, Database], comparison: Comparison) -> None:
    """Two databases of SQLite compare values by their own types; there is a reference for these."""
    assert comparison.contents is not None
    (database,) = comparison.contents.databases
    paths = [Path(entry.url.removeprefix("sqlite:///")) for entry in databases]
    wanted = of_sqlite.expected(paths[0], paths[1])
    for result in database.tables:
        rows = comparison.differences.get((database.source_db, result.table), ())
        differences: Counter[Shown] = Counter((r.kind, r.source_key, r.target_key, frozenset(r.columns)) for r in rows)
        assert wanted[result.table] == of_sqlite.Expected(
            str(result.result), result.source_rows, result.target_rows, result.missing, result.extra, result.changed,
            differences,
        )  # fmt: skip


def check(databases: tuple[Database, Database], examples: int) -> int:
    """Compare so many databases; how many tables that were."""
    source, target = databases
    uuids = all(entry.mariadb for entry in databases if isinstance(entry, MysqlDatabase))
    number = 0

    # The tables that fail are few and told; making smaller ones of them takes longer than reading them.
    @settings(max_examples=examples, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    @given(tables(source.engine, target.engine, TABLES, uuids=uuids), st.sampled_from([ONCE, ONCE, ONCE, TWICE]))
    def agree(made: Sequence[Table], options: Options) -> None:
        nonlocal number
        # Where each table is put on a disk that is what takes most of the time, so both sides wait at once.
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(make, databases, (made, made), (0, 1)))
        comparison = compared(source, target, options)
        if (source.engine, target.engine) == ("sqlite", "sqlite"):
            judge_sqlite(databases, comparison)
        else:
            wrong = [judge(table, databases, comparison) for table in made]
            assert not any(wrong), "\n\n".join(filter(None, wrong))
        number += len(made)

    agree()
    return number


@pytest.mark.parametrize("engines", PAIRS, ids="-".join)
def test_what_is_found_is_what_the_reference_finds(
    engines: tuple[Engine, Engine], database_at: Callable[[Engine, int], Database]
) -> None:
    databases = database_at(engines[0], 0), database_at(engines[1], 1)
    assert check(databases, EXAMPLES) * len(PAIRS) >= 2_000


def of_single(engine: Engine) -> ColumnType:
    """A column of numbers of 32 bits; SQLite's takes those of 64 too."""
    offered = SQLITE if engine == "sqlite" else TYPES["number"]
    return next(t for t in offered if (t.engine, t.held) == (engine, "single") or t.declared == "REAL")


@pytest.mark.parametrize("engines", [pair for pair in PAIRS if len({*pair, "sqlite"}) == 2], ids="-".join)
@pytest.mark.parametrize("keys", [(1e300, float("inf")), (-1e300, float("-inf")), (0.1, 0.10000000149011612)])
def test_keys_that_are_two_with_64_bits_and_one_with_32_are_one_key_to_the_reference_too(
    engines: tuple[Engine, Engine], keys: tuple[float, float], database_at: Callable[[Engine, int], Database]
) -> None:
    databases = database_at(engines[0], 0), database_at(engines[1], 1)
    columns = (Column("c0", "number", (of_single(engines[0]), of_single(engines[1])), nullable=False),)
    rows = tuple((key,) for key in keys)
    table = Table("t0", columns, (0,), unique=False, rows=(rows, rows), transactional=True)
    for side, database in enumerate(databases):
        make(database, [table], side)
    assert judge(table, databases, compared(*databases, ONCE)) is None


@pytest.fixture
def digesting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables as small as those of the tests are worth to be digested, a few rows at a time."""
    monkeypatch.setattr(streamed, "_WORTH_DIGESTS", 0)
    monkeypatch.setattr(streamed, "_DIGEST_ROWS", 3)


@pytest.mark.usefixtures("digesting")
def test_what_servers_find_equal_by_themselves_the_reference_does_too(
    database_at: Callable[[Engine, int], Database],
) -> None:
    assert check((database_at("postgres", 0), database_at("postgres", 1)), EXAMPLES // 2)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("digesting")
def test_what_servers_find_equal_in_two_thousand_tables_the_reference_does_too(
    database_at: Callable[[Engine, int], Database],
) -> None:
    assert check((database_at("postgres", 0), database_at("postgres", 1)), LONG_EXAMPLES) >= 2_000


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("engines", PAIRS, ids="-".join)
def test_two_thousand_tables_of_every_pair_are_compared_as_the_reference_does(
    engines: tuple[Engine, Engine], database_at: Callable[[Engine, int], Database]
) -> None:
    databases = database_at(engines[0], 0), database_at(engines[1], 1)
    assert check(databases, LONG_EXAMPLES) >= 2_000
