"""The names by which channels are tried: as many as are promised, and none of them twice if it can be helped."""

import pytest
from hypothesis import given, settings

from tests.chat import nasty
from tests.chat.many_names import EVENTS


@pytest.mark.parametrize("events", EVENTS)
def test_nearly_all_names_that_are_drawn_are_different_and_every_piece_is_among_them(events: int) -> None:
    drawn: list[str] = []

    @given(nasty.ten_names)
    @settings(max_examples=events, deadline=None)
    def draw(names: list[str]) -> None:
        drawn.extend(names)

    draw()
    assert len(drawn) >= 10 * events
    assert len(set(drawn)) > 9 * events
    whole = "\n".join(set(drawn))
    assert [
        piece for piece in nasty.MENTIONS + nasty.MARKUP + nasty.INVISIBLE + nasty.LETTERS if piece not in whole
    ] == []
