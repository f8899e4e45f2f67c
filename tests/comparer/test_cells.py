"""Cells: equal values are equal bytes, they sort as their values do, and give their values back."""

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core import cells
from functions.comparer.core.kinds import Kind

DECIMALS = st.decimals(allow_nan=False) | st.integers().map(Decimal)
INTEGERS = st.integers(-(1 << 63), (1 << 64) - 1)
DOUBLES = st.floats(allow_nan=False)


@given(DECIMALS, DECIMALS)
def test_decimals_sort_as_numbers_and_are_equal_where_they_are(one: Decimal, other: Decimal) -> None:
    ours, theirs = cells.decimal_bytes(one), cells.decimal_bytes(other)
    assert (ours < theirs, ours == theirs) == (one < other, one == other)


@given(INTEGERS, INTEGERS)
def test_integers_sort_as_numbers_up_to_the_largest_without_a_sign(one: int, other: int) -> None:
    ours, theirs = (cells.placed([cells.integer(value)]) for value in (one, other))
    assert (ours < theirs, ours == theirs) == (one < other, one == other)


@given(DOUBLES, DOUBLES)
def test_doubles_sort_as_numbers_and_zero_has_no_sign(one: float, other: float) -> None:
    ours, theirs = cells.double(one), cells.double(other)
    assert (ours < theirs, ours == theirs) == (one < other, one == other)


@given(DECIMALS, INTEGERS, DOUBLES, st.text(), st.binary())
def test_cells_give_their_values_back(number: Decimal, whole: int, double: float, text: str, raw: bytes) -> None:
    raw_text = text.encode("utf-8", "surrogatepass")
    row = [cells.decimal(number), cells.integer(whole), cells.double(double), cells.text(raw_text), cells.binary(raw)]
    kinds = [Kind.DECIMAL, Kind.INTEGER, Kind.DOUBLE, Kind.TEXT, Kind.BYTES]
    block = cells.row_of(row, 2) * 2
    first, second = cells.rows_in(block)
    assert first == second
    assert cells.key_in(first) == row[0] + row[1]
    assert cells.values_of(cells.cells_in(first), kinds)[:3] == (number, whole, double)
    assert cells.values_of(cells.cells_in(first), kinds)[4] == raw


@given(st.integers(1, 0x7F7F_FFFF).map(lambda bits: float(struct.unpack(">f", struct.pack(">I", bits))[0])))
def test_the_digits_of_a_number_of_32_bits_are_the_fewest_that_mean_it(value: float) -> None:
    digits = cells.single_digits(value)
    assert cells.single(float(digits)) == cells.double(value)
    count = len(Decimal(digits).normalize().as_tuple().digits)
    assert count == 1 or cells.single(float(f"{value:.{count - 1}g}")) != cells.double(value)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0, Kind.DATE, "1970-01-01"),
        (-719_162, Kind.DATE, "0001-01-01"),
        (-719_163, Kind.DATE, "0001-12-31 BC"),
        (2_932_897, Kind.DATE, "10000-01-01"),
        (-1, Kind.TIMESTAMP, "1969-12-31 23:59:59.999999"),
        (1_500_000, Kind.INSTANT, "1970-01-01 00:00:01.5+00"),
        (-90_000_000_001, Kind.TIME, "-25:00:00.000001"),
        (cells.PLUS_INFINITY, Kind.TIMESTAMP, "infinity"),
        (cells.MINUS_INFINITY, Kind.DATE, "-infinity"),
        (cells.ZERO_DATE, Kind.DATE, "0000-00-00"),
    ],
)
def test_moments_are_shown_as_they_are_written(value: int, kind: Kind, text: str) -> None:
    assert cells.values_of([cells.moment(value)], [kind]) == (text,)


def test_a_double_says_in_decimals_its_value_if_it_is_whole_else_its_shortest_digits() -> None:
    assert cells.decimal_of_double(0.1) == cells.decimal(Decimal("0.1"))
    assert cells.decimal_of_double(2.0**60) == cells.decimal(2**60)
    assert cells.decimal_of_double(1e300) == cells.decimal(int(1e300))
    assert cells.decimal_of_double(-0.0) == cells.decimal(0)
