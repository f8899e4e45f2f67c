"""The signs of a report's page: each kind of news has a shape of its own, for eyes that see no colours. Pure."""

from typing import Final

from functions.pipeline.report.findings import Tone
from functions.pipeline.report.markup import Markup, element, joined

#: Outline, and what is drawn on it: a circle with a tick, an octagon with a cross, a triangle with an exclamation mark,
#: a square with a bar, an empty ring of dashes.
_SHAPES: Final[dict[Tone, tuple[str, str]]] = {
    "good": ("M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22z", "M7 12.5l3.4 3.4L17.2 9"),
    "bad": ("M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z", "M8.2 8.2l7.6 7.6M15.8 8.2l-7.6 7.6"),
    "unsure": ("M12 1.5L23.2 21.5H.8z", "M12 8.8v5.6M12 18v.1"),
    "ended": ("M2 2h20v20H2z", "M7 12h10"),
}
_RING: Final = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z"


def definitions() -> Markup:
    """The shapes, to be put into a page once; they are not seen there."""
    symbols = [
        element(
            "symbol",
            element("path", d=outline, stroke="none"),
            element("path", d=inner, fill="none", stroke_width="2.4", stroke_linecap="round", stroke_linejoin="round"),
            id=f"m-{tone}",
            viewBox="0 0 24 24",
        )
        for tone, (outline, inner) in _SHAPES.items()
    ]
    ring = element("path", d=_RING, fill="none", stroke="currentColor", stroke_width="2", stroke_dasharray="3 2.6")
    symbols.append(element("symbol", ring, id="m-none", viewBox="0 0 24 24"))
    return element("svg", joined(symbols), width=0, height=0, aria_hidden="true", class_="defs")


def sign(tone: Tone) -> Markup:
    """One of them; the word beside it says the same."""
    return element("svg", element("use", href=f"#m-{tone}"), class_="mark", aria_hidden="true")
