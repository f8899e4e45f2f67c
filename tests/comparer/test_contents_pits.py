"""The values over which tools that compare databases have fallen: each must be seen for what it is, by every method."""

from collections.abc import Callable
from pathlib import Path

import pytest

from functions.comparer.compare import compare_databases
from functions.comparer.core.results import DataResult, RowDifference, TableContents
from tests.comparer.served import make_database

# What a row has in the source and in the target: two values, so that where one ends matters.
DIFFERENT = [
    ("1e-15, 0", "2e-15, 0"),
    ("1e-8, 0", "3e-8, 0"),
    ("0.1 + 0.2, 0", "0.3, 0"),
    ("'', 0", "NULL, 0"),
    ("'<null>', 0", "NULL, 0"),
    ("NULL, 0", "0, 0"),
    ("'abc', 0", "'abc ', 0"),
    ("'2020-01-01 00:00:00.000001', 0", "'2020-01-01 00:00:00.000002', 0"),
    ("12345.0001, 0", "12345.0002, 0"),
    ("'a|b', 'c'", "'a', 'b|c'"),
    ("225679173340397074, 0", "225679173340397075, 0"),
    ("'a', 0", "'A', 0"),
    ("1, 0", "'1', 0"),
]
EQUAL = [
    ("-0.0, 0", "0.0, 0"),
    ("9e999 - 9e999, 0", "NULL, 0"),  # Not a number.
    ("1e20, 0", "100000000000000000000.0, 0"),
    ("1.5e-7, 0", "0.00000015, 0"),
]

# How a table is declared so that each method has to compare it, and whether its rows have a key.
METHODS = {
    "joined": ("(id INTEGER PRIMARY KEY, v, w)", None, True),
    "joined by text": ("(id TEXT PRIMARY KEY, v, w) WITHOUT ROWID", None, True),
    "paired": ("(id, v, w)", None, False),
    "spilled": ("(id INTEGER PRIMARY KEY, v, w)", (), True),
    "spilled without a key": ("(id, v, w)", (), False),
}


def compare(
    folder: Path, method: str, source: list[str], target: list[str], declared: str = ""
) -> tuple[TableContents, list[RowDifference]]:
    """Compare two tables of such rows by a method."""
    table, methods, _ = METHODS[method]
    for name, rows in (("source", source), ("target", target)):
        values = ", ".join(f"({row})" for row in rows)
        make_database(folder / f"{name}.db", f"CREATE TABLE t {declared or table}", f"INSERT INTO t VALUES {values}")
    found = compare_databases(
        "source.db", "target.db", base=folder, objects=False, lines=False, contents=True, methods=methods
    )
    assert not found.failures
    assert found.contents
    ((contents,),) = [database.tables for database in found.contents.databases]
    assert contents.method == method.split(maxsplit=1)[0]
    return contents, list(found.differences.get(("source", "t"), ()))


def numbered(rows: list[str]) -> list[str]:
    return [f"{number}, {row}" for number, row in enumerate(rows)]


@pytest.mark.parametrize("method", METHODS)
def test_thirteen_of_seventeen_rows_differ_and_four_are_equal(tmp_path: Path, method: str) -> None:
    pairs = DIFFERENT + EQUAL
    source, target = (numbered([pair[side] for pair in pairs]) for side in (0, 1))
    table, differences = compare(tmp_path, method, source, target)
    assert (len(pairs), len(DIFFERENT)) == (17, 13)
    assert (table.source_rows, table.target_rows, table.result) == (17, 17, DataResult.INCONSISTENT)
    keys = {key[0] for difference in differences if (key := difference.source_key or difference.target_key)}
    assert keys == {str(number) for number in range(13)}
    if METHODS[method][2]:
        assert (table.missing, table.extra, table.changed) == (0, 0, 13)
        columns = {d.source_key: d.columns for d in differences}
        assert columns == {(str(n),): ("v", "w") if "|" in pair[0] else ("v",) for n, pair in enumerate(DIFFERENT)}
    else:
        assert (table.missing, table.extra, table.changed) == (13, 13, 0)


@pytest.mark.parametrize("method", METHODS)
def test_two_rows_that_have_swapped_a_value_differ(tmp_path: Path, method: str) -> None:
    table, differences = compare(tmp_path, method, ["1, 10, 1", "2, 10, 2"], ["1, 10, 2", "2, 10, 1"])
    assert table.result is DataResult.INCONSISTENT
    if METHODS[method][2]:
        assert [(d.kind, d.source_key, d.columns) for d in differences] == [
            ("changed", ("1",), ("w",)),
            ("changed", ("2",), ("w",)),
        ]
    else:
        assert (table.missing, table.extra) == (2, 2)


# How one value can look: what the source has, what the target has, and whether it is the same.
LOOKS = [
    ("0.1 + 0.2", "0.30000000000000004", True),
    ("0.1 + 0.2", "CAST(CAST(0.1 + 0.2 AS TEXT) AS REAL)", False),  # Fifteen digits are not enough.
    ("123456789012345680.0", "123456789012345681.0", True),
    ("123456789012345680.0", "123456789012345680", False),
    ("9007199254740993", "9007199254740992.0", False),
    ("9223372036854775807", "9223372036854775808.0", False),
    ("-9223372036854775808", "-9223372036854775808.0", False),
    ("1e-6", "0.000001", True),
    ("1e20", "'1e20'", False),
    ("'1e20'", "'1e+20'", False),
    ("9e999", "-9e999", False),
    ("9e999", "1e400", True),
    ("'NaN'", "NULL", False),
    ("'2020-01-01 00:00:00.1'", "'2020-01-01 00:00:00.100000'", False),
    ("'0000-00-00'", "NULL", False),
    ("'25:00:00'", "'1 01:00:00'", False),
    ("TRUE", "1", True),
    ("TRUE", "'true'", False),
    ("x'05'", "5", False),
    ("x'00ff'", "x'00FF'", True),
    ("x'00ff'", "'00FF'", False),
    ("x'616263'", "'abc'", False),
    ("x''", "''", False),
    ("'abc '", "'abc  '", False),
    ("'a' || char(9)", "'a'", False),
    ("""'{"a":1,"b":2}'""", """'{"b":2,"a":1}'""", False),
    ("1.5", "'1.5'", False),
    ("1.500", "1.5", True),
    ("1.10", "1.1", True),
    ("'1.10'", "'1.1'", False),
    ("'é'", "'e' || char(769)", False),
    ("'ß'", "'ss'", False),
    ("'É'", "'é'", False),
    ("char(65279) || 'a'", "'a'", False),
    ("'a' || char(0) || 'b'", "'a' || char(0) || 'c'", False),
    ("'a' || char(0)", "'a'", False),
    ("CAST(x'61ff' AS TEXT)", "CAST(x'61fe' AS TEXT)", False),
    ("CAST(x'61ff' AS TEXT)", "'a' || char(65533)", False),
    ("CAST(x'61ff' AS TEXT)", "x'61ff'", False),
    ("18446744073709551615", "18446744073709551616.0", True),
    ("'18446744073709551615'", "'18446744073709551616'", False),
]


@pytest.mark.parametrize("method", METHODS)
def test_a_value_is_the_same_only_if_type_and_bytes_are(tmp_path: Path, method: str) -> None:
    source, target = (numbered([f"{look[side]}, 0" for look in LOOKS]) for side in (0, 1))
    table, differences = compare(tmp_path, method, source, target)
    keys = [int(key[0] or 0) for d in differences if (key := d.source_key)]
    assert sorted(keys) == [number for number, look in enumerate(LOOKS) if not look[2]]
    assert table.source_rows == table.target_rows == len(LOOKS)


@pytest.mark.parametrize("method", METHODS)
def test_numbers_that_a_column_stores_as_it_likes_are_what_it_gives_back(tmp_path: Path, method: str) -> None:
    # In NUMERIC '1.500' becomes 1.5 and 2.0 becomes 2; in REAL 3 becomes 3.0; text stays what it is.
    table = METHODS[method][0].replace("v, w", "v NUMERIC, w REAL")
    source = ["1, '1.500', 3", "2, 2.0, '4'", "3, 'x', 1e15"]
    target = ["1, 1.5, 3.0", "2, '2', 4", "3, 'x', 1000000000000000"]
    found, _ = compare(tmp_path, method, source, target, table)
    assert found.result is DataResult.CONSISTENT


KEYS = ["a", "B", "b", "A", "_", "é", "z", "1", "", " ", "a ", "É"]


ALIKE: dict[str, Callable[[str], object]] = {
    "BINARY": lambda key: key,
    "NOCASE": lambda key: key.encode().lower(),  # Of bytes only the letters of ASCII.
    "RTRIM": lambda key: key.rstrip(" "),
}


@pytest.mark.parametrize("collation", ALIKE)
@pytest.mark.parametrize("method", ["joined by text", "spilled"])
def test_the_order_of_keys_is_nobodys_business(tmp_path: Path, method: str, collation: str) -> None:
    keys = list({ALIKE[collation](key): key for key in KEYS}.values())
    declared = f"(id TEXT COLLATE {collation} PRIMARY KEY, v, w){' WITHOUT ROWID' if 'text' in method else ''}"
    rows = [f"'{key}', 1, 2" for key in keys]
    found, _ = compare(tmp_path, method, rows, rows[::-1], declared)
    assert found.result is DataResult.CONSISTENT
    assert found.source_rows == len(keys)
    other = [row.replace("1, 2", "1, 3") for row in rows[::-1]]
    (tmp_path / "again").mkdir()
    found, differences = compare(tmp_path / "again", method, rows, other, declared)
    assert (found.changed, found.missing, found.extra) == (len(keys), 0, 0)
    assert {d.source_key for d in differences} == {(key,) for key in keys}


@pytest.mark.parametrize("method", [method for method, (_, _, has_key) in METHODS.items() if not has_key])
def test_rows_that_are_there_more_than_once_are_counted(tmp_path: Path, method: str) -> None:
    found, differences = compare(
        tmp_path, method, ["1, 2, NULL"] * 3 + ["1, 2, 3"], ["1, 2, NULL", "1, 2, 3", "1, 2, 3"]
    )
    assert (found.missing, found.extra, found.changed) == (2, 1, 0)
    assert [(d.kind, d.source_key or d.target_key) for d in differences] == [
        ("missing", ("1", "2", None)),
        ("missing", ("1", "2", None)),
        ("extra", ("1", "2", "3")),
    ]
