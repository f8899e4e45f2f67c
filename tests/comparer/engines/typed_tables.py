"""Random tables that two engines can hold: of all common types, with and without keys, and what was changed in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.comparer.engines.servers import Database, Engine, SqliteDatabase
from tests.comparer.engines.types_of_engines import (
    BESIDE_JSON,
    BESIDE_UUID,
    LABELS,
    SQLITE,
    TYPES,
    ColumnType,
    Plain,
    fits,
    literal,
)

WHOLE: list[Plain] = [
    0, 1, -1, 2, 5, 7, 127, -128, 255, 32767, -32768, 8388607, 2**31 - 1, -(2**31), 2**32 - 1, 2**53, 2**53 + 1,
    225679173340397074, 225679173340397075, 2**63 - 1, -(2**63), 2**64 - 1, 2**63,
]  # fmt: skip
NUMBERS: list[Plain] = [
    *WHOLE, 0.1 + 0.2, 0.3, Decimal("0.3"), 0.1, Decimal("0.1"), 1e-15, 2e-15, 1e-8, 3e-8, -0.0, 1.5, Decimal("1.50"),
    Decimal("12345.0001"), Decimal("12345.0002"), Decimal("-0.000001"), 1e20, 1.5e-7, 1e-6, 123456789012345680.0,
    1e300, -1e300, 16777217, 16777216.0, 0.10000000149011612, float("nan"), float("inf"), float("-inf"), 3.4e38,
    Decimal("0.1000000000000000055511151231257827"), 2.5, -2.5, Decimal("99999999999999.999999"),
]  # fmt: skip
TEXTS: list[Plain] = [
    "", " ", "a", "A", "b", "a ", "a  ", " a", "abc ", "ABC", "abc", "<null>", "NULL", "null", "it's", "a|b", "c",
    "b|c", "a\\", "\\n", "%", '"', "`", "é", "e\u0301", "É", "😀", "😀a", "ß", "ss", "\ufb01", "İ", "\u0131", "\t\n",
    "x" * 60, "x" * 59 + "y", "\0", "a\0b", "a\0c", "1", "1.0", "01", "\ufffd", "\u200b", "\x7f", "_", "z", "Z",
    "\uffff", "ÿ", *LABELS,
]  # fmt: skip
BYTES: list[Plain] = [
    b"", b"\0", b"\0\0", b"\xff\xfe", b"a", b"A", b"a ", b"ab", b"\xc3\xa9", bytes(range(60)), b"\\x61", b"'", b"a\0",
]  # fmt: skip
DAYS: list[Plain] = [
    "1970-01-01", "2024-02-29", "0001-01-01", "9999-12-31", "9999-12-31 23:59:59.999999", "1000-01-01 00:00:00",
    "1969-12-31 23:59:59.999999", "2020-01-01 00:00:00.1", "2020-01-01 00:00:00.100001", "2020-01-01 00:00:00.100000",
    "2020-01-01 00:00:00", "2020-01-01T00:00:00", "2020-01-01", "2020-01-01 12:00", "0000-00-00", "0000-00-00 00:00:00",
    "2024-00-10", "2024-00-00 00:00:00", "2024-00-10 12:34:56.5", "2024-00-10 00:00:00.000000",
    "infinity", "-infinity", "12024-05-06", "0044-03-15 BC", "1582-10-10", "2020-01-01 00:00:00.999",
]  # fmt: skip
TIMES: list[Plain] = [
    "00:00:00", "23:59:59.999999", "12:34:56.1", "12:34:56.100001", "12:34:56", "24:00:00", "25:00:00", "-01:00:00",
    "838:59:59", "-838:59:59", "12:34", "-00:00:00.5",
]  # fmt: skip
INSTANTS: list[Plain] = [
    "1970-01-02 00:00:00", "2024-02-29 12:00:00", "2020-01-01 00:00:00.1", "2020-01-01 00:00:00.100001",
    "2020-01-01 00:00:00Z", "2020-01-01 00:00:00", "2024-03-31 01:30:00", "2024-10-27 00:30:00", "2024-10-27 01:30:00",
    "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "0000-00-00 00:00:00", "infinity", "-infinity", "2020-01-01",
    "2029-12-31 23:59:59.999999", "12024-05-06 07:08:09",
]  # fmt: skip
UUIDS: list[Plain] = [
    "00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeefe",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", "f0000000-0000-4000-8000-000000000001",
    "0f000000-0000-4000-8000-000000000001",
    "00112233-4455-6677-8899-AABBCCDDEEFF", "00112233445566778899aabbccddeeff", "no uuid",
    "No-Uuid", "{00112233-4455-6677-8899-aabbccddeeff}", b"short", b"sixteen bytes it",
]  # fmt: skip
JSON: list[Plain] = [
    '{"a": 1, "b": 2}', '{"b": 2, "a": 1}', '{"a":1,"b":2}', "[1, 2]", "[1,2]", "[2, 1]", "[1.0, 2]", '"x"', '"X"',
    "null", "1", "1.0", "1e0", "true", "{}", "[]", '{"a": null}', '"\\u00e9"', '"é"', "12345678901234567890123",
    "12345678901234567890124", "0.1", "0.10", '{"a": {"c": [1], "b": ""}}', '{"a": {"b": "", "c": [1]}}', "no JSON",
    '{"a": 1, "a": 2}', '{"a": 2}', '"😀"', '" "', "-0", "0",
]  # fmt: skip
CORPORA = {
    "whole": WHOLE, "number": NUMBERS, "text": TEXTS, "bytes": BYTES, "day": DAYS, "time": TIMES, "instant": INSTANTS,
    "uuid": UUIDS, "json": JSON,
}  # fmt: skip
# Of a column of SQLite: now and then something that is no value of the column on the other side.
ODD: list[Plain] = ["1", "x", b"x", 1.5, 3.0, 7, "2020-13-01", "noon"]
INSTEAD: dict[str, Plain] = {
    "whole": 1, "number": 1, "text": "a", "bytes": b"a", "day": "2020-01-01", "time": "12:34:56",
    "instant": "2020-01-01 00:00:00", "uuid": "ffffffff-ffff-ffff-ffff-ffffffffffff", "json": "1",
}  # fmt: skip
"""What a column that must not be NULL has for what it can't hold."""


@dataclass(frozen=True)
class Column:
    """A pair of columns with one name."""

    name: str
    family: str
    types: tuple[ColumnType, ColumnType]
    nullable: bool


@dataclass(frozen=True, repr=False)
class Table:
    """A table of a source and a target. `key`: positions; empty: it has none. `unique`: it is no primary key.

    `transactional`: of MySQL's engines it has the one that takes longer to make.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[int, ...]
    unique: bool
    rows: tuple[tuple[tuple[Plain, ...], ...], tuple[tuple[Plain, ...], ...]]
    transactional: bool

    def __repr__(self) -> str:
        sides = enumerate(self.columns[0].types)
        return "\n".join(str(entry) for side, column in sides for entry in self.statements(side, column.engine))

    def statements(self, side: int, engine: Engine) -> list[tuple[str, tuple[Any, ...]]]:
        """What makes the table on that side."""
        made = [(self._create(side, engine), ())]
        rows = [tuple(self._given(column, value, side) for column, value in zip(self.columns, row, strict=True))
                for row in self.rows[side]]  # fmt: skip
        if engine == "sqlite":
            # A number that finds rows takes nothing else.
            insert = f"INSERT OR IGNORE INTO {self.name} VALUES ({', '.join('?' * len(self.columns))})"
            return made + [(insert, row) for row in rows if self._is_held(row, side)]
        if rows:
            parts = ", ".join(f"({', '.join(map(self._literal(side), row, self.columns))})" for row in rows)
            ignore, conflict = ("IGNORE ", "") if engine == "mysql" else ("", " ON CONFLICT DO NOTHING")
            made.append((f"INSERT {ignore}INTO {self.name} VALUES {parts}{conflict}", ()))
        return made

    def _create(self, side: int, engine: Engine) -> str:
        parts = []
        for column in self.columns:
            declared = column.types[side].declared
            nulls = "" if column.nullable else " NOT NULL"
            parts.append(f"{column.name} {declared.removesuffix(' NULL') if nulls else declared}{nulls}")
        if self.key:
            names = ", ".join(self.columns[at].name for at in self.key)
            parts.append(f"{'UNIQUE' if self.unique else 'PRIMARY KEY'} ({names})")
        how = f" ENGINE={'InnoDB' if self.transactional else 'MyISAM'}" if engine == "mysql" else ""
        return f"CREATE TABLE {self.name} ({', '.join(parts)}){how}"

    @staticmethod
    def _given(column: Column, value: Plain, side: int) -> Plain:
        given = fits(value, column.types[side])
        return fits(INSTEAD[column.family], column.types[side]) if given is None and not column.nullable else given

    def _is_held(self, row: tuple[Plain, ...], side: int) -> bool:
        alone = self.columns[self.key[0]] if len(self.key) == 1 and not self.unique else None
        if alone is None or alone.types[side].declared != "INTEGER":
            return True
        value = row[self.key[0]]
        return isinstance(value, int) or (isinstance(value, str) and value.isdecimal())

    @staticmethod
    def _literal(side: int) -> Any:
        return lambda value, column: literal(value, column.types[side])


def make(database: Database, tables: Sequence[Table], side: int) -> None:
    """Put the tables into a database, instead of what is there."""
    database.renew()
    statements = [entry for table in tables for entry in table.statements(side, database.engine)]
    if isinstance(database, SqliteDatabase):
        database.execute(statements)
        return
    labels = ", ".join(f"'{label}'" for label in LABELS)
    first = [f"CREATE TYPE label AS ENUM ({labels})"] if database.engine == "postgres" else []
    database.run(*first, *(statement for statement, _ in statements))


@st.composite
def tables(draw: st.DrawFn, source: Engine, target: Engine, number: int, *, uuids: bool = True) -> list[Table]:
    """So many tables. `uuids`: whether MySQL has a type for them, as MariaDB does."""
    return [draw(_table(f"t{at}", source, target, uuids)) for at in range(number)]


@st.composite
def _table(draw: st.DrawFn, name: str, source: Engine, target: Engine, uuids: bool) -> Table:
    width = draw(st.integers(1, 4))
    keys = draw(st.sampled_from([0, 1, 1, 1, 1, 2]))
    columns = tuple(
        draw(_column(f"c{at}", source, target, in_key=at < keys, uuids=uuids)) for at in range(max(width, keys))
    )
    rows = draw(st.lists(_row(columns, source == "sqlite" or target == "sqlite"), max_size=6))
    if not keys and rows:
        rows += draw(st.lists(st.sampled_from(rows), max_size=3))
    others = draw(_changed(rows, columns, keys))
    # Whatever the order in which the rows were put in.
    others = draw(st.sampled_from([others, others[::-1]]))
    key = tuple(range(keys))[:: draw(st.sampled_from([1, -1]))]
    return Table(
        name, columns, key, draw(st.integers(0, 3)) == 0, (tuple(rows), tuple(others)), draw(st.integers(0, 3)) == 0
    )


@st.composite
def _column(draw: st.DrawFn, name: str, source: Engine, target: Engine, *, in_key: bool, uuids: bool) -> Column:
    # Which sides have no type for UUIDs: they keep them as something else, beside the other side's own type.
    lacking = [side for side, engine in enumerate((source, target), 1) if engine == "mysql" and not uuids]
    left_out = {"json"} if in_key else set()
    if lacking and "postgres" not in {source, target}:
        left_out.add("uuid")
    families = [family for family in TYPES if family not in left_out]
    # Most keys are of few kinds.
    family = draw(st.sampled_from([*families, "whole", "text"] if in_key else families))

    def of(engine: Engine, beside: bool) -> ColumnType:
        offered = SQLITE if engine == "sqlite" else [t for t in TYPES[family] if t.engine == engine]
        if engine != "sqlite" and beside:
            offered = offered + [t for t in (BESIDE_UUID if family == "uuid" else BESIDE_JSON) if t.engine == engine]
        if family == "uuid" and not uuids:
            offered = [t for t in offered if (t.engine, t.held) != ("mysql", "uuid")]
        return draw(st.sampled_from([t for t in offered if not in_key or t.in_key]))

    # Of two columns one at least must be of the family's own type.
    beside = draw(st.integers(0, 2)) if family in {"uuid", "json"} else 0
    if family == "uuid" and lacking:
        beside = lacking[0]
    types = of(source, beside == 1), of(target, beside == 2)
    return Column(name, family, types, nullable=not in_key and draw(st.booleans()))


def _value(column: Column, odd: bool) -> st.SearchStrategy[Plain]:
    return st.sampled_from([*CORPORA[column.family], None, *(ODD if odd else ())])


def _row(columns: Sequence[Column], odd: bool) -> st.SearchStrategy[tuple[Plain, ...]]:
    return st.tuples(*(_value(column, odd and at % 3 == 2) for at, column in enumerate(columns)))


@st.composite
def _changed(
    draw: st.DrawFn, rows: Sequence[tuple[Plain, ...]], columns: Sequence[Column], keys: int
) -> list[tuple[Plain, ...]]:
    """What became of the rows: most are as they were, some lost, some changed in one column; some are new."""
    found = []
    for row in rows:
        action = draw(st.sampled_from(["same", "same", "same", "same", "gone", "changed", "changed"]))
        if action == "changed":
            at = draw(st.integers(min(keys, len(columns) - 1), len(columns) - 1))
            value = draw(_value(columns[at], odd=False))
            found.append((*row[:at], value, *row[at + 1 :]))
        elif action == "same":
            found.append(row)
    return found + draw(st.lists(_row(columns, odd=False), max_size=2))
