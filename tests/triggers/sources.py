"""What the tests of triggers configure, and deliveries as their senders make them: signed here by hand, not by us."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.pipeline.triggers.delivery import Delivery
from tests.journeys.world import JOB

EVENT_FILES: dict[str, int | None] = {
    "trigger.github": 202,
    "trigger.github.ping": 200,
    "trigger.gitlab": 202,
    "trigger.cloudevents": 202,
    "trigger.cloudevents.binary": 202,
    "trigger.handshake": 200,
    "dms": None,
    "dms.serverless": None,
}
"""The files in `events/` that are used here, and the status that the door answers them with; None for a queue."""
SMN_FILES = {"smn": 202, "smn.confirmation": 200}
"""What SMN posts, which the tests of its function sign, and the status of the answer."""
FOLDER = Path(__file__).parents[2] / "events"
GITHUB_KEY = "a-github-secret-of-32-characters"
STANDARD_KEY = "whsec_" + base64.b64encode(b"t" * 32).decode()
BEARER = "a-token-of-a-generator"
OBJECTS = {"job_id": JOB, "object_level_compare_type": "objects"}
MAPPING = {
    "when": "alarm.status == 'ended'",
    "id": "alarm.id",
    "request": {
        "job_id": "alarm.dimensions[?name=='job'].value | [0]",
        "object_level_compare_type": "'objects'",
        "deadline_seconds": 3600,
        "labels": {"alarm": "alarm.name"},
    },
}
CONFIGURED: dict[str, Any] = {
    "github": {"keys": [GITHUB_KEY]},
    "gitlab": {"keys": [STANDARD_KEY], "tokens": [BEARER]},
    "cloudevents": {"keys": [STANDARD_KEY], "tokens": [BEARER], "origins": ["eventgrid.azure.net"]},
    "alarms": {"kind": "json", "keys": [STANDARD_KEY], "tokens": [BEARER], "mapping": MAPPING},
    "dms": [
        {"task": "arn:aws:dms:us-east-1:123456789012:task:SHOP*", "message": "*FULL_LOAD*", "request": OBJECTS},
        {"task": "arn:aws:dms:*:replication-config:SHOP*", "request": OBJECTS},
    ],
}


def event_file(name: str) -> dict[str, Any]:
    """One of the files in `events/`."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return content


def delivered(name: str) -> Delivery:
    """The delivery in an event file of the door."""
    event = event_file(name)
    return Delivery(event["headers"], event.get("body", "").encode())


def hub_signed(body: bytes, key: str = GITHUB_KEY) -> str:
    """`X-Hub-Signature-256` by hand, as GitHub's documentation has it."""
    return "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def from_github(payload: Any, event: str = "repository_dispatch", delivery_id: str = "d-1") -> Delivery:
    """A delivery that GitHub signed."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": delivery_id,
        "x-hub-signature-256": hub_signed(body),
    }
    return Delivery(headers, body)


def with_bearer(payload: Any, **headers: str) -> Delivery:
    """A delivery with a bearer token; header names have `_` for `-`."""
    sent = {"content-type": "application/json", "authorization": f"Bearer {BEARER}"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery(sent | named, payload if isinstance(payload, bytes) else json.dumps(payload).encode())


def secret(**changes: Any) -> str:
    """The triggers secret with entries changed; None takes one out."""
    entries: Mapping[str, Any] = CONFIGURED | changes
    return json.dumps({name: entry for name, entry in entries.items() if entry is not None})
