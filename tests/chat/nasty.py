"""Names that somebody may have chosen to be noticed, to be mistaken, or by accident; and events full of them.

Everything that JSON text can hold is allowed, so no half of a surrogate pair. Many names go into one event, as a
property of 20,000 names is 2,000 events then. These are made from a seed: Hypothesis draws one choice of an example from
another one, so that of 20,000 names drawn by it 3,000 were different, and it took ten times as long.
"""

# ruff: noqa: E501, RUF001 - the names are the point

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from functions.pipeline.tell import tell
from functions.pipeline.telling import Language, Telling
from tests.chat import samples

Size = Callable[[str], int]
#: Calls everybody or somebody, each in its own service's way.
MENTIONS: Final = (
    "<!channel>", "<!here>", "<!everyone>", "<!channel|x>", "<@U012AB3CD>", "<@W012AB3CD|bob>", "<#C024BE7LR>",
    "<!subteam^SAZ94GDB8>", "<!date^1392734382^{date_num}^https://evil.example|x>", "@everyone", "@here", "@channel",
    "<@123456789012345678>", "<@!123456789012345678>", "<@&123456789012345678>", "<#123456789012345678>",
    "</airhorn:816437322781949972>", "<t:1618953630:R>", "<a:party:123456789012345678>", "<id:customize>",
    "<at id=all></at>", '<at id="ou_1">x</at>', "<at user_id=\"all\">x</at>", "<at email=a@b.example></at>",
    "<at>everyone</at>", "<person id='ou_1'></person>", "@all", "@所有人", "@13800000000", "<@userid>", "<@all>",
    "<users/all>", "<users/123>", "tg://user?id=1", "@username", "/start@bot", "#channel", "$CASH",
)  # fmt: skip
#: Would be a style, a link, a picture, a command or the end of what it stands in.
MARKUP: Final = (
    "*b*", "**b**", "_i_", "__u__", "~s~", "~~s~~", "`c`", "```\ncode\n```", "||spoiler||", "# h", "> q", "- l", "1. l",
    "[x](http://evil.example)", "[x](javascript:alert(1))", "![x](http://evil.example/x.png)", "[x]: http://evil.example",
    "<http://evil.example|x>", "<https://evil.example>", "<mailto:a@b.example|x>", "](http://evil.example)", "a](b",
    "http://evil.example", "https://evil.example/?a=1&b=2", "HTTPS://EVIL.EXAMPLE", "www.evil.example", "evil.example",
    "mailto:a@b.example", "a@b.example", "ftp://evil.example", "file:///etc/passwd", "//evil.example", "tel:+1",
    "<b>b</b>", "<i>", "</b>", "<a href='http://evil.example'>x</a>", "<img src=x onerror=alert(1)>", "<br>", "<!-- x -->",
    "<script>alert(1)</script>", "<font color='red'>x</font>", "<text_tag color='red'>x</text_tag>", "&lt;b&gt;", "&amp;",
    "&#60;!channel&#62;", "&lt;!channel&gt;", "\\<!channel\\>", "\\*b\\*", "\\", "\\\\", "a\\", ":tada:", ":slack:",
    "{{DATE(2017-02-14T06:00:00Z, SHORT)}}", "{{TIME(2017-02-14T06:00:00Z)}}", "${x}", "{{x}}", "@{x}", "%s", "{0}",
    "|a|b|", "a|b", "\"", "'", '"}]}', "'; DROP TABLE x; --", "---", "===", "***", "null", "$$x$$", "=1+1",
)  # fmt: skip
#: Not seen, seen elsewhere, or seen as something else.
INVISIBLE: Final = (
    "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u3164", "\u115f", "\u202e", "\u202d", "\u2066",
    "\u2067", "\u2068", "\u2069", "\u200e", "\u200f", "\u061c", "\ufe0f", "\U000e0041", "\U000e007f", "\u2028", "\u2029",
    "\x00", "\x07", "\x08", "\x0b", "\x0c", "\x1b[31m", "\x1f", "\x7f", "\x85", "\x9b", "\t", "\n", "\r", "\r\n", "\n\n",
    "\ufffe", "\uffff", "\ufdd0", "\U0001fffe", "\U0010ffff", "\ufffd", "\ue000", "\u00a0", "\u3000", "\u2003", " ", "",
)  # fmt: skip
#: Scripts from right to left, letters of many characters, letters of many bytes.
LETTERS: Final = (
    "שלום", "مرحبا", "ordérs", "orde\u0301rs", "注文", "订单表", "ﷺ", "𝒪𝓇𝒹𝑒𝓇𝓈", "a\u0301\u0302\u0303", "Z̷̢̛̜a̶͎͝l̴̰̈g̵o",
    "👨\u200d👩\u200d👧\u200d👦", "👍🏽", "🇨🇳🇩🇪🇫", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "1️⃣",
    "각", "각", "क्षि", "ก็", "＠everyone", "＜!channel＞", "ＡＢＣ", "﹫here", "İ", "ß", "ﬁ", "\u1e9e", "Ω",
)  # fmt: skip
LONG: Final = (
    "x" * 10_000, "名" * 10_000, "👍" * 10_000, "a" + "\u0301" * 9_999, "&" * 10_000, "<" * 10_000, "*" * 10_000,
    "\\" * 10_000, "\u200b" * 10_000, "\n" * 10_000, "👨\u200d" * 5_000, "@everyone " * 1_000, "<!channel>" * 1_000,
    "[x](http://evil.example)" * 400, '"' * 10_000, "\x00" * 10_000, "שלום " * 2_000,
)  # fmt: skip
CORPUS: Final = MENTIONS + MARKUP + INVISIBLE + LETTERS + LONG

_PIECES: Final = MENTIONS + MARKUP + INVISIBLE + LETTERS
#: What characters tokens are made of: broken and nested ones are found by putting them together anew.
_SHARDS: Final = "<>!@#&|*_~`[](){}\\/:.\"'$%+-= \n\u200b\u200d\u202e\ufe0faeUhinrtvyc0名שé👍"
#: Characters of any text but halves of surrogate pairs; each of these ranges is as likely as the others.
_RANGES: Final = ((0, 0x7F), (0x80, 0x2FF), (0x300, 0x36F), (0x370, 0x2FFF), (0x3000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x10FFFF))  # fmt: skip


def _pieces(draw: Random) -> str:
    return "".join(draw.choices(_PIECES, k=draw.randint(1, 4)))


def _shards(draw: Random) -> str:
    return "".join(draw.choices(_SHARDS, k=draw.randint(0, 40)))


def _any_text(draw: Random) -> str:
    return "".join(chr(draw.randint(*draw.choice(_RANGES))) for _ in range(draw.randint(0, 30)))


def _framed(draw: Random) -> str:
    return draw.choice(_PIECES) + _any_text(draw) + draw.choice(_PIECES)


def ten_of(seed: int) -> list[str]:
    """Ten nasty names: as many as a message lists."""
    draw = Random(seed)
    return [draw.choice((_pieces, _shards, _any_text, _framed))(draw) for _ in range(10)]


# No seed is drawn twice.
_seeds = st.integers(0, 2**64 - 1)
#: One nasty name.
names = _seeds.map(lambda seed: ten_of(seed)[0])
#: What one event is full of.
ten_names = _seeds.map(ten_of)


def corpus_in_tens() -> Iterator[list[str]]:
    """Every name of the corpus at least once, ten to an event."""
    for start in range(0, len(CORPUS), 10):
        yield list(CORPUS[start : start + 10])


def telling(ten: list[str], language: Language = "en") -> Telling:
    """The telling of an event in which each of these names stands wherever a name can stand."""
    return tell(samples.named(ten), language, links=samples.LINKS)


def texts(payload: Any) -> Iterator[str]:
    """Every string in a payload that is no key: what a service may interpret."""
    if isinstance(payload, str):
        yield payload
    elif isinstance(payload, dict):
        for value in payload.values():
            yield from texts(value)
    elif isinstance(payload, list):
        for value in payload:
            yield from texts(value)
