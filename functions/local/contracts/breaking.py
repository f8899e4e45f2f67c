"""What of a change breaks callers of the release before: pure functions of two JSON Schemas.

Who reads a message must go on understanding it, and who writes one must go on being taken; so what breaks depends on
whether Parity reads a message or writes it. A rule that can't be judged here counts as breaking if it changed at all.

oasdiff, the tool that is usual for this, is a Go program in no registry that this project installs from, and knows
OpenAPI alone; the events matter most here. The packages that compare JSON Schemas don't tell who reads and who writes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from functions.local.contracts.rendering import Direction, Json

#: They say something to people alone.
_SILENT = {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default", "format", "deprecated"}
_JUDGED = {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "anyOf"}
#: Whether a larger number takes more (upper limits) or less (lower limits).
_UPPER, _LOWER = ("maximum", "maxLength", "maxItems", "maxProperties"), ("minimum", "minLength", "minItems")


@dataclass(frozen=True)
class _Side:
    """A schema and the document that its references point into."""

    node: Json
    document: Json

    def at(self, node: Json) -> "_Side":
        """Another schema of the same document, whose references are followed."""
        while "$ref" in node:
            name = str(node["$ref"]).removeprefix("#/$defs/")
            node = self.document["$defs"][name] | {key: value for key, value in node.items() if key != "$ref"}
        return _Side(node, self.document)


def breaks(old: Json, new: Json, direction: Direction) -> list[str]:
    """What a release with `new` breaks for those who know `old`; each with the path of its field."""
    return list(_breaks(_Side(old, old).at(old), _Side(new, new).at(new), direction, ""))


def _breaks(old: _Side, new: _Side, direction: Direction, path: str) -> Iterator[str]:
    where = path or "the message"
    if "anyOf" in old.node or "anyOf" in new.node:
        yield from _branches(old, new, direction, path)
        if _only_alternatives(old.node) or _only_alternatives(new.node):
            return
    if types := list(_types(old.node, new.node, direction, where)):
        yield from types
        return
    yield from _values(old.node, new.node, where)
    yield from _limits(old.node, new.node, direction, where)
    yield from _fields(old, new, direction, path)
    if isinstance(old.node.get("items"), dict) and isinstance(new.node.get("items"), dict):
        yield from _breaks(old.at(old.node["items"]), new.at(new.node["items"]), direction, f"{path}[]")
    known = {*_SILENT, *_JUDGED, *_UPPER, *_LOWER}
    for name in sorted((old.node.keys() | new.node.keys()) - known):
        if old.node.get(name) != new.node.get(name):
            yield f"{where}: {name} has changed"


def _branches(old: _Side, new: _Side, direction: Direction, path: str) -> Iterator[str]:
    """Each branch of whoever writes has to be understood by one branch of whoever reads."""
    olds, news = ([side.at(branch) for branch in side.node.get("anyOf", [_plain(side.node)])] for side in (old, new))
    written, read = (olds, news) if direction == "read" else (news, olds)
    for branch in written:
        pairs = [(branch, other) if direction == "read" else (other, branch) for other in read]
        tried = [list(_breaks(before, after, direction, path)) for before, after in pairs]
        if all(tried):
            yield from min(tried, key=len)


def _only_alternatives(node: Json) -> bool:
    return not node.keys() - _SILENT - {"anyOf"}


def _plain(node: Json) -> Json:
    """A schema without alternatives, as the only alternative."""
    return {name: value for name, value in node.items() if name not in _SILENT}


def _types(old: Json, new: Json, direction: Direction, where: str) -> Iterator[str]:
    before, after = _type_names(old), _type_names(new)
    narrow, wide = (before, after) if direction == "read" else (after, before)
    if "anyOf" not in old and "anyOf" not in new and not narrow <= wide:
        yield f"{where}: was {_told(before)}, is {_told(after)}"


def _type_names(node: Json) -> set[str]:
    named = node.get("type", ["array", "boolean", "integer", "null", "number", "object", "string"])
    names = {named} if isinstance(named, str) else set(named)
    return names | {"integer"} if "number" in names else names


def _told(names: set[str]) -> str:
    return "anything" if len(names) > 6 else " or ".join(sorted(names))


def _values(old: Json, new: Json, where: str) -> Iterator[str]:
    """A value that is gone was either taken or understood; one that is new is an addition."""
    before, after = _allowed(old), _allowed(new)
    if after is None:
        return
    if before is None:
        yield f"{where}: only some values are left"
        return
    for value in before:
        if value not in after:
            yield f"{where}: the value {value!r} is gone"


def _allowed(node: Json) -> list[object] | None:
    if "const" in node:
        return [node["const"]]
    return node.get("enum")


def _limits(old: Json, new: Json, direction: Direction, where: str) -> Iterator[str]:
    for names, sign in ((_UPPER, 1), (_LOWER, -1)):
        for name in names:
            before, after = (sign * side.get(name, sign * float("inf")) for side in (old, new))
            if (after < before) if direction == "read" else (after > before):
                yield f"{where}: {name} was {old.get(name, 'open')}, is {new.get(name, 'open')}"


def _fields(old: _Side, new: _Side, direction: Direction, path: str) -> Iterator[str]:
    before, after = old.node.get("properties", {}), new.node.get("properties", {})
    for name, node in before.items():
        inner = f"{path}.{name}" if path else name
        if name in after:
            yield from _breaks(old.at(node), new.at(after[name]), direction, inner)
        else:
            yield f"{inner}: the field is gone"
    needed, promised = set(old.node.get("required", ())), set(new.node.get("required", ()))
    if direction == "read":
        yield from (f"{_joined(path, name)}: has become required" for name in sorted(promised - needed))
    else:
        yield from (f"{_joined(path, name)}: may be missing now" for name in sorted(needed - promised & set(after)))
    yield from _others(old, new, direction, path)


def _others(old: _Side, new: _Side, direction: Direction, path: str) -> Iterator[str]:
    before, after = (side.node.get("additionalProperties", True) for side in (old, new))
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _breaks(old.at(before), new.at(after), direction, f"{path}.*")
    elif before != after and not (direction == "read" and after is True):
        yield f"{path or 'the message'}: what else it may hold has changed"


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
