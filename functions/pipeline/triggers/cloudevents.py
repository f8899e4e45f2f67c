"""CloudEvents 1.0 over HTTP, structured and binary: `data` is the request, `source` and `id` make the request id.

A Standard Webhooks signature covers the body alone, and so not the attributes of the binary mode: there the signed
`webhook-id` is the id. Sources: CloudEvents 1.0.2, its JSON format, HTTP protocol binding and HTTP 1.1 web hooks.
"""

import base64
import binascii
import json
from typing import Any
from urllib.parse import unquote

from functions.pipeline.messages import FieldError, Invalid, parse_json_object
from functions.pipeline.triggers import proofs
from functions.pipeline.triggers.configuration import Source
from functions.pipeline.triggers.delivery import (
    MAX_DELIVERY_BYTES,
    Asked,
    Delivery,
    Occurrence,
    Unsupported,
    request_in,
)

EVENTS = ("parity.comparison.requested.v1",)
STRUCTURED = "application/cloudevents+json"
_REQUIRED = ("id", "source", "type")


def prove(delivery: Delivery, source: Source, now: float) -> str:
    """Check signature or bearer token; returns the signed id. Raises signature.Invalid."""
    return proofs.standard_or(proofs.bearer(delivery), delivery, source, now)


def read(delivery: Delivery, signed_id: str) -> Occurrence:
    """Read a proved event in either mode. Raises Unsupported and Invalid."""
    structured = delivery.content_type() == STRUCTURED
    event = _structured(delivery) if structured else _binary(delivery)
    errors = [
        FieldError(field=name, message="required: a text that is not empty")
        for name in _REQUIRED
        if not isinstance(event.get(name), str) or not event[name]
    ]
    if event.get("specversion") != "1.0":
        errors.append(FieldError(field="specversion", message="must be 1.0"))
    if errors:
        raise Invalid(*errors)
    own_id = json.dumps([event["source"], event["id"]])
    return Occurrence(event["type"], own_id if structured or not signed_id else signed_id, event)


def asked(occurrence: Occurrence) -> Asked:
    """The request in `data`. Raises Invalid."""
    return request_in(occurrence.payload.get("data"), "data")


def _structured(delivery: Delivery) -> dict[str, Any]:
    event = parse_json_object(delivery.body, MAX_DELIVERY_BYTES)
    if "data_base64" in event:
        event["data"] = _decoded(event.pop("data_base64"))
    return event


def _decoded(text: Any) -> dict[str, Any]:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Invalid(FieldError(field="data_base64", message="must be base64")) from None
    return parse_json_object(raw, MAX_DELIVERY_BYTES)


def _binary(delivery: Delivery) -> dict[str, Any]:
    kind = delivery.content_type()
    is_json = kind == "application/json" or (kind.endswith("+json") and not kind.startswith("application/cloudevents"))
    if not is_json or not delivery.header("ce-specversion"):
        raise Unsupported(f"Send {STRUCTURED}, or application/json with ce- headers; batches are not read.")
    # Values of ce- headers are percent-encoded UTF-8.
    attributes: dict[str, Any] = {
        name.removeprefix("ce-"): unquote(value) for name, value in delivery.headers.items() if name.startswith("ce-")
    }
    return attributes | {"data": parse_json_object(delivery.body, MAX_DELIVERY_BYTES)}
