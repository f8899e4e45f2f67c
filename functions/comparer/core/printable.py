"""Names and messages as they can be written in JSON and kept in the store: a file's name may be any bytes."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text; of a file's name or path, bytes that are no UTF-8 as ``\\xff``."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # surrogates that stand for no byte
        return text.encode("utf-8", "backslashreplace").decode()
