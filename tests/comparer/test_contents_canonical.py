"""Rows as bytes: equal if and only if the rows are."""

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core.canonical import digest, exactly, packed, packed_key, unpacked
from functions.comparer.core.table import Malformed, Row, Rule, TablePlan, Value

VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.sampled_from(
        [0, 1, 0.0, -0.0, 1.0, "1", b"1", "", b"", 2**53, float(2**53), "\ud800", "\0", b"\0" * 7 + b"\x80"]
    ),
    st.text(st.characters(), max_size=4),
    st.binary(max_size=9),
    st.builds(Malformed, st.sampled_from(["utf-8", "utf-16-le"]), st.binary(max_size=4)),
)
ROWS = st.lists(VALUES, max_size=4).map(tuple)


def identity(row: Row) -> Sequence[object]:
    """What makes a row equal to another one, said in another way."""
    return [
        ("real", struct.pack(">d", value + 0.0)) if isinstance(value, float) else (type(value).__name__, value)
        for value in row
    ]


@given(ROWS, ROWS | st.just(None))
def test_rows_have_the_same_bytes_exactly_if_they_are_equal(row: Row, other: Row | None) -> None:
    second = tuple(row) if other is None else other
    assert (packed(row) == packed(second)) is (identity(row) == identity(second))
    assert (digest(packed(row)) == digest(packed(second))) is (identity(row) == identity(second))


@given(ROWS)
def test_what_was_packed_is_unpacked_as_it_was(row: Row) -> None:
    assert [(type(value), repr(value)) for value in unpacked(exactly(row))] == [(type(v), repr(v)) for v in row]


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(ValueError, match="unmarshallable"):
        packed((object(),))  # type: ignore[arg-type]  # on purpose


SAME: list[tuple[Rule, Value, Value]] = [
    ("exact", 1, 1.0), ("exact", -0.0, 0), ("exact", 2**53, float(2**53)), ("exact", -(2**63), -float(2**63)),
    ("nocase", "aB", "Ab"), ("nocase", 1, 1.0), ("nocase", "é", "é"), ("rtrim", "a  ", "a"), ("rtrim", "", "   "),
    ("nocase", Malformed("utf-8", b"A\xff"), Malformed("utf-8", b"a\xff")),
    ("rtrim", Malformed("utf-16-le", b"\0\xd8 \0"), Malformed("utf-16-le", b"\0\xd8")),
    # SQLite stops at a NUL, and then the length decides.
    ("nocase", "a\0b", "A\0c"),
]  # fmt: skip
OTHER: list[tuple[Rule, Value, Value]] = [
    ("exact", 1, "1"), ("exact", 1, b"1"), ("exact", "1", b"1"), ("exact", "a", "A"), ("exact", "a", "a "),
    ("exact", 2**53 + 1, float(2**53)), ("exact", 2**63 - 1, float(2**63)), ("exact", 0.5, 0), ("exact", 1e300, 1),
    ("nocase", "É", "é"), ("nocase", "a", "a "), ("nocase", b"a", b"A"), ("nocase", "a", b"a"),
    ("nocase", "a\0b", "a\0"), ("rtrim", "a", "A"), ("rtrim", " a", "a"), ("rtrim", "a\t", "a"), ("rtrim", b"a ", b"a"),
    ("exact", float("inf"), 0),
]  # fmt: skip


def key_of(value: Value, rule: Rule) -> bytes:
    plan = TablePlan("t", (("a", "a"), ("b", "b")), (("", ""), ("", "")), (1,), (rule,))
    return packed_key(("not in the key", value), plan)


@pytest.mark.parametrize(("rule", "one", "other"), SAME)
def test_keys_that_a_rule_takes_for_equal_have_the_same_bytes(rule: Rule, one: Value, other: Value) -> None:
    assert key_of(one, rule) == key_of(other, rule)


@pytest.mark.parametrize(("rule", "one", "other"), OTHER)
def test_keys_that_no_rule_takes_for_equal_have_other_bytes(rule: Rule, one: Value, other: Value) -> None:
    assert key_of(one, rule) != key_of(other, rule)
