"""The values over which tools that compare databases have fallen: seen for what they are between every two engines."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest

from functions.comparer.compare import compare_databases
from functions.comparer.core.options import Options
from functions.comparer.core.results import DataResult, RowDifference, TableContents
from tests.comparer.engines.servers import PAIRS, Database, Engine, MysqlDatabase
from tests.comparer.engines.typed_tables import Column, Table, make
from tests.comparer.engines.types_of_engines import BESIDE_UUID, TYPES, ColumnType, Plain, fits

of_every_pair = pytest.mark.parametrize("pair", PAIRS, ids="-".join, indirect=True)
of_pairs_with_a_server = pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if pair != ("sqlite", "sqlite")], ids="-".join, indirect=True
)

# What each engine calls a type; an engine that is not named has none.
DECLARED: dict[str, dict[Engine, str]] = {
    "small": {"postgres": "smallint", "mysql": "smallint", "sqlite": "INTEGER"},
    "big": {"postgres": "bigint", "mysql": "bigint", "sqlite": "INTEGER"},
    "unsigned": {"mysql": "bigint unsigned"},
    "boolean": {"postgres": "boolean", "mysql": "boolean", "sqlite": "INTEGER"},
    "bits": {"postgres": "bit(8)", "mysql": "bit(8)", "sqlite": "INTEGER"},
    "decimal": {"postgres": "numeric(30,6)", "mysql": "decimal(30,6)", "sqlite": "NUMERIC"},
    "long decimal": {"postgres": "numeric", "mysql": "decimal(50,20)"},
    "any decimal": {"postgres": "numeric"},
    "double": {"postgres": "double precision", "mysql": "double", "sqlite": "REAL"},
    "single": {"postgres": "real", "mysql": "float"},
    "text": {"postgres": "varchar(60)", "mysql": "varchar(60)", "sqlite": "TEXT"},
    "char": {"postgres": "char(8)", "mysql": "char(8)"},
    "latin": {"mysql": "varchar(60) CHARACTER SET latin1"},
    "enum": {"postgres": "label", "mysql": next(t.declared for t in TYPES["text"] if t.declared.startswith("enum"))},
    "bytes": {"postgres": "bytea", "mysql": "varbinary(60)", "sqlite": "BLOB"},
    "date": {"postgres": "date", "mysql": "date", "sqlite": "TEXT"},
    "time": {"postgres": "time", "mysql": "time(6)", "sqlite": "TEXT"},
    "timestamp": {"postgres": "timestamp", "mysql": "datetime(6)", "sqlite": "TEXT"},
    "seconds": {"postgres": "timestamp(3)", "mysql": "datetime", "sqlite": "TEXT"},
    "instant": {"postgres": "timestamptz", "mysql": "timestamp(6) NULL", "sqlite": "TEXT"},
    "uuid": {"postgres": "uuid", "mysql": "uuid", "sqlite": "TEXT"},
    "uuid text": {"postgres": "char(36)", "mysql": "char(36)", "sqlite": "TEXT"},
    "uuid bytes": {"postgres": "bytea", "mysql": "binary(16)", "sqlite": "BLOB"},
    "json": {"postgres": "json", "mysql": "json", "sqlite": "TEXT"},
    "binary json": {"postgres": "jsonb", "mysql": "json", "sqlite": "TEXT"},
}
KNOWN = {(t.engine, t.declared): t for types in [*TYPES.values(), BESIDE_UUID] for t in types}


def type_of(name: str, engine: Engine) -> ColumnType | None:
    """What the engine has of that name."""
    declared = DECLARED[name].get(engine)
    if declared is None:
        return None
    return ColumnType("sqlite", declared, "any") if engine == "sqlite" else KNOWN[engine, declared]


def table(
    pair: tuple[Database, Database],
    types: Sequence[str],
    rows: Sequence[Sequence[Sequence[Plain]]],
    *,
    key: bool = True,
) -> Table:
    """A table t (id, v0, v1, ...) with the rows of both sides."""
    columns = [Column("id", "whole", _types(pair, "small", "small"), nullable=False)]
    columns += [Column(f"v{at}", "text", _types(pair, name, name), True) for at, name in enumerate(types)]
    ours, theirs = (tuple(map(tuple, side)) for side in rows)
    return Table("t", tuple(columns), (0,) if key else (), unique=False, rows=(ours, theirs), transactional=True)


def _types(pair: tuple[Database, Database], source: str, target: str) -> tuple[ColumnType, ColumnType]:
    ours, theirs = type_of(source, pair[0].engine), type_of(target, pair[1].engine)
    assert ours, source
    assert theirs, target
    return ours, theirs


def compare(pair: tuple[Database, Database], table: Table) -> tuple[TableContents, list[RowDifference]]:
    """Make the table on both sides and compare it."""
    for side, database in enumerate(pair):
        make(database, [table], side)
    found = compare_databases(
        pair[0].url, pair[1].url, objects=False, lines=False, contents=True, options=Options(settle=0)
    )
    assert not found.failures
    assert found.contents
    ((contents,),) = [database.tables for database in found.contents.databases]
    return contents, [row for rows in found.differences.values() for row in rows]


PIT_TYPES = ["double", "decimal", "text", "text", "big", "timestamp"]
"""Of the columns v0 to v5."""
DIFFERENT: list[tuple[dict[int, Plain], dict[int, Plain]]] = [
    ({0: 1e-15}, {0: 2e-15}),
    ({0: 1e-8}, {0: 3e-8}),
    ({0: 0.1 + 0.2}, {0: 0.3}),
    ({2: ""}, {2: None}),
    ({2: "<null>"}, {2: None}),
    ({4: None}, {4: 0}),
    ({2: "abc"}, {2: "abc "}),
    ({5: "2020-01-01 00:00:00.000001"}, {5: "2020-01-01 00:00:00.000002"}),
    ({1: Decimal("12345.0001")}, {1: Decimal("12345.0002")}),
    ({2: "a|b", 3: "c"}, {2: "a", 3: "b|c"}),
    ({4: 225679173340397074}, {4: 225679173340397075}),
    ({2: "a"}, {2: "A"}),
    ({2: "é"}, {2: "e\u0301"}),
]
EQUAL: list[tuple[dict[int, Plain], dict[int, Plain]]] = [
    ({0: -0.0}, {0: 0.0}),
    ({0: 1e20}, {0: 100000000000000000000.0}),
    ({0: 1.5e-7}, {0: 0.00000015}),
    ({1: Decimal("1.5000")}, {1: Decimal("1.5")}),
]


def pit_rows(side: int) -> list[list[Plain]]:
    return [
        [number, *(row[side].get(at) for at in range(len(PIT_TYPES)))] for number, row in enumerate(DIFFERENT + EQUAL)
    ]


@of_every_pair
def test_thirteen_of_seventeen_rows_differ_and_four_are_equal(pair: tuple[Database, Database]) -> None:
    found, differences = compare(pair, table(pair, PIT_TYPES, [pit_rows(0), pit_rows(1)]))
    assert (found.source_rows, found.target_rows, found.result) == (17, 17, DataResult.INCONSISTENT)
    assert (found.missing, found.extra, found.changed) == (0, 0, 13)
    assert {(d.source_key, d.target_key, d.columns) for d in differences} == {
        ((str(n),), (str(n),), tuple(f"v{at}" for at in ours)) for n, (ours, _) in enumerate(DIFFERENT)
    }


@of_every_pair
def test_without_a_key_the_thirteen_are_missing_and_extra(pair: tuple[Database, Database]) -> None:
    found, differences = compare(pair, table(pair, PIT_TYPES, [pit_rows(0), pit_rows(1)], key=False))
    assert (found.missing, found.extra, found.changed) == (13, 13, 0)
    keys = [key[0] for d in differences if (key := d.source_key or d.target_key)]
    assert sorted(map(int, filter(None, keys))) == sorted([*range(13), *range(13)])


@of_every_pair
def test_two_rows_that_have_swapped_a_value_differ(pair: tuple[Database, Database]) -> None:
    rows: list[list[list[Plain]]] = [[[1, 10, 1], [2, 10, 2]], [[1, 10, 2], [2, 10, 1]]]
    found, differences = compare(pair, table(pair, ["big", "big"], rows))
    assert [(d.kind, d.source_key, d.columns) for d in differences] == [
        ("changed", ("1",), ("v1",)),
        ("changed", ("2",), ("v1",)),
    ]
    found, _ = compare(pair, table(pair, ["big", "big"], rows, key=False))
    assert (found.missing, found.extra, found.changed) == (2, 2, 0)


@dataclass(frozen=True)
class Look:
    """How one value can look on two sides: types and values, and whether it is the same."""

    types: tuple[str, str]
    values: tuple[Plain, Plain]
    same: bool


def same(one: str, ours: Plain, other: str, theirs: Plain) -> Look:
    return Look((one, other), (ours, theirs), same=True)


def apart(one: str, ours: Plain, other: str, theirs: Plain) -> Look:
    return Look((one, other), (ours, theirs), same=False)


NAN, INFINITE = float("nan"), float("inf")
LONG = "12345678901234567890123"
UUID = "00112233-4455-6677-8899-aabbccddeeff"
LOOKS = [
    same("double", 1e20, "double", 1e20),
    same("double", 1.5e-7, "double", 0.00000015),
    same("double", 1e-6, "double", 0.000001),
    same("double", 0.1 + 0.2, "double", 0.30000000000000004),
    apart("double", 0.1 + 0.2, "double", 0.3),
    same("double", 123456789012345680.0, "double", 123456789012345681.0),
    apart("double", 123456789012345680.0, "double", 123456789012345696.0),
    same("double", -0.0, "double", 0.0),
    same("double", NAN, "double", NAN),
    same("double", INFINITE, "double", INFINITE),
    apart("double", INFINITE, "double", -INFINITE),
    same("double", 5e-324, "double", 5e-324),
    apart("double", 5e-324, "double", 0.0),
    same("any decimal", Decimal("NaN"), "any decimal", Decimal("NaN")),
    same("single", 0.1, "single", 0.1),
    same("single", 0.1, "double", 0.1),
    same("single", 0.1, "decimal", Decimal("0.1")),
    apart("single", 0.1, "decimal", Decimal("0.100001")),
    same("single", 16777216, "big", 16777216),
    apart("single", 16777217, "big", 16777217),
    apart("big", 2**53 + 1, "double", 2.0**53),
    same("big", 2**53, "double", 2.0**53),
    same("decimal", Decimal("0.1"), "double", 0.1),
    apart("decimal", Decimal("0.3"), "double", 0.1 + 0.2),
    apart("long decimal", Decimal("0.10000000000000000001"), "double", 0.1),
    same("decimal", Decimal("1.500"), "decimal", Decimal("1.5")),
    same("decimal", Decimal("1.500000"), "long decimal", Decimal("1.5")),
    same("decimal", Decimal("1.10"), "decimal", Decimal("1.1")),
    apart("decimal", Decimal("12345.0001"), "decimal", Decimal("12345.0002")),
    same("decimal", Decimal(5), "small", 5),
    apart("decimal", Decimal("5.000001"), "small", 5),
    same("big", 2**63 - 1, "big", 2**63 - 1),
    apart("big", 2**63 - 1, "big", 2**63 - 2),
    same("unsigned", 2**64 - 1, "any decimal", Decimal(2**64 - 1)),
    same("any decimal", Decimal(2**64 - 1), "unsigned", 2**64 - 1),
    apart("unsigned", 2**64 - 1, "any decimal", Decimal(2**64 - 2)),
    apart("unsigned", 2**64 - 1, "big", -1),
    same("unsigned", 2**64 - 1, "unsigned", 2**64 - 1),
    same("boolean", 1, "boolean", 1),
    same("boolean", 1, "small", 1),
    apart("boolean", 0, "boolean", 1),
    apart("boolean", 0, "boolean", None),
    same("bits", 5, "bits", 5),
    same("bits", 5, "small", 5),
    apart("bits", 5, "bits", 160),
    same("bytes", b"\x00\xff", "bytes", b"\x00\xff"),
    apart("bytes", b"\x00\xff", "bytes", b"\x00\xfe"),
    apart("bytes", b"", "bytes", None),
    apart("bytes", b"a", "bytes", b"a\0"),
    apart("bytes", b"a", "bytes", b"a "),
    same("char", "abc ", "char", "abc"),
    same("char", "abc ", "text", "abc"),
    same("text", "abc", "char", "abc   "),
    apart("char", " abc", "text", "abc"),
    apart("text", "abc ", "text", "abc"),
    apart("text", "abc ", "char", "abc "),
    apart("text", "abc", "text", "ABC"),
    apart("text", "", "text", None),
    apart("text", "null", "text", None),
    apart("text", "ß", "text", "ss"),
    apart("text", "é", "text", "e\u0301"),
    apart("text", "\ufeffa", "text", "a"),
    apart("text", "a\t", "text", "a"),
    same("text", "😀", "text", "😀"),
    apart("text", "😀", "text", "😁"),
    same("text", "a\0b", "text", "a\0b"),
    apart("text", "a\0b", "text", "a\0c"),
    apart("text", "a\0", "text", "a"),
    same("latin", "é", "text", "é"),
    same("text", "ÿ", "latin", "ÿ"),
    same("enum", "sad", "enum", "sad"),
    same("enum", "o k", "text", "o k"),
    same("text", "😀", "enum", "😀"),
    apart("enum", "OK", "text", "ok"),
    apart("enum", "sad", "enum", "zz"),
    same("date", "2024-02-29", "date", "2024-02-29"),
    apart("date", "1970-01-01", "date", None),
    same("date", "0001-01-01", "date", "0001-01-01"),
    same("date", "9999-12-31", "date", "9999-12-31"),
    same("date", "2020-01-01", "timestamp", "2020-01-01 00:00:00"),
    apart("date", "2020-01-01", "timestamp", "2020-01-01 00:00:00.000001"),
    same("date", "0000-00-00", "date", "0000-00-00"),
    apart("date", "0000-00-00", "date", None),
    apart("date", "0000-00-00", "date", "0001-01-01"),
    same("date", "2024-00-10", "date", "2024-00-10"),
    apart("date", "2024-00-10", "date", "2024-00-11"),
    same("timestamp", "2024-00-00 00:00:00", "timestamp", "2024-00-00 00:00:00"),
    same("timestamp", "2024-00-00 00:00:00", "seconds", "2024-00-00 00:00:00.000000"),
    same("timestamp", "2024-00-10 12:34:56.5", "timestamp", "2024-00-10 12:34:56.500000"),
    same("seconds", "0000-00-00 12:00:00", "timestamp", "0000-00-00 12:00:00"),
    apart("timestamp", "2024-00-10 12:34:56.5", "timestamp", "2024-00-10 12:34:56"),
    apart("timestamp", "2024-00-10 00:00:00", "timestamp", "2024-00-11 00:00:00"),
    same("date", "2024-00-10", "timestamp", "2024-00-10 00:00:00"),
    same("date", "infinity", "date", "infinity"),
    apart("date", "infinity", "date", "-infinity"),
    apart("date", "infinity", "date", "9999-12-31"),
    same("timestamp", "2020-01-01 00:00:00.1", "timestamp", "2020-01-01 00:00:00.100000"),
    apart("timestamp", "2020-01-01 00:00:00.1", "timestamp", "2020-01-01 00:00:00.100001"),
    same("timestamp", "2020-01-01 00:00:00", "seconds", "2020-01-01 00:00:00"),
    same("timestamp", "1969-12-31 23:59:59.999999", "timestamp", "1969-12-31 23:59:59.999999"),
    same("timestamp", "infinity", "timestamp", "infinity"),
    apart("timestamp", "infinity", "timestamp", None),
    same("timestamp", "0000-00-00 00:00:00", "timestamp", "0000-00-00 00:00:00"),
    same("instant", "2024-10-27 00:30:00", "instant", "2024-10-27 00:30:00"),
    apart("instant", "2024-10-27 00:30:00", "instant", "2024-10-27 01:30:00"),
    same("instant", "2020-01-01 00:00:00.1", "instant", "2020-01-01 00:00:00.100000"),
    same("time", "23:59:59.999999", "time", "23:59:59.999999"),
    apart("time", "12:34:56.1", "time", "12:34:56.100001"),
    same("time", "24:00:00", "time", "24:00:00"),
    apart("time", "24:00:00", "time", "00:00:00"),
    same("time", "25:00:00", "time", "25:00:00"),
    apart("time", "25:00:00", "time", "01:00:00"),
    same("time", "-838:59:59", "time", "-838:59:59"),
    apart("time", "-01:00:00", "time", "01:00:00"),
    same("uuid", UUID, "uuid", UUID),
    same("uuid", UUID, "uuid text", UUID.upper()),
    same("uuid text", UUID, "uuid", UUID),
    same("uuid", UUID, "uuid bytes", bytes.fromhex(UUID.replace("-", ""))),
    same("uuid bytes", bytes.fromhex(UUID.replace("-", "")), "uuid", UUID),
    apart("uuid", UUID, "uuid text", UUID.replace("f", "e")),
    apart("uuid", UUID, "uuid text", "no uuid"),
    same("json", '{"a": 1, "b": 2}', "json", '{"b":2,"a":1}'),
    same("json", '{"a": 1, "b": 2}', "binary json", '{"b":2,"a":1}'),
    same("binary json", '{"a": [1.0, "é"]}', "json", '{"a":[1,"\\u00e9"]}'),
    apart("json", '{"a": 1}', "json", '{"a": "1"}'),
    apart("json", "[1, 2]", "json", "[2, 1]"),
    apart("json", LONG, "json", "12345678901234567890124"),
    apart("json", "null", "json", None),
    apart("json", "true", "json", "1"),
    same("json", '{"a": 1, "b": 2}', "text", '{"b":2,"a":1}'),
]


def keeps_doubles(database: Database) -> bool:
    """Whether it keeps numbers in JSON as doubles, as MySQL does: MariaDB keeps the text as it was written."""
    return isinstance(database, MysqlDatabase) and not database.mariadb


def is_held(look: Look, pair: tuple[Database, Database]) -> bool:
    """Whether both sides have the types, and can hold the values."""
    for name, value, database in zip(look.types, look.values, pair, strict=True):
        found = type_of(name, database.engine)
        if found is None or (value is not None and fits(value, found) is None):
            return False
        if found.declared == "uuid" and isinstance(database, MysqlDatabase) and not database.mariadb:
            return False
    if look.types == ("json", "json") and LONG in look.values and all(map(keeps_doubles, pair)):
        return False
    # What is in a column of SQLite is compared as what the other side's column holds.
    plain = {"text", "uuid text", "uuid bytes", "single"}
    others = {name for name, database in zip(look.types, pair, strict=True) if database.engine != "sqlite"}
    return len(others) == len(pair) or len(set(look.types)) == 1 or not others & plain


@of_pairs_with_a_server
def test_a_value_is_the_same_only_if_it_says_the_same(pair: tuple[Database, Database]) -> None:
    looks = [look for look in LOOKS if is_held(look, pair)]
    columns = [Column("id", "whole", _types(pair, "small", "small"), nullable=False)]
    columns += [Column(f"v{at}", "text", _types(pair, *look.types), True) for at, look in enumerate(looks)]
    ours, theirs = ((1, *(look.values[side] for look in looks)) for side in (0, 1))
    found, (difference,) = compare(
        pair, Table("t", tuple(columns), (0,), unique=False, rows=((ours,), (theirs,)), transactional=True)
    )
    assert found.changed == 1
    told = {looks[int(name.removeprefix("v"))] for name in difference.columns}
    assert told == {look for look in looks if not look.same}
    assert len(looks) > 60


KEYS: list[Plain] = ["a", "B", "b ", "A ", "_", "é", "z", "1", "", "É ", "10", "9", "Z ", "\uffff", "😀", "ÿ"]


@of_every_pair
@pytest.mark.parametrize("collated", ["by people", "by bytes"])
def test_the_order_of_keys_is_nobodys_business(pair: tuple[Database, Database], collated: str) -> None:
    by_bytes = {"postgres": 'varchar(60) COLLATE "C"', "mysql": "varchar(60) COLLATE utf8mb4_bin"}
    types = []
    for database in pair:
        chosen = type_of("text", database.engine)
        if collated == "by bytes" and database.engine in by_bytes:
            chosen = KNOWN[database.engine, by_bytes[database.engine]]
        assert chosen
        types.append(chosen)
    columns = (
        Column("k", "text", (types[0], types[1]), nullable=False),
        Column("v", "whole", _types(pair, "small", "small"), nullable=False),
    )
    # By people MySQL has letters of either case, with and without accents, for one key.
    keys = KEYS if collated == "by bytes" else KEYS[:1] + KEYS[4:9] + KEYS[10:12] + KEYS[13:]
    ours = tuple((key, 1) for key in keys)
    for value, changed in ((1, 0), (2, len(keys))):
        theirs = tuple((key, value) for key in keys[::-1])
        found, differences = compare(pair, Table("t", columns, (0,), False, (ours, theirs), transactional=True))
        assert (found.missing, found.extra, found.changed) == (0, 0, changed)
        assert {d.source_key for d in differences} == {(key,) for key in keys if changed}
        assert found.method in {"streamed", "joined"}


@of_every_pair
def test_rows_that_are_there_more_than_once_are_counted(pair: tuple[Database, Database]) -> None:
    once: list[Plain] = [1, 2, None]
    rows: list[list[list[Plain]]] = [[once, once, once, [1, 2, 3]], [[1, 2, None], [1, 2, 3], [1, 2, 3]]]
    found, differences = compare(pair, table(pair, ["big", "double"], rows, key=False))
    assert (found.missing, found.extra, found.changed) == (2, 1, 0)
    assert {(d.kind, (d.source_key or d.target_key or ())[:2]) for d in differences} == {
        ("missing", ("1", "2")),
        ("extra", ("1", "2")),
    }


# A column of SQLite is compared as what the other one is.
@pytest.mark.parametrize("pair", [pair for pair in PAIRS if "sqlite" not in pair], ids="-".join, indirect=True)
def test_columns_without_a_form_in_common_are_told_and_the_others_compared(pair: tuple[Database, Database]) -> None:
    columns = (
        Column("id", "whole", _types(pair, "small", "small"), nullable=False),
        Column("v0", "text", _types(pair, "date", "bytes"), nullable=True),
        Column("v1", "text", _types(pair, "text", "text"), nullable=True),
    )
    rows = (((1, "2020-01-01", "a"),), ((1, b"x", "a"),))
    found, differences = compare(pair, Table("t", columns, (0,), False, rows, transactional=True))
    assert (found.result, found.differing, differences) == (DataResult.CAN_NOT_COMPARE, 0, [])
    assert found.message
    assert "Column v0 was not compared" in found.message
