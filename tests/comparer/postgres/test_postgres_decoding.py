"""The decoder in Python: what it takes of what lies there, and what it refuses. Its values are tested on a server."""

import random
import struct
from collections.abc import Callable, Sequence

import pytest

from functions.comparer.core import cells
from functions.comparer.core.kinds import Kind
from functions.comparer.postgres.decoding import DECODERS, PgDecoder, PlainPgDecoder, pg_decoder

COLUMNS = [(int(Kind.INTEGER), "i"), (int(Kind.TEXT), "t")]
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
START = b"H" + struct.pack(">IbHHH", 11, 1, 2, 1, 1)


def message(content: bytes) -> bytes:
    return b"d" + struct.pack(">I", 4 + len(content)) + content


def row(number: int, text: bytes | None) -> bytes:
    head = struct.pack(">HIiI", 2, 4, number, 0xFFFF_FFFF if text is None else len(text))
    return head + (text or b"")


def expected(number: int, text: bytes | None) -> bytes:
    return cells.row_of([cells.integer(number), cells.null() if text is None else cells.text(text)], 1)


STREAM = START + message(HEADER + row(1, b"a")) + message(row(-2, None)) + message(row(3, b"")) + message(b"\xff\xff")
ROWS = expected(1, b"a") + expected(-2, None) + expected(3, b"")


def test_whole_messages_are_taken_wherever_what_is_there_ends() -> None:
    for cut in range(len(STREAM) + 1):
        decoder = PlainPgDecoder(COLUMNS, 1)
        used = decoder.messages(memoryview(STREAM[:cut]))
        assert used <= cut
        used += decoder.messages(memoryview(STREAM[used:]))
        assert used == len(STREAM)
        assert decoder.waiting == len(ROWS)
        assert decoder.rows() == ROWS
        assert (decoder.waiting, decoder.rows()) == (0, b"")


@pytest.mark.parametrize("tag", b"cECZNAS")
def test_what_is_no_row_is_left_where_it_is(tag: int) -> None:
    decoder = PlainPgDecoder(COLUMNS, 1)
    other = bytes((tag, 0, 0, 0, 4))
    assert decoder.messages(memoryview(STREAM + other + STREAM)) == len(STREAM)
    assert decoder.messages(memoryview(other)) == 0


def test_rows_may_come_without_the_messages_around_them() -> None:
    decoder = PlainPgDecoder(COLUMNS, 1)
    for content in (HEADER + row(1, b"a"), row(-2, None) + row(3, b""), b"\xff\xff"):
        decoder.content(memoryview(content))
    assert decoder.rows() == ROWS


@pytest.mark.parametrize("make", [PlainPgDecoder, pg_decoder])
@pytest.mark.parametrize(
    "content",
    [
        b"PGCOPY\n\xff\r\n\1" + bytes(8),
        HEADER[:11] + b"\0\1\0\0" + bytes(4),
        HEADER + struct.pack(">H", 1) + b"\0\0\0\4\0\0\0\1",
        HEADER + b"\xff\xff" + row(1, b"a"),
        HEADER + struct.pack(">HI3sI", 2, 3, b"abc", 0),
    ],
)
def test_what_can_not_be_understood_is_refused(
    content: bytes, make: Callable[[Sequence[tuple[int, str]], int], PgDecoder]
) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        make(COLUMNS, 1).content(memoryview(content))


def test_a_copy_of_other_columns_or_in_another_form_is_refused() -> None:
    for start in (START[:5] + b"\0" + START[6:], START[:7] + b"\3" + START[8:]):
        with pytest.raises(ValueError, match="other columns"):
            PlainPgDecoder(COLUMNS, 1).messages(memoryview(start))


def test_a_kind_that_does_not_go_with_a_wire_is_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        PlainPgDecoder([(int(Kind.DATE), "t")], 0)


def test_whichever_decoder_there_is_makes_the_same_rows() -> None:
    decoder = pg_decoder(COLUMNS, 1)
    decoder.messages(memoryview(STREAM))
    assert decoder.rows() == ROWS


def made(decoder: PgDecoder, value: bytes) -> bytes | None:
    try:
        decoder.content(memoryview(HEADER + struct.pack(">HI", 1, len(value)) + value))
    except ValueError:
        return None
    return decoder.rows()


@pytest.mark.parametrize(("kind", "wire"), DECODERS)
def test_whichever_decoder_there_is_refuses_the_same_and_makes_the_same_of_the_rest(kind: Kind, wire: str) -> None:
    chance = random.Random(f"{kind}{wire}")
    given = [chance.randbytes(size) for size in (0, 1, 2, 3, 4, 5, 8, 16) for _ in range(40)]
    given += [b"\x7f" + b"\xff" * (size - 1) for size in (2, 4, 8)] + [b"\x80" + bytes(size - 1) for size in (2, 4, 8)]
    if wire == "S":  # the last and the first of the server's own, and around the last that fit
        near = (9_223_371_331_199_999_999, -211_813_488_000_000_000, 9_222_425_352_054_775_807)
        given += [struct.pack(">q", value + step * 86_400_000_000) for value in near for step in (-2, -1, 0)]
    if wire == "n":
        given = [
            struct.pack(f">HhHH{count}H", count, weight, sign, 0, *chance.choices(range(10_000), k=count))
            for count in (0, 1, 2, 5)
            for weight in (-30, -2, -1, 0, 1, 3, 40)
            for sign in (0, 0x4000, 0xC000, 0xD000, 0xF000, 0x1234)
        ]
    if wire in "tp":
        digits = "0123456789abcdefABCDEF0123456789"
        given += [form.format(digits).encode() for form in ("{}", "{{{}}}", "{{{}", "{}}}", "-{}", "{}-", "{} ", "{}0")]
        given += ["-".join((digits[:at], digits[at:])).encode() for at in (3, 4, 8, 20, 31)]
    for value in given:
        plain, other = (made(make([(int(kind), wire)], 0), value) for make in (PlainPgDecoder, pg_decoder))
        assert plain == other, value


def test_a_row_that_is_cut_off_is_not_made() -> None:
    with pytest.raises(ValueError, match="cut off"):
        PlainPgDecoder(COLUMNS, 1).content(memoryview(HEADER + row(1, b"abc")[:-1]))
    decoder = pg_decoder(COLUMNS, 1)
    try:
        decoder.content(memoryview(HEADER + row(1, b"abc")[:-1]))
    except ValueError:
        return
    assert decoder.rows() == b""
