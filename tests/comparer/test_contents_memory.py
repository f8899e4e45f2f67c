"""However large rows and keys are, comparing their values takes little memory; and a full disk is called that."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from functions.comparer.core.engine import Stop
from functions.comparer.core.table import TablePlan
from functions.comparer.sqlite.crew import Pace
from functions.comparer.sqlite.file import find
from functions.comparer.sqlite.joint import open_joint

_MEASURE = """
import json, resource, sys
from functions.comparer.compare import compare_databases

if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = compare_databases(sys.argv[1], sys.argv[2], objects=False, lines=False, contents=True)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
[database] = result.contents.databases
[table] = database.tables
print(json.dumps({"mb": (after - before) // 1024, **vars(table)}))
"""


def made(path: Path, table: str, insert: str, rows: Iterable[Sequence[object]]) -> Path:
    """A database of one table."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(table)
        connection.executemany(insert, rows)
    return path


def compared(source: Path, target: Path, *, most_written: int | None = None) -> Mapping[str, Any]:
    """The table's result, and by how many megabytes comparing it in a new process has raised its peak."""
    limit = [] if most_written is None else [str(most_written)]
    command = [sys.executable, "-c", _MEASURE, str(source), str(target), *limit]
    folder = source.parent / "temporary"
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "SQLITE_TMPDIR": str(folder), "TMPDIR": str(folder)}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found: Mapping[str, Any] = json.loads(ran.stdout)
    return found


def test_large_rows_without_a_key_are_told_apart_in_little_memory(tmp_path: Path) -> None:
    def rows(side: int) -> Iterable[Sequence[object]]:
        yield from ((b"%d-%d" % (side, at) + b"z" * 4_000_000,) for at in range(30))
        yield from ((value,) for value in (1, 1.0, "1")[side:])
        yield from [(b"z" * 4_000_000,)] * (2 + side)

    source, target = (
        made(tmp_path / name, "CREATE TABLE t (v)", "INSERT INTO t VALUES (?)", rows(side))
        for side, name in enumerate(("source", "target"))
    )
    found = compared(source, target)
    assert (found["method"], found["missing"], found["extra"], found["kept"]) == ("paired", 31, 31, 62)
    assert found["mb"] < 80


def test_a_temporary_file_that_can_not_be_written_is_not_called_a_damaged_database(tmp_path: Path) -> None:
    source, target = (
        made(
            tmp_path / name, "CREATE TABLE t (v)", "INSERT INTO t VALUES (?)", ((letter * 9_000,) for _ in range(3000))
        )
        for name, letter in (("source", "a"), ("target", "b"))
    )
    found = compared(source, target, most_written=1_000_000)
    assert found["result"] == "FAILED_TO_COMPARE"
    assert "can't be sorted in the folder for temporary files (TMPDIR)" in found["message"]


def test_long_keys_are_compared_in_parts_of_few_rows(tmp_path: Path) -> None:
    source, target = (
        made(
            tmp_path / name,
            "CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
            "INSERT INTO t VALUES (?, ?)",
            ((f"{at:04}" + "k" * 100_000, side) for at in range(800)),
        )
        for side, name in enumerate(("source", "target"))
    )
    found = compared(source, target)
    assert (found["method"], found["changed"], found["kept"]) == ("joined", 800, 800)
    assert found["mb"] < 100


def test_of_long_rows_fewer_are_kept(tmp_path: Path) -> None:
    columns = ", ".join(f"c{at}" for at in range(100))
    source, target = (
        made(
            tmp_path / name,
            f"CREATE TABLE t ({columns})",
            f"INSERT INTO t VALUES ({', '.join('?' * 100)})",
            ((f"{name}{at}" + "x" * 150,) * 100 for at in range(1500)),
        )
        for name in ("source", "target")
    )
    found = compared(source, target)
    assert 300 < found["kept"] < 1500
    assert found["message"] == f"{found['kept']:,} of 3,000 differing rows are kept."
    assert found["mb"] < 100


def test_a_part_has_not_many_rows_of_the_target_either(tmp_path: Path) -> None:
    source, target = (
        made(tmp_path / name, "CREATE TABLE t (v)", "INSERT INTO t (rowid, v) VALUES (?, 1)", ((at,) for at in rows))
        for name, rows in (("source", range(0, 2_000_000, 100_000)), ("target", range(1, 100_000)))
    )
    plan = TablePlan("t", (("v", "v"),), (("BLOB", "BLOB"),), (), ())
    with open_joint(find(source), find(target), Stop(), most=1, pace=Pace(16, lambda: 0.2)) as both:  # type: ignore[union-attr]
        chunks = list(both.chunks(plan, None, 0))
    assert max(chunk.target_rows for chunk in chunks) <= 40_000
    assert sum(chunk.extra for chunk in chunks) == 99_979
