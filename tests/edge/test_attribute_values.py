"""Plain Python to DynamoDB attribute values and back."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.attribute_values import decode, decode_item, encode, encode_item

numbers = st.integers(-(10**38) + 1, 10**38 - 1) | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: number == 0 or 1e-130 <= abs(number) < 1e126
)
plain = st.recursive(
    st.none() | st.booleans() | st.text() | numbers,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.dictionaries(st.text(min_size=1), plain, max_size=5))
def test_an_item_comes_back_as_it_was_written(item: dict[str, Any]) -> None:
    assert decode_item(encode_item(item)) == item


@pytest.mark.parametrize(("text", "number"), [("3", 3), ("3.0", 3), ("1E+2", 100), ("2.5", 2.5), ("-0.1", -0.1)])
def test_an_integral_number_is_an_int_and_any_other_a_float(text: str, number: float) -> None:
    decoded = decode({"N": text})

    assert decoded == number
    assert type(decoded) is type(number)


def test_true_is_no_number() -> None:
    assert encode(True) == {"BOOL": True}


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**38, 1e126, 1e-200])
def test_a_number_that_dynamodb_refuses_is_refused_by_name(value: float) -> None:
    with pytest.raises(ValueError, match="attribute due_at"):
        encode_item({"due_at": value})


def test_a_value_of_another_type_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="attribute names: a set"):
        encode_item({"names": {"a"}})


def test_an_attribute_type_that_is_never_written_is_refused() -> None:
    with pytest.raises(ValueError, match="attribute type SS"):
        decode({"SS": ["a"]})
