"""The paths of the HTTP API, an operation each: what goes in, every status, and what it means for the caller."""

from typing import get_args

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
from functions.local.contracts.openapi_triggers import smn_path, trigger_path
from functions.local.contracts.rendering import Json
from functions.pipeline.comparison import State
from functions.pipeline.verdict import RANK

_COMPARISON_ID = {
    "name": "comparison_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^cmp_[0-9a-f]{32}$"},
}


def paths(examples: Examples) -> Json:
    """Every path of the template's API."""
    return {
        "/comparisons": {"post": _ask(examples), "get": _list()},
        "/comparisons/{comparison_id}": {"parameters": [_COMPARISON_ID], "get": _show(), "delete": _cancel()},
        "/triggers/smn": smn_path(examples),
        "/triggers/{source}": trigger_path(examples),
    }


def _ask(examples: Examples) -> Json:
    return {
        "operationId": "askForComparison",
        "tags": ["asking"],
        "summary": "Ask for a comparison",
        "description": (
            "The same `webhook-id` is the same comparison, however often it is sent. 202 only for what is safely "
            "stored. Don't retry 400, 401, 409, 413, 415 and 422; retry 429, 500, 503 and no answer with the same "
            "`webhook-id`, signed anew, with growing pauses."
        ),
        "security": SIGNED,
        "parameters": [
            {
                "name": "dry_run",
                "in": "query",
                "description": "Only tell what would be sent to DRS, and what would become of it now.",
                "schema": {"type": "string", "enum": ["true", "false"], "default": "false"},
            },
            TRACEPARENT,
        ],
        "requestBody": {
            "required": True,
            "description": "At most 128 KiB.",
            "content": {
                "application/json": {
                    "schema": schema("request.webhook.v1"),
                    "examples": {
                        "wave": {"summary": "Objects, and the rows of two tables", "value": examples.body("request")}
                    },
                }
            },
        },
        "responses": {
            "200": answer("A dry run: a forecast, no promise.", "answer.dry_run.v1"),
            "202": answer(
                "Stored. Look at `Location`, or wait for the event.",
                "answer.accepted.v1",
                headers=LOCATION | RETRY_AFTER,
                links=FOLLOWING,
            ),
            **problems(
                {
                    "400": "The query or the body can't be read.",
                    "401": "The signature is not valid; one answer for whatever is wrong with it.",
                    "409": "This `webhook-id` was another request; that one stands.",
                    "413": "The body has more than 128 KiB.",
                    "415": "The body is not `application/json`.",
                    "422": "The request can't become a comparison; `errors` says why, field by field.",
                    "503": "Nothing was stored.",
                },
                retry={"503"},
            ),
        },
    }


def _list() -> Json:
    filters = {
        "job_id": ("Of this DRS job.", {"type": "string", "pattern": "^[\\x21-\\x7e]{1,64}$"}),
        "state": ("In this state.", {"type": "string", "enum": list(get_args(State))}),
        "verdict": ("With this verdict.", {"type": "string", "enum": list(RANK)}),
        "next": ("The `next` of the page before; the other parameters as they were.", {"type": "string"}),
    }
    return {
        "operationId": "listComparisons",
        "tags": ["following"],
        "summary": "List comparisons, newest first",
        "security": TOKEN,
        "parameters": [
            {"name": name, "in": "query", "description": told, "schema": schema}
            for name, (told, schema) in filters.items()
        ],
        "responses": {
            "200": answer("A page; it may have few entries, or none, and a `next`.", "answer.comparisons.v1"),
            **problems({"400": "The query can't be read.", **_DOOR}, retry={"503"}),
        },
    }


def _show() -> Json:
    return {
        "operationId": "getComparison",
        "tags": ["following"],
        "summary": "Show a comparison",
        "description": "Once `state` is `finished`, `verdict` and `event` are there; until then `Retry-After` is.",
        "security": TOKEN,
        "responses": {
            "200": answer(
                "What is known of it; with `Retry-After` as long as it has not finished.",
                "answer.comparison.v1",
                headers=RETRY_AFTER,
            ),
            **problems({**_DOOR, "404": _UNKNOWN}, retry={"503"}),
        },
    }


def _cancel() -> Json:
    return {
        "operationId": "cancelComparison",
        "tags": ["following"],
        "summary": "Stop a comparison",
        "description": "Its DRS tasks are cancelled; the verdict `cancelled` follows, unless it ended before.",
        "security": TOKEN,
        "responses": {
            "202": answer("It will be stopped.", "answer.cancelling.v1", headers=LOCATION | RETRY_AFTER),
            **problems({**_DOOR, "404": _UNKNOWN, "409": "It has finished already."}, retry={"503"}),
        },
    }


_DOOR = {"401": "A valid bearer token is needed.", "503": "Not to be told right now; ask again."}
_UNKNOWN = "No comparison has this id, or its id is forgotten."
