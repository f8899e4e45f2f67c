"""Rows as bytes that are equal exactly if the rows are: typed, length-prefixed, without loss. Pure."""

from __future__ import annotations

import marshal
from hashlib import blake2b
from typing import Any, cast

from functions.comparer.core.table import Malformed, Row, Rule, TablePlan, Value

# Of the format of marshal: the last version without references, which would make the bytes depend on identity. It
# writes floats as their eight bytes and text as UTF-8 with lone surrogates, and it refuses what is no plain value.
_FORMAT = 2
_NEGATIVE_ZERO = b"\0\0\0\0\0\0\0\x80"
_DIGEST_BYTES = 16


def packed(row: Row) -> bytes:
    """The row as bytes; -0.0 and 0.0 are the same. Raises ValueError for what is no plain value."""
    return normal(row, exactly(row))


def normal(row: Row, data: bytes) -> bytes:
    """What `packed` makes of the row of which `exactly` has made `data`."""
    if _NEGATIVE_ZERO in data:  # Perhaps: the bytes may as well belong to something else, and then nothing changes.
        return exactly(tuple(0.0 if type(value) is float and value == 0 else value for value in row))
    return data


def exactly(row: Row) -> bytes:
    """The row as bytes from which `unpacked` makes it again, the sign of a zero included."""
    try:
        return marshal.dumps(cast("tuple[Any, ...]", row), _FORMAT)  # a Decimal is refused: no such engine has any
    except ValueError:  # Only plain tuples are taken; no other value is one.
        return marshal.dumps(tuple(map(_plain, row)), _FORMAT)


def _plain(value: Value) -> Any:
    return tuple(value) if isinstance(value, Malformed) else value


def unpacked(data: bytes) -> Row:
    """The row of which `exactly` made these bytes, in this process: nothing else may be given to it."""
    row: tuple[Any, ...] = marshal.loads(data)  # noqa: S302 (bytes that this process has made and kept to itself)
    return tuple(Malformed(*value) if isinstance(value, tuple) else value for value in row)


def digest(data: bytes) -> bytes:
    """128 bits of a cryptographic hash: different bytes have different ones, even where somebody wants them equal."""
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()


def packed_key(row: Row, plan: TablePlan) -> bytes:
    """What is the same for two rows exactly if their keys are, by the rules of the plan."""
    return packed(tuple(_alike(row[place], rule) for place, rule in zip(plan.key, plan.rules, strict=True)))  # type: ignore[misc]  # nested


def _alike(value: Value, rule: Rule) -> Value | tuple[bytes, int]:
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if rule == "exact" or not isinstance(value, (str, Malformed)):
        return value
    text = _bytes_of(value)
    if rule == "rtrim":
        return text.rstrip(b" "), 0
    # As SQLite does it: of what follows a NUL only the length counts.
    return text.partition(b"\0")[0].lower(), len(text)


def _bytes_of(text: str | Malformed) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    if text.encoding == "utf-8":
        return text.raw
    # Two bytes are one unit; SQLite too leaves out half a unit when it looks at a text in another encoding.
    return text.raw[: len(text.raw) // 2 * 2].decode(text.encoding, "surrogatepass").encode("utf-8", "surrogatepass")
