"""The rows that databases are measured on: the eight columns of `rows`, as text that every server loads.

The text is what `COPY` reads: tabs between the values, `\\N` for NULL. A double is written in the shortest digits that
mean it, so that every server holds the same bits.
"""

import random
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

COLUMNS: Final = ("id", "big", "num", "dbl", "name", "txt", "ts", "opt")
BLOCK: Final = 10_000
FEW: Final = 20
"""How many rows of a `few` copy differ: ten are changed, one per kind of change, five missing, five extra."""

UNSEEN: Final = 3
"""How many of these twenty are in the columns `dbl` and `opt`, which one tool can compare only without."""

_CHANGES = (
    "big = big + 1", "num = num + 0.0001", "dbl = dbl * 1.0001", "name = concat(name, 'x')",
    "txt = concat('y', substr(txt, 2))", "opt = coalesce(opt, 0) + 1", "ts = ts + interval '0.000001' second",
    "opt = CASE WHEN opt IS NULL THEN 0 END", "txt = ''", "big = 0",
)  # fmt: skip
_RANDOM = struct.Struct("<q5I62s")


def blocks(rows: int) -> Iterator[str]:
    """The lines of so many rows in the order of their keys, 10 000 at a time; the same at every call."""
    source = random.Random(rows)
    for first in range(1, rows + 1, BLOCK):
        numbers = range(first, min(first + BLOCK, rows + 1))
        values = _RANDOM.iter_unpack(source.randbytes(_RANDOM.size * len(numbers)))
        yield "".join(_line(2 * number, *of_row) for number, of_row in zip(numbers, values, strict=True))


def write(path: Path, shuffled: Path, rows: int) -> None:
    """Write the rows in the order of their keys, and once more with their blocks in another order.

    So load them tools that migrate a table in parallel: no page of the copy is where it was in the source.
    """
    places = [0]
    with path.open("w", encoding="ascii") as file:
        for block in blocks(rows):
            places.append(places[-1] + file.write(block))
    order = list(pairwise(places))
    random.Random(1).shuffle(order)
    with path.open("rb") as source, shuffled.open("wb") as target:
        for first, end in order:
            source.seek(first)
            target.write(source.read(end - first))


def few(rows: int) -> Iterator[str]:
    """The statements, the same for every server, that make `FEW` rows of the table `t` differ."""
    keys = [2 * (7 + number * (rows // 25)) for number in range(FEW)]
    for change, key in zip(_CHANGES, keys, strict=False):
        yield f"UPDATE t SET {change} WHERE id = {key}"
    for key in keys[10:15]:
        yield f"DELETE FROM t WHERE id = {key}"
    for key in keys[15:]:
        yield f"INSERT INTO t SELECT id + 1, {', '.join(COLUMNS[1:])} FROM t WHERE id = {key}"


def many() -> str:
    """The statement that changes one row of twenty, in a column that every tool compares."""
    return "UPDATE t SET big = big + 1 WHERE mod(id, 40) = 0"


def doubles(rows: int, step: int) -> dict[int, float]:
    """The doubles that every so many blocks' first row should have, by key."""
    firsts = [block.split("\n", 1)[0].split("\t") for block in blocks(rows)]
    return {int(values[0]): float(values[3]) for values in firsts[::step]}


def _line(key: int, big: int, a: int, b: int, c: int, moment: int, opt: int, text: bytes) -> str:
    number = (b << 8 | a & 255) & 0x1FFFFFFFF
    double = (a & 0xFFFFF) * 0.1 + (c & 0xFFFFF) * 1e-9
    day = f"2024-{1 + (moment & 7):02d}-{1 + (moment >> 3 & 15):02d}"
    hour = f"{moment >> 7 & 15:02d}:{moment >> 11 & 31:02d}:{moment >> 16 & 31:02d}.{c >> 4 & 0x7FFFF:06d}"
    nullable = "\\N" if opt & 1023 < 307 else str(opt >> 12)
    digits = text.hex()
    return (
        f"{key}\t{big >> 1}\t{number // 10000}.{number % 10000:04d}\t{double!r}\t{digits[:12]} {digits[12:24]}\t"
        f"{digits[24:]}\t{day} {hour}\t{nullable}\n"
    )
