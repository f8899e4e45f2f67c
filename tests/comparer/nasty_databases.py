"""Random pairs of SQLite databases, as nasty as SQLite lets them be: most of them nearly equal."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from hypothesis import strategies as st


class Raw(bytes):
    """The bytes of a text, whether they are valid in the database's encoding or not."""


Stored = int | float | str | bytes | None

ENCODINGS = ("UTF-8", "UTF-8", "UTF-8", "UTF-16le", "UTF-16be")
LONG = "long " * 150
VALUES: tuple[Stored, ...] = (
    None, None, "", b"", 0, 0.0, -0.0, 1, 1.0, "1", b"1", "1.0", 2, 2.0, "2", 3, 4, 5, -1, "0", b"0", "null", "<null>",
    2**63 - 1, -(2**63), float(2**63), -float(2**63), 2**53, 2**53 + 1, float(2**53), 1e15, 10**15,
    225679173340397074, 225679173340397075, 1e-15, 2e-15, 0.1 + 0.2, 0.3, 1e20, "1e20", 1.5e-7, float("nan"),
    float("inf"), -float("inf"), 12345.0001, 12345.0002, "a", "A", "a ", "a  ", " a", "b", "B", "ab", b"a", b"A", b"a ",
    "é", "É", "e\u0301", "😀", "\ufeff", "\ufeffa", "a\0b", "a\0c", "A\0b", "a\0", "\0", "a|b", "b|c", "c", "a','b",
    "2024-01-01 00:00:00.000001", "2024-01-01 00:00:00.000002", LONG, LONG.upper(), LONG + "x", LONG.encode(),
    b"\0", b"\xff" * 700, b"\xff" * 699 + b"\xfe", bytes(range(256)) * 12, True, 2**31, 2**31 - 1, 127, 128, 2**47,
)  # fmt: skip
MALFORMED = (
    Raw(b"\xff"), Raw(b"a\xff"), Raw(b"A\xff"), Raw(b"\xed\xa0\x80"), Raw(b"\xc0\x80"), Raw(b"\xf4\x90\x80\x80"),
    Raw(b"a"), Raw(b"\0\xd8"), Raw(b"\xd8\0"), Raw(b"a\0\0\xdc"), Raw(b"\xff" * 700),
)  # fmt: skip
# Values that somebody has taken for one another.
NEAR: tuple[tuple[Stored, ...], ...] = (
    (0, 0.0, -0.0, "0", b"0", None, ""), (1, 1.0, "1", b"1", "1.0", True), (2, 2.0, "2"), (0.0, -0.0),
    (None, "", b"", "null", "<null>"), (2**53, 2**53 + 1, float(2**53)), (0.1 + 0.2, 0.3), (1e-15, 2e-15),
    ("a", "A", "a ", "a  ", " a", b"a", b"A"), ("a\0b", "a\0c", "A\0b", "a\0", "a"), ("é", "É", "e\u0301"),
    (2**63 - 1, float(2**63)), (-(2**63), -float(2**63)),
    (225679173340397074, 225679173340397075), (1e20, "1e20"), (LONG, LONG.upper(), LONG + "x", LONG.encode()),
    (b"\xff" * 700, b"\xff" * 699 + b"\xfe"), (float("inf"), -float("inf")), (1e15, 10**15), ("b", "B"), (-1, -1.0),
)  # fmt: skip
TABLES = ("t", "T x", "select", "it's", 'say "hi"', "rowid", "tést")
COLUMNS = ("id", "a", "b", "A b", 'q"', "select", "rowid", "oid", "x'y", "é", "É", "*", "a.b", "[c]", "`", ";--", "1")
TYPES = (
    "",
    "",
    "",
    "",
    "INTEGER",
    "INT",
    "TEXT",
    "BLOB",
    "REAL",
    "NUMERIC",
    "VARCHAR(3)",
    "DOUBLE",
    "FLOATING POINT",
    "BOOLEAN",
)
COLLATIONS = ("", "", "", "COLLATE NOCASE", "COLLATE NOCASE", "COLLATE RTRIM", "COLLATE BINARY")
KEYS = ("rowid", "rowid desc", "primary", "primary", "clustered", "clustered", "unique", "both", "nullable", "none")
# Nothing that writes a number as text: how many digits it has then depends on the release of SQLite.
GENERATED = ("typeof({0})", "{0} IS NULL", "coalesce({0}, x'00')", "{0}", "-{0}")


@dataclass(frozen=True)
class NastyColumn:
    """`generated`: its expression, over the first column; `stored`: it is kept in the row."""

    name: str
    declared: str
    collation: str = ""
    generated: str = ""
    stored: bool = False


@dataclass(frozen=True)
class NastyTable:
    """A table; `key`: one of KEYS, over the first `key_columns` columns. Rows that SQLite refuses are left out.
    `theme`: which values of NEAR occur most.

    `added`: a column that is added with a default after the first `old_rows` rows have been written.
    """

    name: str
    columns: tuple[NastyColumn, ...]
    key: str
    key_columns: int
    descending: bool
    rows: tuple[tuple[Stored, ...], ...]
    theme: int
    indexed: int | None = None
    added: tuple[str, Stored] | None = None
    old_rows: int = 0


@dataclass(frozen=True)
class NastyDatabase:
    """A database file."""

    encoding: str
    tables: tuple[NastyTable, ...] = field(default_factory=tuple)


def write(database: NastyDatabase, path: Path) -> None:
    """Make the file."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for setting in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "page_size = 512",
            f"encoding = '{database.encoding}'",
        ):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN")
        for table in database.tables:
            _write_table(connection, table)
        connection.execute("COMMIT")


def _write_table(connection: sqlite3.Connection, table: NastyTable) -> None:
    connection.execute(declaration(table))
    name = quoted(table.name)
    if table.indexed is not None:
        column = quoted(table.columns[table.indexed % len(table.columns)].name)
        connection.execute(f"CREATE INDEX {quoted('index of ' + table.name)} ON {name} ({column})")
    given = [column for column in table.columns if not column.generated]
    columns = ", ".join(quoted(column.name) for column in given)
    for number, row in enumerate(table.rows):
        if table.added and number == table.old_rows:
            connection.execute(
                f"ALTER TABLE {name} ADD COLUMN {quoted(table.added[0])} DEFAULT {literal(table.added[1])}"
            )
        values = row[: len(given)]
        places = ", ".join("CAST(? AS TEXT)" if isinstance(value, Raw) else "?" for value in values)
        # What a constraint forbids is no row; what is left is the same for everybody who reads the file.
        with suppress(sqlite3.IntegrityError):
            connection.execute(f"INSERT INTO {name} ({columns}) VALUES ({places})", values)


def declaration(table: NastyTable) -> str:
    """The CREATE TABLE statement."""
    keyed = [quoted(column.name) for column in table.columns[: table.key_columns]]
    order = " DESC" if table.descending else ""
    parts = []
    for at, column in enumerate(table.columns):
        part = f"{quoted(column.name)} {column.declared} {column.collation}"
        if column.generated:
            expression = column.generated.format(quoted(table.columns[0].name))
            part += f" AS ({expression}) {'STORED' if column.stored else 'VIRTUAL'}"
        if at == 0 and table.key.startswith("rowid"):
            part = f"{quoted(column.name)} INTEGER PRIMARY KEY" + (" DESC" if table.key == "rowid desc" else "")
        if (table.key == "unique" and at < table.key_columns) or (table.key == "both" and at == len(table.columns) - 1):
            part += " NOT NULL"
        if table.key == "both" and at == len(table.columns) - 1:
            part += " UNIQUE"
        parts.append(part)
    if table.key in {"primary", "clustered", "both", "nullable"}:
        parts.append(f"PRIMARY KEY ({', '.join(name + order for name in keyed)})")
    elif table.key == "unique":
        parts.append(f"UNIQUE ({', '.join(name + order for name in keyed)})")
    return (
        f"CREATE TABLE {quoted(table.name)} ({', '.join(parts)}){' WITHOUT ROWID' if table.key == 'clustered' else ''}"
    )


def literal(value: Stored) -> str:
    """A value in SQL; what has no literal is NULL."""
    if isinstance(value, str) and "\0" not in value:
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return str(value) if isinstance(value, int) else "NULL"


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _folded(name: str) -> bytes:
    return name.encode().lower()  # Of bytes only the letters of ASCII.


# The first group that a value is in. By what it is written like, as 1 and 1.0 are equal.
_NEAR = {repr(v): group[:at] + group[at + 1 :] for group in reversed(NEAR) for at, v in reversed([*enumerate(group)])}


def _near(value: Stored) -> tuple[Stored, ...]:
    """What is easily taken for the value."""
    return _NEAR.get(repr(value), ())


@cache
def _values(theme: int, malformed: bool) -> st.SearchStrategy[Stored]:
    """Any value, but every other one near the table's theme, and every fifth one of those that many rows have."""
    every = VALUES + (MALFORMED if malformed else ())
    near = NEAR[theme] * (len(every) // len(NEAR[theme]))
    return st.sampled_from(every + near + (1, 2, 3, 4, 5, 6, "a", "b", "A", None) * 5)


_ROWIDS: st.SearchStrategy[Stored] = st.sampled_from((*range(-2, 20), None, 2**63 - 1, -(2**63), "7", 8.0, "x"))
_ROWS = 14


def _rows_of(table: NastyTable, encoding: str) -> st.SearchStrategy[tuple[Stored, ...]]:
    # Which malformed texts of a database in UTF-16 a collation takes for equal depends on how SQLite mends them.
    collated = any(column.collation for column in table.columns)
    malformed = encoding == "UTF-8" or not collated
    return _rows(table.theme, malformed, len(table.columns), rowid=table.key.startswith("rowid"))


@cache
def _rows(theme: int, malformed: bool, columns: int, *, rowid: bool) -> st.SearchStrategy[tuple[Stored, ...]]:
    # Kept: making what draws takes longer than drawing.
    values = _values(theme, malformed)
    return st.tuples(_ROWIDS if rowid else values, *[values] * (columns - 1))


@cache
def _many(row: st.SearchStrategy[tuple[Stored, ...]], least: int) -> st.SearchStrategy[list[tuple[Stored, ...]]]:
    return st.lists(row, min_size=least, max_size=_ROWS)


_COLUMN_NAMES = st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique_by=_folded)
_TABLE_NAMES = st.lists(st.sampled_from(TABLES), min_size=1, max_size=3, unique=True)


@st.composite
def nasty_tables(draw: st.DrawFn, name: str, encoding: str) -> NastyTable:
    """A table of any kind."""
    names = draw(_COLUMN_NAMES)
    key = draw(st.sampled_from(KEYS))
    key_columns = 1 if key.startswith("rowid") else draw(st.integers(1, min(2, len(names))))
    columns = [NastyColumn(column, draw(st.sampled_from(TYPES)), draw(st.sampled_from(COLLATIONS))) for column in names]
    if len(names) > key_columns and draw(st.integers(0, 3)) == 0:
        generated = draw(st.sampled_from(GENERATED))
        columns[-1] = replace(columns[-1], declared="", generated=generated, stored=draw(st.booleans()))
    table = NastyTable(
        name, tuple(columns), key, key_columns, draw(st.booleans()), (), draw(st.integers(0, len(NEAR) - 1))
    )
    rows = draw(_many(_rows_of(table, encoding), draw(st.sampled_from([0, 2, 5]))))
    table = replace(table, rows=tuple(rows))
    match draw(st.integers(0, 5)):
        case 0:
            return replace(table, indexed=draw(st.integers(0, 3)))
        case 1:
            added = draw(st.sampled_from([None, 0, 1, 2**40, "x", b"x"]))
            return replace(table, added=("added", added), old_rows=draw(st.integers(0, len(rows))))
    return table


@st.composite
def nasty_databases(draw: st.DrawFn) -> NastyDatabase:
    """A database of up to three tables."""
    encoding = draw(st.sampled_from(ENCODINGS))
    names = draw(_TABLE_NAMES)
    return NastyDatabase(encoding, tuple(draw(nasty_tables(name, encoding)) for name in names))


@st.composite
def nasty_pairs(draw: st.DrawFn) -> tuple[NastyDatabase, NastyDatabase]:
    """A source and a target, which in most cases has been the source until a few things were changed."""
    source = draw(nasty_databases())
    if draw(st.integers(0, 9)) == 0:
        return source, draw(nasty_databases())
    target = source
    if draw(st.integers(0, 4)) == 0:
        target = _otherwise(target, draw(st.sampled_from(["encoding", "reversed", "dropped"])))
    return source, replace(target, tables=tuple(draw(_changed(table, target.encoding)) for table in target.tables))


@st.composite
def _changed(draw: st.DrawFn, table: NastyTable, encoding: str) -> NastyTable:
    for _ in range(draw(st.sampled_from([0, 1, 2, 3, 5]))):
        table = draw(_other_rows(table, encoding))
    return draw(_other_columns(table)) if draw(st.integers(0, 3)) == 0 else table


def _otherwise(database: NastyDatabase, how: str) -> NastyDatabase:
    if how == "encoding" and not any(isinstance(v, Raw) for t in database.tables for row in t.rows for v in row):
        return replace(database, encoding=ENCODINGS[-1 - ENCODINGS.index(database.encoding)])
    if how == "reversed":
        return replace(database, tables=tuple(replace(t, rows=t.rows[::-1]) for t in database.tables))
    return replace(database, tables=database.tables[1:])


@st.composite
def _other_rows(draw: st.DrawFn, table: NastyTable, encoding: str) -> NastyTable:
    """The same table with a row more, less, twice, elsewhere, or with another value, or two values swapped."""
    rows = [list(row) for row in table.rows]
    change = draw(st.sampled_from([*["near"] * 7, *["value"] * 3, "add", "drop", "twice", "move", "swap"]))
    if change == "add" or not rows:
        rows.append(list(draw(_rows_of(table, encoding))))
        return replace(table, rows=tuple(map(tuple, rows)))
    row, other = (draw(st.integers(0, len(rows) - 1)) for _ in range(2))
    column = draw(st.integers(0, len(table.columns) - 1))
    match change:
        case "near":
            found = [
                (at, number) for at, values in enumerate(rows) for number, value in enumerate(values) if _near(value)
            ]
            if found:
                row, column = draw(st.sampled_from(found))
                rows[row][column] = draw(st.sampled_from(_near(rows[row][column])))
        case "value":
            rows[row][column] = draw(_rows_of(table, encoding))[column]
        case "drop":
            del rows[row]
        case "twice":
            rows.insert(other, rows[row])
        case "move":
            rows.insert(other, rows.pop(row))
        case "swap":
            rows[row][column], rows[other][column] = rows[other][column], rows[row][column]
    return replace(table, rows=tuple(map(tuple, rows)))


@st.composite
def _other_columns(draw: st.DrawFn, table: NastyTable) -> NastyTable:
    """The same rows in a table that is declared otherwise."""
    columns = list(table.columns)
    at = draw(st.integers(0, len(columns) - 1))
    match draw(st.sampled_from(["order", "type", "collation", "case", "name", "less", "key", "plain"])):
        case "order" if len(columns) > 1 and not columns[0].generated and not columns[-1].generated:
            # The key moves along, so that it is over other columns then, or over the same ones in another order.
            rows = tuple(row[1:] + row[:1] for row in table.rows)
            return replace(table, columns=(*columns[1:], columns[0]), rows=rows)
        case "type" if not columns[at].generated:
            columns[at] = replace(columns[at], declared=draw(st.sampled_from(TYPES)))
        case "collation":
            columns[at] = replace(columns[at], collation=draw(st.sampled_from(COLLATIONS)))
        case "case":
            columns[at] = replace(columns[at], name=columns[at].name.swapcase())
        case "name":
            columns[at] = replace(columns[at], name="another")
        case "less" if len(columns) > table.key_columns:
            return replace(
                table, columns=tuple(columns[:-1]), rows=tuple(row[: len(columns) - 1] for row in table.rows)
            )
        case "key":
            return replace(table, key=draw(st.sampled_from([key for key in KEYS if not key.startswith("rowid")])))
        case "plain":
            columns = [replace(column, generated="") for column in columns]
    if len({_folded(column.name) for column in columns}) < len(columns):
        return table
    return replace(table, columns=tuple(columns))
