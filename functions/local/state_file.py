"""Where the commands find the local cloud that `parity up` runs: a small file that only its owner may read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer


class LocalState(BaseModel):
    """A running local cloud: its process, addresses and secrets. `started_at` in epoch seconds."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    pid: int
    started_at: float
    url: str
    aws_endpoint: str
    comparer_url: str
    project_id: str
    job_ids: tuple[str, ...]
    token: SecretStr
    webhook_secret: SecretStr

    @field_serializer("token", "webhook_secret", when_used="json")
    def _shown(self, secret: SecretStr) -> str:
        # Written for the commands to read; the file's mode keeps everybody else out.
        return secret.get_secret_value()


def state_path(env: Mapping[str, str]) -> Path:
    """``$XDG_STATE_HOME/parity/up.json``; XDG_STATE_HOME is ``~/.local/state`` by default."""
    state = env.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "parity" / "up.json"


def write_state(path: Path, state: LocalState) -> None:
    """Write the file in one step, readable by its owner alone. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(state.model_dump(mode="json"), file)
    draft.replace(path)


def read_state(path: Path) -> LocalState | None:
    """The running local cloud, or None: there is none, its process has ended, or the file can't be read."""
    try:
        state = LocalState.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None
    return state if _lives(state.pid) else None


def remove_state(path: Path, pid: int) -> None:
    """Remove the file, unless another local cloud has written its own meanwhile."""
    state = read_state(path)
    if state is not None and state.pid == pid:
        path.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's process: it lives
    return True
