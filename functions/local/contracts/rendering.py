"""From a model to a JSON Schema (2020-12) that reads well: no machine-made titles, no null that is never sent."""

from typing import Any, Literal

from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Json = dict[str, Any]
Direction = Literal["read", "written"]
"""Whether Parity reads such a message or writes it; what breaks whom depends on it."""


def schema_of(model: type[BaseModel], direction: Direction) -> Json:
    """The model's schema, with everything it refers to in `$defs`."""
    if direction == "read":
        return _tidy(model.model_json_schema(mode="validation"), written=False)
    return _tidy(model.model_json_schema(mode="serialization"), written=True)


def _tidy(node: Json, *, written: bool) -> Json:
    """A schema without what only pydantic needs; `node` itself is left as it is."""
    kept = {name: value for name, value in node.items() if name not in {"title", "default"}}
    if "description" in kept:
        kept["description"] = " ".join(kept["description"].replace("``", "`").split())
    if written and kept.get("additionalProperties") is False:
        del kept["additionalProperties"]  # a next release may write more
    for name in ("properties", "$defs"):
        if name in kept:
            kept[name] = {key: _tidy(_present(inner, written), written=written) for key, inner in kept[name].items()}
    for name in ("items", "additionalProperties", "propertyNames"):
        if isinstance(kept.get(name), dict):
            kept[name] = _tidy(kept[name], written=written)
    for name in ("anyOf", "prefixItems"):
        if name in kept:
            kept[name] = [_tidy(inner, written=written) for inner in kept[name]]
    if written and "properties" in node:
        kept["required"] = [key for key, inner in node["properties"].items() if not _may_be_absent(inner)]
    return kept


def _may_be_absent(node: Json) -> bool:
    return "default" in node and node["default"] is None


def _present(node: Json, written: bool) -> Json:
    """A field's schema where the field is there at all: one that is left out instead of null is never null."""
    if not written or not _may_be_absent(node):
        return node
    (inner, *more) = [branch for branch in node["anyOf"] if branch != {"type": "null"}]
    rest = {name: value for name, value in node.items() if name not in {"anyOf", "default"}}
    return {"anyOf": [inner, *more], **rest} if more else inner | rest
