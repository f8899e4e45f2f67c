"""The documents of the last release, read from its tag, and what of today's breaks its callers."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from functions.local.contracts.breaking import breaks
from functions.local.contracts.catalogue import SCHEMAS
from functions.local.contracts.documents import FOLDER
from functions.local.contracts.rendering import Json

_METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}


def last_tag(root: Path) -> str | None:
    """The newest tag that the checkout at `root` descends from; None where there is none, or no repository at all."""
    described = _git(root, "describe", "--tags", "--abbrev=0")
    return described.strip() if described else None


def breaks_since(root: Path, tag: str, today: Mapping[str, Json]) -> list[str]:
    """What of today's documents breaks callers of the release `tag`; empty where it had none."""
    found: list[str] = []
    listed = _git(root, "ls-tree", "-r", "--name-only", tag, FOLDER) or ""
    for file in listed.splitlines():
        path = file.removeprefix(f"{FOLDER}/")
        if (text := _git(root, "show", f"{tag}:{file}")) is not None:
            found += [f"{path}: {told}" for told in breaks_of_document(path, json.loads(text), today.get(path))]
    return found


def breaks_of_document(path: str, old: Json, new: Json | None) -> list[str]:
    """What changed for the worse in one document."""
    if new is None:
        return ["the document is gone"]
    if path == "openapi.json":
        return list(_lost_operations(old, new))
    if path == "asyncapi.json":
        return list(_lost_messages(old, new))
    return breaks(old, new, {schema.file: schema.direction for schema in SCHEMAS}[path])


def _lost_operations(old: Json, new: Json) -> Iterator[str]:
    """Paths, methods, statuses and media types that are gone; parameters that are gone or have become required."""
    for path, methods in old["paths"].items():
        for method in _METHODS & methods.keys():
            after = new["paths"].get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if after is None:
                yield f"{where}: is gone"
                continue
            yield from (
                f"{where}: {status} is gone"
                for status in methods[method]["responses"]
                if status not in after["responses"]
            )
            yield from _parameters(where, methods[method], after)


def _parameters(where: str, old: Json, new: Json) -> Iterator[str]:
    before, after = ({p["name"]: p for p in side.get("parameters", ())} for side in (old, new))
    for name, parameter in before.items():
        if name not in after:
            yield f"{where}: the parameter {name} is gone"
        else:
            yield from (f"{where}: {told}" for told in breaks(parameter["schema"], after[name]["schema"], "read"))
    for name, parameter in after.items():
        if parameter.get("required") and not before.get(name, {}).get("required"):
            yield f"{where}: the parameter {name} has become required"
    if old.get("security") != new.get("security"):
        yield f"{where}: who is let in has changed"


def _lost_messages(old: Json, new: Json) -> Iterator[str]:
    for name, channel in old["channels"].items():
        after: Mapping[str, Any] = new["channels"].get(name, {}).get("messages", {})
        yield from (f"{name}: the message {message} is gone" for message in channel["messages"] if message not in after)


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; None where it refuses or isn't there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
