"""Two small SQLite databases, compared, and what was found of them."""

from pathlib import Path

from functions.comparer.compare import Comparison, compare_databases
from functions.comparer.core.results import DataResult
from tests.comparer.served import make_database


def compare(folder: Path, source: list[str], target: list[str], **options: object) -> Comparison:
    make_database(folder / "source.db", *source)
    make_database(folder / "target.db", *target)
    return compare_databases("source.db", "target.db", base=folder, **options)  # type: ignore[arg-type]


def tables_of(found: Comparison) -> dict[str, tuple[int | None, int | None, DataResult]]:
    assert found.lines
    return {
        f"{database.source_db}.{table.table}": (table.source_rows, table.target_rows, table.result)
        for database in found.lines.databases
        for table in database.tables
    }
