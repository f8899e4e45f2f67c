"""Answers of the HTTP doors, in API Gateway's payload format 2.0; refusals are problem documents (RFC 9457)."""

import base64
import binascii
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Protocol

Response = dict[str, Any]


class Told(Protocol):
    """One thing wrong with one field: its dotted path, and what is allowed."""

    @property
    def field(self) -> str:
        """The path, "" for the body as a whole."""

    @property
    def message(self) -> str:
        """What is allowed."""


def answer(status: int, body: Any, **headers: str) -> Response:
    """A JSON answer; header names have `_` for `-`."""
    return _response(status, "application/json", body, headers)


def problem(status: int, detail: str, errors: Iterable[Told] = (), **headers: str) -> Response:
    """A refusal: what is wrong, and field by field where there are fields."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if found := [{"field": e.field, "message": e.message} for e in errors]:
        body["errors"] = found[:50]
    return _response(status, "application/problem+json", body, headers)


def raw_body(event: dict[str, Any]) -> bytes:
    """The bytes that were sent. Raises ValueError where the base64 around them is broken."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as e:
        raise ValueError("the body is not what API Gateway encodes") from e


def _response(status: int, content_type: str, body: Any, headers: dict[str, str]) -> Response:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return {
        "statusCode": status,
        "headers": {"content-type": content_type, "cache-control": "no-store"} | named,
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "isBase64Encoded": False,
    }
