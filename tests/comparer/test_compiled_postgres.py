"""PostgreSQL's rows on the wire become the canonical rows that `core.cells` writes."""

from __future__ import annotations

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.comparer.core import cells, compiled
from functions.comparer.core.kinds import Kind

ROWS = compiled.choose({})
pytestmark = pytest.mark.skipif(ROWS is None, reason="the compiled module was not built here")

Wired = tuple[bytes | None, bytes]
"""A value as it comes (None: NULL), and the cell that it becomes."""
Form = tuple[Kind, str, st.SearchStrategy[Wired]]
Table = tuple[list[tuple[int, str]], int, list[bytes], list[bytes]]
"""Columns, how many are the key, the rows as COPY's content has them, and as they are canonical."""

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">II", 0, 0)
TRAILER = struct.pack(">h", -1)
EPOCH_DAYS, DAY = 10_957, 86_400_000_000


def decoder(columns: list[tuple[int, str]], key: int) -> compiled.PgDecoder:
    assert ROWS is not None
    return ROWS.PgDecoder(columns, key)


def numeric(value: Decimal) -> bytes:
    """numeric_send."""
    if not value.is_finite():
        sign = 0xC000 if value.is_nan() else 0xD000 if value > 0 else 0xF000
        return struct.pack(">hhHh", 0, 0, sign, 0)
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    whole = int("".join(map(str, digits))) * 10 ** (exponent % 4)
    weight = exponent // 4
    groups: list[int] = []
    while whole:
        whole, group = divmod(whole, 10_000)
        groups.insert(0, group)
    head = struct.pack(">hhHH", len(groups), weight + len(groups) - 1, 0x4000 * sign, max(0, -exponent))
    return head + struct.pack(f">{len(groups)}h", *groups)


def integers() -> st.SearchStrategy[tuple[bytes, int]]:
    sizes = st.sampled_from([(2, ">h"), (4, ">i"), (8, ">q")])
    return sizes.flatmap(
        lambda size: st.integers(-(1 << (8 * size[0] - 1)), (1 << (8 * size[0] - 1)) - 1).map(
            lambda value: (struct.pack(size[1], value), value)
        )
    )


decimals = st.one_of(
    st.decimals(allow_nan=False),
    st.decimals(allow_nan=False, places=4, min_value=-(10**12), max_value=10**12),
    st.sampled_from([Decimal("NaN"), Decimal("0.00"), Decimal("-0.5"), Decimal(10) ** 40, Decimal("1e-300")]),
).filter(lambda value: not value.is_finite() or abs(int(value.as_tuple().exponent)) < 20_000)
doubles = st.one_of(st.floats(), st.integers(-(2**70), 2**70).map(float), st.sampled_from([0.1, 1e22, 1e23, 5e-324]))
singles = st.one_of(st.floats(width=32), st.sampled_from([struct.unpack(">f", struct.pack(">f", 0.1))[0], 16777216.0]))
texts = st.one_of(st.text(max_size=20), st.text("ab ", max_size=6)).map(str.encode)
moments = st.one_of(st.integers(-(2**62), 2**62), st.integers(-(10**17), 10**17))
dates = st.integers(-2_400_000, 100_000_000)
uuids = st.uuids().flatmap(
    lambda value: st.sampled_from([str(value), value.hex.upper(), f"{{{value}}}"]).map(
        lambda text: (text.encode(), cells.uuid(value.bytes))
    )
)
INFINITIES = [(1, cells.PLUS_INFINITY), (-1, cells.MINUS_INFINITY)]


def endless(size: int) -> st.SearchStrategy[Wired]:
    ends = {1: (1 << (8 * size - 1)) - 1, -1: -(1 << (8 * size - 1))}
    return st.sampled_from(
        [(ends[sign].to_bytes(size, "big", signed=True), cells.moment(end)) for sign, end in INFINITIES]
    )


FORMS: list[Form] = [
    (Kind.INTEGER, "i", integers().map(lambda each: (each[0], cells.integer(each[1])))),
    (Kind.INTEGER, "o", st.booleans().map(lambda value: (bytes([value]), cells.integer(value)))),
    (Kind.DECIMAL, "n", decimals.map(lambda value: (numeric(value), cells.decimal(value)))),
    (Kind.DECIMAL, "i", integers().map(lambda each: (each[0], cells.decimal(each[1])))),
    (Kind.DECIMAL, "o", st.booleans().map(lambda value: (bytes([value]), cells.decimal(int(value))))),
    (Kind.DECIMAL, "d", doubles.map(lambda value: (struct.pack(">d", value), cells.decimal_of_double(value)))),
    (
        Kind.DECIMAL,
        "f",
        singles.map(
            lambda value: (struct.pack(">f", value), cells.decimal_of_double(value, cells.single_digits(value)))
        ),
    ),
    (Kind.DOUBLE, "d", doubles.map(lambda value: (struct.pack(">d", value), cells.double(value)))),
    (Kind.DOUBLE, "f", singles.map(lambda value: (struct.pack(">f", value), cells.double(value)))),
    (Kind.SINGLE, "d", doubles.map(lambda value: (struct.pack(">d", value), cells.single(value)))),
    (Kind.SINGLE, "f", singles.map(lambda value: (struct.pack(">f", value), cells.single(value)))),
    (Kind.TEXT, "t", texts.map(lambda value: (value, cells.text(value)))),
    (Kind.TEXT, "p", texts.map(lambda value: (value, cells.text(value.rstrip(b" "))))),
    (Kind.JSON, "t", texts.map(lambda value: (value, cells.text(value)))),
    (Kind.BYTES, "b", st.binary(max_size=40).map(lambda value: (value, cells.binary(value)))),
    (Kind.DATE, "D", dates.map(lambda value: (struct.pack(">i", value), cells.moment(value + EPOCH_DAYS)))),
    (Kind.DATE, "D", endless(4)),
    (Kind.INSTANT, "D", dates.map(lambda value: (struct.pack(">i", value), cells.moment((value + EPOCH_DAYS) * DAY)))),
    (Kind.TIMESTAMP, "D", endless(4)),
    (
        Kind.TIMESTAMP,
        "S",
        moments.map(lambda value: (struct.pack(">q", value), cells.moment(value + EPOCH_DAYS * DAY))),
    ),
    (Kind.INSTANT, "S", endless(8)),
    (Kind.TIME, "T", st.integers(0, DAY).map(lambda value: (struct.pack(">q", value), cells.moment(value)))),
    (Kind.UUID, "u", st.uuids().map(lambda value: (value.bytes, cells.uuid(value.bytes)))),
    (Kind.UUID, "t", uuids),
    (Kind.UUID, "p", uuids.map(lambda each: (each[0] + b"  ", each[1]))),
    (Kind.UUID, "t", st.just((b"none", cells.misfit("t", b"none")))),
    (Kind.UUID, "b", st.just((b"short", cells.misfit("b", b"short")))),
    (Kind.UUID, "b", st.uuids().map(lambda value: (value.bytes, cells.uuid(value.bytes)))),
]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    forms = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=6))
    key = draw(st.integers(0, len(forms)))
    values = [st.one_of(st.just((None, cells.null())), form[2], form[2]) for form in forms]
    found: list[list[Wired]] = draw(st.lists(st.tuples(*values).map(list), max_size=4))
    rows = [
        struct.pack(">h", len(each))
        + b"".join(struct.pack(">i", -1 if raw is None else len(raw)) + (raw or b"") for raw, _ in each)
        for each in found
    ]
    return [form[:2] for form in forms], key, rows, [cells.row_of([cell for _, cell in each], key) for each in found]


def message(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack(">I", len(payload) + 4) + payload


@given(tables())
def test_rows_become_the_canonical_ones(table: Table) -> None:
    columns, key, rows, canonical = table
    into = decoder(columns, key)
    into.content(HEADER + b"".join(rows) + TRAILER)
    assert into.waiting == sum(map(len, canonical))
    assert into.rows() == b"".join(canonical)
    assert (into.waiting, into.rows()) == (0, b"")


@given(tables(), st.integers(1, 50))
def test_content_may_come_in_pieces(table: Table, size: int) -> None:
    columns, key, rows, canonical = table
    into, content = decoder(columns, key), HEADER + b"".join(rows) + TRAILER
    for start in range(0, len(content), size):
        into.content(memoryview(content)[start : start + size])
    into.content(HEADER + TRAILER)  # another COPY
    assert into.rows() == b"".join(canonical)


@given(tables(), st.data())
def test_messages_are_taken_as_far_as_they_are_whole(table: Table, data: st.DataObject) -> None:
    columns, key, rows, canonical = table
    sent = message(b"H", b"\1" + struct.pack(">H", len(columns)) + b"\0\1" * len(columns))
    sent += b"".join(message(b"d", each) for each in [HEADER, *rows, TRAILER])
    into, received = decoder(columns, key), sent + message(b"c", b"") + message(b"C", b"COPY 1\0")
    cut = data.draw(st.integers(0, len(sent)))
    used = into.messages(sent[:cut])
    assert used <= cut
    assert into.messages(received[used:]) == len(sent) - used
    assert into.rows() == b"".join(canonical)


def test_a_second_copy_begins_anew_after_one_that_was_broken_off() -> None:
    into = decoder([(Kind.TEXT, "t")], 0)
    start = message(b"H", b"\1\0\1\0\1")
    into.messages(start + message(b"d", HEADER + b"\0\1\0\0"))
    into.messages(start + message(b"d", HEADER + b"\0\1\0\0\0\1x"))
    assert into.rows() == cells.row_of([cells.text(b"x")], 0)


def test_an_extension_of_the_header_is_passed_over() -> None:
    into = decoder([(Kind.TEXT, "t")], 1)
    into.content(HEADER[:-4] + b"\0\0\0\3abc" + b"\0\1\0\0\0\1x")
    assert into.rows() == cells.row_of([cells.text(b"x")], 1)


@pytest.mark.parametrize(
    ("raw", "becomes"),
    [
        (struct.pack(">q", 9_223_371_331_199_999_999), b"294276-12-31 23:59:59.999999"),
        (struct.pack(">q", 2**63 - 2 - EPOCH_DAYS * DAY), b"294247-01-10 04:00:54.775806"),
    ],
)
def test_a_moment_beyond_64_bits_from_1970_is_a_text(raw: bytes, becomes: bytes) -> None:
    into = decoder([(Kind.TIMESTAMP, "S")], 1)
    into.content(HEADER + b"\0\1\0\0\0\x08" + raw)
    assert into.rows() == cells.row_of([cells.misfit("t", becomes)], 1)


def test_a_day_that_has_no_microseconds_is_a_text_as_a_timestamp() -> None:
    into = decoder([(Kind.TIMESTAMP, "D")], 1)
    into.content(HEADER + b"\0\1\0\0\0\x04" + struct.pack(">i", 2_145_031_948))
    assert into.rows() == cells.row_of([cells.misfit("t", b"5874897-12-31 00:00:00.000000")], 1)


def test_a_whole_number_that_no_double_is_stays_itself() -> None:
    into = decoder([(Kind.DOUBLE, "i"), (Kind.DOUBLE, "i"), (Kind.SINGLE, "i")], 1)
    numbers = (2**53 + 1, 2**53, 7)
    into.content(HEADER + b"\0\3" + b"".join(b"\0\0\0\x08" + struct.pack(">q", each) for each in numbers))
    expected = [cells.misfit("i", b"9007199254740993"), cells.double(2.0**53), cells.single(7.0)]
    assert into.rows() == cells.row_of(expected, 1)


WRONG = [
    *((kind, wire, bytes(size)) for kind, wire, size in [
        (Kind.INTEGER, "i", 3), (Kind.INTEGER, "o", 0), (Kind.DECIMAL, "n", 7), (Kind.DECIMAL, "n", 9),
        (Kind.DECIMAL, "i", 16), (Kind.DECIMAL, "d", 4), (Kind.DECIMAL, "f", 8), (Kind.DOUBLE, "d", 0),
        (Kind.SINGLE, "f", 5), (Kind.DATE, "D", 8), (Kind.TIMESTAMP, "D", 3), (Kind.TIMESTAMP, "S", 4),
        (Kind.TIME, "T", 12), (Kind.UUID, "u", 15),
    ]),
    (Kind.DECIMAL, "n", struct.pack(">hhHh", 1, 0, 0, 0)),
    (Kind.DECIMAL, "n", struct.pack(">hhHhh", 1, 0, 0, 0, -1)),
    (Kind.DECIMAL, "n", struct.pack(">hhHh", 0, 0, 0x1234, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "wire", "raw"), WRONG)
def test_a_value_that_its_column_cannot_hold_is_refused_by_the_column_and_unsaid(
    kind: Kind, wire: str, raw: bytes
) -> None:
    into = decoder([(Kind.TEXT, "t"), (kind, wire)], 1)
    fine = b"\0\2\0\0\0\1x" + struct.pack(">i", -1)
    with pytest.raises(ValueError, match="column 2 holds what its type can't be"):
        into.content(HEADER + fine + b"\0\2\0\0\0\6secret" + struct.pack(">i", len(raw)) + raw)
    assert into.rows() == cells.row_of([cells.text(b"x"), cells.null()], 1)


@pytest.mark.parametrize(
    "content",
    [b"PGCOPY\n\xff\n", HEADER[:11] + b"\0\1\0\0\0\0\0\0", HEADER[:15] + b"\x7f\0\0\0", HEADER + b"\0\2",
     HEADER + b"\xff\xfe", HEADER + b"\0\1\xff\xff\xff\xfe", HEADER + TRAILER + b"\0\1"],
)  # fmt: skip
def test_what_is_no_copy_of_these_columns_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"protocol|no row of 1 columns"):
        decoder([(Kind.TEXT, "t")], 1).content(content)


@pytest.mark.parametrize(
    "sent", [b"d\0\0\0\3", b"d\xff\xff\xff\xff", message(b"H", b""), message(b"H", b"\0\0\1"), message(b"H", b"\1\0\2")]
)
def test_what_is_no_message_is_refused(sent: bytes) -> None:
    with pytest.raises(ValueError, match="protocol"):
        decoder([(Kind.TEXT, "t")], 1).messages(sent)


@given(st.lists(st.sampled_from(FORMS), min_size=1, max_size=3), st.binary(max_size=80), st.integers(0, 8))
def test_no_bytes_whatever_make_it_read_beyond_them(forms: list[Form], noise: bytes, lengths: int) -> None:
    into = decoder([form[:2] for form in forms], 1)
    row = struct.pack(">h", len(forms)) + b"".join(struct.pack(">i", lengths) + noise[:lengths] for _ in forms)
    for content in (HEADER + row + noise, HEADER + noise, noise, row):
        try:
            into.content(content)
        except ValueError:
            into.messages(message(b"H", struct.pack(">BH", 1, len(forms))))


@pytest.mark.parametrize("columns", [[(Kind.TEXT, "i")], [(99, "t")], [(Kind.TEXT, "tt")], [(Kind.TEXT, "")]])
def test_a_column_that_no_wire_fits_is_refused_at_once(columns: list[tuple[int, str]]) -> None:
    with pytest.raises(ValueError, match="no value of the wire"):
        decoder(columns, 0)


def test_a_key_has_no_more_columns_than_there_are() -> None:
    with pytest.raises(ValueError, match="can't have a key of 2"):
        decoder([(Kind.TEXT, "t")], 2)
