"""The labels of an ENUM or a SET beside those of another one: by what they say, in whatever order they are declared.

A server writes a SET's labels in the order of their declaration, and an ENUM's value that was none of its labels as an
empty text, which may be one of them. Pure.
"""

from __future__ import annotations

import re
from typing import Final

NO_LABEL: Final = b"\xff0"
"""What an ENUM's value with the number 0 is told as, as no text in UTF-8 is."""
_LABEL: Final = re.compile("'((?:[^']|'')*)'")


def of_enum(name: str, in_bytes: str) -> str:
    """What hands out an ENUM's label in bytes. `name`: the quoted column; `in_bytes`: its own text in bytes."""
    return f"IF({name} + 0 = 0, X'{NO_LABEL.hex().upper()}', {in_bytes})"


def of_set(name: str, text: str, declared: str) -> str | None:
    """What hands out a SET's labels in the order of their bytes; None: its own `text` does. `declared`: its type."""
    # As the catalog writes them, which is enough to put them in order: what is handed out is cut out of the text.
    labels = [label.encode() for label in _LABEL.findall(declared)]
    order = sorted(range(len(labels)), key=labels.__getitem__)
    if order == list(range(len(labels))):
        return None
    parts = ", ".join(_member(name, text, number) for number in order)
    return f"IF({name} IS NULL, NULL, CONCAT_WS(',', {parts}))"


def as_declared(text: str, declared: str) -> str:
    """A SET's labels, from any order, as a server writes and compares them."""
    place = {label.replace("''", "'"): number for number, label in enumerate(_LABEL.findall(declared))}
    return ",".join(sorted(text.split(","), key=lambda label: place.get(label, len(place))))


def _member(name: str, text: str, number: int) -> str:
    """The label that has this number; NULL: the value is without it."""
    # Its place in the text is how many of the labels up to it the value has.
    place = f"BIT_COUNT({name} & {(2 << number) - 1})"
    return f"IF({name} & {1 << number}, SUBSTRING_INDEX(SUBSTRING_INDEX({text}, ',', {place}), ',', -1), NULL)"
