"""Whether a file may become, or already is, the comparer's store. Looks and never writes: it may be a user's database.

Stores of the first release carry no application id yet; they are known by their objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from functions.comparer.core.engine import Stop, Unreadable
from functions.comparer.sqlite.endpoint import SqliteEndpoint
from functions.comparer.sqlite.file import header

APPLICATION_ID = 0x50415249  # "PARI"

_FIRST_OBJECTS = {
    "TABLE": {"task", "item"},
    "INDEX": {"`task`.`task_of_job`", "`task`.`task_unfinished`"},
    "CONSTRAINT": {
        "`task`.`PRIMARY KEY (id)`",
        "`item`.`PRIMARY KEY (task_id, part, number)`",
        "`item`.`FOREIGN KEY (task_id) REFERENCES task (id) ON DELETE CASCADE`",
    },
    "VIEW": set[str](),
    "TRIGGER": set[str](),
}
_OBJECTS = {
    **_FIRST_OBJECTS,
    "TABLE": {*_FIRST_OBJECTS["TABLE"], "report"},
    "CONSTRAINT": {
        *_FIRST_OBJECTS["CONSTRAINT"],
        "`report`.`PRIMARY KEY (task_id)`",
        "`report`.`FOREIGN KEY (task_id) REFERENCES task (id) ON DELETE CASCADE`",
    },
}
# Where the file format has PRAGMA user_version and application_id (SQLite, "Database File Format").
_VERSION, _ID = slice(60, 64), slice(68, 72)
_NONE = b"\0" * 4


def refusal(path: Path) -> str | None:
    """Why the file can't be the store; None: it can, because it is one, or is empty, or isn't there yet."""
    try:
        if not path.exists() or (path.is_file() and path.stat().st_size == 0):
            return None
        if path.is_dir():
            return f"{path}: it is not a regular file"
        with SqliteEndpoint(path, patience=1.0).snapshot(path.stem, Stop()) as snapshot:
            objects = snapshot.objects()
        written = header(path)
    except Unreadable as error:
        return str(error)
    except OSError as error:
        return f"{path}: {error.strerror or type(error).__name__}"
    if _is_empty(objects, written) or _is_store(objects, written):
        return None
    return f"{path}: it is a database, but not a comparer's store"


def _is_empty(objects: Mapping[str, frozenset[str]], written: bytes) -> bool:
    return not any(objects.values()) and written[_VERSION] == written[_ID] == _NONE


def _is_store(objects: Mapping[str, frozenset[str]], written: bytes) -> bool:
    return objects in (_FIRST_OBJECTS, _OBJECTS) and written[_ID] in {_NONE, APPLICATION_ID.to_bytes(4, "big")}
