"""Whether the compiled module `_rows` does what is done with every row, or its twins in Python do.

It is built with the project wherever there is a compiler, and missed nowhere: the twins do the same, more slowly. The
environment variable PARITY_ROWS says `plain` to do without it and `compiled` to make its absence an error.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol, cast

from functions.comparer.core import packing
from functions.comparer.core.cells import cells_in, rows_in
from functions.comparer.core.kinds import Kind
from functions.comparer.core.merging import Merge, PlainMerge
from functions.comparer.core.table import Row

VARIABLE: Final = "PARITY_ROWS"


class Decoder(Protocol):
    """What gathers canonical rows."""

    def rows(self) -> bytes:
        """The rows that wait; then none does."""
        ...

    @property
    def waiting(self) -> int:
        """How many bytes of rows wait."""
        ...


class PgDecoder(Decoder, Protocol):
    """See `_rows.PgDecoder`."""

    def messages(self, view: bytes | bytearray | memoryview, /) -> int:
        """Take messages from the start; returns how many bytes they were."""
        ...

    def content(self, view: bytes | bytearray | memoryview, /) -> None:
        """Take what messages hold."""
        ...


class MysqlDecoder(Decoder, Protocol):
    """See `_rows.MysqlDecoder`."""

    def packets(self, view: bytes | bytearray | memoryview, /) -> int:
        """Take packets from the start; returns how many bytes they were."""
        ...


class Compiled(Protocol):
    """The compiled module; see `_rows.pyi`."""

    def Merge(self) -> Merge:  # noqa: N802
        """Merge two sides."""
        ...

    def PgDecoder(self, columns: Sequence[tuple[int, str]], key: int) -> PgDecoder:  # noqa: N802
        """Decode PostgreSQL's rows."""
        ...

    def MysqlDecoder(self, columns: Sequence[tuple[int, int, bool]], key: int) -> MysqlDecoder:  # noqa: N802
        """Decode MySQL's rows."""
        ...

    def pack(self, rows: Iterable[Row], kinds: Sequence[Kind], key: int) -> bytes:
        """Make plain values canonical rows."""
        ...

    def split(self, block: bytes, /) -> list[tuple[bytes, ...]]:
        """The cells of every row."""
        ...


def choose(env: Mapping[str, str], name: str = "functions.comparer._rows") -> Compiled | None:
    """The module; None: the twins are to be used. Raises ImportError where it is asked for and isn't there."""
    asked = env.get(VARIABLE, "")
    if asked not in {"", "plain", "compiled"}:
        raise ImportError(f"{VARIABLE} can be plain or compiled, not {asked!r}.")
    if asked == "plain":
        return None
    try:
        return cast("Compiled", importlib.import_module(name))
    except ImportError as error:
        if asked == "compiled":
            raise ImportError(
                f"{VARIABLE}=compiled asks for the compiled module, which was not built when Parity was installed: "
                "install a C compiler and Python's headers, then Parity again."
            ) from error
        return None


ROWS: Final[Compiled | None] = choose(os.environ)


def chosen(rows: Compiled | None = ROWS) -> str:
    """Which of them is used, for people: `compiled` or `plain`."""
    return "plain" if rows is None else "compiled"


def merge() -> Merge:
    """A new merge of two sides."""
    return PlainMerge() if ROWS is None else ROWS.Merge()


def split(block: bytes) -> list[tuple[bytes, ...]]:
    """The cells of every row of a block."""
    return [cells_in(row) for row in rows_in(block)] if ROWS is None else ROWS.split(block)


def pack(rows: Iterable[Row], kinds: Sequence[Kind], key: int) -> bytes:
    """Plain values as canonical rows; see `packing.pack`."""
    return packing.pack(rows, kinds, key) if ROWS is None else ROWS.pack(rows, kinds, key)
