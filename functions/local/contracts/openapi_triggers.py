"""The triggers' door in the HTTP API: what tools deliver."""

import json
from typing import Any

from functions.local.contracts.examples import Examples
from functions.local.contracts.openapi_parts import (
    FOLLOWING,
    LOCATION,
    RETRY_AFTER,
    SIGNED,
    TOKEN,
    TRACEPARENT,
    answer,
    problems,
    schema,
)
from functions.local.contracts.rendering import Json

_SOURCE = {
    "name": "source",
    "in": "path",
    "required": True,
    "description": "Its name in the deployment's triggers secret.",
    "schema": {"type": "string"},
}
_ORIGIN = {"name": "WebHook-Request-Origin", "in": "header", "required": True, "schema": {"type": "string"}}


def trigger_path(examples: Examples) -> Json:
    """The path of one source."""
    return {"parameters": [_SOURCE], "post": _deliver(examples), "options": _shake_hands()}


def _deliver(examples: Examples) -> Json:
    tools: list[Json] = [{"x-hub-signature-256": []}, {"x-gitlab-token": []}]
    event = {"schema": schema("request.cloudevent.v1"), "examples": {"requested": {"value": _event(examples)}}}
    payload = {"schema": {"description": "What the source sends, as its maker describes it; at most 512 KiB."}}
    return {
        "operationId": "deliver",
        "tags": ["asking"],
        "summary": "Deliver what a tool tells",
        "description": (
            "GitHub, GitLab, CloudEvents, or any JSON with a mapping: what a delivery asks for becomes the same "
            "request as above, once however often it is sent. A source proves itself in its own way or "
            "as the webhook does."
        ),
        "security": [*SIGNED, *tools, *TOKEN],
        "parameters": [TRACEPARENT],
        "requestBody": {
            "required": True,
            "content": {"application/json": payload, "application/cloudevents+json": event},
        },
        "responses": {
            "200": answer("Authentic, but it asks for no comparison.", "answer.left_alone.v1"),
            "202": answer(
                "Stored. Look at `Location`, or wait for the event.",
                "answer.accepted.v1",
                headers=LOCATION | RETRY_AFTER,
                links=FOLLOWING,
            ),
            **problems(
                {
                    "400": "The delivery can't be read.",
                    "401": "The delivery is not proved to come from a source that is known here.",
                    "409": "The delivery's id was another request; that one stands.",
                    "413": "The body has more than 512 KiB.",
                    "415": "The source's adapter doesn't read this content type.",
                    "422": "The delivery can't become a comparison; `errors` says what is missing.",
                    "503": "Nothing was stored.",
                },
                retry={"503"},
            ),
        },
    }


def smn_path(examples: Examples) -> Json:
    """The path that Huawei's SMN posts to."""
    shown = {name: {"value": json.loads(examples.body(name)["body"])} for name in ("smn", "smn.confirmation")}
    payload = {"schema": {"description": "As SMN's user guide describes it; at most 512 KiB."}, "examples": shown}
    deliver: Json = {
        "operationId": "deliverBySmn",
        "tags": ["asking"],
        "summary": "Deliver what a topic of Huawei's SMN tells",
        "description": (
            "The subscription of a listed topic is confirmed. What a notification asks for becomes a message of the "
            "`requests` queue, once however often it is sent; the signature is in the body. What is wrong beyond a "
            "missing job or level is told in the event `parity.request.invalid.v1`."
        ),
        "security": [{}],
        "requestBody": {"required": True, "content": {"application/json": payload}},
        "responses": {
            "200": answer("Authentic, but it asks for no comparison.", "answer.left_alone.v1"),
            "202": answer(
                "In the queue. Look at `Location`, or wait for the event.",
                "answer.accepted.v1",
                headers=LOCATION | RETRY_AFTER,
                links=FOLLOWING,
            ),
            **problems(
                {
                    "401": "The delivery is not proved to come from a topic that is listed here.",
                    "413": "The body has more than 512 KiB.",
                    "422": "The delivery can't become a comparison; `errors` says what is missing.",
                    "503": "Nothing was stored.",
                },
                retry={"503"},
            ),
        },
    }
    return {"post": deliver}


def _event(examples: Examples) -> Any:
    return json.loads(examples.body("trigger.cloudevents")["body"])


def _shake_hands() -> Json:
    allowed = {"Allow": "POST", "WebHook-Allowed-Origin": "The origin.", "WebHook-Allowed-Rate": "No limit: `*`."}
    headers = {name: {"description": told, "schema": {"type": "string"}} for name, told in allowed.items()}
    return {
        "operationId": "shakeHands",
        "tags": ["asking"],
        "summary": "Ask whether deliveries are welcome (CloudEvents web hooks)",
        "security": [{}],
        "parameters": [_ORIGIN],
        "responses": {
            "200": answer("They are.", "answer.handshake.v1", headers=headers),
            **problems(
                {"403": "No source here takes deliveries from this origin.", "503": "Not to be told right now."},
                retry={"503"},
            ),
        },
    }
