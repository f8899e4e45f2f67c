"""What a column holds, whatever the engine, and as what the values of two columns can be compared. Pure.

An engine tells of each column its `Kind`, or that it has none (`OTHER`: a type of the engine's own). `common` finds the
canonical kind of a pair of columns before a value is read: both sides then write each value in the one form that this
kind has (`cells`), and equal values are equal bytes. There is none where no form fits both: such a pair is named before
the run, never compared by guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Kind(IntEnum):
    """What a column holds. The numbers are those that the compiled module knows the kinds by."""

    INTEGER = 1
    """Whole numbers, truth values and short bit strings."""
    DECIMAL = 2
    """Exact decimal numbers; 1.0 and 1.00 are one, and so are NaNs."""
    DOUBLE = 3
    """Binary floating point with 64 bits; -0.0 is 0.0, and all NaNs are one."""
    SINGLE = 4
    """Binary floating point with 32 bits."""
    TEXT = 5
    """Text, compared by its bytes in UTF-8."""
    BYTES = 6
    """Bytes."""
    DATE = 7
    """A day of the calendar."""
    TIME = 8
    """A time of day or a duration, in microseconds."""
    TIMESTAMP = 9
    """A moment on a clock without a zone, in microseconds."""
    INSTANT = 10
    """A moment in UTC, in microseconds."""
    UUID = 11
    """128 bits."""
    JSON = 12
    """A JSON value: compared by its text, then by what it says."""
    LENGTH = 13
    """How many bytes a value has, in place of the value."""
    LABELS = 14
    """Labels out of those of a column, compared as texts, whatever order each side has declared them in."""
    ANY = 20
    """Any value, told apart by its own type: a column of SQLite."""
    OTHER = 21
    """A type that no other engine has: comparable with the same type alone, by its text."""


@dataclass(frozen=True)
class ColumnType:
    """A column's kind; `native`: the engine's own words for its type; `lob`: whether it may be very large."""

    kind: Kind
    native: str
    lob: bool = False
    standard_text: bool = False
    """Whether the text of a type of the engine's own is what other engines would write too, as of an address."""
    labelled: bool = False
    """Whether a type of the engine's own holds labels, which it can hand out as `LABELS`."""


# Pairs of different kinds that have one form: which. What a double says in decimals is its value if that is a whole
# number, else the shortest digits that mean it and no other double: so 0.1 is 0.1, and what a double lost is seen.
_MIXED: Final[Mapping[frozenset[Kind], Kind]] = {
    frozenset({Kind.INTEGER, Kind.DECIMAL}): Kind.DECIMAL,
    frozenset({Kind.INTEGER, Kind.DOUBLE}): Kind.DECIMAL,
    frozenset({Kind.INTEGER, Kind.SINGLE}): Kind.DECIMAL,
    frozenset({Kind.DECIMAL, Kind.DOUBLE}): Kind.DECIMAL,
    frozenset({Kind.DECIMAL, Kind.SINGLE}): Kind.DECIMAL,
    frozenset({Kind.DOUBLE, Kind.SINGLE}): Kind.SINGLE,
    frozenset({Kind.DATE, Kind.TIMESTAMP}): Kind.TIMESTAMP,
    frozenset({Kind.UUID, Kind.TEXT}): Kind.UUID,
    frozenset({Kind.UUID, Kind.BYTES}): Kind.UUID,
    frozenset({Kind.JSON, Kind.TEXT}): Kind.JSON,
}
_OWN: Final = frozenset({Kind.ANY, Kind.OTHER})


_MOMENTS: Final = {Kind.TIMESTAMP, Kind.INSTANT}


def common(source: ColumnType, target: ColumnType, *, utc: bool = False) -> Kind | None:
    """The canonical kind of a pair of columns; None: there is none. `ANY` for two columns of SQLite.

    `utc`: it was declared that clocks without a zone show UTC.
    """
    ours, theirs = source.kind, target.kind
    if utc and {ours, theirs} == _MOMENTS:
        return Kind.INSTANT
    if Kind.OTHER in (ours, theirs):
        return _of_others(source, target)
    if ours is theirs:
        return ours
    if Kind.ANY in (ours, theirs):
        return theirs if ours is Kind.ANY else ours
    return _MIXED.get(frozenset({ours, theirs}))


def _of_others(source: ColumnType, target: ColumnType) -> Kind | None:
    if source.kind is target.kind:
        same = Kind.LABELS if source.labelled and target.labelled else Kind.TEXT
        return same if source.native == target.native else None
    own, other = (source, target) if source.kind is Kind.OTHER else (target, source)
    return Kind.TEXT if own.standard_text and other.kind in {Kind.TEXT, Kind.ANY} else None


def orderable(kind: Kind) -> bool:
    """Whether both sides can put rows in the order of a key column of this kind."""
    return kind not in {Kind.JSON, Kind.LENGTH, *_OWN}
