"""Elements of HTML and XML: whatever is put into one is escaped, unless it is markup already. Pure functions."""

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"meta", "br", "link"})


class Markup(str):
    """Text that is markup. Whatever is made of it by text operations is plain text again, and will be escaped."""

    __slots__ = ()


def element(name: str, /, *inside: str, **attributes: str | int | None) -> Markup:
    """An element. In an attribute's name `_` stands for `-` and a last one is dropped; None leaves it out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(inside)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """Texts, escaped, and markup, one after the other."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def listed(parts: Iterable[str], between: str = ", ") -> Markup:
    """The same with a text between each two."""
    kept = list(parts)
    return joined(piece for n, part in enumerate(kept) for piece in ((between, part) if n else (part,)))
