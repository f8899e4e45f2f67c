"""The picture of a report: for each object type the counts of both sides on one logarithmic scale, as inline SVG.

Positions are percentages, so that it fits any width and its letters keep their size. A ring is the source, a square is
the target; a type that could not be compared has a broken line. Pure functions.
"""

from collections.abc import Sequence
from math import log10

from functions.pipeline.comparison import TypeCount
from functions.pipeline.report.findings import RESULT_TONES
from functions.pipeline.report.markup import Markup, element, joined
from functions.pipeline.report.text import number, shown
from functions.pipeline.report.words import Words

MOST = 16
"""Types that are drawn."""
_ROW, _TOP, _LEFT, _RIGHT = 46, 2, 1.5, 98.5


def picture(words: Words, types: Sequence[TypeCount], total: int) -> Markup:
    """The picture of the first types; `total`: how many there are. Empty where there is nothing to draw."""
    drawn = types[:MOST]
    if not drawn:
        return Markup()
    most = max(max(t.source_count, t.target_count) for t in drawn)
    bottom = _TOP + _ROW * len(drawn) - 8
    parts = [
        element("title", words("picture"), id="pt"),
        element("desc", "; ".join(_in_words(words, t) for t in drawn), id="pd"),
        *(_tick(value, _place(value, most), bottom) for value in _ticks(most)),
        *(_type(t, most, _TOP + _ROW * n) for n, t in enumerate(drawn)),
    ]
    left_out = f" · {words('not_drawn', words.count(total - len(drawn), 'more types'))}" if total > len(drawn) else ""
    return element(
        "figure",
        element(
            "figcaption",
            words("drawn_as", words("drawn"), words("source"), words("target"), words("scale")) + left_out,
        ),
        element("svg", joined(parts), role="img", aria_labelledby="pt", aria_describedby="pd", height=bottom + 20),
    )


def _in_words(words: Words, kind: TypeCount) -> str:
    source, target = words("source").lower(), words("target").lower()
    return f"{shown(kind.type, 40)}: {source} {number(kind.source_count)}, {target} {number(kind.target_count)}"


def _place(count: int, most: int) -> float:
    """Percent of the width, for a count from 0 to `most`."""
    share = log10(1 + max(count, 0)) / log10(1 + most) if most > 0 else 0.0
    return round(_LEFT + (_RIGHT - _LEFT) * share, 2)


def _ticks(most: int) -> list[int]:
    """0, 1 and the powers of ten, of many every other, every third and so on; and the largest count."""
    powers = [10**n for n in range(len(str(most)))] if most > 0 else []
    ticks = [0, *powers[:: 1 + len(powers) // 6]]
    # Its number needs room beside the one before.
    return [*ticks, most] if _place(most, most) - _place(ticks[-1], most) > 20 else ticks


def _tick(value: int, place: float, bottom: int) -> Markup:
    x = f"{place}%"
    anchor = "start" if place < 5 else "end" if place > 95 else "middle"
    return joined(
        [
            element("line", x1=x, x2=x, y1=_TOP + 18, y2=bottom, class_="tick"),
            element("text", number(value), x=x, y=bottom + 15, text_anchor=anchor, class_="faint"),
        ]
    )


def _type(kind: TypeCount, most: int, top: int) -> Markup:
    source, target = (f"{_place(n, most)}%" for n in (kind.source_count, kind.target_count))
    y = top + 26
    return element(
        "g",
        element("text", shown(kind.type, 28), x=0, y=top + 13),
        element(
            "text",
            f"{number(kind.source_count)} → {number(kind.target_count)}",
            x="100%",
            y=top + 13,
            text_anchor="end",
        ),
        element("line", x1=f"{_LEFT}%", x2=f"{_RIGHT}%", y1=y, y2=y, class_="track"),
        element("line", x1=source, x2=target, y1=y, y2=y, class_="bar"),
        element("circle", cx=source, cy=y, r=7, class_="s"),
        element("rect", x=target, y=y - 4, width=8, height=8, transform="translate(-4)", class_="t"),
        class_=RESULT_TONES[kind.result],
    )
