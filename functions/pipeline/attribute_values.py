"""DynamoDB attribute values to plain Python and back.

Plain means str, int, float, bool, None, list and dict. Source: `AttributeValue` in the DynamoDB API reference.
"""

import math
from collections.abc import Mapping
from typing import Any

MAX_DIGITS = 38
"""Precision of a DynamoDB number; more digits would be refused by the service."""


def encode_item(item: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Encode each value of a plain item; TypeError or ValueError name the attribute that can't be stored."""
    encoded = {}
    for name, value in item.items():
        try:
            encoded[name] = encode(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"attribute {name}: {error}") from None
    return encoded


def decode_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Decode an item as the service returned it."""
    return {name: decode(value) for name, value in item.items()}


def encode(value: Any) -> dict[str, Any]:
    """Encode one plain value, e.g. `3` to `{"N": "3"}`."""
    match value:
        case bool():
            return {"BOOL": value}
        case None:
            return {"NULL": True}
        case str():
            return {"S": value}
        case int() | float():
            return {"N": _number(value)}
        case Mapping():
            return {"M": encode_item(value)}
        case list() | tuple():
            return {"L": [encode(entry) for entry in value]}
        case _:
            raise TypeError(
                f"a {type(value).__name__} can't be stored; allowed: str, int, float, bool, None, list, dict"
            )


def decode(value: Mapping[str, Any]) -> Any:
    """Decode one attribute value; a number is an int where it is integral, else a float."""
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "NULL":
            return None
        case "N":
            return _from_number(content)
        case "M":
            return decode_item(content)
        case "L":
            return [decode(entry) for entry in content]
        case _:
            raise ValueError(f"attribute type {kind} is not one that this project writes")


def _number(value: float) -> str:
    if isinstance(value, int):
        if abs(value) >= 10**MAX_DIGITS:
            raise ValueError(f"an integer has at most {MAX_DIGITS} digits")
        return str(value)
    if not math.isfinite(value) or not (value == 0 or 1e-130 <= abs(value) < 1e126):
        raise ValueError("a number is finite and between 1E-130 and 1E+126")
    return repr(value)


def _from_number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        number = float(text)
        return int(number) if number.is_integer() else number
