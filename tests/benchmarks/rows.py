"""The databases that value comparison is measured on: one table of eight columns, and copies with known differences.

Columns and sizes are those of published measurements of such tools: an even integer key, a big integer, a number with
four decimals, a double, a short and a long text, a time with microseconds, and an integer of which 30 % are NULL; about
200 bytes a row.
"""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

FEW = 20
"""How many rows of a `few` copy differ: ten are changed, one per kind of change, five missing, five extra."""

_COLUMNS = "big BIGINT, num NUMERIC(14, 4), dbl DOUBLE, name VARCHAR(40), txt TEXT, ts TIMESTAMP, opt INTEGER"
_VALUES = """
    random() >> 1, (random() & 8589934591) / 10000.0, (random() & 1048575) * 0.1 + (random() & 1048575) * 1e-9,
    hex(randomblob(6)) || ' ' || hex(randomblob(6)), hex(randomblob(50)),
    printf('2024-%02d-%02d %02d:%02d:%02d.%06d', 1 + (random() & 7), 1 + (random() & 15), random() & 15,
           random() & 31, random() & 31, random() & 524287),
    CASE WHEN (random() & 1023) < 307 THEN NULL ELSE random() & 1048575 END
"""
_CHANGES = (
    "big = big + 1", "num = num + 1", "dbl = dbl * 1.0001", "name = name || 'x'", "txt = 'y' || substr(txt, 2)",
    "opt = coalesce(opt, 0) + 1", "ts = ts || '1'", "opt = CASE WHEN opt IS NULL THEN 0 END", "txt = ''", "big = 0",
)  # fmt: skip
_SETTINGS = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1500000")


@dataclass(frozen=True)
class Kind:
    """A kind of table: how its key is declared, how the key of row number `i` is made, and the number of a row."""

    name: str
    declared: str
    key: str
    number: str
    tail: str = ""
    options: str = ""
    shuffled: bool = True
    """Whether the copies hold the rows loaded in another order, so that no page of the files is alike."""

    @property
    def few(self) -> int:
        """How many differences a `few` copy has: without a key a changed row is one that is missing and one more."""
        return FEW if "KEY" in self.declared + self.tail else FEW + len(_CHANGES)


INTEGER = Kind("integer key", "id INTEGER PRIMARY KEY", "2 * i", "id / 2")
TEXT = Kind("text key", "id TEXT PRIMARY KEY", "printf('key-%012d', 2 * i)", "CAST(substr(id, 5) AS INTEGER) / 2")
COMPOSITE = Kind("composite key", "part INTEGER, id INTEGER", "i % 16, 2 * i", "id / 2", ", PRIMARY KEY (part, id)")
CLUSTERED = Kind("without rowid", TEXT.declared, TEXT.key, TEXT.number, options="WITHOUT ROWID")
KEYLESS = Kind("no key, same order", "id INTEGER", INTEGER.key, INTEGER.number, shuffled=False)
SHUFFLED = Kind("no key, other order", "id INTEGER", INTEGER.key, INTEGER.number)


@dataclass(frozen=True)
class Grounds:
    """A source and its targets: identical, with 20 differences, and with 5 % of the rows changed."""

    rows: int
    source: Path
    same: Path
    few: Path
    many: Path

    @property
    def changed(self) -> int:
        """How many rows of `many` differ."""
        return self.rows // 20


def build(folder: Path, rows: int, kind: Kind = INTEGER) -> Grounds:
    """Make the four files in a folder; `rows` must be a multiple of 1000."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Grounds(rows, *(folder / f"{name}.db" for name in ("source", "same", "few", "many")))
    declared = f"CREATE TABLE t ({kind.declared}, {_COLUMNS}{kind.tail}) {kind.options}"
    _run(made.source, declared, _filled("t", kind.key, rows))
    order = " ORDER BY hex(substr(txt, 7, 8))" if kind.shuffled else ""
    _run(made.same, f"ATTACH '{made.source}' AS source", declared, f"INSERT INTO t SELECT * FROM source.t{order}")
    shutil.copyfile(made.same, made.few)
    _run(made.few, *_few(rows, kind))
    shutil.copyfile(made.same, made.many)
    _run(made.many, f"UPDATE t SET opt = coalesce(opt, 0) + 1 WHERE {kind.number} % 20 = 0")
    return made


def build_many(folder: Path, tables: int, rows: int) -> tuple[Path, Path]:
    """Two equal databases of so many tables of so many rows each."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "source.db", folder / "same.db"
    statements = []
    for number in range(tables):
        name = f"t{number:03d}"
        statements += [f"CREATE TABLE {name} ({INTEGER.declared}, {_COLUMNS})", _filled(name, INTEGER.key, rows)]
    _run(paths[0], *statements)
    shutil.copyfile(*paths)
    return paths


def _filled(table: str, key: str, rows: int) -> str:
    numbered = f"WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"
    return f"{numbered} INSERT INTO {table} SELECT {key}, {_VALUES} FROM n"


def _few(rows: int, kind: Kind) -> Sequence[str]:
    places = [7 + number * (rows // 25) for number in range(FEW)]
    changes = [
        f"UPDATE t SET {change} WHERE {kind.number} = {place}" for change, place in zip(_CHANGES, places, strict=False)
    ]
    removals = [f"DELETE FROM t WHERE {kind.number} = {place}" for place in places[10:15]]
    odd = kind.key.replace("2 * i", "2 * i + 1")
    extras = [f"INSERT INTO t SELECT {odd}, {_VALUES} FROM (SELECT {place} AS i)" for place in places[15:]]
    return [*changes, *removals, *extras]


def _run(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
        for statement in statements:
            connection.execute(statement)
