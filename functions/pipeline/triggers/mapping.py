"""A source's mapping: a payload in, a request out, or what is missing.

Imported only where a source has a mapping, since it loads the library.
"""

from typing import Any

from functions.pipeline.messages import FieldError, Invalid
from functions.pipeline.triggers.configuration import Mapping
from functions.pipeline.triggers.delivery import Asked, NotForUs
from functions.pipeline.triggers.expressions import Unmapped, check, expressions_of, found, holds, request_of


def mapped(mapping: Mapping, payload: dict[str, Any]) -> Asked:
    """The request that `mapping` makes of `payload`.

    Raises NotForUs where `when` doesn't hold, Invalid where an expression fails on this payload, and BadSecret where
    one can't be read at all.
    """
    check({"when": mapping.when, "id": mapping.id, "request": mapping.request})
    try:
        if mapping.when is not None and not holds(mapping.when, payload, "when"):
            raise NotForUs("The mapping's `when` doesn't hold for this payload.")
        request = request_of(mapping.request, payload)
        return Asked(request, expressions=expressions_of(mapping.request), own_id=_own_id(mapping, payload))
    except Unmapped as e:
        raise Invalid(FieldError(field=e.field, message=e.message)) from None


def _own_id(mapping: Mapping, payload: dict[str, Any]) -> str | None:
    if mapping.id is None:
        return None
    own_id = found(mapping.id, payload, "id")
    if isinstance(own_id, bool) or not isinstance(own_id, str | int) or own_id == "":
        raise Invalid(FieldError(field="id", message=f"required: a text or a whole number (mapped from {mapping.id})"))
    return str(own_id)
