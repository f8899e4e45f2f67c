"""A slow, obviously right comparison of two SQLite databases in memory. It shares no code with what it judges.

It reads with the standard library: every value as `typeof` and, of texts, the bytes as they are stored; keys by a
reading of the schema of its own. Whether two keys are equal is asked of SQLite where a collation has a say.
"""

import sqlite3
import struct
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

Cell = tuple[str, Any]
"""A value: its storage class, and what makes it equal to another one of that class."""
Cells = tuple[Cell, ...]
Shown = tuple[str, tuple[str | None, ...] | None, tuple[str | None, ...] | None, frozenset[str]]
"""A difference as it is shown: kind, key in the source, key in the target, columns that differ."""

_COLLATIONS = {"BINARY", "NOCASE", "RTRIM"}


@dataclass(frozen=True)
class KeyColumns:
    """The columns of a key (positions), each with its affinity and its collation."""

    columns: tuple[int, ...]
    affinities: tuple[str, ...]
    collations: tuple[str, ...]


@dataclass
class Content:
    """A table: its columns, its rows, and its keys, the primary one first."""

    columns: list[str]
    rows: list[Cells]
    keys: list[KeyColumns]


@dataclass
class Expected:
    """What a comparison must find of a table."""

    result: str
    source_rows: int | None = None
    target_rows: int | None = None
    missing: int = 0
    extra: int = 0
    changed: int = 0
    differences: Counter[Shown] = field(default_factory=Counter)


def expected(source: Path, target: Path) -> dict[str, Expected]:
    """What must be found of every table of either database."""
    ours, theirs = read(source), read(target)
    found = {}
    for name in sorted(ours.keys() | theirs.keys()):
        if name in ours and name in theirs:
            found[name] = _compare(ours[name], theirs[name])
        else:
            here, there = (len(side[name].rows) if name in side else 0 for side in (ours, theirs))
            found[name] = Expected("INCONSISTENT", here, there)
    return found


def read(path: Path) -> dict[str, Content]:
    """All tables of a database."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: _table(connection, name) for (name,) in names if not name.startswith("sqlite_")}


def _table(connection: sqlite3.Connection, table: str) -> Content:
    info = connection.execute('SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?)', (table,)).fetchall()
    names = [name for name, *_ in info]
    parts = ", ".join(f"typeof({_quoted(n)}), {_quoted(n)}, CAST({_quoted(n)} AS BLOB)" for n in names)
    ((encoding,),) = connection.execute("PRAGMA encoding")
    connection.text_factory = bytes
    rows = [
        tuple(_cell(raw[i].decode(), raw[i + 1], raw[i + 2], encoding) for i in range(0, len(raw), 3))
        for raw in connection.execute(f"SELECT {parts} FROM {_quoted(table)}")
    ]
    connection.text_factory = str
    return Content(names, rows, _keys(connection, table, info, rows))


def _cell(kind: str, value: Any, raw: bytes, encoding: str) -> Cell:
    if kind == "text":
        try:
            return kind, (raw or b"").decode(encoding)
        except UnicodeDecodeError:
            return kind, (encoding, raw)
    if kind == "real":
        return kind, struct.pack(">d", value + 0.0)  # Adding 0.0 makes -0.0 positive.
    return kind, value


def _keys(connection: sqlite3.Connection, table: str, info: Sequence[Any], rows: Sequence[Cells]) -> list[KeyColumns]:
    affinities = [_affinity(declared) for _, declared, _, _ in info]
    listed = connection.execute('SELECT name, origin, "unique", partial FROM pragma_index_list(?)', (table,)).fetchall()
    indexes = sorted((origin != "pk", name) for name, origin, unique, partial in listed if unique and not partial)
    primary = [at for at, column in enumerate(info) if column[3]]
    found = []
    rowid = -1
    if primary and all(secondary for secondary, _ in indexes):
        (rowid,) = primary
        found.append(KeyColumns((rowid,), (affinities[rowid],), ("BINARY",)))
    for secondary, name in indexes:
        parts = connection.execute("SELECT cid, coll FROM pragma_index_xinfo(?) WHERE key", (name,)).fetchall()
        columns = tuple(at for at, _ in parts)
        collations = tuple(collation.upper() for _, collation in parts)
        if min(columns) < 0 or not set(collations) <= _COLLATIONS:
            continue
        nullable = [at for at in columns if at != rowid and not info[at][2]]
        if not nullable or (not secondary and not any(row[at][0] == "null" for row in rows for at in nullable)):
            found.append(KeyColumns(columns, tuple(affinities[at] for at in columns), collations))
    return found


def _affinity(declared: str) -> str:
    """SQLite, "Datatypes in SQLite", 3.1: the rules in their order."""
    declared = declared.upper()
    if "INT" in declared:
        return "INTEGER"
    if "CHAR" in declared or "CLOB" in declared or "TEXT" in declared:
        return "TEXT"
    if "BLOB" in declared or declared == "":
        return "BLOB"
    if "REAL" in declared or "FLOA" in declared or "DOUB" in declared:
        return "REAL"
    return "NUMERIC"


def _compare(source: Content, target: Content) -> Expected:
    partner = {_fold(name): at for at, name in enumerate(target.columns)}
    common = [(at, partner[_fold(name)]) for at, name in enumerate(source.columns) if _fold(name) in partner]
    if not common:
        return Expected("CAN_NOT_COMPARE")
    key = next((key for key in source.keys if _offered(key, dict(common), target)), None)
    ours = [tuple(row[at] for at, _ in common) for row in source.rows]
    theirs = [tuple(row[at] for _, at in common) for row in target.rows]
    if key is None:
        found = _multisets(ours, theirs)
    else:
        places = [[at for at, _ in common].index(column) for column in key.columns]
        found = _keyed(ours, theirs, places, key.collations, [source.columns[at] for at, _ in common])
    lacking = len(common) < len(source.columns) or len(common) < len(target.columns)
    found.result = "INCONSISTENT" if lacking or found.differences else "CONSISTENT"
    found.source_rows, found.target_rows = len(ours), len(theirs)
    return found


def _offered(key: KeyColumns, partner: dict[int, int], target: Content) -> bool:
    wanted = {
        (partner.get(column), affinity, collation)
        for column, affinity, collation in zip(key.columns, key.affinities, key.collations, strict=True)
    }
    return any(wanted == set(zip(k.columns, k.affinities, k.collations, strict=True)) for k in target.keys)


def _multisets(ours: list[Cells], theirs: list[Cells]) -> Expected:
    here, there = Counter(ours), Counter(theirs)
    found = Expected("")
    for row, times in (here - there).items():
        found.missing += times
        found.differences["missing", _texts(row), None, frozenset()] += times
    for row, times in (there - here).items():
        found.extra += times
        found.differences["extra", None, _texts(row), frozenset()] += times
    return found


def _keyed(
    ours: list[Cells], theirs: list[Cells], places: list[int], collations: Sequence[str], names: list[str]
) -> Expected:
    found = Expected("")
    left = list(theirs)
    for row in ours:
        key = tuple(row[at] for at in places)
        partners = [other for other in left if _same_key(key, tuple(other[at] for at in places), collations)]
        if not partners:
            found.missing += 1
            found.differences["missing", _texts(key), None, frozenset()] += 1
            continue
        (other,) = partners
        left.remove(other)
        differing = frozenset(name for name, here, there in zip(names, row, other, strict=True) if here != there)
        if differing:
            found.changed += 1
            found.differences["changed", _texts(key), _texts(tuple(other[at] for at in places)), differing] += 1
    for other in left:
        found.extra += 1
        found.differences["extra", None, _texts(tuple(other[at] for at in places)), frozenset()] += 1
    return found


def _same_key(ours: Cells, theirs: Cells, collations: Sequence[str]) -> bool:
    return all(map(_same, ours, theirs, collations))


def _same(here: Cell, there: Cell, collation: str) -> bool:
    (kind, ours), (other, theirs) = here, there
    if {kind, other} <= {"integer", "real"}:
        return bool(_number(here) == _number(there))  # Python compares integers and floats exactly.
    if kind != other:
        return False
    if kind == "text" and collation != "BINARY":
        return _same_text(_stored(ours), _stored(theirs), collation)
    return bool(ours == theirs)


@cache
def _same_text(ours: bytes, theirs: bytes, collation: str) -> bool:
    with closing(sqlite3.connect(":memory:")) as connection:
        statement = f"SELECT CAST(? AS TEXT) = CAST(? AS TEXT) COLLATE {collation}"
        ((equal,),) = connection.execute(statement, (ours, theirs))
        return bool(equal)


def _stored(text: Any) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text[1])


def _number(cell: Cell) -> Any:
    kind, value = cell
    return struct.unpack(">d", value)[0] if kind == "real" else value


def _texts(row: Cells) -> tuple[str | None, ...]:
    return tuple(map(_text, row))


def _text(cell: Cell) -> str | None:
    """How the README says that a value of a key is shown."""
    kind, value = cell
    if kind == "null":
        return None
    if kind == "blob":
        text = f"X'{value.hex().upper()}'"
        return text if len(value) <= 100 else f"{text[:202]}…' ({len(value):,} bytes)"
    if kind == "real":
        return repr(_number(cell))
    if kind == "text" and not isinstance(value, str):
        value = value[1].decode(value[0], "backslashreplace")
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text):,} characters)"


def _fold(name: str) -> bytes:
    return name.encode().lower()  # Of bytes only ASCII letters.


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
