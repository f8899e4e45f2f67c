"""Untrusted bodies and query strings become values, or an `ApiError` that names what is wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from functions.comparer.api.errors import ApiError

_MOST = 1000
_FAR = 2**31 - 1
_SHOWN = 200
Model = TypeVar("Model", bound=BaseModel)


def read_model(model: type[Model], raw: bytes) -> Model:
    """Read a JSON body. Raises `ApiError`: DRS.M00300 no JSON object, M00201 missing field, M00202 wrong or unknown."""
    return read_fields(model, json_object(raw))


def read_fields(model: type[Model], fields: Mapping[str, Any]) -> Model:
    """Read what is no longer JSON. Raises `ApiError`: DRS.M00201 missing field, M00202 wrong or unknown."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:_SHOWN]
        if first["type"] == "missing":
            raise ApiError("DRS.M00201", field) from None
        raise ApiError("DRS.M00202", field, first["msg"].removeprefix("Value error, ")) from None


def check_single(names: Iterable[str]) -> None:
    """Whether no parameter of a query string is there twice. Raises `ApiError` DRS.M00301, naming the first that is."""
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise ApiError("DRS.M00301", twice[:_SHOWN])


def read_page(query: Mapping[str, str]) -> tuple[int, int]:
    """`limit` (1..1000, default 1000) and `offset` (from 0, default 0) of a query string. Raises `ApiError`."""
    return _number(query, "limit", _MOST, 1, _MOST), _number(query, "offset", 0, 0, _FAR)


def read_choice(query: Mapping[str, str], name: str, allowed: Collection[str]) -> str | None:
    """One of the `allowed` words, or None where the parameter is absent or empty. Raises `ApiError` DRS.M00202."""
    text = query.get(name)
    if text and text not in allowed:
        raise ApiError("DRS.M00202", name, f"allowed: {', '.join(sorted(allowed))}")
    return text or None


def read_needed(query: Mapping[str, str], name: str) -> str:
    """A parameter that must be there. Raises `ApiError` DRS.M00201."""
    text = query.get(name)
    if not text:
        raise ApiError("DRS.M00201", name)
    return text


def offset_of(current_page: int, per_page: int) -> int:
    """Where a page counted from 1 begins. Raises `ApiError` DRS.M00211 for pages beyond all results."""
    if current_page > _FAR or per_page > _MOST:
        raise ApiError("DRS.M00211")
    return (current_page - 1) * per_page


def json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object. Raises `ApiError` DRS.M00300."""
    try:
        content = json.loads(raw.decode(), parse_constant=_not_json)
        # What can't be written again can't be stored either: lone surrogates.
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeError:
        raise ApiError("DRS.M00300", reason="the body must be UTF-8.") from None
    except RecursionError:
        raise ApiError("DRS.M00300", reason="the body is nested too deeply.") from None
    except ValueError:
        raise ApiError("DRS.M00300", reason="the body must be JSON.") from None
    if not isinstance(content, dict):
        raise ApiError("DRS.M00300", reason="the body must be a JSON object.")
    return content


def _not_json(name: str) -> NoReturn:
    raise ValueError(name)


def _number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name)
    if not text:
        return default
    # Ten digits hold every allowed value; int() also reads what is no number in a URL ("1_000").
    if text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most:
        return int(text)
    raise ApiError("DRS.M00202", name, f"it must be a whole number from {least} to {most}")
