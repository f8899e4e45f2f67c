"""Whether a message fits its committed schema; closed, it may hold nothing that the schema doesn't name."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from functions.local.contracts.documents import FOLDER, ROOT

CONTRACTS = ROOT / FOLDER
Json = dict[str, Any]


def schema(name: str) -> Json:
    """A committed schema."""
    found: Json = json.loads((CONTRACTS / "schemas" / f"{name}.json").read_text())
    return found


@cache
def _judge(name: str, closed: bool) -> Draft202012Validator:
    document = schema(name)
    return Draft202012Validator(_closed(document) if closed else document)


def fits(message: Any, name: str) -> bool:
    """Whether a message is what its readers were promised."""
    return bool(_judge(name, False).is_valid(message))


def complaints(message: Any, name: str, *, closed: bool = True) -> list[str]:
    """What is wrong with a message, and what of it has no place in its schema."""
    return [f"{error.json_path}: {error.message[:300]}" for error in _judge(name, closed).iter_errors(message)]


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    inner = {name: _closed(value) for name, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        inner.setdefault("additionalProperties", False)
    return inner
