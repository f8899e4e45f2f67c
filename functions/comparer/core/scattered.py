"""Comparing a table without a usable key on any two engines: canonical rows in any order, as a multiset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from functions.comparer.core.alike import plain_json
from functions.comparer.core.canonical import digest
from functions.comparer.core.cells import values_of
from functions.comparer.core.compiled import split
from functions.comparer.core.digested import digesters, equal
from functions.comparer.core.engine import SideName, Snapshot, Stop, closed, sided
from functions.comparer.core.kinds import Kind
from functions.comparer.core.spilled import spilled_rows
from functions.comparer.core.streamed import Layout, layout_of
from functions.comparer.core.table import Chunk, Difference, Row, TablePlan

METHOD = "scattered"

_NAMES: tuple[SideName, SideName] = ("source", "target")


def scattered(source: Snapshot, target: Snapshot, plan: TablePlan, room: int, stop: Stop) -> Iterator[Chunk]:
    """Compare a table as a multiset, handing out up to `room` differences at the end. It can't be resumed.

    Raises `TableUnreadable`, `Unreadable` and `Stopped`.
    """
    whole = replace(plan, key=(), rules=())
    layout = layout_of(whole)
    kinds = layout.kinds
    if (rows := _agreeing(source, target, layout, stop)) is not None:
        yield Chunk(None, source_rows=rows, target_rows=rows)
        return
    json_places = [at for at, kind in enumerate(kinds) if kind is Kind.JSON]

    def read(side: int) -> Iterator[Row]:
        rows = (source, target)[side].stream(layout.readings[side])
        with closed(sided(rows, _NAMES[side])) as blocks:
            for block in blocks:
                for cells in split(block):
                    yield _plain(cells, json_places) if json_places else cells

    def shown(difference: Difference) -> Difference:
        ours, theirs = difference.source_key, difference.target_key
        row = _bytes(ours or theirs or ())
        values, mark = values_of(row, kinds), digest(b"".join(row)).hex()
        return Difference(
            difference.kind, None if ours is None else values, None if theirs is None else values, mark=mark
        )

    with closed(spilled_rows(read, whole, room, stop)) as chunks:
        for chunk in chunks:
            yield replace(chunk, differences=tuple(map(shown, chunk.differences)))


def _agreeing(source: Snapshot, target: Snapshot, layout: Layout, stop: Stop) -> int | None:
    """How many rows both sides have, if the servers find them equal by themselves; None: they have to be read."""
    digests = digesters((source, target), layout.readings)
    if digests is None:
        return None
    with closed(equal(digests, [(None, None)], 1, stop)) as found:
        return next((rows for _, rows in found), None)


def _plain(cells: tuple[bytes, ...], places: list[int]) -> tuple[bytes, ...]:
    return tuple(plain_json(cell) if at in places else cell for at, cell in enumerate(cells))


def _bytes(row: Row) -> list[bytes]:
    """The cells that were given as a row's values."""
    return [value for value in row if isinstance(value, bytes)]
