"""All documents, as they are committed under `events/contracts`."""

import json
import tomllib
from pathlib import Path

from functions.local.contracts.asyncapi import asyncapi
from functions.local.contracts.catalogue import SCHEMAS
from functions.local.contracts.examples import Examples
from functions.local.contracts.openapi import openapi
from functions.local.contracts.rendering import Json
from functions.local.template_yaml import read_yaml

ROOT = Path(__file__).parents[3]
FOLDER = "events/contracts"
COMMAND = "make contracts"


def documents(root: Path = ROOT) -> dict[str, Json]:
    """Every document by its path in `events/contracts`, made from what lies in the repository at `root`."""
    release = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    examples = Examples(root / "events")
    resources = read_yaml(root / "template.yaml")["Resources"]
    return {schema.file: schema.document() for schema in SCHEMAS} | {
        "openapi.json": openapi(release, examples),
        "asyncapi.json": asyncapi(release, examples, resources),
    }


def text_of(document: Json) -> str:
    """A document as it is written: indented, in the order in which it was made, with a line's end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write(root: Path = ROOT) -> list[str]:
    """Write every document, and remove what is none any more; returns the paths that changed."""
    folder, wanted = root / FOLDER, {path: text_of(document) for path, document in documents(root).items()}
    changed = []
    for path, text in wanted.items():
        file = folder / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            changed.append(path)
    for file in folder.rglob("*.json"):
        if (path := file.relative_to(folder).as_posix()) not in wanted:
            file.unlink()
            changed.append(path)
    return sorted(changed)
