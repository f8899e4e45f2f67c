"""JMESPath over a payload, with nothing but the library: whether it is ours, and what a template of expressions finds.

Source: the JMESPath specification. A template is one expression, or an object whose texts are expressions and whose
other values stand for themselves.
"""

import json
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from functions.pipeline.credentials_text import BadSecret

MOST_SHOWN = 200


class Unmapped(Exception):
    """An expression fails on this payload: where in the mapping, and why."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        self.message = message
        super().__init__(f"{field}: {message}" if field else message)


def check(mapping: dict[str, Any]) -> None:
    """Refuse expressions that can't be parsed, whichever payload comes. Raises BadSecret, naming the place."""
    for place, expression in _expressions(mapping, ""):
        try:
            jmespath.compile(expression)
        except JMESPathError as e:
            raise BadSecret(f"mapping.{place}: {_brief(e)}") from None


def holds(expression: str, payload: dict[str, Any], place: str) -> bool:
    """Truth as JMESPath has it: null, false and everything empty are false; zero is true. Raises Unmapped."""
    value = found(expression, payload, place)
    return value not in (None, False, "", [], {}) or (value == 0 and value is not False)


def request_of(template: dict[str, Any] | str, payload: dict[str, Any]) -> dict[str, Any]:
    """The request that a mapping's `request` makes of `payload`. Raises Unmapped where it is no object."""
    request = _filled(template, payload, "")
    if not isinstance(request, dict):
        told = "nothing" if request is None else f"a {type(request).__name__}"
        raise Unmapped("", f"the mapping's `request` finds {told}, not an object")
    return request


def expressions_of(template: dict[str, Any] | str) -> dict[str, str]:
    """What each field of the request is taken from, to be told where it is wrong."""
    fields = template if isinstance(template, dict) else {}
    return {name: value[:MOST_SHOWN] for name, value in fields.items() if isinstance(value, str)}


def found(expression: str, payload: dict[str, Any], place: str) -> Any:
    """What an expression finds in `payload`. Raises Unmapped."""
    try:
        value = jmespath.search(expression, payload)
        json.dumps(value, allow_nan=False)  # `to_number` makes infinities, and `&name` is no value at all
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as e:
        message = f"the mapping's expression {expression[:MOST_SHOWN]} fails on this payload: {_brief(e)}"
        raise Unmapped(place, message) from None
    return value


def _expressions(value: Any, place: str) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(place, value)]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [expression for name, one in inner for expression in _expressions(one, f"{place}.{name}".lstrip("."))]


def _filled(value: Any, payload: dict[str, Any], place: str) -> Any:
    """The template with every text replaced by what it finds."""
    if isinstance(value, str):
        return found(value, payload, place)
    if isinstance(value, dict):
        return {name: _filled(inner, payload, f"{place}.{name}".lstrip(".")) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, payload, f"{place}.{number}") for number, inner in enumerate(value)]
    return value


def _brief(error: Exception) -> str:
    lines = str(error).splitlines()
    return " ".join(lines[0].split())[:MOST_SHOWN] if lines else type(error).__name__
