"""Text in answers: whatever JSON can carry reaches the ledger as UTF-8, or is replaced."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.drs_errors import Refused, Told, decided, parsed


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=4))
def test_what_utf8_can_carry_is_read_as_it_is(data: dict[str, str]) -> None:
    assert parsed(json.dumps(data).encode()) == data


@pytest.mark.parametrize(
    ("raw", "read"),
    [(b'{"a": "x\\ud800y"}', "x\ufffdy"), (b'{"a": "\\uDFFF"}', "\ufffd"), (b'{"a": "\\ud83d\\ude00"}', "😀")],
)
def test_half_a_surrogate_pair_is_replaced(raw: bytes, read: str) -> None:
    assert parsed(raw) == {"a": read}
    assert parsed(raw)["a"].encode()


def test_an_endless_code_is_cut() -> None:
    decision = decided(400, Told("X" * 5_000, "m" * 5_000))
    assert isinstance(decision, Refused)
    assert (len(decision.code), len(decision.message)) == (64, 500)
