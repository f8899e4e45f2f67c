"""The rows of a SQLite table as canonical rows (`cells`), in the order of their key: for comparing with other engines.

SQLite orders keys as canonical rows are ordered where all of them are what their column's kind holds, in one form each.
Rows with other keys are handed out too, where SQLite puts them. Which rows are between two keys is decided by canonical
keys; and as a row that is out of place could be missed there, all keys are looked at, whether they rise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import apsw

from functions.comparer.core import cells
from functions.comparer.core.compiled import pack
from functions.comparer.core.engine import Stop
from functions.comparer.core.kinds import Kind
from functions.comparer.core.merging import OutOfOrder
from functions.comparer.core.packing import key_cells
from functions.comparer.core.table import Reading, Row
from functions.comparer.sqlite import rows
from functions.comparer.sqlite.catalog import Table, quoted
from functions.comparer.sqlite.keys import Bindable
from functions.comparer.sqlite.rows import Choice

_BLOCK_ROWS, _BLOCK_BYTES = 1000, 256_000
# Rows may be long: so many at once are in memory twice.
_PIECE_ROWS = 50
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_PRIMARY = """
    SELECT CAST(name AS BLOB) FROM temp.pragma_table_xinfo(?1, 'main') WHERE pk > 0
    AND NOT EXISTS (SELECT 1 FROM temp.pragma_index_list(?1, 'main') WHERE origin = 'pk')
"""

Wanted = Callable[[bytes], bool]
"""Whether a canonical row is one of those that are asked for."""


def stream(
    connection: apsw.Connection,
    table: Table,
    reading: Reading,
    encoding: str,
    after: Row | None,
    upto: Row | None,
    stop: Stop,
) -> Iterator[bytes]:
    """See `Snapshot.stream`. Raises errors of apsw, `OutOfOrder` and `Stopped`."""
    names = reading.columns[: reading.key]
    ordered = ", ".join(f"t.{quoted(name)} COLLATE BINARY" for name in names)
    conditions, wanted = Choice(), None
    if after is not None or upto is not None:
        if _is_rowid(connection, table, reading, encoding) and _are_rowids(after, upto):
            conditions = _between_rowids(names[0], after, upto)
        else:
            wanted = _between(reading, after, upto)
    choice = Choice(conditions.sql + (f" ORDER BY {ordered}" if names else ""), conditions.values)
    yield from _blocks(connection, table, reading, encoding, choice, stop, wanted)


def at(
    connection: apsw.Connection, table: Table, reading: Reading, encoding: str, keys: Sequence[Row], stop: Stop
) -> Iterator[bytes]:
    """See `Snapshot.at`. Raises errors of apsw, and `Stopped`."""
    choice = rows.EVERY
    if _is_rowid(connection, table, reading, encoding):
        found = tuple(number for (number,) in keys if isinstance(number, int) and _LEAST <= number <= _MOST)
        name = quoted(reading.columns[0])
        choice = Choice(f"WHERE t.{name} IN ({', '.join('?' * len(found))})", found)
    wanted = {_key(reading, key) for key in keys}
    yield from _blocks(connection, table, reading, encoding, choice, stop, lambda row: cells.key_in(row) in wanted)


def _blocks(
    connection: apsw.Connection,
    table: Table,
    reading: Reading,
    encoding: str,
    choice: Choice,
    stop: Stop,
    wanted: Wanted | None = None,
) -> Iterator[bytes]:
    """The rows that are chosen, and of these the wanted ones."""
    found = rows.read(connection, table, reading.columns, encoding, choice)
    block, number = bytearray(), 0
    while piece := list(islice(found, _PIECE_ROWS)):
        stop.check()
        packed = pack(piece, reading.kinds, reading.key)
        block += packed if wanted is None else b"".join(row for row in cells.rows_in(packed) if wanted(row))
        number += len(piece)
        if block and (number >= _BLOCK_ROWS or len(block) >= _BLOCK_BYTES):
            yield bytes(block)
            block, number = bytearray(), 0
    if block:
        yield bytes(block)


def _is_rowid(connection: apsw.Connection, table: Table, reading: Reading, encoding: str) -> bool:
    """Whether the key is the number that SQLite finds a row by: it is always an integer, and needs no search."""
    if table.virtual or table.without_rowid or reading.kinds[: reading.key] != (Kind.INTEGER,):
        return False
    names = [raw.decode(encoding, "replace") for (raw,) in connection.execute(_PRIMARY, (table.name,))]
    return names == [reading.columns[0]]


def _are_rowids(*bounds: Row | None) -> bool:
    return all(bound is None or (isinstance(bound[0], int) and _LEAST <= bound[0] <= _MOST) for bound in bounds)


def _between_rowids(name: str, after: Row | None, upto: Row | None) -> Choice:
    """Exactly the rows between two keys."""
    bounds = [(bound[0], operator) for bound, operator in ((after, ">"), (upto, "<=")) if bound]
    numbers = [number for number, _ in bounds if isinstance(number, int)]
    return _where([f"t.{quoted(name)} {operator} ?" for _, operator in bounds], numbers)


def _between(reading: Reading, after: Row | None, upto: Row | None) -> Wanted:
    """Exactly the rows between two keys, by their canonical form. It raises `OutOfOrder` if these don't rise."""
    low, high = (None if bound is None else _placed(_key(reading, bound)) for bound in (after, upto))
    last: tuple[tuple[int, bytes], ...] = ()

    def wanted(row: bytes) -> bool:
        nonlocal last
        key = _placed(cells.key_in(row))
        if key <= last:
            raise OutOfOrder
        last = key
        return (low is None or key > low) and (high is None or key <= high)

    return wanted


def _placed(key: bytes) -> tuple[tuple[int, bytes], ...]:
    return cells.placed(cells.cells_of(key))


def _key(reading: Reading, key: Row) -> bytes:
    return key_cells(key, reading.kinds[: reading.key])


def _where(conditions: Sequence[str], values: Sequence[Bindable]) -> Choice:
    return Choice(f"WHERE {' AND '.join(conditions)}" if conditions else "", tuple(values))
