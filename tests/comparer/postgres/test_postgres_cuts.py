"""Cuts between the bounds that a server keeps."""

from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.postgres.cuts import finer


def test_each_range_is_cut_evenly() -> None:
    assert finer([0, 10, 100], 4) == [5, 10, 55]
    assert finer([0, 10, 100], 5) == [5, 10, 55]
    assert finer([0, 10, 100], 2) == [10]


def test_keys_next_to_each_other_are_cut_as_often_as_they_can_be() -> None:
    assert finer([1, 2, 3], 100) == [2]
    assert finer([7], 4) == []
    assert finer([], 4) == []


@given(bounds=st.sets(st.integers(-(1 << 63), (1 << 63) - 1), max_size=12).map(sorted), parts=st.integers(2, 60))
def test_cuts_rise_between_the_outermost_bounds_and_are_fewer_than_the_parts(bounds: list[int], parts: int) -> None:
    found = finer(bounds, parts)
    assert found == sorted(set(found))
    if len(bounds) - 1 <= parts:
        assert len(found) < parts
    assert all(bounds[0] < cut < bounds[-1] for cut in found)
