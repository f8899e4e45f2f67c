"""What a comparison of values may be asked to do otherwise than by default. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from functions.comparer.core.canonical import digest
from functions.comparer.core.kinds import Kind
from functions.comparer.core.table import Column

Lob = Literal["compare", "ignore", "length"]
"""What to do with columns that may be very large: compare them, leave them out, or compare their lengths in bytes."""
_MEASURED: Final = frozenset({Kind.TEXT, Kind.BYTES, Kind.JSON})
"""Kinds whose values have a length of their own."""


@dataclass(frozen=True)
class Options:
    """How values are compared; the defaults are exact.

    `tolerances`: of columns, as ``column`` or ``table.column``, by how much numbers may differ, or moments in seconds;
    rows without a key are compared exactly all the same. `settle`: for how many
    seconds at most what differs in data that moves is read again before it counts; 0: never. `lag`: for how many
    seconds a difference has to stay as it is until it counts, which replication must not be behind for longer. `utc`:
    moments without a zone are in UTC, and so can be compared with those that have one.
    """

    tolerances: Mapping[str, Decimal] = field(default_factory=dict)
    lob: Lob = "compare"
    settle: float = 15.0
    lag: float = 3.0
    utc: bool = False

    @property
    def meaning(self) -> str:
        """What of them decides whether two values are the same, as a digest; empty: nothing, they are exact."""
        if not (self.tolerances or self.utc) and self.lob == "compare":
            return ""
        return digest(repr((sorted(self.tolerances.items()), self.lob, self.utc)).encode()).hex()

    def tolerance(self, table: str, column: str) -> Decimal | None:
        """By how much the values of a column may differ; None: not at all."""
        return self.tolerances.get(f"{table}.{column}", self.tolerances.get(column))

    def leaves_out(self, ours: Column, theirs: Column) -> bool:
        """Whether a pair of columns is not compared."""
        return self.lob == "ignore" and (ours.type.lob or theirs.type.lob)

    def kind(self, ours: Column, theirs: Column, kind: Kind) -> Kind:
        """As what a pair of columns is compared that has this kind and names no row."""
        measured = self.lob == "length" and (ours.type.lob or theirs.type.lob) and kind in _MEASURED
        # Types of different names don't write the same JSON alike.
        alike = kind is not Kind.JSON or ours.type.native == theirs.type.native
        return Kind.LENGTH if measured and alike else kind


AS_EVER = Options()
