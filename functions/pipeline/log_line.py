"""One log line, from values to text: the format of Powertools for AWS Lambda (Python), without a secret in it.

Source: "Logger" in the documentation of Powertools for AWS Lambda (Python); keys, their order and the formats are held
against the original by a test, byte for byte.
"""

import json
import re
import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HIDDEN = "***"
SECRET_NAME = re.compile(
    r"(^|_)(authorization|cookie|credentials?|password|passwd|secret|secret_key|access_key|signature"
    r"|auth_token|security_token|session_token|subject_token|webhook_keys?)$|^(token|tokens|keys)$"
)
"""Names whose values are never written, whatever they are (lower case, `-` read as `_`)."""

FIXED = frozenset({"level", "location", "message", "timestamp"})
"""Keys that a caller can't override."""


@dataclass(frozen=True)
class Record:
    """What one line says; `created` is in epoch seconds, `keys` are the invocation's and come before `extras`."""

    level: str
    location: str
    message: Any
    created: float
    service: str
    keys: Mapping[str, Any]
    extras: Mapping[str, Any]
    error: BaseException | None = None
    trace: str | None = None


def render(record: Record, concealed: Iterable[str] = ()) -> str:
    """Return the line without its newline; no text of `concealed` occurs in it."""
    line = {
        "level": record.level,
        "location": record.location,
        "message": None,  # holds its place
        "timestamp": _timestamp(record.created),
        "service": record.service,
        **_redacted(record.keys),
        **{name: value for name, value in _redacted(record.extras).items() if name not in FIXED},
    }
    line["message"] = _decoded(record.message)
    for name, value in _told(record.error).items():
        line.setdefault(name, value)
    line["stack_trace"] = _frames(record.error)
    line["xray_trace_id"] = record.trace.split(";")[0].replace("Root=", "") if record.trace else None
    text = json.dumps(
        {name: value for name, value in line.items() if value is not None},
        separators=(",", ":"),
        ensure_ascii=False,
        default=str,
    )
    for secret in concealed:
        text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], HIDDEN)
    # What no encoding can write must not fail the function that tells it.
    return text.encode("utf-8", "backslashreplace").decode()


def secret_texts(text: str) -> set[str]:
    """Return what must never be written of a secret: the text, or if it is JSON the values under secret names."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {text}
    return _leaves(document, secret=False) if isinstance(document, dict | list) else {text}


def _leaves(value: Any, *, secret: bool) -> set[str]:
    if isinstance(value, Mapping):
        return {
            text
            for name, content in value.items()
            for text in _leaves(content, secret=secret or _is_secret(name, content))
        }
    if isinstance(value, list):
        return {text for entry in value for text in _leaves(entry, secret=secret)}
    return {value} if secret and isinstance(value, str) else set()


def _timestamp(created: float) -> str:
    # Local time, as the original has it; Lambda's is UTC unless TZ says otherwise.
    milliseconds = int((created - int(created)) * 1000)
    return time.strftime(f"%Y-%m-%d %H:%M:%S,{milliseconds:03d}%z", time.localtime(created))


def _decoded(message: Any) -> Any:
    if isinstance(message, str):
        try:
            return json.loads(message)
        except (ValueError, RecursionError):
            return message
    return message


def _told(error: BaseException | None) -> dict[str, Any]:
    if error is None:
        return {}
    return {
        "exception": "".join(traceback.format_exception(error)).removesuffix("\n"),
        "exception_name": type(error).__name__,
        "exception_notes": getattr(error, "__notes__", None),
    }


def _frames(error: BaseException | None) -> dict[str, Any] | None:
    # Source lines only: local variables hold secrets.
    if error is None:
        return None
    return {
        "type": type(error).__name__,
        "value": str(error),
        "module": type(error).__module__,
        "frames": [
            {"file": frame.filename, "line": frame.lineno, "function": frame.name, "statement": frame.line}
            for frame in traceback.extract_tb(error.__traceback__)
        ],
    }


def _redacted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: HIDDEN if _is_secret(name, content) else _redacted(content) for name, content in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(entry) for entry in value]
    return value


def _is_secret(name: Any, content: Any) -> bool:
    return content is not None and SECRET_NAME.search(str(name).lower().replace("-", "_")) is not None
