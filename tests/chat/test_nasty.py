"""The names by which channels are tried: as many as are promised, and none of them twice if it can be helped."""

from hypothesis import given

from tests.chat import nasty
from tests.chat.tellings import TWENTY_THOUSAND_NAMES


def test_nearly_twenty_thousand_different_names_are_drawn_and_every_piece_is_among_them() -> None:
    drawn: list[str] = []

    @given(nasty.ten_names)
    @TWENTY_THOUSAND_NAMES
    def draw(names: list[str]) -> None:
        drawn.extend(names)

    draw()
    assert len(drawn) >= 20_000
    assert len(set(drawn)) > 18_000
    whole = "\n".join(set(drawn))
    assert [
        piece for piece in nasty.MENTIONS + nasty.MARKUP + nasty.INVISIBLE + nasty.LETTERS if piece not in whole
    ] == []
