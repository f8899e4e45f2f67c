"""Plain values become the same canonical rows in C as in Python."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.comparer.core import compiled, packing
from functions.comparer.core.kinds import Kind
from functions.comparer.core.packing import PACKERS
from functions.comparer.core.table import Malformed, Row, Value

ROWS = compiled.choose({})
pytestmark = pytest.mark.skipif(ROWS is None, reason="the compiled module was not built here")

moments = st.one_of(
    st.datetimes().map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.dates().map(str),
    st.from_regex(
        r"(\d{4}|-1)-\d{2}-[0-3]\d([ T]\d{2}:[0-6]\d(:[0-6]\d(\.\d{0,9})?)?(Z|[+-]\d\d(:\d\d)?)?)?", fullmatch=True
    ),
    st.from_regex(r"-?\d{1,3}:[0-6]\d(:[0-6]\d(\.\d{1,7})?)?", fullmatch=True),
    st.sampled_from(["infinity", "-infinity", "0000-00-00", "0000-00-00 00:00:00.000", "2024-02-30", "2024-01-01 "]),
)
uuids = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda uuid: f"{{{uuid.hex.upper()}}}"),
    st.from_regex(r"\{?([0-9a-f]{4}-{0,2}){7}[0-9A-F]{3,5}-?\}?", fullmatch=True),
)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.integers(),
    st.integers(-(2**66), 2**66),
    st.sampled_from([2**63, -(2**63), 2**63 - 1, 2**64 - 1, 2**64, 2**53 + 1, -(2**53) - 1, 10**400]),
    st.booleans(),
    st.floats(),
    st.floats(width=32),
    st.integers(-(2**66), 2**66).map(float),
    st.text(max_size=20),
    st.text(st.characters(codec=None), max_size=5),
    st.sampled_from(["\ud800", "a\udfff", "é€😀"]),
    st.binary(max_size=20),
    st.uuids().map(lambda uuid: uuid.bytes),
    st.decimals(places=3),
    st.binary(max_size=6).map(lambda raw: Malformed("utf-8", raw)),
    st.binary(max_size=6).map(lambda raw: Malformed("utf-16-le", raw)),
    moments,
    uuids,
)


def pack(rows: list[Row], kinds: list[Kind], key: int) -> bytes:
    assert ROWS is not None
    return ROWS.pack(rows, kinds, key)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Row], list[Kind], int]:
    kinds = draw(st.lists(st.sampled_from(list(PACKERS)), min_size=1, max_size=6))
    rows = draw(st.lists(st.tuples(*[values] * len(kinds)), max_size=4))
    return rows, kinds, draw(st.integers(0, len(kinds)))


@given(tables())
def test_rows_are_packed_as_the_twin_packs_them(table: tuple[list[Row], list[Kind], int]) -> None:
    assert pack(*table) == packing.pack(*table)


@pytest.mark.parametrize("kind", [Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT])
@given(moments)
@example("2024-02-29 23:59:59.999999")
@example("2023-02-29")
@example("9999-12-31T00:00")
def test_moments_are_read_as_the_twin_reads_them(kind: Kind, text: str) -> None:
    assert pack([(text,)], [kind], 1) == packing.pack([(text,)], [kind], 1)


@given(st.one_of(st.floats(), st.floats(width=32), st.decimals(allow_nan=False), st.integers()))
def test_numbers_are_decimals_as_the_twin_writes_them(number: float | Decimal) -> None:
    assert pack([(number,)], [Kind.DECIMAL], 1) == packing.pack([(number,)], [Kind.DECIMAL], 1)


def test_a_row_has_a_value_for_each_kind() -> None:
    with pytest.raises(ValueError, match="no row of 2 columns"):
        pack([(1,)], [Kind.TEXT, Kind.TEXT], 0)
    with pytest.raises(ValueError, match="can't have a key of 2"):
        pack([], [Kind.TEXT], 2)


def test_a_kind_of_no_form_is_refused() -> None:
    with pytest.raises(KeyError):
        pack([], [Kind.ANY], 0)


def test_a_value_that_is_none_of_the_engines_raises_what_the_twin_raises() -> None:
    strange: list[Row] = [(object(),)]  # type: ignore[list-item]
    with pytest.raises(Exception) as ours:  # noqa: PT011
        pack(strange, [Kind.TEXT], 0)
    with pytest.raises(ours.type):
        packing.pack(strange, [Kind.TEXT], 0)


def test_nothing_is_left_behind_by_what_is_refused() -> None:
    def refuse(times: int) -> None:
        for _ in range(times):
            with pytest.raises(ValueError, match="no row"):
                pack([("x" * 10_000, "y"), ("x",)], [Kind.TEXT, Kind.TEXT], 0)

    refuse(10)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    refuse(300)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 1_000_000
