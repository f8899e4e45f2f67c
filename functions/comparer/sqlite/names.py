"""What the files of a folder are called as databases."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

from functions.comparer.core.printable import printable


def databases_in(files: Iterable[Path]) -> dict[str, Path]:
    """The ``.db`` files, in any case, by the name of the database: the stem, as JSON can hold it.

    Should two have the same one, it is that of the first whose ending is written in small letters and whose name is
    UTF-8; the other is called by its whole name, with a number if that is taken too.
    """
    found: dict[str, Path] = {}
    for path in sorted((path for path in files if path.suffix.lower() == ".db"), key=_plainest):
        whole = printable(path.name)
        names = chain([database_of(path), whole], (f"{whole} ({number})" for number in count(2)))
        found[next(name for name in names if name not in found)] = path
    return found


def database_of(path: Path) -> str:
    """The name of the database that is a file by itself."""
    return printable(path.stem)


def _plainest(path: Path) -> tuple[bool, str]:
    return path.suffix != ".db" or printable(path.name) != path.name, path.name
