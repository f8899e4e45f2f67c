"""Text of others kept from doing anything where a service has no way to escape it. Pure functions.

Chat clients turn `https://…`, `www.…` and `@name` into links and mentions wherever they stand, and some of their
Markdowns have no escape. The word joiner (U+2060) is not seen, takes no room and ends such a token; full-width
brackets look like brackets and are none. Names that people copy are kept whole wherever a service lets them be.
"""

import re
from typing import Final
from urllib.parse import quote

#: Breaks a token without being seen.
JOINER: Final = "\u2060"
# At the end of a text too: another one may follow that begins with what is missing.
_LINK = re.compile(r"(?<=:)(?=//|\Z)|(?i:(?<=www)(?=\.))|(?<=@)")
_BLOCK = re.compile(r"^(?=[#>*+\-=|~_]|\d{1,9}[.)](?:\s|$))")
_WIDE = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "&": "＆", "`": "ˋ"})  # noqa: RUF001 - look-alikes


def unlinked(text: str) -> str:
    """Text in which no URL and no mention is recognised."""
    return _LINK.sub(JOINER, text)


def unblocked(text: str) -> str:
    """Text that begins a line and is no heading, quotation, list or rule there."""
    return _BLOCK.sub(JOINER, text)


def wide(text: str) -> str:
    """Text without what tags, links, entities and code are made of: their full-width look-alikes instead."""
    return text.translate(_WIDE)


def safe_url(url: str) -> str | None:
    """An http or https URL with everything percent-encoded that could end it inside of markup; None for any other."""
    if not re.match(r"https?://[^/?#\s]", url, re.IGNORECASE):
        return None
    return quote(url, safe=":/?#@!$&+,;=%-._~", errors="replace")
