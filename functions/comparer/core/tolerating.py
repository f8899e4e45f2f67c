"""Which tolerances were applied to anything: one that was not is told, or its typing error would stay unseen. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from functions.comparer.core.kinds import Kind
from functions.comparer.core.options import Options
from functions.comparer.core.table import TablePlan

_MEASURABLE: Final = frozenset(
    {Kind.INTEGER, Kind.DECIMAL, Kind.DOUBLE, Kind.SINGLE, Kind.LENGTH}
    | {Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT}
)


@dataclass
class Tolerated:
    """What became of the tolerances in a comparison. `unsure`: not all that was compared could be looked at."""

    options: Options
    unsure: bool = False
    _named: set[str] = field(default_factory=set)
    _applied: set[str] = field(default_factory=set)

    def saw(self, plan: TablePlan, *, by_key: bool) -> None:
        """A table was compared; `by_key`: its rows were brought together by their keys, as canonical rows."""
        for place, (column, _) in enumerate(plan.columns):
            name = next((n for n in (f"{plan.table}.{column}", column) if n in self.options.tolerances), None)
            if name is None:
                continue
            self._named.add(name)
            if by_key and place not in plan.key and plan.common[place] in _MEASURABLE:
                self._applied.add(name)

    def remarks(self) -> list[str]:
        """What to say of those that were of no use."""
        if self.unsure:
            return []
        return [
            f"tolerance {name!r}: it was not applied, "
            + (
                "only numbers and moments beside a key can have one, and not those of two SQLite databases"
                if name in self._named
                else "no table that was compared has such a column"
            )
            for name in self.options.tolerances
            if name not in self._applied
        ]
