"""Plain values of an engine whose columns take any value, as canonical rows (`cells`). Pure; the twin is `_rows`.

Each value is told by its own type and must be what its column's kind holds; what is not becomes a misfit, so that a
text in a column of numbers is neither taken for a number nor lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

from functions.comparer.core import cells
from functions.comparer.core.cells import Cell
from functions.comparer.core.kinds import Kind
from functions.comparer.core.moments import clock_of, impossible_day, moment_of
from functions.comparer.core.table import Malformed, Row, Value

_HALF = re.compile("[\ud800-\udfff]")
_SIGN, _ALL = 1 << 63, 1 << 64
# Hyphens may stand between any two groups of four digits, as PostgreSQL allows it.
_UUID = re.compile(r"(\{)?((?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4})(?(1)\})")


def pack(rows: Iterable[Row], kinds: Sequence[Kind], key: int) -> bytes:
    """The rows as one block; their first `key` values are the key. `kinds`: of each column, none `ANY` or `OTHER`."""
    packers = [PACKERS[kind] for kind in kinds]
    return b"".join(
        cells.row_of([packer(value) for packer, value in zip(packers, row, strict=True)], key) for row in rows
    )


def key_cells(key: Row, kinds: Sequence[Kind]) -> bytes:
    """The cells of a key that `cells.values_of` has made values of, as they were, one after the other."""
    return b"".join(PACKERS[kind](value) for value, kind in zip(key, kinds, strict=False))


def _integer(value: Value) -> Cell:
    match value:
        case int() if -_SIGN <= value < _ALL:
            return cells.integer(value)
        case float() if value.is_integer() and -_SIGN <= value < _SIGN:
            return cells.integer(int(value))
    return _misfit(value)


def _decimal(value: Value) -> Cell:
    match value:
        case int() | Decimal():
            return cells.decimal(value)
        case float():
            return cells.decimal_of_double(value)
    return _misfit(value)


def _double(value: Value) -> Cell:
    number = _as_double(value)
    return _misfit(value) if number is None else cells.double(number)


def _single(value: Value) -> Cell:
    number = _as_double(value)
    return _misfit(value) if number is None else cells.single(number)


def _as_double(value: Value) -> float | None:
    """The number, if it is one that a double says exactly."""
    if isinstance(value, float):
        return value
    if not isinstance(value, int):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if int(number) == value else None


def _text(value: Value) -> Cell:
    # What is no UTF-8 stays a text of its bytes: some servers too let a text be any bytes.
    match value:
        case str():
            return cells.text(value.encode("utf-8", "surrogatepass"))
        case Malformed():
            return cells.text(_transcoded(value))
    return _misfit(value)


def _json(value: Value) -> Cell:
    # What is no text is never read as JSON: its half characters would say the same as ones that are escaped.
    return _text(value) if isinstance(value, str) and not _HALF.search(value) else _misfit(value)


def _binary(value: Value) -> Cell:
    return cells.binary(value) if isinstance(value, bytes) else _misfit(value)


def _uuid(value: Value) -> Cell:
    match value:
        case str() if found := _UUID.fullmatch(value):
            return cells.uuid(bytes.fromhex(found[2].replace("-", "")))
        case bytes() if len(value) == 16:
            return cells.uuid(value)
    return _misfit(value)


def _moment(kind: Kind) -> Callable[[Value], Cell]:
    def packer(value: Value) -> Cell:
        number = moment_of(value, kind) if isinstance(value, str) else None
        if number is not None:
            return cells.moment(number)
        impossible = impossible_day(value, kind) if isinstance(value, str) else None
        return _misfit(value if impossible is None else impossible)

    return packer


def _time(value: Value) -> Cell:
    number = clock_of(value) if isinstance(value, str) else None
    return _misfit(value) if number is None else cells.moment(number)


def _length(value: Value) -> Cell:
    match value:
        case str():
            return cells.integer(len(value.encode("utf-8", "surrogatepass")))
        case bytes():
            return cells.integer(len(value))
        case Malformed():
            return cells.integer(len(_transcoded(value)))
    return _misfit(value)


def _misfit(value: Value) -> Cell:
    match value:
        case None:
            return cells.null()
        case int() | Decimal():
            letter, raw = "i" if isinstance(value, int) else "r", str(value).encode()
        case float():
            letter, raw = "r", repr(value).encode()
        case str():
            letter, raw = "t", value.encode("utf-8", "surrogatepass")
        case bytes():
            letter, raw = "b", value
        case Malformed():
            letter, raw = "t", _transcoded(value)
    return cells.misfit(letter, raw)


def _transcoded(text: Malformed) -> bytes:
    """A malformed text as one of UTF-8, which it can't be entirely: never the bytes of a text that is well formed."""
    if text.encoding == "utf-8":
        return text.raw
    whole = len(text.raw) // 2 * 2
    odd = b"\xff" + text.raw[whole:] if len(text.raw) > whole else b""
    return text.raw[:whole].decode(text.encoding, "surrogatepass").encode("utf-8", "surrogatepass") + odd


PACKERS: Final = {
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.SINGLE: _single,
    Kind.TEXT: _text,
    Kind.BYTES: _binary,
    Kind.DATE: _moment(Kind.DATE),
    Kind.TIME: _time,
    Kind.TIMESTAMP: _moment(Kind.TIMESTAMP),
    Kind.INSTANT: _moment(Kind.INSTANT),
    Kind.UUID: _uuid,
    Kind.JSON: _json,
    Kind.LENGTH: _length,
    Kind.LABELS: _text,
}
"""What makes a cell of a value, by the kind of its column."""
