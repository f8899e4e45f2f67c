"""JSON that says the same is the same, however it is written, and nothing else is."""

import pytest

from functions.comparer.core import cells
from functions.comparer.core.alike import plain_json, same_json

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
    ours, theirs = cells.text(f"[{one}]".encode()), cells.text(f"[{other}]".encode())
    assert same_json(ours, theirs) is same
    assert (plain_json(ours) == plain_json(theirs)) is same


def test_a_number_whose_exponent_is_too_long_to_be_read_is_the_same_as_itself_alone() -> None:
    ours, theirs = (cells.text(f"1e{'9' * 5000}{end}".encode()) for end in (1, 2))
    assert not same_json(ours, theirs)
    assert plain_json(ours) != plain_json(theirs)
