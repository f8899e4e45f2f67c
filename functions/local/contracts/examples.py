"""The files of `events/` as examples of the documents: each one is what the functions really take or send."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Examples:
    """The folder they are in."""

    folder: Path

    def body(self, name: str) -> Any:
        """The content of `events/<name>.json`."""
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))

    def message(self, name: str) -> Any:
        """The body of the queue message with which `events/<name>.json` invokes its function."""
        return json.loads(self.body(name)["Records"][0]["body"])
