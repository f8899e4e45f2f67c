"""What is done with every row, compiled: the sources are in `rows/`, the twins in Python are named at each."""

from collections.abc import Iterable, Sequence

from typing_extensions import Buffer

from functions.comparer.core.kinds import Kind
from functions.comparer.core.merging import Step
from functions.comparer.core.table import Row

class Merge:
    """`core.merging.Merge`, as `core.merging.PlainMerge`; `step` lets other threads run. Raises ValueError for a block
    that isn't one."""

    def __init__(self) -> None: ...
    def give(self, side: int, block: bytes) -> None: ...
    def step(self, most: int, room: int) -> Step: ...

class PgDecoder:
    """PostgreSQL's rows, as COPY sends them in binary, become canonical ones.

    `columns`: of each its kind and a letter for how it comes: i(nteger of any length), o (a truth value), n(umeric),
    d(ouble), f(loat4), t(ext), p(added text: its trailing spaces don't count), b(ytes), D(ate), T(ime), S (a timestamp
    with or without a zone), u(uid). `key`: how many of them, from the first, are the key. Raises ValueError for what no
    server sends, naming the column (from 1) but never the value; RuntimeError for two threads at once.
    """

    def __init__(self, columns: Sequence[tuple[int, str]], key: int) -> None: ...
    def messages(self, view: Buffer, /) -> int:
        """Take CopyOutResponse and CopyData messages from the start; stops before others and before a cut one.

        Returns how many bytes were taken.
        """

    def content(self, view: Buffer, /) -> None:
        """Take what CopyData messages hold, in pieces of any size."""

    def rows(self) -> bytes:
        """The canonical rows that wait; then none does."""

    @property
    def waiting(self) -> int:
        """How many bytes of canonical rows wait."""

class MysqlDecoder:
    """Rows of MySQL's binary protocol become canonical ones.

    `columns`: of each its kind, MySQL's number for its type, and whether it is unsigned (of a UUID: whether it comes as
    16 bytes). `key` and errors: as `PgDecoder`.
    """

    def __init__(self, columns: Sequence[tuple[int, int, bool]], key: int) -> None: ...
    def packets(self, view: Buffer, /) -> int:
        """Take rows from the start; stops before an EOF, OK or ERR packet and before a cut one.

        Returns how many bytes were taken.
        """

    def rows(self) -> bytes:
        """The canonical rows that wait; then none does."""

    @property
    def waiting(self) -> int:
        """How many bytes of canonical rows wait."""

def pack(rows: Iterable[Row], kinds: Sequence[Kind], key: int) -> bytes:
    """Plain values of an engine whose columns take any value as canonical rows: `core.packing.pack`."""

def split(block: Buffer, /) -> list[tuple[bytes, ...]]:
    """The cells of every row of a block: `core.cells.cells_in` for each of `core.cells.rows_in`."""
