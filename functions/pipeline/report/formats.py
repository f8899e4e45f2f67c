"""The forms of a report, by name and by a file's suffix; each is loaded when it is asked for. Pure functions."""

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final, Literal, get_args

from functions.pipeline.telling import Language

Form = Literal["html", "markdown", "junit", "json"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)
SUFFIXES: Final[Mapping[str, Form]] = {
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".xml": "junit",
    ".json": "json",
}
MEDIA_TYPES: Final[Mapping[Form, str]] = {
    "html": "text/html; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "junit": "application/xml",
    "json": "application/json",
}


def form_of(path: str) -> Form | None:
    """The form that a file's suffix stands for."""
    return SUFFIXES.get(PurePath(path).suffix.lower())


def render(data: Mapping[str, Any], form: Form, language: Language = "en") -> bytes:
    """A report of a finished event's `data` (or a direct comparison) in UTF-8; `language` where the form has any.

    JSON is the data itself. Raises pydantic's ValidationError for what is neither.
    """
    if form == "json":
        # In JSON half a surrogate pair is written as this error handler writes it.
        return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "backslashreplace")
    from functions.pipeline.report.content import read_content  # noqa: PLC0415 - JSON needs none of it

    content = read_content(data)
    if form == "html":
        from functions.pipeline.report.page import page  # noqa: PLC0415

        return page(content, language).encode()
    if form == "markdown":
        from functions.pipeline.report.markdown import markdown  # noqa: PLC0415

        return markdown(content, language).encode()
    from functions.pipeline.report.junit import junit  # noqa: PLC0415

    return junit(content).encode()
