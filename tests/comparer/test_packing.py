"""Plain values become canonical rows: what a column's kind holds is written in its one form, the rest is a misfit."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core import cells
from functions.comparer.core.cells import Cell, cells_in, moment_text, values_of
from functions.comparer.core.kinds import Kind, orderable
from functions.comparer.core.moments import clock_of, moment_of
from functions.comparer.core.packing import PACKERS, key_cells, pack
from functions.comparer.core.table import Malformed, Value

DAY = 86_400_000_000
HEX = "00112233445566778899aabbccddeeff"
SPLIT = "00112233-4455-6677-8899-aabbccddeeff"


def packed(value: Value, kind: Kind) -> Cell:
    """The one cell of a row of one column."""
    (cell,) = cells_in(pack([(value,)], [kind], 0))
    return cell


def test_a_block_has_a_row_for_each_tuple_with_the_key_first() -> None:
    block = pack([(1, "a"), (2, None)], [Kind.INTEGER, Kind.TEXT], 1)
    assert block == cells.row_of([cells.integer(1), cells.text(b"a")], 1) + cells.row_of(
        [cells.integer(2), cells.null()], 1
    )


@pytest.mark.parametrize("kind", PACKERS)
def test_null_is_null_in_every_kind(kind: Kind) -> None:
    assert packed(None, kind) == cells.null()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-(2**63), cells.integer(-(2**63))),
        (2**64 - 1, cells.integer(2**64 - 1)),
        (3.0, cells.integer(3)),
        (-0.0, cells.integer(0)),
        (-(2.0**63), cells.integer(-(2**63))),
        (2.0**63, cells.misfit("r", b"9.223372036854776e+18")),
        (0.5, cells.misfit("r", b"0.5")),
        (float("inf"), cells.misfit("r", b"inf")),
        ("1", cells.misfit("t", b"1")),
        (b"\x01", cells.misfit("b", b"\x01")),
        (2**64, cells.misfit("i", b"18446744073709551616")),
    ],
)
def test_whole_numbers_are_integers_and_nothing_else_is(value: Value, expected: Cell) -> None:
    assert packed(value, Kind.INTEGER) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63 - 1, cells.decimal(2**63 - 1)),
        (0.1, cells.decimal(Decimal("0.1"))),
        (1e23, cells.decimal(int(1e23))),
        (float("-inf"), cells.decimal(Decimal("-Infinity"))),
        ("0.1", cells.misfit("t", b"0.1")),
    ],
)
def test_a_number_is_a_decimal(value: Value, expected: Cell) -> None:
    assert packed(value, Kind.DECIMAL) == expected


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (2**53, Kind.DOUBLE, cells.double(2.0**53)),
        (2**53 + 1, Kind.DOUBLE, cells.misfit("i", b"9007199254740993")),
        (10**400, Kind.DOUBLE, cells.misfit("i", str(10**400).encode())),
        (0.1, Kind.DOUBLE, cells.double(0.1)),
        (0.1, Kind.SINGLE, cells.single(0.1)),
        (1, Kind.SINGLE, cells.single(1.0)),
        ("0.1", Kind.SINGLE, cells.misfit("t", b"0.1")),
    ],
)
def test_a_number_is_a_double_if_a_double_says_it_exactly(value: Value, kind: Kind, expected: Cell) -> None:
    assert packed(value, kind) == expected


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.JSON])
def test_a_text_is_its_bytes(kind: Kind) -> None:
    assert packed("ä\0 ", kind) == cells.text("ä\0 ".encode())
    assert packed(1, kind) == cells.misfit("i", b"1")
    assert packed(b"a", kind) == cells.misfit("b", b"a")


MALFORMED: list[tuple[Value, bytes]] = [
    (Malformed("utf-8", b"a\xff"), b"a\xff"),
    ("\ud800", b"\xed\xa0\x80"),
    (Malformed("utf-16-le", b"a\0\x00\xd8"), b"a\xed\xa0\x80"),
    (Malformed("utf-16-le", b"\x00\xd8"), b"\xed\xa0\x80"),
    (Malformed("utf-16-be", b"\0od"), b"o\xffd"),
]


@pytest.mark.parametrize(("value", "raw"), MALFORMED)
def test_a_malformed_text_is_its_bytes_too_but_no_json(value: Value, raw: bytes) -> None:
    assert packed(value, Kind.TEXT) == cells.text(raw)
    assert packed(value, Kind.JSON) == packed(value, Kind.UUID) == cells.misfit("t", raw)


def test_bytes_are_bytes() -> None:
    assert packed(b"\0\xff", Kind.BYTES) == cells.binary(b"\0\xff")
    assert packed("a", Kind.BYTES) == cells.misfit("t", b"a")


def test_in_place_of_a_value_its_bytes_are_counted_a_text_in_utf_8() -> None:
    assert [packed(value, Kind.LENGTH) for value in ("aä", b"\0\0", Malformed("utf-8", b"\xff"))] == [
        cells.integer(3),
        cells.integer(2),
        cells.integer(1),
    ]
    assert packed(12, Kind.LENGTH) == cells.misfit("i", b"12")


@pytest.mark.parametrize("value", [HEX, HEX.upper(), SPLIT, "{" + SPLIT + "}", bytes.fromhex(HEX)])
def test_a_uuid_is_16_bytes_however_it_is_written(value: Value) -> None:
    assert packed(value, Kind.UUID) == cells.uuid(UUID(HEX).bytes)


@pytest.mark.parametrize(
    "value", [HEX[1:], "{" + SPLIT, SPLIT + "}", SPLIT + "-", " " + SPLIT, "\u0661" * 32, b"short", 1]
)
def test_what_is_no_uuid_is_a_misfit(value: Value) -> None:
    assert packed(value, Kind.UUID)[0] == cells.MISFIT


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("1970-01-02", Kind.DATE, 1),
        ("1970-01-02 00:00:00.000", Kind.DATE, 1),
        ("1970-01-02T00:00", Kind.DATE, 1),
        ("1970-01-02", Kind.TIMESTAMP, DAY),
        ("1970-01-02 00:01", Kind.TIMESTAMP, DAY + 60_000_000),
        ("1970-01-01T00:00:01.5", Kind.TIMESTAMP, 1_500_000),
        ("1969-12-31 23:59:59.999999000", Kind.TIMESTAMP, -1),
        ("0001-01-01", Kind.DATE, -719_162),
        ("9999-12-31", Kind.DATE, 2_932_896),
        ("10000-01-01", Kind.DATE, 2_932_897),
        ("0001-12-31 BC", Kind.DATE, -719_163),
        ("0001-12-31 00:00:00 BC", Kind.TIMESTAMP, -719_163 * DAY),
        ("0001-12-31 BC 00:00:00+00", Kind.INSTANT, -719_163 * DAY),
        ("1970-01-01 00:00:00", Kind.INSTANT, 0),
        ("1970-01-01 00:00:00Z", Kind.INSTANT, 0),
        ("1970-01-01 02:00:00+02", Kind.INSTANT, 0),
        ("1970-01-01 05:45:00+05:45", Kind.INSTANT, 0),
        ("1969-12-31 22:30:00-0130", Kind.INSTANT, 0),
        ("infinity", Kind.DATE, cells.PLUS_INFINITY),
        ("-infinity", Kind.INSTANT, cells.MINUS_INFINITY),
        ("0000-00-00", Kind.TIMESTAMP, cells.ZERO_DATE),
        ("0000-00-00 00:00:00.000000", Kind.DATE, cells.ZERO_DATE),
    ],
)
def test_a_moment_in_iso_form_is_a_number(text: str, kind: Kind, expected: int) -> None:
    assert packed(text, kind) == cells.moment(expected)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2024-02-30", Kind.DATE),
        ("2024-01-01 00:00:01", Kind.DATE),
        ("2024-00-10", Kind.DATE),
        ("0000-01-01", Kind.DATE),
        ("02024-01-01", Kind.DATE),
        ("0000-01-01 BC", Kind.DATE),
        ("999999-01-01 00:00:00", Kind.TIMESTAMP),
        ("01.02.2024", Kind.DATE),
        (" 2024-01-01", Kind.DATE),
        ("2024-01-01\n", Kind.DATE),
        ("٢٠٢٤-01-01", Kind.DATE),
        ("2024-01-01 24:00:00", Kind.TIMESTAMP),
        ("2024-01-01 00:60", Kind.TIMESTAMP),
        ("2024-01-01 00:00:60", Kind.TIMESTAMP),
        ("2024-01-01 00:00:00.0000001", Kind.TIMESTAMP),
        ("2024-01-01 00:00:00Z", Kind.TIMESTAMP),
        ("2024-01-01 00:00:00+00:99", Kind.INSTANT),
        ("2024-01-01+02", Kind.INSTANT),
        ("0000-00-00 00:00:01", Kind.DATE),
        ("2024-13-00 00:00:00", Kind.TIMESTAMP),
        ("2024-00-32 00:00:00", Kind.TIMESTAMP),
        ("infinity", Kind.TIME),
        ("1:00:99", Kind.TIME),
        ("now", Kind.TIME),
    ],
)
def test_what_is_no_such_moment_is_a_misfit(text: str, kind: Kind) -> None:
    assert packed(text, kind) == cells.misfit("t", text.encode())


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("2024-00-00", Kind.DATE, "2024-00-00"),
        ("2024-02-31 00:00:00", Kind.DATE, "2024-02-31"),
        ("2024-00-00", Kind.TIMESTAMP, "2024-00-00 00:00:00.000000"),
        ("2024-00-00T01:02", Kind.TIMESTAMP, "2024-00-00 01:02:00.000000"),
        ("0000-00-00 00:00:01", Kind.TIMESTAMP, "0000-00-00 00:00:01.000000"),
        ("0000-00-00 12:00:00.5", Kind.TIMESTAMP, "0000-00-00 12:00:00.500000"),
        ("0000-01-01 00:00:00.123456000", Kind.TIMESTAMP, "0000-01-01 00:00:00.123456"),
    ],
)
def test_a_day_that_mysql_alone_may_hold_is_a_misfit_of_one_form(text: str, kind: Kind, told: str) -> None:
    assert PACKERS[kind](text) == PACKERS[kind](told) == cells.misfit("t", told.encode())


@pytest.mark.parametrize("value", [20240101, 2460310.5, b"2024-01-01"])
def test_a_moment_is_never_guessed_from_a_number(value: Value) -> None:
    assert packed(value, Kind.DATE)[0] == cells.MISFIT


@pytest.mark.parametrize(
    ("text", "expected"),
    [("00:00", 0), ("1:02:03", 3_723_000_000), ("-838:59:59", -3_020_399_000_000), ("24:00:00.000001", DAY + 1)],
)
def test_a_time_is_a_duration_in_microseconds(text: str, expected: int) -> None:
    assert packed(text, Kind.TIME) == cells.moment(expected)


@given(st.integers(-(2**54), 2**54), st.sampled_from([Kind.TIMESTAMP, Kind.INSTANT, Kind.TIME, Kind.DATE]))
def test_a_moment_that_was_written_is_read_as_it_was(number: int, kind: Kind) -> None:
    number = number // 10**9 if kind is Kind.DATE else number
    text = moment_text(number, kind)
    assert (clock_of(text) if kind is Kind.TIME else moment_of(text, kind)) == number


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**65), 2**65),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["12024-05-06", "0044-03-15 BC", "0044-03-15 01:02:03 BC", "294270-01-01 00:00:00.000000"]),
    st.sampled_from(["infinity", "2024-01-02 03:04:05.6", "2024-01-02", "-01:02:03", SPLIT, "0000-00-00"]),
    st.binary(max_size=17),
)


@given(st.lists(st.tuples(VALUES, st.sampled_from(sorted(filter(orderable, PACKERS)))), max_size=3))
def test_a_key_that_was_made_values_of_is_the_same_key_again(parts: list[tuple[Value, Kind]]) -> None:
    kinds = [kind for _, kind in parts]
    row = pack([tuple(value for value, _ in parts)], kinds, len(parts))
    assert key_cells(values_of(cells_in(row), kinds), kinds) == cells.key_in(row)
