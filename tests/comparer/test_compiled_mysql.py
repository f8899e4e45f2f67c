"""MySQL's rows on the wire become the canonical rows that `core.cells` writes."""

from __future__ import annotations

import struct
from datetime import date, datetime, timedelta
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
Column = tuple[int, int, bool]
Form = tuple[Kind, int, bool, st.SearchStrategy[Wired]]
Table = tuple[list[Column], int, list[bytes], list[bytes]]
"""Columns, how many are the key, the rows' packets, and the rows as they are canonical."""

TINY, SHORT, LONG, FLOAT, DOUBLE, TIMESTAMP, LONGLONG, INT24, DATE, TIME, DATETIME, YEAR = 1, 2, 3, 4, 5, *range(7, 14)
VARCHAR, BIT, JSON, NEWDECIMAL, ENUM, BLOB, VAR_STRING = 15, 16, 245, 246, 247, 252, 253
EOF = b"\x05\0\0\x09\xfe\0\0\x02\0"


def decoder(columns: list[Column], key: int) -> compiled.MysqlDecoder:
    assert ROWS is not None
    return ROWS.MysqlDecoder(columns, key)


def prefixed(value: bytes) -> bytes:
    if len(value) < 251:
        return bytes([len(value)]) + value
    if len(value) < 1 << 16:
        return b"\xfc" + struct.pack("<H", len(value)) + value
    return b"\xfd" + len(value).to_bytes(3, "little") + value


def packets(payload: bytes, most: int = 0xFFFFFF) -> bytes:
    parts = [payload[start : start + most] for start in range(0, len(payload) + 1, most)]
    return b"".join(len(part).to_bytes(3, "little") + bytes([number % 256]) + part for number, part in enumerate(parts))


def row(values: list[bytes | None]) -> bytes:
    nulls = sum(1 << number for number, value in enumerate(values, 2) if value is None)
    return b"\0" + nulls.to_bytes((len(values) + 9) // 8, "little") + b"".join(value or b"" for value in values)


def moment(value: datetime) -> bytes:
    day, clock = struct.pack("<HBB", value.year, value.month, value.day), (value.hour, value.minute, value.second)
    if value.microsecond:
        return b"\x0b" + day + bytes(clock) + struct.pack("<I", value.microsecond)
    return b"\x07" + day + bytes(clock) if any(clock) else b"\x04" + day


def duration(value: timedelta) -> bytes:
    if not value:
        return b"\0"
    sign, value = value < timedelta(0), abs(value)
    hours, rest = divmod(value.seconds, 3600)
    body = struct.pack("<BIBBB", sign, value.days, hours, rest // 60, rest % 60)
    return b"\x0c" + body + struct.pack("<I", value.microseconds) if value.microseconds else b"\x08" + body


def whole(kind: Kind, wire: int, form: str, *, unsigned: bool) -> Form:
    bits, cell = 8 * struct.calcsize(form), cells.integer if kind is Kind.INTEGER else cells.decimal
    low, high, code = (0, 2**bits, form.upper()) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1), form)
    return kind, wire, unsigned, st.integers(low, high - 1).map(lambda n: (struct.pack("<" + code, n), cell(n)))


WHOLE = {TINY: "b", SHORT: "h", LONG: "i", INT24: "i", LONGLONG: "q"}
singles, doubles = st.floats(width=32), st.one_of(st.floats(), st.integers(-(2**70), 2**70).map(float))
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**15), max_value=10**15)
strings = st.one_of(st.text(max_size=20).map(str.encode), st.sampled_from([bytes(300), b"x" * 70_000]))
moments = st.one_of(st.datetimes(), st.dates().map(lambda day: datetime(day.year, day.month, day.day)))  # noqa: DTZ001
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
MICRO = timedelta(microseconds=1)

FORMS: list[Form] = [
    *(
        whole(kind, wire, form, unsigned=unsigned)
        for wire, form in WHOLE.items()
        for kind in (Kind.INTEGER, Kind.DECIMAL)
        for unsigned in (False, True)
    ),
    (Kind.INTEGER, YEAR, False, st.just((struct.pack("<H", 65_535), cells.integer(65_535)))),
    (Kind.INTEGER, BIT, True, st.binary(max_size=8).map(lambda b: (prefixed(b), cells.integer(int.from_bytes(b))))),
    (Kind.DECIMAL, BIT, True, st.binary(max_size=8).map(lambda b: (prefixed(b), cells.decimal(int.from_bytes(b))))),
    (Kind.DECIMAL, NEWDECIMAL, False, decimals.map(lambda d: (prefixed(f"{d:f}".encode()), cells.decimal(d)))),
    (Kind.DECIMAL, 0, False, st.just((prefixed(b"000.50"), cells.decimal(Decimal("0.5"))))),
    (Kind.DOUBLE, DOUBLE, False, doubles.map(lambda d: (struct.pack("<d", d), cells.double(d)))),
    (Kind.SINGLE, DOUBLE, False, doubles.map(lambda d: (struct.pack("<d", d), cells.single(d)))),
    (Kind.DECIMAL, DOUBLE, False, doubles.map(lambda d: (struct.pack("<d", d), cells.decimal_of_double(d)))),
    (Kind.DOUBLE, FLOAT, False, singles.map(lambda f: (struct.pack("<f", f), cells.double(f)))),
    (Kind.SINGLE, FLOAT, False, singles.map(lambda f: (struct.pack("<f", f), cells.single(f)))),
    (
        Kind.DECIMAL,
        FLOAT,
        False,
        singles.map(lambda f: (struct.pack("<f", f), cells.decimal_of_double(f, cells.single_digits(f)))),
    ),
    *((Kind.TEXT, wire, False, strings.map(lambda s: (prefixed(s), cells.text(s)))) for wire in (VARCHAR, ENUM, BLOB)),
    (Kind.BYTES, VAR_STRING, False, strings.map(lambda s: (prefixed(s), cells.binary(s)))),
    (Kind.JSON, JSON, False, strings.map(lambda s: (prefixed(s), cells.text(s)))),
    (Kind.UUID, VAR_STRING, False, st.uuids().map(lambda u: (prefixed(str(u).encode()), cells.uuid(u.bytes)))),
    (Kind.UUID, BLOB, False, st.just((prefixed(bytes(16)), cells.misfit("t", bytes(16))))),
    (Kind.UUID, BLOB, True, st.uuids().map(lambda u: (prefixed(u.bytes), cells.uuid(u.bytes)))),
    (Kind.UUID, BLOB, True, st.just((prefixed(b"15"), cells.misfit("b", b"15")))),
    (
        Kind.DATE,
        DATE,
        False,
        st.dates().map(
            lambda d: (struct.pack("<BHBB", 4, d.year, d.month, d.day), cells.moment((d - date(1970, 1, 1)).days))
        ),
    ),
    (Kind.TIMESTAMP, DATETIME, False, moments.map(lambda m: (moment(m), cells.moment((m - EPOCH) // MICRO)))),
    (Kind.INSTANT, TIMESTAMP, False, moments.map(lambda m: (moment(m), cells.moment((m - EPOCH) // MICRO)))),
    (Kind.TIMESTAMP, DATE, False, st.just((b"\0", cells.moment(cells.ZERO_DATE)))),
    (Kind.DATE, DATE, False, st.just((b"\4\0\0\0\0", cells.moment(cells.ZERO_DATE)))),
    (
        Kind.TIME,
        TIME,
        False,
        st.timedeltas(timedelta(hours=-838), timedelta(hours=838)).map(
            lambda t: (duration(t), cells.moment(t // MICRO))
        ),
    ),
]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    forms = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=9))
    key = draw(st.integers(0, len(forms)))
    values = [st.one_of(st.just((None, cells.null())), form[3], form[3]) for form in forms]
    found: list[list[Wired]] = draw(st.lists(st.tuples(*values).map(list), max_size=4))
    rows = [packets(row([raw for raw, _ in each])) for each in found]
    return [form[:3] for form in forms], key, rows, [cells.row_of([cell for _, cell in each], key) for each in found]


@given(tables(), st.data())
def test_rows_become_the_canonical_ones_as_far_as_they_are_whole(table: Table, data: st.DataObject) -> None:
    columns, key, rows, canonical = table
    sent = b"".join(rows)
    cut = data.draw(st.integers(0, len(sent)))
    into = decoder(columns, key)
    used = into.packets(memoryview(sent)[:cut])
    assert used == max(size for size in (sum(map(len, rows[:count])) for count in range(len(rows) + 1)) if size <= cut)
    assert into.packets(sent[used:] + EOF + b"\1") == len(sent) - used
    assert into.waiting == sum(map(len, canonical))
    assert into.rows() == b"".join(canonical)
    assert into.waiting == 0


@pytest.mark.parametrize("length", [0xFFFFFF - 8, 0xFFFFFF - 7, 0xFFFFFF - 6, 0xFFFFFF + 5, 2 * 0xFFFFFF + 1])
def test_a_row_of_many_packets_is_one(length: int) -> None:
    into, small = decoder([(Kind.BYTES, BLOB, False)], 0), row([prefixed(b"x")])
    value = b"ab" * (length // 2)
    large = row([b"\xfe" + struct.pack("<Q", len(value)) + value])
    sent = packets(large) + packets(small)
    assert into.packets(memoryview(sent)[: len(sent) - len(small) - 5]) == 0
    assert into.packets(sent) == len(sent)
    assert into.rows() == b"".join(cells.row_of([cells.binary(each)], 0) for each in (value, b"x"))


@pytest.mark.parametrize("end", [EOF, b"\x07\0\0\x09\xfe\0\0\x02\0\0\0", b"\x03\0\0\1\xff\x15\x04"])
def test_it_stops_before_what_ends_the_rows(end: bytes) -> None:
    assert decoder([(Kind.TEXT, BLOB, False)], 0).packets(end) == 0


@pytest.mark.parametrize(
    ("kind", "raw", "becomes"),
    [
        (Kind.TIMESTAMP, struct.pack("<BHBBBBB", 7, 2024, 2, 30, 4, 5, 6), b"2024-02-30 04:05:06.000000"),
        (Kind.TIMESTAMP, struct.pack("<BHBB", 4, 2024, 0, 1), b"2024-00-01 00:00:00.000000"),
        (Kind.INSTANT, struct.pack("<BHBBBBBI", 11, 0, 0, 0, 1, 0, 0, 7), b"0000-00-00 01:00:00.000007"),
        (Kind.DATE, struct.pack("<BHBB", 4, 0, 5, 1), b"0000-05-01"),
        (Kind.DATE, struct.pack("<BHBB", 4, 10_000, 5, 1), b"10000-05-01"),
    ],
)
def test_a_day_that_the_calendar_lacks_is_a_text(kind: Kind, raw: bytes, becomes: bytes) -> None:
    into = decoder([(kind, DATETIME, False)], 1)
    into.packets(packets(row([raw])))
    assert into.rows() == cells.row_of([cells.misfit("t", becomes)], 1)


@pytest.mark.parametrize(
    ("kind", "wire", "raw"),
    [
        (Kind.INTEGER, BIT, prefixed(bytes(9))),
        (Kind.DECIMAL, NEWDECIMAL, prefixed(b"")),
        (Kind.DECIMAL, NEWDECIMAL, prefixed(b"1.2.3")),
        (Kind.DECIMAL, NEWDECIMAL, prefixed(b"nan")),
        (Kind.DECIMAL, NEWDECIMAL, prefixed(b"1e")),
        (Kind.DECIMAL, NEWDECIMAL, prefixed(b"-")),
        (Kind.TIMESTAMP, DATETIME, b"\3\1\1\1"),
        (Kind.TIMESTAMP, DATETIME, struct.pack("<BHBBBBB", 7, 2024, 2, 3, 24, 0, 0)),
        (Kind.DATE, DATETIME, struct.pack("<BHBBBBB", 7, 2024, 2, 3, 1, 0, 0)),
        (Kind.TIME, TIME, bytes([1, 0])),
        (Kind.TIME, TIME, struct.pack("<BBIBBB", 8, 0, 10_001, 0, 0, 0)),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused_by_the_column(kind: Kind, wire: int, raw: bytes) -> None:
    into = decoder([(Kind.TEXT, BLOB, False), (kind, wire, False)], 1)
    with pytest.raises(ValueError, match="column 2 holds what its type can't be"):
        into.packets(packets(row([prefixed(b"secret"), None])) + packets(row([prefixed(b"secret"), raw])))
    assert into.rows() == cells.row_of([cells.text(b"secret"), cells.null()], 1)


@pytest.mark.parametrize("payload", [b"", b"\1", b"\0", b"\0\0", b"\0\0\xfb", b"\0\0\xff", b"\0\0\2a", b"\0\0\1ab",
                                     b"\0\0\xfc\1", b"\0\0\xfe" + b"\xff" * 8])  # fmt: skip
def test_what_is_no_row_of_these_columns_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"protocol|no row of 1 columns"):
        decoder([(Kind.TEXT, BLOB, False)], 1).packets(packets(payload))


@given(st.lists(st.sampled_from(FORMS), min_size=1, max_size=3), st.binary(max_size=60))
def test_no_bytes_whatever_make_it_read_beyond_them(forms: list[Form], noise: bytes) -> None:
    into = decoder([form[:3] for form in forms], 1)
    for sent in (packets(b"\0\0" + noise), packets(noise), noise):
        try:
            assert into.packets(sent) <= len(sent)
        except ValueError:
            into.rows()


@pytest.mark.parametrize(
    "column", [(Kind.TEXT, LONG, False), (99, BLOB, False), (-1, BLOB, False), (Kind.TEXT, 6, False)]
)
def test_a_column_that_no_type_fits_is_refused_at_once(column: Column) -> None:
    with pytest.raises(ValueError, match="no value of the type"):
        decoder([column], 0)
