"""JSON that says the same is the same, however it is written, and is written in one way where bytes have to do."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core.alike import Alike, plain_json, same_json
from functions.comparer.core.cells import (
    MINUS_INFINITY,
    PLUS_INFINITY,
    ZERO_DATE,
    Cell,
    decimal,
    double,
    integer,
    misfit,
    moment,
    null,
    row_of,
    text,
)
from functions.comparer.core.kinds import Kind

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def cell(written: str) -> bytes:
    return text(written.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": [2]}', '{"b":[2.0],"a":1e0}', True),
        ("[1, 2]", "[2, 1]", False),
        ("1", '"1"', False),
        ("0.1", "0.10000000000000000001", False),
        ("12345678901234567890123", "12345678901234567890124", False),
        ('{"a": 1, "a": 2}', '{"a": 2}', True),
        ("null", "false", False),
        ("-0", "0", True),
        ('"\\u00e9"', '"é"', True),
        ("no json", "no json ", False),
        ('["members", []]', "{}", False),
        ('["number", "1e0"]', "1", False),
        ("1\0", "1", False),
        ("1\x002\0", "12", False),
        ("\ufeff{}", "{}", False),
    ],
)
def test_json_is_compared_by_what_it_says(one: str, other: str, same: bool) -> None:
    assert same_json(cell(one), cell(other)) is same
    assert (plain_json(cell(one)) == plain_json(cell(other))) is same


@given(DOCUMENTS)
def test_json_written_in_one_way_is_json_that_says_the_same(document: Any) -> None:
    given, spaced = json.dumps(document), json.dumps(document, indent=3, ensure_ascii=False)
    plain = plain_json(cell(given))
    assert plain == plain_json(cell(spaced)) == plain_json(plain)
    assert same_json(cell(given), plain)


def test_what_is_no_json_stays_as_it_is() -> None:
    for other in (null(), misfit("i", b"1"), cell("{"), cell("[" * 100_000)):
        assert plain_json(other) == other


PAIRS = [
    ("1", "1.0", True),
    ("100", "1e2", True),
    ("1E+2", "1000e-1", True),
    ("0.10", "0.1", True),
    ("-0.0", "0e7", True),
    ("-1", "1", False),
    ("12345678901234567890123456789012345678901", "12345678901234567890123456789012345678902", False),
    ("0.12345678901234567890123456789012345678901", "0.12345678901234567890123456789012345678902", False),
    ("1e999999999998", "1e999999999999", False),
    ("1e99999999999999999999998", "10e99999999999999999999997", True),
    ("1", '"1"', False),
]


@pytest.mark.parametrize(("one", "other", "same"), PAIRS)
def test_numbers_are_the_same_if_they_have_the_same_value_whatever_their_length_or_size(
    one: str, other: str, same: bool
) -> None:
    ours, theirs = text(f"[{one}]".encode()), text(f"[{other}]".encode())
    assert same_json(ours, theirs) is same
    assert (plain_json(ours) == plain_json(theirs)) is same


def test_a_number_whose_exponent_is_too_long_to_be_read_is_the_same_as_itself_alone() -> None:
    ours, theirs = (text(f"1e{'9' * 5000}{end}".encode()) for end in (1, 2))
    assert not same_json(ours, theirs)
    assert plain_json(ours) != plain_json(theirs)


def close(kind: Kind, one: Cell, other: Cell, tolerance: str) -> bool:
    found = Alike([kind], {0: Decimal(tolerance)}).differing(row_of([one], 0), row_of([other], 0))
    return found == ()


@pytest.mark.parametrize("kind", [Kind.TIMESTAMP, Kind.INSTANT, Kind.DATE])
def test_moments_that_are_none_are_near_to_no_other_whatever_the_tolerance(kind: Kind) -> None:
    special = [MINUS_INFINITY, ZERO_DATE, PLUS_INFINITY]
    for value in special:
        for other in (*special, MINUS_INFINITY + 2, 0, PLUS_INFINITY - 1):
            assert close(kind, moment(value), moment(other), "1e30") is (value == other)
    assert close(kind, moment(1), moment(2), "86400")


def test_whole_numbers_are_near_to_each_other_on_both_sides_of_the_greatest_with_a_sign() -> None:
    below, above = integer((1 << 63) - 1), integer((1 << 63) + 1)
    assert close(Kind.INTEGER, below, above, "2")
    assert not close(Kind.INTEGER, below, above, "1")


@pytest.mark.parametrize(
    ("one", "other", "tolerance", "near"),
    [
        (decimal(Decimal("1e131071")), decimal(Decimal("1e-16383")), "1e131071", True),
        (decimal(Decimal("1e131071")), decimal(Decimal("-1e-16383")), "1e131071", False),
        (decimal(Decimal(1)), decimal(Decimal(2)), "1e999999999", True),
        (decimal(Decimal(1)), decimal(Decimal(2)), "1e-999999999", False),
        (decimal(Decimal("NaN")), decimal(Decimal(2)), "1e999999999", False),
        (decimal(Decimal("Infinity")), decimal(Decimal(2)), "1e999999999", False),
        (decimal(Decimal("Infinity")), decimal(Decimal("-Infinity")), "1e999999999", False),
        (double(2.0**1000), double(5e-324), str(2**1000), True),
        (double(2.0**1000), double(-5e-324), str(2**1000), False),
        (double(float("nan")), double(0.0), "1", False),
    ],
)
def test_a_tolerance_is_kept_exactly_however_large_or_small_it_is(
    one: Cell, other: Cell, tolerance: str, near: bool
) -> None:
    assert close(Kind.DECIMAL, one, other, tolerance) is near
    assert close(Kind.DECIMAL, other, one, tolerance) is near
