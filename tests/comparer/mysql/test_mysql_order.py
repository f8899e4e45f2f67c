"""Rows come in the order of their canonical keys, and the rows after, up to and at a key are exactly those."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import pytest

from functions.comparer.core import cells
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Malformed, Row
from functions.comparer.mysql.conditions import after, among, batches, key_of, order_by, upto
from tests.comparer.mysql.servers import Database, reading_of, rows_of

TEXTS = [
    "a",
    "B",
    "b",
    "A",
    "_",
    "é",
    "e",
    "z",
    "1",
    "a ",
    "a  b",
    "a\t",
    "ä",
    "ß",
    "ss",
    "",
    "ÿ",
    "a\0",
    "Z",
    "it''s",
    "\\",
]
LONG = ["x" * 700 + end for end in ("b", "a", "é", "B")]
UUIDS = ["'{}'".format("0123456789abcdef"[n] * 8 + "-0000-1000-8000-" + "fedcba9876543210"[n] * 12) for n in range(16)]


@dataclass(frozen=True)
class Case:
    """A column that is the key: its declaration, its values as SQL, and as which kind it is read."""

    declared: str
    values: Sequence[str]
    kind: Kind | None = None

    def __str__(self) -> str:
        return f"{self.declared} as {self.kind.name if self.kind else 'itself'}"


def texts(values: Sequence[str]) -> list[str]:
    return [f"'{value}'" for value in values]


INTEGERS = ["-9223372036854775808", "9223372036854775807", "0", "-1", "10", "9"]
DOUBLES = ["0.1e0", "-0.1e0", "1e300", "-1e300", "5e-324", "0e0", "123456789012345678e0", "2.5e0", "100e0", "1e-7"]
CASES = [
    Case("BIGINT", INTEGERS),
    Case("BIGINT", INTEGERS, Kind.DECIMAL),
    Case("BIGINT UNSIGNED", ["0", "18446744073709551615", "9223372036854775808", "9223372036854775807", "10", "9"]),
    Case("YEAR", ["2024", "1999", "2155", "1970"]),
    Case("BIT(10)", ["5", "1000", "256", "255", "0"]),
    Case("DECIMAL(40, 10)", ["0", "-1.5", "-1.25", "10", "9.5", "0.0000000001", "99999999999999999999999.5"]),
    Case("DOUBLE", DOUBLES),
    Case("DOUBLE", DOUBLES, Kind.DECIMAL),
    Case("DOUBLE", ["0.1e0", "-0.1e0", "1e30", "2.5e0"], Kind.SINGLE),
    Case("FLOAT", ["0.1", "-0.1", "1e30", "2.5", "16777216", "0.3"]),
    Case("FLOAT", ["0.1", "-0.1", "1e30", "2.5", "16777216", "0.3"], Kind.DECIMAL),
    Case("VARCHAR(20) COLLATE utf8mb4_bin", texts(TEXTS[:9])),
    Case("VARBINARY(20)", texts(TEXTS)),
    Case("BINARY(4)", texts(["a", "b", "A", "é", ""])),
    Case("VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_general_cs", texts(["a", "B", "b", "A", "é", "ÿ", "z", "1"])),
    Case("CHAR(20) CHARACTER SET utf16 COLLATE utf16_bin", texts(["a", "B", "é", "ÿ", "1", "", "🐬", "￿"])),
    Case("VARCHAR(20) CHARACTER SET greek COLLATE greek_bin", [*texts(["a", "B", "?", "1"]), "X'D2'", "X'D2FF'"]),
    Case("VARCHAR(20) CHARACTER SET cp1251 COLLATE cp1251_bin", [*texts(["a", "Ж", "?", "я"]), "X'98'", "X'9898'"]),
    Case("VARCHAR(20) CHARACTER SET ucs2 COLLATE ucs2_bin", [*texts(["a", "é"]), "_ucs2 X'D800'", "_ucs2 X'0061DC00'"]),
    Case("VARCHAR(720) COLLATE utf8mb4_bin", texts(["x", "y", *LONG])),
    Case("ENUM('b', 'a', 'C', 'B') COLLATE utf8mb4_bin", texts(["a", "b", "C", "B"]), Kind.TEXT),
    Case("DATE", texts(["2024-01-02", "1969-12-31", "0000-00-00", "9999-12-31"])),
    Case("DATE", texts(["2024-01-02", "1969-12-31", "0000-00-00", "9999-12-31"]), Kind.TIMESTAMP),
    Case("DATETIME(6)", texts(["2024-01-02 03:04:05.000001", "2024-01-02 03:04:05", "1000-01-01", "0000-00-00"])),
    Case("TIMESTAMP(6) DEFAULT 0", texts(["2024-01-02 03:04:05.000001", "2024-01-02 03:04:05", "0000-00-00"])),
    Case("TIME(6)", texts(["00:00:00", "-00:00:01", "838:00:00", "-838:59:59", "25:00:00.5"])),
    Case("CHAR(36)", [*UUIDS[:8], *(uuid.upper() for uuid in UUIDS[8:])], Kind.UUID),
    Case("CHAR(36) CHARACTER SET ascii", [*UUIDS[:8], "'no'", *(uuid.upper() for uuid in UUIDS[8:])], Kind.UUID),
    Case("CHAR(36) CHARACTER SET utf8mb3", [*UUIDS, "'no'"], Kind.UUID),
    Case("CHAR(36) CHARACTER SET greek", [*UUIDS, "'no'", "X'D2'"], Kind.UUID),
    Case("BINARY(16)", [f"X'{uuid[1:-1].replace('-', '')}'" for uuid in UUIDS], Kind.UUID),
]
OF_MARIADB = [
    Case("VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin", [*texts(["a", "B", "?", "1"]), "X'80'", "X'80FF'"]),
    Case("UUID", UUIDS),
    Case("VARCHAR(20) COLLATE utf8mb4_nopad_bin", texts(TEXTS)),
    Case("VARCHAR(20) CHARACTER SET utf8mb3 COLLATE utf8mb3_nopad_bin", texts(TEXTS)),
    Case("INET6", texts(["::1", "2001:db8::1", "::ffff:1.2.3.4", "1::"]), Kind.TEXT),
]
OF_MYSQL = [
    Case("VARCHAR(20) COLLATE utf8mb4_0900_bin", texts(TEXTS)),
    Case("VARCHAR(20) COLLATE utf8mb4_0900_as_cs", texts(["a", "a ", "A", "a  ", "é", "z", "", "_", "😀"])),
]


def made(own: Database, case: Case) -> None:
    own.run("DROP TABLE IF EXISTS t", f"CREATE TABLE t (v {case.declared} NOT NULL, w INT, PRIMARY KEY (v))")
    own.run(f"INSERT INTO t (v) VALUES {', '.join(f'({value})' for value in case.values)}")


def keys(rows: Sequence[bytes]) -> list[tuple[tuple[int, bytes], ...]]:
    return [cells.placed(cells.cells_of(cells.key_in(row))) for row in rows]


@pytest.mark.parametrize("case", [*CASES, *OF_MARIADB, *OF_MYSQL], ids=str)
def test_rows_rise_by_their_keys_and_every_key_cuts_them_exactly(shared: Database, case: Case) -> None:
    if case in (OF_MYSQL if shared.mariadb else OF_MARIADB):
        pytest.skip(f"this server can't declare {case.declared}: only the other one of MySQL and MariaDB can")
    made(shared, case)
    with shared.snapshot() as found:
        reading = reading_of(found, "t", ("v", "w"), {"v": case.kind} if case.kind else {})
        rows = rows_of(found, reading)
        assert len(rows) == len(case.values)
        assert all(one < other for one, other in pairwise(keys(rows)))
        values = [cells.values_of(cells.cells_in(row)[:1], reading.kinds[:1]) for row in rows]
        for place, key in enumerate(values):
            assert rows_of(found, reading, after=key) == rows[place + 1 :], key
            assert rows_of(found, reading, upto=key) == rows[: place + 1], key
            assert [*found.at(reading, [key])] == [rows[place]], key
        assert sorted(cells.rows_in(b"".join(found.at(reading, values)))) == sorted(rows)
        assert rows_of(found, reading, values[0], values[-2]) == rows[1:-1]


def test_keys_longer_than_the_server_usually_sorts_by_are_told_apart_at_their_end(own: Database) -> None:
    own.run("CREATE TABLE t (v VARCHAR(1500) CHARACTER SET latin1 NOT NULL, PRIMARY KEY (v))")
    long = ", ".join(f"(CONCAT(REPEAT('x', 1400), '{end}'))" for end in ("b", "a", "é", "_", "aa", "Z"))
    own.run(f"INSERT INTO t VALUES {long}")
    with own.snapshot() as found:
        rows = rows_of(found, reading_of(found, "t", ("v",)))
    values = [cells.values_of(cells.cells_in(row), [Kind.TEXT])[0] for row in rows]
    assert [str(value)[1400:] for value in values] == ["Z", "_", "a", "aa", "b", "é"]


@pytest.mark.parametrize(
    ("declared", "values"),
    [("BIGINT", ["-9223372036854775808", "9223372036854775807"]), ("BIGINT UNSIGNED", ["0", "18446744073709551615"])],
)
def test_numbers_beyond_those_of_the_column_are_none_of_them_also_in_a_list(
    shared: Database, declared: str, values: Sequence[str]
) -> None:
    made(shared, Case(declared, values))
    shared.run("ALTER TABLE t DROP PRIMARY KEY")  # No index finds them before they are compared.
    beyond = [-(10**30), -(1 << 63) - 1, -1, (1 << 63), 1 << 64, 10**30]
    with shared.snapshot() as found:
        reading = reading_of(found, "t", ("v", "w"), {"v": Kind.DECIMAL})
        keys = [(Decimal(number),) for number in beyond]
        assert [*found.at(reading, keys)] == []
        assert len([*cells.rows_in(b"".join(found.at(reading, [*keys, (Decimal(values[1]),)])))]) == 1


def test_texts_that_the_key_of_the_table_takes_for_equal_are_found_by_their_own_bytes(own: Database) -> None:
    own.run("CREATE TABLE t (v VARCHAR(20) NOT NULL, w INT, PRIMARY KEY (v))", "INSERT INTO t VALUES ('Straße', 1)")
    with own.snapshot() as found:
        reading = reading_of(found, "t", ("v", "w"))
        assert [*found.at(reading, [("strasse",), ("STRASSE",), ("straße",)])] == []
        assert len([*found.at(reading, [("Straße",), ("🐬",)])]) == 1


@pytest.mark.parametrize("collation", ["utf8mb3_bin", "utf8mb3_nopad_bin", "ascii_bin", "latin1_bin"])
def test_a_text_of_the_other_side_that_the_column_has_no_characters_for_still_has_its_place(
    own: Database, collation: str
) -> None:
    if "nopad" in collation and not own.mariadb:
        pytest.skip("a collation that only MariaDB has")
    charset = collation.partition("_")[0]
    own.run(f"CREATE TABLE t (v VARCHAR(9) CHARACTER SET {charset} COLLATE {collation}, PRIMARY KEY (v))")
    own.run("INSERT INTO t VALUES ('a')")
    with own.snapshot() as found:
        reading = reading_of(found, "t", ("v",))
        rows = rows_of(found, reading)
        assert rows_of(found, reading, after=("🐬",)) == []
        assert rows_of(found, reading, upto=("🐬",)) == rows
        assert [*found.at(reading, [("🐬",), ("a",)])] == rows


def test_keys_of_several_columns_are_cut_within_those_that_are_no_text(own: Database) -> None:
    own.run(
        "CREATE TABLE t (a VARCHAR(9) CHARACTER SET greek COLLATE greek_bin, b INT, PRIMARY KEY (a, b))",
        "INSERT INTO t VALUES (X'AE', 1), (X'AE', 2), (X'D2', 1), ('?', 1)",
    )
    with own.snapshot() as found:
        reading = reading_of(found, "t", ("a", "b"), key=2)
        rows = rows_of(found, reading)
        values = [cells.values_of(cells.cells_in(row), reading.kinds) for row in rows]
        assert [number for _, number in values] == [1, 1, 2, 1]
        for place, key in enumerate(values):
            assert rows_of(found, reading, after=key) == rows[place + 1 :]
            assert rows_of(found, reading, upto=key) == rows[: place + 1]
        assert sorted(cells.rows_in(b"".join(found.at(reading, values)))) == sorted(rows)


@pytest.mark.parametrize(
    ("declared", "value", "finer"),
    [
        ("TIME", "10:00:00", "10:00:00.1"),
        ("TIME", "10:00:01", "10:00:00.9"),
        ("DATETIME", "2024-01-01 00:00:00", "2024-01-01 00:00:00.1"),
        ("DATETIME(3)", "2024-01-01 00:00:00.001", "2024-01-01 00:00:00.000999"),
        ("TIMESTAMP NULL", "2024-01-01 00:00:01", "2024-01-01 00:00:00.999999+00"),
    ],
)
def test_a_moment_that_is_finer_than_those_of_the_column_is_none_of_them(
    shared: Database, declared: str, value: str, finer: str
) -> None:
    shared.run("DROP TABLE IF EXISTS t", f"CREATE TABLE t (v {declared}, w INT, KEY (v))")
    shared.run(f"INSERT INTO t VALUES ('{value}', 1)")
    with shared.snapshot() as found:
        reading = reading_of(found, "t", ("v", "w"), key=2)
        rows = rows_of(found, reading)
        assert [*found.at(reading, [(finer, 1)])] == []
        assert [*found.at(reading_of(found, "t", ("v", "w")), [(finer,)])] == []
        after, upto = (rows_of(found, reading, **{side: (finer, 1)}) for side in ("after", "upto"))
        assert (after, upto) == ((rows, []) if finer < value else ([], rows))


def test_a_thousand_long_keys_are_looked_up_whatever_the_server_takes_at_once(own: Database) -> None:
    own.run("CREATE TABLE t (v VARCHAR(700) NOT NULL, PRIMARY KEY (v))")
    values = [f"{'é' * 690}{number:05d}" for number in range(1000)]
    there = ", ".join(f"('{value}')" for value in values[::2])
    own.run(f"INSERT INTO t VALUES {there}")
    assert len(list(batches([(value,) for value in values]))) > 10
    with own.snapshot() as found:
        blocks = list(found.at(reading_of(found, "t", ("v",)), [(value,) for value in values]))
    rows = [cells.cells_in(row)[0] for block in blocks for row in cells.rows_in(block)]
    assert sorted(rows) == sorted(cells.text(value.encode()) for value in values[::2])


def test_a_key_of_several_columns_is_ordered_and_cut_column_by_column(own: Database) -> None:
    own.run(
        "CREATE TABLE t (a INT, b VARCHAR(9) COLLATE utf8mb4_bin, c DATE, PRIMARY KEY (a, b, c))",
        "INSERT INTO t VALUES (1, 'a', '2024-01-01'), (1, 'B', '2024-01-01'), (1, 'a', '2023-01-01'),"
        " (0, 'z', '2024-01-01'), (2, '', '2024-01-01')",
    )
    with own.snapshot() as found:
        reading = reading_of(found, "t", ("a", "b", "c"), key=3)
        rows = rows_of(found, reading)
        values = [cells.values_of(cells.cells_in(row), reading.kinds) for row in rows]
        assert values == [
            (0, "z", "2024-01-01"),
            (1, "B", "2024-01-01"),
            (1, "a", "2023-01-01"),
            (1, "a", "2024-01-01"),
            (2, "", "2024-01-01"),
        ]
        for place, key in enumerate(values):
            assert rows_of(found, reading, after=key) == rows[place + 1 :]
            assert rows_of(found, reading, upto=key) == rows[: place + 1]
        assert rows_of(found, reading, after=(1, "a", "2023-06-01")) == rows[3:]
        some = [values[4], (9, "", "2024-01-01"), values[1]]
        assert sorted(cells.rows_in(b"".join(found.at(reading, some)))) == sorted([rows[1], rows[4]])


BETWEEN: list[tuple[str, Sequence[str], Kind | None, Row, int]] = [
    # Keys that no value of the column is, as another engine may have them: how many of the values are less.
    ("INT", ["1", "2"], Kind.DECIMAL, (Decimal("1.5"),), 1),
    ("INT", ["1", "2"], Kind.DECIMAL, (Decimal("1e400"),), 2),
    ("INT", ["1", "2"], Kind.DECIMAL, (Decimal("-1e400"),), 0),
    ("INT", ["1", "2"], Kind.DECIMAL, (Decimal("NaN"),), 2),
    ("INT", ["1", "2"], Kind.INTEGER, (2**64 - 1,), 2),
    ("INT", ["1", "2"], Kind.INTEGER, (None,), 0),
    ("INT", ["1", "2"], Kind.INTEGER, ("text",), 2),
    (
        "DECIMAL(10, 2)",
        ["1.10", "1.11"],
        None,
        (Decimal("1.1099999999999999999999999999999999999999999999999999999999"),),
        1,
    ),
    ("DECIMAL(10, 2)", ["1.10", "1.11"], None, (Decimal("1.105"),), 1),
    ("DECIMAL(10, 2)", ["-1.11", "-1.10"], None, (Decimal("-1.105"),), 1),
    ("DOUBLE", ["0.1e0", "0.3e0"], Kind.DECIMAL, (Decimal("0.10000000000000000001"),), 1),
    ("DOUBLE", ["0.1e0", "0.3e0"], Kind.DECIMAL, (Decimal("0.09999999999999999999"),), 0),
    ("DOUBLE", ["0.1e0", "0.3e0"], Kind.DECIMAL, (Decimal("1e999"),), 2),
    ("FLOAT", ["0.1", "0.3"], Kind.DECIMAL, (Decimal("0.100000001"),), 1),
    ("FLOAT", ["0.1", "0.3"], Kind.DECIMAL, (Decimal("0.099999999"),), 0),
    ("DOUBLE", ["0.1e0", "0.3e0"], None, (float("inf"),), 2),
    ("DOUBLE", ["0.1e0", "0.3e0"], None, (float("-inf"),), 0),
    ("DOUBLE", ["0.1e0", "0.3e0"], None, (float("nan"),), 2),
    ("VARCHAR(9)", ["'a'", "'b'"], None, (Malformed("utf-8", b"a\xff"),), 1),
    ("DATE", ["'2024-01-01'", "'2024-01-02'"], None, ("infinity",), 2),
    ("DATE", ["'2024-01-01'", "'2024-01-02'"], None, ("-infinity",), 0),
    ("DATE", ["'0000-00-00'", "'2024-01-02'"], None, ("0044-03-15 BC",), 1),
    ("DATE", ["'2024-01-01'", "'2024-01-02'"], None, ("10000-01-01",), 2),
    ("DATE", ["'2024-01-01'", "'2024-01-02'"], Kind.TIMESTAMP, ("2024-01-01 12:00:00",), 1),
    ("TIMESTAMP DEFAULT 0", ["'2024-01-01'", "'2024-01-02'"], None, ("2500-01-01 00:00:00+00",), 2),
    ("TIMESTAMP DEFAULT 0", ["'2024-01-01'", "'2024-01-02'"], None, ("1500-01-01 00:00:00+00",), 0),
    ("DATETIME", ["'2024-01-01'", "'2024-01-01 00:00:01'"], None, ("2024-01-01 00:00:00.1",), 1),
    ("DATETIME", ["'2024-01-01'", "'2024-01-01 00:00:01'"], None, ("2024-01-01 00:00:00.9",), 1),
    ("DATETIME(3)", ["'2024-01-01'", "'2024-01-01 00:00:00.001'"], None, ("2024-01-01 00:00:00.000999",), 1),
    ("TIMESTAMP DEFAULT 0", ["'2024-01-01'", "'2024-01-02'"], None, ("2024-01-01 00:00:00.1+00",), 1),
    ("TIME", ["'-00:00:01'", "'00:00:00'"], None, ("-00:00:00.9",), 1),
    ("TIME", ["'00:00:00'", "'00:00:01'"], None, ("00:00:00.1",), 1),
    ("TIMESTAMP DEFAULT 0", ["'0000-00-00'", "'2024-01-02'"], None, ("1500-01-01 00:00:00+00",), 1),
    ("TIMESTAMP DEFAULT 0", ["'0000-00-00'", "'1970-01-01 00:00:01'"], None, ("1970-01-01 00:00:00.5+00",), 1),
    ("TIME(6)", ["'838:59:58.5'", "'838:59:59'"], None, ("838:59:59.5",), 2),
    ("TIME(6)", ["'-838:59:59'", "'9:00:00'"], None, ("-838:59:59.5",), 0),
    ("TIME", ["'00:00:00'", "'00:00:01'"], None, ("1000:00:00",), 2),
    ("TIME", ["'00:00:00'", "'00:00:01'"], None, ("-1000:00:00",), 0),
]


@pytest.mark.parametrize(("declared", "values", "kind", "key", "less"), BETWEEN)
def test_a_key_that_no_value_of_the_column_can_be_still_has_its_place(
    shared: Database, declared: str, values: Sequence[str], kind: Kind | None, key: Row, less: int
) -> None:
    made(shared, Case(declared, values))
    with shared.snapshot() as found:
        reading = reading_of(found, "t", ("v", "w"), {"v": kind} if kind else {})
        rows = rows_of(found, reading)
        assert rows_of(found, reading, after=key) == rows[less:]
        assert rows_of(found, reading, upto=key) == rows[:less]
        assert [*found.at(reading, [key])] == []


def test_a_table_without_a_key_is_read_in_any_order_with_all_its_rows(own: Database) -> None:
    own.run("CREATE TABLE t (v INT)", "INSERT INTO t VALUES (2), (1), (NULL), (1)")
    with own.snapshot() as found:
        rows = rows_of(found, reading_of(found, "t", ("v",), key=0))
    assert sorted(cells.cells_in(row)[0] for row in rows) == sorted(
        [cells.null(), cells.integer(1), cells.integer(1), cells.integer(2)]
    )
    assert all(cells.key_in(row) == b"" for row in rows)


@pytest.mark.parametrize(
    ("declared", "kind", "key"),
    [
        ("INT", Kind.INTEGER, (500,)),
        ("INT", Kind.DECIMAL, (Decimal("500.5"),)),
        ("DECIMAL(10, 2)", Kind.DECIMAL, (500,)),
        ("DATETIME", Kind.TIMESTAMP, ("2024-01-01 00:08:20",)),
        ("VARBINARY(20)", Kind.BYTES, (b"500",)),
    ],
)
def test_the_index_serves_where_its_order_is_the_canonical_one(
    shared: Database, declared: str, kind: Kind, key: Row
) -> None:
    value = "'2024-01-01' + INTERVAL {} SECOND" if declared == "DATETIME" else "{}"
    made(shared, Case(declared, [value.format(number) for number in range(1000)]))
    with shared.snapshot() as found:
        part = key_of(list(found._described("t").values()), [kind], 1)
    for condition in (after(part, key), upto(part, key), among(part, [key])):
        plan = str(
            shared.rows(f"EXPLAIN FORMAT=TRADITIONAL SELECT v FROM t WHERE {condition} ORDER BY {order_by(part)}")
        )
        assert "filesort" not in plan
        assert "PRIMARY" in plan or "Impossible WHERE" in plan


def test_the_index_finds_the_rows_with_some_keys_even_where_its_order_is_another(shared: Database) -> None:
    for declared, value in (("VARCHAR(40)", "'k{:032d}'"), ("UUID", "'{:032d}'")):
        if declared == "UUID" and not shared.mariadb:
            continue
        made(shared, Case(declared, [value.format(number) for number in range(1000)]))
        shared.run("ANALYZE TABLE t")
        with shared.snapshot() as found:
            reading = reading_of(found, "t", ("v", "w"))
            keys = [cells.values_of(cells.cells_in(row)[:1], reading.kinds[:1]) for row in rows_of(found, reading)[:3]]
            part = key_of(list(found._described("t").values()), reading.kinds, 1)
        plan = str(shared.rows(f"EXPLAIN FORMAT=TRADITIONAL SELECT v, w FROM t WHERE {among(part, keys)}"))
        assert "'range'" in plan, plan


@pytest.mark.parametrize(
    ("declared", "kind"), [("DATE", Kind.DATE), ("DATE", Kind.TIMESTAMP), ("DATETIME(6)", Kind.TIMESTAMP)]
)
def test_days_that_no_calendar_has_come_behind_all_that_it_has_and_none_is_lost(
    shared: Database, declared: str, kind: Kind
) -> None:
    days = ["0000-00-00", "2024-02-29", "2024-03-01", "2024-00-10", "2024-05-00"]  # as cells have them
    made(shared, Case(declared, texts(days)))
    with shared.snapshot() as found:
        reading = reading_of(found, "t", ("v", "w"), {"v": kind})
        rows = rows_of(found, reading)
        values = [cells.values_of(cells.cells_in(row)[:1], reading.kinds[:1]) for row in rows]
        assert [str(value)[:10] for (value,) in values] == days
        for place, key in enumerate(values):
            assert rows_of(found, reading, after=key) == rows[place + 1 :], key
            assert rows_of(found, reading, upto=key) == rows[: place + 1], key
            assert [*found.at(reading, [key])] == [rows[place]], key
        behind = ("2024-00-00",) if kind is Kind.DATE else ("2024-00-00 00:00:00.000000",)
        assert rows_of(found, reading, after=behind) == rows[3:]


def test_texts_that_are_one_uuid_are_on_one_side_of_a_key_and_what_is_none_behind(shared: Database) -> None:
    one, other = UUIDS[1][1:-1], UUIDS[2][1:-1]
    values = [f"{{{one}}}", one.replace("-", ""), other.upper(), "0none", other + "\n"]
    made(shared, Case("VARCHAR(60)", texts(values)))
    with shared.snapshot() as found:
        reading = reading_of(found, "t", ("v",), {"v": Kind.UUID})
        rows = rows_of(found, reading)
        assert keys(rows) == sorted(keys(rows))
        for key, upto_it, at_it in ((one, 2, 2), (other, 3, 1), ("0none", 4, 1), (other + "\n", 5, 1)):
            assert keys(rows_of(found, reading, upto=(key,))) == keys(rows)[:upto_it]
            assert keys(rows_of(found, reading, after=(key,))) == keys(rows)[upto_it:]
            assert len([*cells.rows_in(b"".join(found.at(reading, [(key,)])))]) == at_it
