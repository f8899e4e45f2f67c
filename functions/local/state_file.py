"""Where the commands find the local cloud that `parity up` runs: a small file that only its owner may read.

Whoever wrote it keeps it locked (flock) while it runs. The lock ends with the process, however that ends; a number of a
process says nothing, because it is given to another one later.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    aws_region: str = ""
    aws_access_key: str = ""
    aws_secret_key: SecretStr = SecretStr("")
    queue_urls: dict[str, str] = {}
    """The queues, by the names that the template's outputs give their URLs."""
    ledger_table: str = ""

    @field_serializer("token", "webhook_secret", "aws_secret_key", when_used="json")
    def _shown(self, secret: SecretStr) -> str:
        # Written for the commands to read; the file's mode keeps everybody else out.
        return secret.get_secret_value()


def state_path(env: Mapping[str, str]) -> Path:
    """``$XDG_STATE_HOME/parity/up.json``; XDG_STATE_HOME is ``~/.local/state`` by default."""
    state = env.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "parity" / "up.json"


@contextmanager
def announced(path: Path, state: LocalState) -> Iterator[None]:
    """Keep the file meanwhile, readable by its owner alone; it appears in one step. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            json.dump(state.model_dump(mode="json"), file)
            file.flush()
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        try:
            yield
        finally:
            if _is(path, file.fileno()):  # another local cloud may have written its own meanwhile
                path.unlink()


def read_state(path: Path) -> LocalState | None:
    """The running local cloud, or None: there is none, its process has ended, or the file can't be read."""
    try:
        with path.open(encoding="utf-8") as file:
            return LocalState.model_validate_json(file.read()) if _is_locked(file.fileno()) else None
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _is(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False
