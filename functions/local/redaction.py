"""DRS's answers without what they tell of anybody's data: their form, words of the API, numbers and times stay.

Every other text becomes `text-1`, `text-2`, …, the same text always the same, so that it can still be seen which ids
and names belong together. Error messages may quote names, and so go too; their codes stay.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_WORDS = frozenset(
    {
        "status",
        "type",
        "compare_type",
        "object_type",
        "export_status",
        "error_code",
        "compare_mode",
        "compare_policy",
        "conflict_policy",
        "object_level_compare_type",
        "task_status",
        "job_type",
        "engine_type",
        "db_type",
        "task_type",
        "compare_result",
        "net_type",
        "result",
        "sort_key",
        "sort_dir",
    }
)
"""Fields whose texts are words of the API."""
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_NAMES = re.compile(r"name|id$|ids$|user|host|ip$|url|address|message|msg|value|key|sql|desc", re.IGNORECASE)
"""Fields whose texts go even where they look like numbers."""
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,10})?|\d{4}-\d\d-\d\d[T ][\d:.]{5,15}(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)
_HEADERS = ("content-type", "retry-after")
_SEGMENTS = re.compile(
    r"v3|jobs|[a-z]+(-[a-z]+)+|compare|object|line|content|overview|detail|results?|progress", re.ASCII
)


class Redactor:
    """Replaces texts; one for a whole recording."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def value(self, value: Any, field: str = "") -> Any:
        """A value of JSON, which lies at `field`."""
        if isinstance(value, dict):
            return {self._field(name): self.value(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, field) for inner in value]
        return self._text(value, field) if isinstance(value, str) else value

    def path(self, url: str) -> str:
        """A URL's path and query."""
        parts = urlsplit(url)
        segments = [
            s if _SEGMENTS.fullmatch(s) else self._replaced(unquote(s)) for s in parts.path.strip("/").split("/")
        ]
        query = [f"{self._field(name)}={self._text(text, name)}" for name, text in parse_qsl(parts.query)]
        return "/" + "/".join(segments) + ("?" + "&".join(query) if query else "")

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers that say something of the API."""
        found = {name: headers.get(name, "") for name in _HEADERS}
        return {name: text for name, text in found.items() if text and text.isprintable() and len(text) <= 100}

    def _field(self, name: str) -> str:
        return name if _FIELD.fullmatch(name) else self._replaced(name)

    def _text(self, text: str, field: str) -> str:
        if text == "" or (field in _WORDS and _WORD.fullmatch(text)):
            return text
        if _NUMBER.fullmatch(text) and not _NAMES.search(field):
            return text
        return self._replaced(text)

    def _replaced(self, text: str) -> str:
        return self._shown.setdefault(text, f"text-{len(self._shown) + 1}")
