"""Golden files: what every channel makes of every verdict in both languages, kept to be read by people.

They are compared, never written, unless PARITY_GOLDEN=write is in the environment.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Golden = Callable[[str, str, Any], None]
"""Takes a channel, a name such as `failed.zh` and what was rendered: a JSON document."""

_FOLDER = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Golden:
    """Compares with the golden file of that name; a missing one is a failure."""

    def compare(channel: str, name: str, payload: Any) -> None:
        path = _FOLDER / channel / f"{name}.json"
        text = json.dumps(payload, ensure_ascii=False, indent=2) + "\n"
        if os.environ.get("PARITY_GOLDEN") == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        assert path.is_file(), f"no {path}: run the tests once with PARITY_GOLDEN=write and read what it writes"
        assert text == path.read_text("utf-8")

    return compare
