"""The HTTP API as OpenAPI 3.1: its messages are the JSON Schema documents beside it, its examples lie in `events/`."""

from functions.local.contracts.catalogue import ADDITIVE, SCHEMAS
from functions.local.contracts.examples import Examples
from functions.local.contracts.openapi_paths import paths
from functions.local.contracts.rendering import Json

_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token of the deployment's token secret. None configured means that the door is closed.",
}
#: Messages that travel over HTTP.
_OURS = ("request.webhook.", "request.cloudevent.", "answer.")
_SIGNATURE_TEXT = (
    "Standard Webhooks: the three headers `webhook-id`, `webhook-timestamp` (whole epoch seconds, within 5 minutes) "
    "and `webhook-signature`: `v1,` and the base64 of the HMAC-SHA256 of `webhook-id.webhook-timestamp.body` over the "
    "raw bytes, keyed with the base64-decoded webhook secret; several, separated by spaces, while keys rotate."
)

#: What proves where a request comes from: the first three together, or one of the others alone.
_HEADERS = {
    **dict.fromkeys(("webhook-id", "webhook-timestamp", "webhook-signature"), _SIGNATURE_TEXT),
    "x-hub-signature-256": "GitHub's: `sha256=` and the hexadecimal HMAC-SHA256 of the body.",
    "x-gitlab-token": "GitLab's secret token, where the hook has no signing key.",
}


def openapi(release: str, examples: Examples) -> Json:
    """The document; `release` is the project's."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Parity",
            "version": release,
            "summary": "A database-migration comparison becomes an event.",
            "description": (
                "A signed request asks for a comparison at DRS; its verdict is an event on the results topic "
                f"(asyncapi.json), and here. {ADDITIVE}"
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {
                "url": "{api}",
                "description": "A deployment's ApiUrl, or what `parity up` prints.",
                "variables": {
                    "api": {"default": "http://127.0.0.1:8080", "description": "Without a slash at its end."}
                },
            }
        ],
        "tags": [
            {"name": "asking", "description": "Asking for a comparison, with a signature."},
            {"name": "following", "description": "Seeing what became of it, with a token."},
        ],
        "paths": paths(examples),
        "components": {
            "securitySchemes": {"token": _BEARER} | {name: _header(name, told) for name, told in _HEADERS.items()},
            "schemas": {schema.component: {"$ref": schema.file} for schema in SCHEMAS if schema.name.startswith(_OURS)},
        },
    }


def _header(name: str, told: str) -> Json:
    return {"type": "apiKey", "in": "header", "name": name, "description": told}
