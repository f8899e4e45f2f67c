"""Cells that differ in their bytes and mean the same all the same: JSON, and numbers within a tolerance. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from typing import Any, Final

from functions.comparer.core.cells import (
    BIG,
    INT,
    MINUS_INFINITY,
    MISFIT,
    MOMENT,
    NULL,
    PLUS_INFINITY,
    TEXT,
    ZERO_DATE,
    Cell,
    moment,
    text,
    values_of,
)
from functions.comparer.core.compiled import split
from functions.comparer.core.kinds import Kind

_MICROSECONDS: Final = {Kind.DATE: 86_400_000_000}
_PLAIN: Final = frozenset({NULL, MISFIT})
_WHOLE: Final = {INT, BIG}
# More digits than two numbers of any engine have between the first one and the last. No fractions: of a tolerance like
# 1e999999999 they would take all its digits.
_EXACT: Final = Context(prec=200_000, Emax=999_999, Emin=-999_999)
_NO_MOMENTS: Final = frozenset(
    int.from_bytes(moment(value)[1:], "big") for value in (MINUS_INFINITY, ZERO_DATE, PLUS_INFINITY)
)


class Alike:
    """Which columns of two rows differ, by position in their cells.

    `tolerances`: by position, how far apart two numbers may be, or two moments in seconds.
    """

    def __init__(self, kinds: Sequence[Kind], tolerances: Mapping[int, Decimal]) -> None:
        self._kinds = tuple(kinds)
        self._tolerances = tolerances
        self.lax = bool(tolerances) or Kind.JSON in kinds
        """Whether rows with different bytes may be the same."""

    def differing(self, ours: bytes, theirs: bytes) -> tuple[int, ...]:
        """The positions at which two rows differ."""
        pairs = zip(*split(ours), *split(theirs), strict=True)
        return tuple(at for at, (one, other) in enumerate(pairs) if one != other and not self._same(at, one, other))

    def _same(self, at: int, one: Cell, other: Cell) -> bool:
        if one[0] in _PLAIN or other[0] in _PLAIN:
            return False
        kind = self._kinds[at]
        if kind is Kind.JSON:
            return same_json(one, other)
        return at in self._tolerances and _close(one, other, kind, self._tolerances[at])


def same_json(one: Cell, other: Cell) -> bool:
    """Whether two cells with JSON say the same: whatever the order of members and the form of numbers."""
    if one[0] != TEXT or other[0] != TEXT:
        return False
    try:
        return bool(_said(one) == _said(other))
    except (ValueError, RecursionError):  # no JSON, or nested too deeply to be read: only equal bytes are equal
        return False


def plain_json(cell: Cell) -> Cell:
    """A cell with JSON written in one way, for where cells are compared by their bytes alone."""
    if cell[0] != TEXT:
        return cell
    try:
        return text(_written(_said(cell)).encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return cell


def _said(cell: Cell) -> Any:
    # Of bytes it would guess the encoding, and leave out a mark of it: a text with NUL would be one in UTF-16.
    written = cell[5:].decode("utf-8", "surrogatepass")
    return json.loads(written, parse_int=_number, parse_float=_number, object_pairs_hook=_members)


def _written(said: Any) -> str:
    match said:
        case list():  # First: a list of two would be taken for one of the pairs.
            return "[" + ", ".join(map(_written, said)) + "]"
        case ("members", members):
            return "{" + ", ".join(f"{json.dumps(name)}: {_written(value)}" for name, value in members) + "}"
        case ("number", digits):
            return str(digits)
    return json.dumps(said, ensure_ascii=False)


def _members(pairs: Sequence[tuple[str, Any]]) -> tuple[str, Any]:
    # Of members with the same name the last one counts, as it does for PostgreSQL and MySQL.
    return "members", sorted(dict(pairs).items(), key=lambda pair: pair[0])


def _number(literal: str) -> tuple[str, str]:
    """A number: all its digits and the power of ten of the last one that counts, however many or great these are."""
    digits, _, power = literal.lower().partition("e")
    whole, _, fraction = digits.lstrip("-").partition(".")
    found = (whole + fraction).lstrip("0")
    kept = found.rstrip("0")
    place = int(power or 0) - len(fraction) + len(found) - len(kept)
    return "number", f"{'-' * literal.startswith('-')}{kept}e{place}" if kept else "0"


def _close(one: Cell, other: Cell, kind: Kind, tolerance: Decimal) -> bool:
    if one[0] != other[0] and {one[0], other[0]} != _WHOLE:
        return False
    if one[0] == MOMENT:
        here, there = (int.from_bytes(cell[1:], "big") for cell in (one, other))
        if not _NO_MOMENTS.isdisjoint({here, there}):
            return False  # They have numbers next to each other, and are no moments.
        return _EXACT.scaleb(Decimal(abs(here - there) * _MICROSECONDS.get(kind, 1)), -6) <= tolerance
    ours, theirs = values_of((one, other), (kind, kind))
    if not (isinstance(ours, (int, float, Decimal)) and isinstance(theirs, (int, float, Decimal))):
        return False
    apart = _EXACT.subtract(Decimal(ours), Decimal(theirs))
    return apart.is_finite() and apart.copy_abs() <= tolerance
