"""Text that somebody else has chosen, made fit to show: nothing invisible in it, and cut to a size. Pure functions.

`visible` knows no channel: each channel still escapes its own markup. Sizes are in the unit of the channel: characters
(`len`), bytes (`utf8`), or what a JavaScript or Java service counts (`utf16`). Source: Unicode Standard Annex 29
(grapheme clusters) and Annex 9 (bidirectional text).
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

ELLIPSIS: Final = "…"
#: What stands for characters that nobody would see.
REPLACED: Final = "\ufffd"
#: Accents on one letter: no script stacks as many.
_MOST_MARKS: Final = 8
#: A longer cluster of characters is no letter that anybody reads: it may be cut within.
_LONGEST_CLUSTER: Final = 32

_SPACE = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # C0 and C1, other than those that end a line
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180b-\u180f"  # soft hyphen; Arabic and Mongolian format
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800"  # letters that are blank
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"  # zero width, direction; annotations
    "\ud800-\udfff\ufdd0-\ufdef"  # halves of characters, and what is none
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]+"
)
_JOINERS = "\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
#: Joiners and variation selectors shape emoji and Persian; after nothing or after ASCII they only hide.
_LONE_JOINERS = re.compile(f"(?:^|(?<=[\x00-\x7f{REPLACED}]))[{_JOINERS}]+")
_REPLACED = re.compile(f"{REPLACED}+")


def visible(text: str) -> str:
    """Text on one line in which every character can be seen, and none turns the text around it.

    Line breaks and tabs become a space; controls, zero-width and bidirectional characters become one `�` per run, so
    that two names that differ only in them do not look alike; more than eight accents on a letter are left out.
    Letters of right-to-left scripts, emoji and other joined letters stay. Twice is the same as once.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _UNSEEN.sub(REPLACED, _SPACE.sub(" ", text))
    text = _LONE_JOINERS.sub(REPLACED, text)
    return _REPLACED.sub(REPLACED, _without_stacks(text))


def fitted(text: str, most: int, size: Callable[[str], int] = len) -> str:
    """The longest beginning of `text` of at most `most` in `size`, ending in `…` where something is left out.

    Never cuts within what people see as one letter (up to 32 characters of it). `size` must not shrink when text is
    appended, and count at least 1 per character; it may count the text as a channel would escape it. Raises ValueError
    where not even `…` fits.
    """
    if most < size(ELLIPSIS):
        raise ValueError(f"most: must have room for {ELLIPSIS!r}")
    if len(text) <= most and size(text) <= most:
        return text
    fits, too_many = 0, min(len(text), most) + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if size(text[:middle] + ELLIPSIS) <= most:
            fits = middle
        else:
            too_many = middle
    return text[: _boundary(text, fits)].rstrip() + ELLIPSIS


def utf8(text: str) -> int:
    """Bytes of the text in UTF-8."""
    return len(text.encode(errors="replace"))


def utf16(text: str) -> int:
    """Code units of the text in UTF-16: what most services call characters."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _without_stacks(text: str) -> str:
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _boundary(text: str, at: int) -> int:
    """The last place at or before `at` that is between two letters."""
    for place in range(at, max(at - _LONGEST_CLUSTER, 0), -1):
        if not _joined(text, place):
            return place
    return 0 if at <= _LONGEST_CLUSTER else at


def _joined(text: str, at: int) -> bool:
    """Whether the characters before and after `at` belong to one letter."""
    if at <= 0 or at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    if (before, after) == ("\r", "\n"):
        return True
    if _extends(after):
        return not unicodedata.category(before).startswith("C") or _extends(before)
    if before == "\u200d":
        return ord(after) >= 0x2190  # emoji are joined; letters of other scripts are not
    if _is_flag_half(before) and _is_flag_half(after):
        halves = 1
        while at - halves - 1 >= 0 and _is_flag_half(text[at - halves - 1]):
            halves += 1
        return halves % 2 == 1
    return _is_syllable(before, after)


def _extends(character: str) -> bool:
    """Accents, vowel signs, joiners, skin tones, tags."""
    return (
        unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or character in "\u200c\u200d\uff9e\uff9f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_syllable(before: str, after: str) -> bool:
    """Whether two parts of a Korean syllable belong together: a consonant, a vowel, a final consonant."""
    if "\u1100" <= before <= "\u115f":
        return "\u1100" <= after <= "\u11a7" or "\uac00" <= after <= "\ud7a3"
    if "\u1160" <= before <= "\u11a7" or ("\uac00" <= before <= "\ud7a3" and (ord(before) - 0xAC00) % 28 == 0):
        return "\u1160" <= after <= "\u11ff"
    return ("\u11a8" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3") and "\u11a8" <= after <= "\u11ff"
