"""Every type's values, read from a real server, are the canonical cells that they ought to be."""

import struct
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import pymysql
import pytest

from functions.comparer.core import cells
from functions.comparer.core.kinds import Kind
from functions.comparer.mysql.stream import Decoding
from tests.comparer.mysql.servers import Database, reading_of, rows_of

MICRO = 1_000_000
DAY = 86_400 * MICRO
NEW_YEAR_2024 = 19_723  # days since 1970
SINGLE = struct.unpack("<f", struct.pack("<f", 0.1))[0]

Expected = Sequence[tuple[str, cells.Cell]]


def check(
    database: Database, declared: str, expected: Expected, decoding: Decoding, *kinds: tuple[Kind, Sequence[cells.Cell]]
) -> None:
    """Values, each as SQL, in a column of that declaration are these cells, and read as other kinds are those."""
    values = ", ".join(f"({number}, {sql})" for number, (sql, _) in enumerate(expected))
    database.run("DROP TABLE IF EXISTS t", f"CREATE TABLE t (id INT PRIMARY KEY, v {declared})")
    database.run(f"INSERT INTO t VALUES {values}")
    with database.snapshot(decoding=decoding) as found:
        for kind, written in ((None, [cell for _, cell in expected]), *kinds):
            reading = reading_of(found, "t", ("id", "v"), {"v": kind} if kind else {})
            assert [cells.cells_in(row)[1] for row in rows_of(found, reading)] == written


INTEGERS = [
    ("TINYINT", -128, 127),
    ("TINYINT UNSIGNED", 0, 255),
    ("BOOL", 0, 1),
    ("SMALLINT", -32_768, 32_767),
    ("SMALLINT UNSIGNED", 0, 65_535),
    ("MEDIUMINT", -8_388_608, 8_388_607),
    ("MEDIUMINT UNSIGNED", 0, 16_777_215),
    ("INT", -(2**31), 2**31 - 1),
    ("INT(5) ZEROFILL", 0, 2**32 - 1),
    ("BIGINT", -(2**63), 2**63 - 1),
    ("BIGINT UNSIGNED", 2**63, 2**64 - 1),
    ("YEAR", 1901, 2155),
    ("BIT(1)", 0, 1),
    ("BIT(64)", 2**63, 2**64 - 1),
]


@pytest.mark.parametrize(("declared", "least", "greatest"), INTEGERS)
def test_a_whole_number_is_itself_as_an_integer_and_as_a_decimal(
    shared: Database, declared: str, least: int, greatest: int, decoding: Decoding
) -> None:
    expected = [(str(least), cells.integer(least)), (str(greatest), cells.integer(greatest)), ("NULL", cells.null())]
    decimals = [cells.decimal(least), cells.decimal(greatest), cells.null()]
    check(shared, declared, expected, decoding, (Kind.DECIMAL, decimals))


def test_a_decimal_number_is_itself_without_zeros_that_say_nothing(shared: Database, decoding: Decoding) -> None:
    texts = ["0", "1.50", "-1.5", "12345678901234567890.1234567890", "-99999999999999999999", "0.0000000001", "100"]
    check(shared, "DECIMAL(40, 10)", [(text, cells.decimal(Decimal(text))) for text in texts], decoding)


def test_a_double_is_its_bits_and_a_decimal_of_it_its_shortest_digits(shared: Database, decoding: Decoding) -> None:
    values = [0.1, 1e20, -1.5e-7, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 2.0**53, -0.0, 0.0]
    literals = [repr(value) if "e" in repr(value) else f"{value!r}e0" for value in values]
    expected = [(sql, cells.double(value)) for sql, value in zip(literals, values, strict=True)]
    singles = [cells.single(value) for value in values]
    decimals = [cells.decimal_of_double(value) for value in values]
    check(shared, "DOUBLE", expected, decoding, (Kind.DECIMAL, decimals), (Kind.SINGLE, singles))


def test_a_float_is_its_own_value_whatever_the_server_shows_of_it(shared: Database, decoding: Decoding) -> None:
    expected = [("0.1", cells.double(SINGLE)), ("16777217", cells.double(16_777_216.0))]
    decimals = [cells.decimal(Decimal("0.1")), cells.decimal(16_777_216)]
    check(shared, "FLOAT", expected, decoding, (Kind.DECIMAL, decimals))
    check(shared, "FLOAT(7, 2)", [("1.25", cells.double(1.25))], decoding)


@pytest.mark.parametrize("charset", ["utf8mb4", "utf8mb3", "latin1", "utf16", "ucs2", "cp1251"])
def test_a_text_is_its_characters_in_utf_8_whatever_its_character_set_is(
    shared: Database, charset: str, decoding: Decoding
) -> None:
    text = "Жук" if charset == "cp1251" else "né ü"
    for declared in ("VARCHAR(20)", "TEXT", "CHAR(20)"):
        expected = [(f"'{value}'", cells.text(value.encode())) for value in (text, "", "a\\b", "it''s")]
        expected[-1] = ("'it''s'", cells.text(b"it's"))
        check(shared, f"{declared} CHARACTER SET {charset}", expected, decoding)


UNKNOWN = [("ascii", "8041"), ("cp1251", "98"), ("greek", "D23F"), ("gbk", "A6FE")]


@pytest.mark.parametrize(("charset", "stored"), UNKNOWN)
def test_bytes_that_a_character_set_has_no_character_for_are_no_question_mark(
    shared: Database, charset: str, stored: str, decoding: Decoding
) -> None:
    if charset == "ascii" and not shared.mariadb:
        pytest.skip("MySQL takes no bytes in ascii that are none of it")
    told = cells.text(b"\xff" + charset.encode() + b" " + bytes.fromhex(stored))
    expected = [(f"X'{stored}'", told), ("'?'", cells.text(b"?")), ("'a?b?'", cells.text(b"a?b?"))]
    for declared in ("VARCHAR(20)", "TEXT"):
        check(shared, f"{declared} CHARACTER SET {charset}", expected, decoding)


def test_half_a_pair_in_ucs2_is_no_end_of_the_text(shared: Database, decoding: Decoding) -> None:
    shared.run("DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20) CHARACTER SET ucs2)")
    shared.run("INSERT INTO t VALUES (1, _ucs2 X'0061D8000062'), (2, _ucs2 X'0061D8000063'), (3, 'a'), (4, 'п?Ŀ㼿')")
    with shared.snapshot(decoding=decoding) as found:
        rows = rows_of(found, reading_of(found, "t", ("id", "v")))
    told = [cells.cells_in(row)[1] for row in rows]
    # MariaDB writes the half alone; MySQL has no way to write it.
    halves = [b"a\xed\xa0\x80b", b"a\xed\xa0\x80c"]
    if not shared.mariadb:
        halves = [b"\xffucs2 \x00a\xd8\x00\x00b", b"\xffucs2 \x00a\xd8\x00\x00c"]
    assert told == [*map(cells.text, halves), cells.text(b"a"), cells.text("п?Ŀ㼿".encode())]


@pytest.mark.parametrize("charset", ["utf16", "utf16le", "utf32", "ucs2"])
def test_a_question_mark_beside_characters_with_its_byte_is_one(
    shared: Database, charset: str, decoding: Decoding
) -> None:
    texts = ["п?Ŀ㼿", "??", ""]
    check(
        shared, f"TEXT CHARACTER SET {charset}", [(f"'{text}'", cells.text(text.encode())) for text in texts], decoding
    )


def test_a_text_that_is_longer_in_utf_8_than_the_server_takes_at_once_is_told_whole(
    shared: Database, decoding: Decoding
) -> None:
    ((most,),) = shared.rows("SELECT @@max_allowed_packet")
    count = int(most) // 2 + 1
    expected = [(f"REPEAT(_latin2 X'E9', {count})", cells.text("é".encode() * count))]
    check(shared, "LONGTEXT CHARACTER SET latin2", expected, decoding)


def test_trailing_spaces_count_except_in_char_whose_padding_they_are(shared: Database, decoding: Decoding) -> None:
    check(shared, "VARCHAR(9)", [("'a  '", cells.text(b"a  ")), ("'a\0'", cells.text(b"a\0"))], decoding)
    check(shared, "CHAR(9)", [("'a  '", cells.text(b"a")), ("'  a'", cells.text(b"  a"))], decoding)


def test_characters_beyond_the_first_plane_are_kept(shared: Database, decoding: Decoding) -> None:
    check(shared, "LONGTEXT", [("'🐬'", cells.text("🐬".encode()))], decoding)


@pytest.mark.parametrize("declared", ["VARBINARY(9)", "BLOB", "TINYBLOB", "LONGBLOB"])
def test_bytes_are_themselves(shared: Database, declared: str, decoding: Decoding) -> None:
    values = [b"", b"\0\xff", b"a  ", "é".encode("latin1")]
    check(shared, declared, [(f"X'{value.hex()}'", cells.binary(value)) for value in values], decoding)


def test_a_binary_of_fixed_length_has_all_its_bytes(shared: Database, decoding: Decoding) -> None:
    check(shared, "BINARY(3)", [("'a'", cells.binary(b"a\0\0"))], decoding)


@pytest.mark.parametrize("declared", ["ENUM('b', 'a', 'é')", "ENUM('b', 'a', 'é') CHARACTER SET latin1"])
def test_an_enumeration_is_its_label(shared: Database, declared: str, decoding: Decoding) -> None:
    check(
        shared,
        declared,
        [("'a'", cells.text(b"a")), ("1", cells.text(b"b")), ("'é'", cells.text("é".encode()))],
        decoding,
    )


def test_a_set_is_its_labels(shared: Database, decoding: Decoding) -> None:
    check(shared, "SET('x', 'y')", [("'y,x'", cells.text(b"x,y")), ("''", cells.text(b""))], decoding)


def test_a_date_is_its_days_and_the_moment_at_which_it_begins(shared: Database, decoding: Decoding) -> None:
    dates = {"2024-01-01": NEW_YEAR_2024, "1969-12-31": -1, "0001-01-01": -719_162, "9999-12-31": 2_932_896}
    expected = [(f"'{sql}'", cells.moment(days)) for sql, days in dates.items()]
    moments = [cells.moment(days * DAY) for days in dates.values()]
    check(shared, "DATE", expected, decoding, (Kind.TIMESTAMP, moments))


def test_a_moment_is_its_microseconds(shared: Database, decoding: Decoding) -> None:
    moments = [
        ("'2024-01-01 00:00:00'", NEW_YEAR_2024 * DAY),
        ("'2024-01-01 00:00:01'", NEW_YEAR_2024 * DAY + MICRO),
        ("'1969-12-31 23:59:59.999999'", -1),
        ("'9999-12-31 23:59:59.999999'", 2_932_897 * DAY - 1),
    ]
    check(shared, "DATETIME(6)", [(sql, cells.moment(value)) for sql, value in moments], decoding)


def test_a_timestamp_is_its_instant_in_utc_whatever_zone_it_was_written_in(
    shared: Database, decoding: Decoding
) -> None:
    shared.run("SET time_zone = '+03:00'")
    try:
        expected = [("'2024-01-01 03:00:00.5'", cells.moment(NEW_YEAR_2024 * DAY + MICRO // 2))]
        check(shared, "TIMESTAMP(6) NULL", expected, decoding)
    finally:
        shared.run("SET time_zone = '+00:00'")


def test_a_day_that_is_none_is_told_as_it_is_written(shared: Database, decoding: Decoding) -> None:
    zero = cells.moment(cells.ZERO_DATE)
    check(
        shared,
        "DATE",
        [("'0000-00-00'", zero), ("'2020-00-10'", cells.misfit("t", b"2020-00-10"))],
        decoding,
    )
    days = [("'2021-02-31 01:02:03'", cells.misfit("t", b"2021-02-31 01:02:03.000000")), ("'0000-00-00'", zero)]
    check(shared, "DATETIME", days, decoding)
    check(shared, "TIMESTAMP NULL", [("'0000-00-00'", zero)], decoding)


def test_a_time_is_its_microseconds_also_beyond_a_day_and_below_zero(shared: Database, decoding: Decoding) -> None:
    times = [
        ("'00:00:00'", 0),
        ("'25:00:00'", 25 * 3600 * MICRO),
        ("'-00:00:00.000001'", -1),
        ("'-838:59:59'", -(838 * 3600 + 3599) * MICRO),
    ]
    check(shared, "TIME(6)", [(sql, cells.moment(value)) for sql, value in times], decoding)


def test_json_is_its_text(shared: Database, decoding: Decoding) -> None:
    check(shared, "JSON", [("""'{"a": 1}'""", cells.text(b'{"a": 1}')), ("'null'", cells.text(b"null"))], decoding)


def test_a_uuid_is_its_16_bytes_in_whichever_column(shared: Database, decoding: Decoding) -> None:
    value = UUID("6CCD780C-BABA-1026-9564-5B8C656024DB")
    cell = cells.uuid(value.bytes)
    if shared.mariadb:
        check(shared, "UUID", [(f"'{value}'", cell)], decoding)
    raw = [(f"X'{value.hex}'", cells.binary(value.bytes)), ("X'00'", cells.binary(b"\0"))]
    check(shared, "VARBINARY(16)", raw, decoding, (Kind.UUID, [cell, cells.misfit("b", b"\0")]))
    texts = [str(value).upper(), value.hex, f"{{{value}}}", "none", f"{value}-0"]
    written = [(f"'{text}'", cells.text(text.encode())) for text in texts]
    uuids = [cell, cell, cell, cells.misfit("t", b"none"), cells.misfit("t", texts[-1].encode())]
    check(shared, "CHAR(40) CHARACTER SET latin1", written, decoding, (Kind.UUID, uuids))


def test_addresses_are_their_text(shared: Database, decoding: Decoding) -> None:
    if not shared.mariadb:
        pytest.skip("MySQL has no type for addresses")
    check(shared, "INET4", [("'192.168.0.1'", cells.text(b"192.168.0.1"))], decoding)
    check(shared, "INET6", [("'2001:DB8::1'", cells.text(b"2001:db8::1"))], decoding)


def test_a_geometry_is_told_exactly_and_with_its_reference_system(shared: Database, decoding: Decoding) -> None:
    point = struct.pack("<IBIdd", 4326, 1, 1, 1.5, -2.0)
    # In MySQL the latitude comes first in a text, unless it is told otherwise; both keep the longitude first.
    told = "ST_GeomFromText('POINT(1.5 -2)', 4326" + ("" if shared.mariadb else ", 'axis-order=long-lat'") + ")"
    check(shared, "POINT", [(told, cells.binary(point))], decoding)


def test_a_geometry_of_which_the_server_would_not_write_the_digits_is_told_whole(
    own: Database, decoding: Decoding
) -> None:
    ((largest,),) = own.rows("SELECT @@max_allowed_packet")
    points = largest // 2 // 16 + 1
    line = struct.pack("<BII", 1, 2, points) + struct.pack("<dd", 1, 2) * points
    own.run("CREATE TABLE t (id INT PRIMARY KEY, v GEOMETRY)")
    many = f"REPEAT(X'{line[9:25].hex()}', {points})"
    own.run(f"INSERT INTO t VALUES (1, ST_GeomFromWKB(CONCAT(X'{line[:9].hex()}', {many})))")
    with own.snapshot(decoding=decoding) as found:
        (row,) = rows_of(found, reading_of(found, "t", ("id", "v")))
    assert cells.cells_in(row)[1] == cells.binary(bytes(4) + line)


def test_a_vector_is_the_digits_of_its_numbers(shared: Database, decoding: Decoding) -> None:
    try:
        shared.run("DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(2))")
    except pymysql.MySQLError:
        pytest.skip("the server is too old for vectors: MySQL has them from 9.0 on, MariaDB from 11.7 on")
    told = struct.pack("<2f", 1.5, -2.0).hex().upper().encode()
    check(shared, "VECTOR(2)", [(f"X'{told.decode()}'", cells.text(told)), ("NULL", cells.null())], decoding)


def test_generated_and_invisible_columns_are_columns(shared: Database, decoding: Decoding) -> None:
    shared.run(
        "DROP TABLE IF EXISTS t",
        "CREATE TABLE t (id INT PRIMARY KEY, v INT GENERATED ALWAYS AS (id * 2) VIRTUAL, w INT INVISIBLE DEFAULT 7)",
    )
    shared.run("INSERT INTO t (id) VALUES (1)")
    with shared.snapshot(decoding=decoding) as found:
        (row,) = rows_of(found, reading_of(found, "t", ("id", "v", "w")))
    assert cells.cells_in(row) == (cells.integer(1), cells.integer(2), cells.integer(7))


def test_a_history_that_the_server_keeps_is_not_read(shared: Database, decoding: Decoding) -> None:
    if not shared.mariadb:
        pytest.skip("MySQL has no tables with a history")
    shared.run(
        "DROP TABLE IF EXISTS t",
        "CREATE TABLE t (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING",
        "INSERT INTO t VALUES (1, 1)",
    )
    shared.run("UPDATE t SET v = 2")
    with shared.snapshot(decoding=decoding) as found:
        (row,) = rows_of(found, reading_of(found, "t", ("id", "v")))
        assert cells.cells_in(row)[1] == cells.integer(2)
        assert found.tables() == {"t"}
        assert found.count("t") == 1
