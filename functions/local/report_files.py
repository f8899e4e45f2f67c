"""Writing reports to files: which form a file has, whether it can be written, and never half of one."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.local.cli_errors import bad_input
from functions.pipeline.report.formats import SUFFIXES, Form, form_of, render
from functions.pipeline.telling import Language


def form_for(option: str, path: str) -> Form:
    """The form of a file by its suffix. Raises CommandFailed (2), naming the option and what is allowed."""
    form = form_of(path)
    if form is None:
        raise bad_input(f"{option}: {path}: the suffix tells the format; allowed: {', '.join(SUFFIXES)}")
    return form


def check_writable(option: str, path: str) -> None:
    """See that a file can be made there, before anything long is begun. Raises CommandFailed (2)."""
    folder = Path(path).parent
    if Path(path).is_dir():
        raise bad_input(f"{option}: {path} is a folder")
    if not folder.is_dir():
        raise bad_input(f"{option}: {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise bad_input(f"{option}: {path}: the folder {folder} can't be written to")


def write_report(option: str, path: str, data: Mapping[str, Any], form: Form, language: Language) -> None:
    """Write a report, whole or not at all. Raises CommandFailed (2) where the file can't be written."""
    content = render(data, form, language)
    try:
        if Path(path).exists() and not Path(path).is_file():
            Path(path).write_bytes(content)  # a pipe or a device can't be replaced
            return
        _replace(Path(path), content)
    except OSError as error:
        raise bad_input(f"{option}: {path} can't be written: {error.strerror or type(error).__name__}") from error


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The mask can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
