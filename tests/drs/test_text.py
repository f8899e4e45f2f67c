"""Text in answers: whatever JSON can carry reaches the ledger as UTF-8, or is replaced."""

import json
from typing import Any

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


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b'{"a": "\xed\xa0\x80"}', {"a": "\ufffd" * 3}),
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
        (b'{"\xed\xb0\x80": "\\ud83d\xed\xb8\x80"}', {"\ufffd" * 3: "\ufffd" * 4}),
        (b'\xef\xbb\xbf{"a": "b"}', {"a": "b"}),
        ('{"a": "b"}'.encode("utf-16"), None),
        ('{"a": "b"}'.encode("utf-16-le"), None),
        ('{"a": "b"}'.encode("utf-32"), None),
    ],
)
def test_a_body_is_read_as_utf8_and_as_nothing_else(raw: bytes, read: Any) -> None:
    assert parsed(raw) == read


pieces = st.lists(
    st.one_of(
        st.binary(max_size=4),
        st.sampled_from([b"\xed\xa0\x80", b"\xed\xb0\x80", b"\\ud800", b"\\uDFFF", b"\\\\ud800", b'"', b'{"a":', b"}"]),
    ),
    max_size=6,
).map(b"".join)
bodies = pieces | pieces.map(lambda inner: b'{"a": ["' + inner + b'"]}')
encodings = st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
texts = st.text(st.characters(), max_size=8).map(lambda text: json.dumps({"a": text}, ensure_ascii=False))
encoded = st.builds(lambda text, encoding: text.encode(encoding, "surrogatepass"), texts, encodings)


@given(bodies | encoded)
def test_whatever_arrives_is_nothing_or_can_be_written_as_utf8(body: bytes) -> None:
    assert json.dumps(parsed(body), ensure_ascii=False).encode()


def test_an_endless_code_is_cut() -> None:
    decision = decided(400, Told("X" * 5_000, "m" * 5_000))
    assert isinstance(decision, Refused)
    assert (len(decision.code), len(decision.message)) == (64, 500)
