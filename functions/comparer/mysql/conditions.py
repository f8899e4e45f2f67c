"""Conditions on the columns of a key, as a WHERE needs them, that say exactly what canonical cells say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from functions.comparer.core.cells import UUID_CELL, cells_of, placed
from functions.comparer.core.kinds import Kind
from functions.comparer.core.packing import key_cells
from functions.comparer.core.table import Malformed, Row, Value
from functions.comparer.mysql.bounds import Bound, KeyColumn, bound, equal
from functions.comparer.mysql.columns import Described
from functions.comparer.mysql.literals import bytes_literal, text_literal

_BATCH_BYTES: Final = 400_000
"""How long the condition on some keys gets at most: the least packet that servers are usually set to take is 1 MB."""


def after(key: Sequence[KeyColumn], values: Row) -> str:
    """The rows whose keys are greater than this one."""
    return _beyond(key, [bound(part, value) for part, value in zip(key, values, strict=True)], greater=True)


def upto(key: Sequence[KeyColumn], values: Row) -> str:
    """The rows whose keys are this one or less."""
    return _beyond(key, [bound(part, value) for part, value in zip(key, values, strict=True)], greater=False)


def among(key: Sequence[KeyColumn], keys: Sequence[Row]) -> str:
    """The rows with one of these keys."""
    if len(key) == 1:
        every = _one_column(key[0], [values[0] for values in keys])
    else:
        rows = ([equal(part, value) for part, value in zip(key, values, strict=True)] for values in keys)
        every = [" AND ".join(filter(None, row)) for row in rows if None not in row]
    if not every:
        return "FALSE"
    exactly = " OR ".join(f"({one})" for one in every)
    return " AND ".join(f"({condition})" for condition in (*_prefilters(key, keys), exactly))


def _one_column(part: KeyColumn, values: Sequence[Value]) -> list[str]:
    bounds = [bound(part, value) for value in values]
    found: dict[str, list[str]] = {}
    for one in bounds:
        if one.exact and one.literal is not None:
            found.setdefault(one.expression or part.expression, []).append(one.literal)
    return [_one_of(expression, literals) for expression, literals in found.items()]


def batches(keys: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The keys in parts, for each of which `among` is short enough for a statement."""
    begin, size = 0, 0
    for at, key in enumerate(keys):
        more = sum(map(_length, key))
        if at > begin and size + more > _BATCH_BYTES:
            yield keys[begin:at]
            begin, size = at, 0
        size += more
    if begin < len(keys):
        yield keys[begin:]


def _length(value: Value) -> int:
    """About how long the condition on a value is, which may have it twice, in two digits for every byte."""
    raw = value.raw if isinstance(value, Malformed) else value
    return 150 + 8 * (len(raw) if isinstance(raw, (str, bytes)) else 0)


def _one_of(expression: str, literals: Sequence[str]) -> str:
    return f"{expression} IN ({', '.join(literals)})" if literals else "FALSE"


def _prefilters(key: Sequence[KeyColumn], keys: Sequence[Row]) -> list[str]:
    """What an index on the first column can find: texts that its own collation takes for equal are a few more."""
    column = key[0].column
    if key[0].kind is Kind.UUID and column.type.kind is Kind.UUID:
        return [_one_of(column.quoted, [f"'{values[0]!s}'" for values in keys if bound(key[0], values[0]).exact])]
    if key[0].kind is Kind.UUID and column.type.kind is Kind.BYTES:
        return [_one_of(column.quoted, [bytes_literal(raw) for raw in map(_raw_uuid, keys) if raw is not None])]
    if key[0].kind is not Kind.TEXT or column.type.kind is not Kind.TEXT or column.byte_ordered:
        return []
    texts = {values[0] for values in keys if isinstance(values[0], str)}
    if not texts or (column.charset != "utf8mb4" and any(isinstance(values[0], Malformed) for values in keys)):
        return []  # There is nothing to search the index for, or more than it would find.
    if column.charset != "utf8mb4" and not all(text.isascii() for text in texts):
        return []  # The column would have to be converted, or refuses to be compared.
    return [_one_of(column.quoted, [text_literal(text) for text in sorted(texts)])]


def _raw_uuid(key: Row) -> bytes | None:
    """What bytes a column of bytes has for a UUID, or for what is none."""
    ((tag, body),) = placed(cells_of(key_cells(key[:1], (Kind.UUID,))))
    if tag == UUID_CELL:
        return body
    return key[0] if isinstance(key[0], bytes) else None


def _beyond(key: Sequence[KeyColumn], bounds: Sequence[Bound], *, greater: bool) -> str:
    part, found = key[0], bounds[0]
    if found.literal is None:
        return "TRUE" if found.below is greater else "FALSE"
    expression = found.expression or part.expression
    if len(key) == 1 or not found.exact:
        # Where it lies between two values of the column, the literal is the one below.
        return f"{expression} {'>' if greater else '<='} {found.literal}"
    strict = ">" if greater else "<"
    rest = _beyond(key[1:], bounds[1:], greater=greater)
    # The first condition says nothing new; it is the one for which an index is searched.
    return (
        f"{expression} {strict}= {found.literal} AND ({expression} {strict} {found.literal}"
        f" OR ({expression} = {found.literal} AND {rest}))"
    )


def key_of(
    columns: Sequence[Described],
    kinds: Sequence[Kind],
    key: int,
    strange: Callable[[Described], bool] = lambda _: False,
) -> list[KeyColumn]:
    """The columns of a key of a reading. `strange`: whether a column has a day in it that no calendar has."""
    return [KeyColumn(column, kind, strange(column)) for column, kind in zip(columns[:key], kinds[:key], strict=True)]


def order_by(key: Sequence[KeyColumn]) -> str:
    """The ORDER BY of a reading with that key."""
    return ", ".join(part.expression for part in key)
