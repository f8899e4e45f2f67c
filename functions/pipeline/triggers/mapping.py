"""JMESPath mappings: a payload in, a request out, or what is missing. Source: the JMESPath specification.

This module alone imports the library, and is itself imported only where a source has a mapping.
"""

import json
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from functions.pipeline.credentials_text import BadSecret
from functions.pipeline.messages import FieldError, Invalid
from functions.pipeline.triggers.configuration import Mapping
from functions.pipeline.triggers.delivery import Asked, NotForUs

_MOST_SHOWN = 200


def mapped(mapping: Mapping, payload: dict[str, Any]) -> Asked:
    """The request that `mapping` makes of `payload`.

    Raises NotForUs where `when` doesn't hold, Invalid where an expression fails on this payload, and BadSecret where
    one can't be read at all.
    """
    _check(mapping)
    if mapping.when is not None and not _true(_found(mapping.when, payload, "when")):
        raise NotForUs("The mapping's `when` doesn't hold for this payload.")
    request = _filled(mapping.request, payload, "")
    if not isinstance(request, dict):
        told = "nothing" if request is None else f"a {type(request).__name__}"
        raise Invalid(FieldError(field="", message=f"the mapping's `request` finds {told}, not an object"))
    expressions = mapping.request if isinstance(mapping.request, dict) else {}
    return Asked(
        request,
        expressions={name: value[:_MOST_SHOWN] for name, value in expressions.items() if isinstance(value, str)},
        own_id=_own_id(mapping, payload),
    )


def _own_id(mapping: Mapping, payload: dict[str, Any]) -> str | None:
    if mapping.id is None:
        return None
    found = _found(mapping.id, payload, "id")
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        raise Invalid(FieldError(field="id", message=f"required: a text or a whole number (mapped from {mapping.id})"))
    return str(found)


def _check(mapping: Mapping) -> None:
    """Refuse an expression that can't be parsed, whichever payload comes."""
    for place, expression in _expressions({"when": mapping.when, "id": mapping.id, "request": mapping.request}, ""):
        try:
            jmespath.compile(expression)
        except JMESPathError as e:
            raise BadSecret(f"mapping.{place}: {_brief(e)}") from None


def _expressions(value: Any, place: str) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(place, value)]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, one in inner for found in _expressions(one, f"{place}.{name}".lstrip("."))]


def _filled(value: Any, payload: dict[str, Any], place: str) -> Any:
    """The template with every text replaced by what it finds."""
    if isinstance(value, str):
        return _found(value, payload, place)
    if isinstance(value, dict):
        return {name: _filled(inner, payload, f"{place}.{name}".lstrip(".")) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, payload, f"{place}.{number}") for number, inner in enumerate(value)]
    return value


def _found(expression: str, payload: dict[str, Any], place: str) -> Any:
    try:
        found = jmespath.search(expression, payload)
        json.dumps(found, allow_nan=False)  # `to_number` makes infinities, and `&name` is no value at all
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as e:
        message = f"the mapping's expression {expression[:_MOST_SHOWN]} fails on this payload: {_brief(e)}"
        raise Invalid(FieldError(field=place, message=message)) from None
    return found


def _true(value: Any) -> bool:
    """Truth as JMESPath has it: null, false and everything empty are false; zero is true."""
    return value not in (None, False, "", [], {}) or (value == 0 and value is not False)


def _brief(error: Exception) -> str:
    lines = str(error).splitlines()
    return " ".join(lines[0].split())[:_MOST_SHOWN] if lines else type(error).__name__
